import { Agent, request as httpRequest } from 'node:http';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import { seededRandom } from '../support/seeded-random.js';
import { bearer, sha256, startHub, testKey, type RunningHub } from '../support/start-hub.js';

/**
 * No client's key leaves for WeChat, wherever an SDK or a slip may put it. By oracle: what arrives at the upstream, and
 * the same calls with a string that looks like a key and is none, which all arrive.
 */

const CALLER = testKey('caller');
const OTHER = testKey('other');
const EXPIRED = testKey('expired');
const NO_KEY = 'looks-like-a-key-but-nobody-has-it-00000';
const APP = { appid: 'wx-shop', secret: 'simulated-secret-shop' };
const CLIENTS = [
  { id: 'caller', key: CALLER, apps: '*', may: ['gateway', 'read'], requestsPerMinute: 1_000_000 },
  { id: 'other', key: OTHER, apps: '*', may: ['read'] },
  {
    id: 'gone',
    apps: '*',
    keys: [{ id: 'first', sha256: sha256(EXPIRED), expiresAt: '2020-01-01T00:00:00Z' }],
  },
  { id: 'sdks', allowIps: ['127.0.0.1/32'], apps: '*', may: ['gateway'], requestsPerMinute: 1_000_000 },
];
const PREFIX = '/v1/apps/wx-shop/wechat';

interface Call {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: Buffer;
}

let upstream: ScriptedUpstream;
let hub: RunningHub;
let token: string;
const agent = new Agent({ keepAlive: true, maxSockets: 16 });

beforeAll(async () => {
  upstream = await ScriptedUpstream.start();
  hub = await startHub({
    upstream: upstream.url,
    apps: [APP],
    clients: CLIENTS,
    environment: { HUB_ACCESS_LOG: 'off', HUB_AUDIT_LOG: 'off' },
  });
  token = (await hub.get('/v1/apps/wx-shop/token', bearer(CALLER))).json.access_token;
});

afterAll(async () => {
  agent.destroy();
  await hub.stop();
  await upstream.stop();
});

beforeEach(() => {
  upstream.arrived.length = 0;
});

const send = ({ path, headers, body }: Call): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const sent = httpRequest(
      {
        port: hub.port,
        host: '127.0.0.1',
        agent,
        path,
        headers,
        method: body === undefined ? 'GET' : 'POST',
      },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });

const json = (value: unknown, type = 'application/json') => ({
  headers: { 'content-type': type },
  body: Buffer.from(JSON.stringify(value)),
});
const text = (body: string, type: string) => ({ headers: { 'content-type': type }, body: Buffer.from(body) });

/** Where a key may stand. */
const PLACES: Readonly<Record<string, (key: string) => { query?: string; path?: string } & Partial<Call>>> = {
  'a parameter': (key) => ({ query: `grant_type=x&secret=${key}&appid=wx-shop` }),
  'a name of a parameter': (key) => ({ query: `${key}=1` }),
  'the access_token': (key) => ({ query: `access_token=${key}` }),
  'a parameter behind a blank': (key) => ({ query: `a=Bearer%20${key}` }),
  'a URL in a parameter': (key) => ({ query: `to=${encodeURIComponent(`https://h/?secret=${key}`)}` }),
  'JSON in a parameter': (key) => ({ query: `data=${encodeURIComponent(JSON.stringify({ a: key }))}` }),
  'a segment of the path': (key) => ({ path: `/wxa/${key}/x` }),
  'X-Api-Key': (key) => ({ headers: { 'x-api-key': key } }),
  Referer: (key) => ({ headers: { referer: `https://h/?secret=${key}` } }),
  'a list in a header': (key) => ({ headers: { 'x-session': `a=1; key=${key}; b=2` } }),
  'User-Agent': (key) => ({ headers: { 'user-agent': `sdk/1.0 (${key})` } }),
  'Proxy-Authorization': (key) => ({ headers: { 'proxy-authorization': `Bearer ${key}` } }),
  'a name of a header': (key) => ({ headers: { [key]: '1' } }),
  'a field of JSON': (key) => json({ appid: 'wx-shop', secret: key }),
  'a deep field of JSON': (key) => json({ a: [1, { b: { c: [key] } }] }),
  'a name in JSON': (key) => json({ [key]: true }),
  'JSON in JSON': (key) => json({ a: JSON.stringify({ b: JSON.stringify({ secret: key }) }) }),
  'JSON under another type': (key) => json({ secret: key }, 'image/png'),
  'JSON of 64 KiB': (key) => json({ pad: 'x '.repeat(32_000), secret: key }),
  'a form': (key) => text(`appid=wx-shop&secret=${key}`, 'application/x-www-form-urlencoded'),
  'JSON in a form': (key) =>
    text(`data=${encodeURIComponent(JSON.stringify({ secret: key }))}`, 'application/x-www-form-urlencoded'),
  'a multipart field': (key) =>
    text(
      `--b\r\nContent-Disposition: form-data; name="secret"\r\n\r\n${key}\r\n--b--\r\n`,
      'multipart/form-data; boundary=b',
    ),
  'plain text': (key) => text(`secret ${key}`, 'text/plain'),
  'JSON without a type': (key) => ({ headers: {}, body: Buffer.from(JSON.stringify({ secret: key })) }),
  'JSON in UTF-16': (key) => ({ headers: {}, body: Buffer.from(JSON.stringify({ secret: key }), 'utf16le') }),
  'JSON packed by gzip': (key) => ({
    headers: { 'content-encoding': 'gzip' },
    body: gzipSync(JSON.stringify({ secret: key })),
  }),
  'JSON in chunks': (key) => ({
    headers: { 'transfer-encoding': 'chunked', 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ secret: key })),
  }),
};

/** As written by somebody who escapes more than needed; for where an escape stays one. */
const SPELLINGS: Readonly<Record<string, (key: string, random: () => number) => string>> = {
  plain: (key) => key,
  'escaped in part': (key, random) =>
    [...key].map((one) => (random() < 0.3 ? `%${one.charCodeAt(0).toString(16)}` : one)).join(''),
  'escaped twice': (key) =>
    encodeURIComponent([...key].map((one) => `%${one.charCodeAt(0).toString(16)}`).join('')),
};

const callWith = (place: string, value: string, transparent: boolean): Call => {
  const { path = '/wxa/x', query, headers = {}, body } = PLACES[place]?.(value) ?? {};
  const all = transparent ? `access_token=${token}${query === undefined ? '' : `&${query}`}` : query;
  const target = `${transparent ? '' : PREFIX}${path}${all === undefined ? '' : `?${all}`}`;
  return {
    path: target,
    headers: transparent ? headers : { authorization: `Bearer ${CALLER}`, ...headers },
    ...(body === undefined ? {} : { body }),
  };
};

describe.each(Object.keys(PLACES))('%s', (place) => {
  it('does not take a key along, and the caller is told', async () => {
    for (const key of [CALLER, OTHER]) {
      const native = await send(callWith(place, key, false));
      expect([native.status, JSON.parse(native.text)]).toEqual([
        400,
        expect.objectContaining({
          code: 'HUB_BAD_REQUEST',
          detail: expect.stringContaining('A hub key was about to leave'),
        }),
      ]);
      const transparent = await send(callWith(place, key, true));
      expect([transparent.status, JSON.parse(transparent.text)]).toEqual([
        200,
        { errcode: 40125, errmsg: expect.stringContaining('A hub key was about to leave') },
      ]);
    }
    expect(upstream.arrived.length).toBe(0);
  });

  it('takes along what only looks like one', async () => {
    for (const transparent of [false, true]) {
      expect(await send(callWith(place, NO_KEY, transparent))).toMatchObject({ status: 200 });
    }
    expect(upstream.arrived.length).toBe(2);
  });
});

it('of 10,000 random calls with keys in every place none arrives, and of those without keys all do', async () => {
  const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));
  // Shown where the test fails; FUZZ_SEED repeats it.
  const context = `FUZZ_SEED=${seed}`;
  const random = seededRandom(seed);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
  const inQuery = [
    'a parameter',
    'a name of a parameter',
    'a parameter behind a blank',
    'a URL in a parameter',
  ];
  let expected = 0;
  const calls = Array.from({ length: 10_000 }, () => {
    const place = pick(Object.keys(PLACES));
    const isKey = random() < 0.9;
    if (!isKey) expected += 1;
    const value = isKey ? pick([CALLER, OTHER]) : NO_KEY;
    const spelling = inQuery.includes(place) ? pick(Object.values(SPELLINGS)) : (plain: string) => plain;
    return { call: callWith(place, spelling(value, random), random() < 0.5), isKey, place };
  });
  let next = 0;
  const refused: string[] = [];
  const lane = async (): Promise<void> => {
    for (let one = calls[next++]; one !== undefined; one = calls[next++]) {
      const { text: answer } = await send(one.call);
      const isRefused = answer.includes('A hub key was about to leave');
      if (isRefused !== one.isKey) refused.push(`${one.place}: ${one.call.path} ${answer}`);
    }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  expect([context, refused]).toEqual([context, []]);
  expect([context, upstream.arrived.length]).toEqual([context, expected]);
  for (const { url, rawHeaders, body } of upstream.arrived) {
    const all = `${url} ${rawHeaders.join(' ')} ${(await body).toString('latin1')}`;
    expect([context, all.includes(CALLER), all.includes(OTHER)]).toEqual([context, false, false]);
  }
}, 120_000);

it.each(['br', 'gzip, br', 'zstd'])(
  'a body that is packed by %s is not looked into and does not leave',
  async (coding) => {
    const body = brotliCompressSync(JSON.stringify({ touser: 'x' }));
    for (const transparent of [false, true]) {
      const call = { ...callWith('JSON without a type', '', transparent), body };
      const { text: answer } = await send({
        ...call,
        headers: { ...call.headers, 'content-encoding': coding },
      });
      expect(answer).toContain('The body is packed in a way that the gateway does not look into');
    }
    expect(upstream.arrived.length).toBe(0);
  },
);

// What its sender can make of 64 KiB: each of these took seconds, or 20 ms for a hundred bytes.
it.each<[string, Buffer, Record<string, string>]>([
  ['4 MB of backslashes, packed', gzipSync(Buffer.alloc(4_000_000, '\\')), { 'content-encoding': 'gzip' }],
  ['packed three times', gzipSync(gzipSync(gzipSync(Buffer.alloc(4_000_000)))), {}],
  ['backslashes', Buffer.alloc(65_000, '\\'), {}],
  ['escapes of escapes', Buffer.alloc(65_000, '%2525252541'), {}],
  ['beginnings of keys', Buffer.alloc(65_000, 'wxh_'), {}],
])('a body of %s keeps nobody waiting', async (_what, body, headers) => {
  const call = callWith('JSON without a type', '', false);
  const startedAt = performance.now();
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => send({ ...call, headers: { ...call.headers, ...headers }, body })),
  );
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(performance.now() - startedAt).toBeLessThan(1500);
});

it('a key that has expired stays here too', async () => {
  expect(await send(callWith('a parameter', EXPIRED, false))).toMatchObject({ status: 400 });
  expect(upstream.arrived.length).toBe(0);
});

it('operators see whose it was', async () => {
  const { text: metrics } = await hub.request(`${hub.opsUrl}/metrics`);
  expect(metrics).toMatch(/^wxhub_denials_total\{reason="key_would_leave",client="caller"\} [1-9]/m);
});
