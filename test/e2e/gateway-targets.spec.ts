import fc from 'fast-check';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import { bearer, startHub, testKey, type RunningHub } from '../support/start-hub.js';

/**
 * By oracle: whatever is asked of the hub, nothing arrives at the upstream but what the rules allow. Raw sockets,
 * since any HTTP client would tidy these targets up.
 */

const KEY = testKey('gateway');
const APP = { appid: 'wx-shop', secret: 'simulated-secret-shop' };
const PREFIX = '/v1/apps/wx-shop/wechat';

describe('targets that must not be reached', () => {
  let upstream: ScriptedUpstream;
  let hub: RunningHub;
  let token: string;

  beforeAll(async () => {
    upstream = await ScriptedUpstream.start();
    hub = await startHub({
      upstream: `${upstream.url}/base`,
      apps: [APP],
      clients: [
        { id: 'gateway', key: KEY, apps: '*', may: ['gateway', 'read'], requestsPerMinute: 1_000_000 },
      ],
      environment: { HUB_ACCESS_LOG: 'off' },
    });
    token = (await hub.get('/v1/apps/wx-shop/token', bearer(KEY))).json.access_token;
  });

  afterAll(async () => {
    await hub.stop();
    await upstream.stop();
  });

  beforeEach(() => {
    upstream.arrived.length = 0;
    upstream.tunnels = 0;
  });

  /** What the rules allow to arrive, whoever asks. */
  const ALLOWED =
    /^\/base(?:\/|(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+\/?)\?access_token=SCRIPTED-token-1(?:&|$)/;
  const FORBIDDEN =
    /^\/base\/(?:sns(?:[./]|$)|cgi-bin\/(?:(?:token|stable_token|component|service|gettoken|openapi\/rid\/get|openapi\/quota\/clear|ticket\/getticket)(?:[./]|$)|clear_quota))|\/\.\.?(?:\/|$)|[\\%;#@]/i;

  const expectOnlyAllowed = () => {
    for (const { url } of upstream.arrived) {
      expect(url).toMatch(ALLOWED);
      // The query is the caller's own business and goes on byte for byte.
      expect(url.split('?', 1)[0] ?? '').not.toMatch(FORBIDDEN);
    }
    expect(upstream.tunnels).toBe(0);
  };

  const ask = async (method: string, target: string, close = 'Connection: close\r\n') =>
    hub.raw(`${method} ${target} HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer ${KEY}\r\n${close}\r\n`);

  const FORBIDDEN_PATHS = [
    '/cgi-bin/token',
    '/cgi-bin/stable_token',
    '/cgi-bin/clear_quota',
    '/cgi-bin/clear_quota/v2',
    '/cgi-bin/component/api_component_token',
    '/cgi-bin/openapi/rid/get',
    '/cgi-bin/openapi/quota/clear',
    '/cgi-bin/service/get_suite_token',
    '/cgi-bin/gettoken',
    '/sns/jscode2session',
  ];
  const SPELLINGS: [string, (path: string) => string][] = [
    ['as it is', (path) => path],
    ['in capitals', (path) => path.toUpperCase()],
    ['with a slash at the end', (path) => `${path}/`],
    ['with two slashes', (path) => path.replace('/cgi-bin/', '/cgi-bin//')],
    ['with two slashes in front', (path) => `/${path}`],
    ['by way of ..', (path) => `/wxa/..${path}`],
    ['by way of encoded ..', (path) => `/wxa/%2e%2e${path}`],
    ['by way of half encoded ..', (path) => `/wxa/.%2e${path}`],
    ['by way of ..;', (path) => `/wxa/..;${path}`],
    ['by way of too many ..', (path) => `/../../..${path}`],
    ['with a dot segment', (path) => path.replace('/cgi-bin/', '/cgi-bin/./')],
    ['with encoded slashes', (path) => path.replaceAll('/', '%2f')],
    ['with an encoded slash inside', (path) => path.replace('/cgi-bin/', '/cgi-bin%2F')],
    ['with slashes encoded twice', (path) => path.replace('/cgi-bin/', '/cgi-bin%252f')],
    ['with backslashes', (path) => path.replaceAll('/', '\\')],
    ['with a backslash inside', (path) => path.replace('/cgi-bin/', '/cgi-bin\\')],
    ['with encoded backslashes', (path) => path.replace('/cgi-bin/', '/cgi-bin%5c')],
    ['with an encoded letter', (path) => path.replace('/cgi', '/%63gi')],
    ['with a letter encoded twice', (path) => path.replace('/cgi', '/%2563gi')],
    [
      'with a letter encoded late',
      (path) => path.replace(/.$/, (end) => `%${end.charCodeAt(0).toString(16)}`),
    ],
    ['with an encoded underscore', (path) => path.replace('_', '%5F')],
    ['with parameters', (path) => `${path};a=b`],
    ['with parameters inside', (path) => path.replace('/cgi-bin', '/cgi-bin;a=b')],
    ['with a NUL', (path) => `${path}%00`],
    ['with a tab', (path) => `${path}%09`],
    ['with a blank', (path) => `${path}%20`],
    ['with a line break', (path) => `${path}%0d%0aX:%20y`],
    ['with a dot at the end', (path) => `${path}.`],
    ['with an ending', (path) => `${path}.json`],
    ['with full-width letters', (path) => path.replace('cgi', '%EF%BD%83gi')],
    ['with a full-width slash', (path) => path.replace('/cgi-bin/', '/cgi-bin%EF%BC%8F')],
    ['with raw bytes', (path) => path.replace('cgi', 'cg\u00ed')],
    ['with a fragment', (path) => `${path}#x`],
    ['with an encoded question mark', (path) => `${path}%3fa=b`],
    ['with a query', (path) => `${path}?a=b`],
    ['with an empty query', (path) => `${path}?`],
  ];

  describe.each(SPELLINGS)('%s', (_how, spell) => {
    it.each(FORBIDDEN_PATHS)('%s', async (path) => {
      const target = `${PREFIX}${spell(path)}`;
      for (const method of ['GET', 'POST', 'DELETE']) {
        const answer = await ask(method, target);
        expect([target, [400, 403, 404].includes(answer.status)]).toEqual([target, true]);
      }
      // The token of the app in the query, as an SDK would have it.
      const spelt = spell(path);
      const query = `${spelt.includes('?') ? '&' : '?'}access_token=${token}`;
      await ask('GET', `${spelt}${query}`);
      expectOnlyAllowed();
      expect(upstream.arrived.length).toBe(0);
    });
  });

  it.each([
    'ftp://127.0.0.1:1/v1/apps/wx-shop/wechat/wxa/x',
    `http://h${PREFIX}//evil.example/x`,
    `http://h${PREFIX}/http://evil.example/`,
    '//evil.example/wxa/x',
    `${PREFIX}//evil.example/wxa/x`,
    `${PREFIX}/\\evil.example/wxa/x`,
    `${PREFIX}/@evil.example/wxa/x`,
    `${PREFIX}@evil.example/wxa/x`,
    `${PREFIX}:80@evil.example/`,
    `${PREFIX}/http://evil.example/`,
    `${PREFIX}/%2f%2fevil.example/`,
    `${PREFIX}/..//evil.example/`,
    `${PREFIX}/../../../../evil`,
    '*',
  ])('no other host by %s', async (target) => {
    for (const method of ['GET', 'OPTIONS']) {
      const answer = await ask(method, target);
      expect([400, 403, 404]).toContain(answer.status);
    }
    const joint = target.includes('?') ? '&' : '?';
    await ask('GET', `${target}${joint}access_token=${token}`);
    expect(upstream.arrived.length).toBe(0);
    expect(upstream.tunnels).toBe(0);
  });

  it('a target with a host in it is the same request: its host is not called', async () => {
    const native = await ask('GET', `http://127.0.0.1:1${PREFIX}/wxa/x?a=1`);
    expect(native.status).toBe(200);
    const transparent = await ask('GET', `HTTP://evil.example/wxa/x?access_token=${token}&a=1`);
    expect(transparent.status).toBe(200);
    expect(upstream.arrived.map(({ url }) => url)).toEqual([
      '/base/wxa/x?access_token=SCRIPTED-token-1&a=1',
      '/base/wxa/x?access_token=SCRIPTED-token-1&a=1',
    ]);
    const routes = [
      [`http://h/v1/apps/wx-shop/token`, 'access_token'],
      [
        `http://h/any/prefix/cgi-bin/token?grant_type=client_credential&appid=wx-shop&secret=${KEY}`,
        'access_token',
      ],
      [`http://h/cgi-bin/token?grant_type=client_credential&appid=wx-shop&secret=${KEY}`, 'access_token'],
    ] as const;
    for (const [target, expected] of routes) expect((await ask('GET', target)).body).toContain(expected);
    expect((await ask('GET', `http://h${PREFIX}/cgi-bin/token`)).status).toBe(403);
  });

  it('no tunnel, no other protocol, no echo of the request', async () => {
    await ask('CONNECT', 'evil.example:443');
    await ask('CONNECT', `${PREFIX}/wxa/x`);
    const trace = await ask('TRACE', `${PREFIX}/wxa/x`);
    expect(trace.status).toBe(404);
    await hub.raw(
      `GET ${PREFIX}/wxa/x HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${KEY}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n`,
    );
    expectOnlyAllowed();
  });

  it('a Host header changes nothing', async () => {
    await hub.raw(
      `GET ${PREFIX}/wxa/x HTTP/1.1\r\nHost: evil.example\r\nAuthorization: Bearer ${KEY}\r\nConnection: close\r\n\r\n`,
    );
    const { rawHeaders } = upstream.arrived[0]!;
    expect(rawHeaders[rawHeaders.indexOf('host') + 1]).toBe(new URL(upstream.url).host);
  });

  it('what refuses tells no token', async () => {
    const answer = await ask('GET', `${PREFIX}/cgi-bin/token`);
    expect(answer.text).not.toContain('SCRIPTED-token');
  });

  it('any target at all', async () => {
    const part = fc.oneof(
      fc.constantFrom(
        ...['/', '//', '.', '..', '%2e', '%2f', '%5c', '%25', '%00', '\\', ';', '@', ':', '#', '?', '&'],
        ...['cgi-bin', 'token', 'stable_token', 'clear_quota', 'component', 'wxa', 'Token', 'access_token='],
        token,
      ),
      fc.stringMatching(/^[!-~]{0,6}$/),
    );
    const target = fc
      .tuple(fc.constantFrom(PREFIX, '', `${PREFIX}/`, '/v1/apps/'), fc.array(part, { maxLength: 10 }))
      .map(([start, parts]) => `${start}${parts.join('')}`)
      .filter((text) => text !== '');
    await fc.assert(
      fc.asyncProperty(target, async (any) => {
        const answer = await ask('GET', any);
        expect(answer.status).toBeGreaterThanOrEqual(200);
        expectOnlyAllowed();
      }),
      { numRuns: 400 },
    );
  }, 60_000);
});
