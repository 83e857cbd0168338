import { Agent, request as httpRequest } from 'node:http';
import fc from 'fast-check';
import { json, ScriptedUpstream } from '../support/scripted-upstream.js';
import { bearer, startHub, testKey, type RunningHub } from '../support/start-hub.js';

/**
 * No client's key leaves for WeChat with a login, wherever a parameter can stand. Real sockets, by oracle: what arrives.
 * A failure names its seed: `FUZZ_SEED=…` repeats it.
 */

const REQUESTS = 10_000;
const CALLER = testKey('caller');
const OTHER = testKey('other');
const KEYS = [CALLER, OTHER];
const APP = { appid: 'wx-shop', secret: 'simulated-secret-shop' };
const MANY = { apps: '*', requestsPerMinute: 1_000_000 };
const CLIENTS = [
  { ...MANY, id: 'caller', key: CALLER, may: ['login'] },
  { ...MANY, id: 'other', key: OTHER },
  { ...MANY, id: 'pages', allowIps: ['127.0.0.1/32'], may: ['login'] },
];
/** What each path of WeChat's takes. */
const CALLS = {
  jscode2session: ['appid', 'secret', 'js_code', 'grant_type'],
  'oauth2/access_token': ['appid', 'secret', 'code', 'grant_type'],
  'oauth2/refresh_token': ['appid', 'grant_type', 'refresh_token'],
  userinfo: ['access_token', 'openid', 'lang'],
  auth: ['access_token', 'openid'],
} as const;
type Path = keyof typeof CALLS;
const PATHS = Object.keys(CALLS) as Path[];
const HEADERS = ['x-api-key', 'referer', 'user-agent', 'x-forwarded-for', 'cookie', 'accept'];

/** One request: what stands in each place. */
interface Ask {
  readonly path: Path;
  readonly native: boolean;
  readonly prefix: string;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
}

const escapedInPart = (text: string, mask: number): string =>
  [...text].map((one, at) => ((mask >> (at % 31)) & 1 ? `%${one.charCodeAt(0).toString(16)}` : one)).join('');
/** A key as somebody may put it into a parameter, encoded for the query already. */
const keyText = fc
  .record({ key: fc.constantFrom(...KEYS), mask: fc.nat(), form: fc.nat({ max: 6 }) })
  .map(({ key, mask, form }) => {
    switch (form) {
      case 0:
        return escapedInPart(key, mask);
      case 1:
        return encodeURIComponent(escapedInPart(key, mask));
      case 2:
        return encodeURIComponent(`Bearer ${key}`);
      case 3:
        return encodeURIComponent(JSON.stringify({ secret: key }));
      case 4:
        return encodeURIComponent(`https://shop.example.com/?key=${key}`);
      case 5:
        return `${key},${key}`;
      default:
        return key;
    }
  });
const plainText = fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/);
const value = fc.oneof({ weight: 1, arbitrary: keyText }, { weight: 3, arbitrary: plainText });
const request: fc.Arbitrary<Ask> = fc.constantFrom(...PATHS).chain((path) =>
  fc.record({
    path: fc.constant(path),
    native: fc.boolean(),
    prefix: fc.constantFrom('', '', '/wx', '/a/b'),
    query: fc
      .record({
        values: fc.tuple(...CALLS[path].map(() => fc.option(value, { freq: 8 }))),
        right: fc.boolean(),
        more: fc.array(
          fc.tuple(
            fc.oneof(
              fc.constantFrom(...Object.values(CALLS).flat()),
              keyText,
              plainText,
              fc.constant('access_token'),
            ),
            value,
          ),
          { maxLength: 3 },
        ),
        shuffled: fc.boolean(),
      })
      .map(({ values, right, more, shuffled }) => {
        const own = CALLS[path].flatMap((name, at): [string, string][] => {
          // A request that says nothing wrong of the app and the caller comes far enough to be sent.
          if (right && name === 'appid') return [[name, APP.appid]];
          if (right && name === 'secret') return [[name, CALLER]];
          if (right && name === 'grant_type') {
            return [[name, path === 'oauth2/refresh_token' ? 'refresh_token' : 'authorization_code']];
          }
          const given = values[at];
          return typeof given === 'string' ? [[name, given]] : [];
        });
        return shuffled ? [...more, ...own] : [...own, ...more];
      }),
    headers: fc.dictionary(fc.constantFrom(...HEADERS), fc.oneof(fc.constantFrom(...KEYS), plainText), {
      maxKeys: 2,
    }),
  }),
);

let upstream: ScriptedUpstream;
let hub: RunningHub;
const agent = new Agent({ keepAlive: true, maxSockets: 16 });

beforeAll(async () => {
  upstream = await ScriptedUpstream.start(json({ openid: 'o-anna', session_key: 'c2ltdWxhdGVk' }));
  hub = await startHub({
    upstream: upstream.url,
    apps: [APP],
    clients: CLIENTS,
    environment: { HUB_ACCESS_LOG: 'off', HUB_AUDIT_LOG: 'off' },
  });
});
afterAll(async () => {
  agent.destroy();
  await hub.stop();
  await upstream.stop();
});

function send(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      { port: hub.port, host: '127.0.0.1', agent, method, path, headers },
      (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
        answer.on('end', () => resolve(text));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

function ask({ path, native, prefix, query, headers }: Ask): Promise<string> {
  const kind = path === 'jscode2session' ? 'session' : 'oauth';
  const code = query.find(([name]) => name === 'code' || name === 'js_code')?.[1];
  if (native && code !== undefined) {
    const body = JSON.stringify({ code: decodeURIComponent(code) });
    const own = { ...headers, ...bearer(CALLER), 'content-type': 'application/json' };
    return send('POST', `/v1/apps/${APP.appid}/login/${kind}`, own, body);
  }
  const text = query.map(([name, given]) => `${name}=${given}`).join('&');
  return send('GET', `${prefix}/sns/${path}?${text}`, headers);
}

/** As somebody reads it who takes off escapes until none is left. */
function unescaped(text: string): string {
  for (let layers = 0; layers < 4; layers += 1) {
    text = text.replaceAll(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  }
  return text;
}

it(`of ${REQUESTS} logins with keys wherever a parameter can stand none takes one along`, async () => {
  const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
  let sent = 0;
  let withKey = 0;
  await fc.assert(
    fc.asyncProperty(request, async (one) => {
      upstream.arrived.length = 0;
      await ask(one);
      sent += upstream.arrived.length;
      if (one.query.some(([, given]) => KEYS.some((key) => unescaped(given).includes(key)))) withKey += 1;
      for (const { url, rawHeaders, body } of upstream.arrived) {
        const all = unescaped(`${url}\n${rawHeaders.join('\n')}\n${(await body).toString('latin1')}`);
        for (const key of KEYS) expect(all).not.toContain(key);
        // The AppSecret goes to the two endpoints that take it, and no other.
        const takesSecret = /^\/sns\/(jscode2session|oauth2\/access_token)\?/.test(url);
        expect(all.includes(APP.secret)).toBe(takesSecret);
      }
      expect(upstream.arrived.length).toBeLessThanOrEqual(1);
    }),
    { numRuns: REQUESTS, seed },
  );
  // Many come as far as WeChat, and many hold a key: neither side of the property is empty.
  expect(sent).toBeGreaterThan(REQUESTS / 20);
  expect(withKey).toBeGreaterThan(REQUESTS / 4);
}, 120_000);

it('what holds none is sent', async () => {
  upstream.arrived.length = 0;
  const query = [
    ['appid', APP.appid],
    ['secret', CALLER],
    ['js_code', 'code-that-looks-like-a-key-and-is-none-0'],
    ['grant_type', 'authorization_code'],
  ] as const;
  await ask({ path: 'jscode2session', native: false, prefix: '', query, headers: {} });
  expect(upstream.arrived.map(({ url }) => url)).toEqual([
    `/sns/jscode2session?appid=${APP.appid}&js_code=code-that-looks-like-a-key-and-is-none-0&grant_type=authorization_code&secret=${APP.secret}`,
  ]);
});
