import { AppsConfig } from '../../src/config/reload/apps-config.service.js';
import type { UpstreamError } from '../../src/core/upstream.js';
import { HubEvents } from '../../src/events/hub-events.js';
import type { FaultSpec } from '../../src/simulator/faults.js';
import type { CodeSpec } from '../../src/simulator/users/login-desk.js';
import { bearer, testKey, type Answer } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

const SHOP = testKey('shop');
const OTHER = testKey('other');
const READER = testKey('reader');
const BOUND = testKey('bound');
const SLOW = testKey('slow');
const MINI = { appid: 'wx-mini', secret: 'simulated-secret-of-the-mini-program' };
const WEB = { appid: 'wx-web', secret: 'simulated-secret-of-the-official-account', tokenApi: 'token' };

const CLIENTS = [
  { id: 'shop', key: SHOP, apps: '*', may: ['login'] },
  { id: 'other', key: OTHER, apps: ['wx-mini'], may: ['login'] },
  { id: 'reader', key: READER, apps: '*' },
  { id: 'bound', key: BOUND, apps: '*', may: ['login'], allowIps: ['10.1.0.0/16'] },
  { id: 'slow', key: SLOW, apps: '*', may: ['login'], requestsPerMinute: 2 },
];

type Query = Record<string, string | undefined>;

describe('logins', () => {
  let hub: VirtualHub;
  let refusedApps: { readonly appid: string; readonly error: UpstreamError }[];

  beforeEach(async () => {
    hub = await VirtualHub.start({
      apps: [MINI, WEB],
      clients: CLIENTS,
      environment: { HUB_TRUSTED_PROXIES: '127.0.0.1', HUB_ACCESS_LOG: 'all' },
    });
    refusedApps = [];
    hub.hub.app.get(HubEvents).on('appRefused', ({ appid, error }) => refusedApps.push({ appid, error }));
  });
  afterEach(() => hub.stop());

  const code = (over: Partial<CodeSpec> = {}): string =>
    hub.simulator.makeCode({ appid: MINI.appid, openid: 'o-anna', ...over });
  const webCode = (over: Partial<CodeSpec> = {}): string =>
    code({ appid: WEB.appid, kind: 'oauth', ...over });

  const native = (sent: unknown, key = SHOP, headers = {}): Promise<Answer> =>
    hub.hub.post(`/v1/apps/${MINI.appid}/login/session`, sent, { ...bearer(key), ...headers });
  const nativeWeb = (sent: string): Promise<Answer> =>
    hub.hub.post(`/v1/apps/${WEB.appid}/login/oauth`, { code: sent }, bearer(SHOP));

  const sns = (path: string, query: Query, headers = {}): Promise<Answer> => {
    const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
    return hub.hub.get(`/sns/${path}?${new URLSearchParams(given).toString()}`, headers);
  };
  const GRANT = 'authorization_code';
  const dropIn = (js_code: string, over: Query = {}, headers = {}): Promise<Answer> =>
    sns('jscode2session', { appid: MINI.appid, secret: SHOP, js_code, grant_type: GRANT, ...over }, headers);
  const dropInWeb = (sent: string, over: Query = {}): Promise<Answer> =>
    sns('oauth2/access_token', { appid: WEB.appid, secret: SHOP, code: sent, grant_type: GRANT, ...over });

  const calls = (): number => hub.simulator.calls({ endpoint: 'jscode2session' });

  describe('bring what WeChat says of the user', () => {
    it('a mini program’s session, in both forms', async () => {
      const user = { openid: 'o-anna', unionid: 'u-anna', session_key: expect.any(String) };
      const asks = [
        () => native({ code: code({ unionid: 'u-anna', withErrcode: true }) }),
        () => dropIn(code({ unionid: 'u-anna' })),
      ];
      for (const ask of asks) {
        const answer = await ask();
        expect(answer.status).toBe(200);
        expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
        expect(answer.headers.get('cache-control')).toBe('no-store');
        expect(answer.json).toEqual(user);
        expect(hub.simulator.sessionKeyOf(MINI.appid, 'o-anna')).toBe(answer.json.session_key);
      }
    });

    it('a web login, in both forms', async () => {
      const user = {
        access_token: expect.any(String),
        expires_in: 7200,
        refresh_token: expect.any(String),
        openid: 'o-anna',
        scope: 'snsapi_userinfo,',
        unionid: 'u-anna',
        is_snapshotuser: 1,
      };
      const spec = { unionid: 'u-anna', scope: 'snsapi_userinfo,', snapshot: true };
      for (const answer of [await nativeWeb(webCode(spec)), await dropInWeb(webCode(spec))]) {
        expect(answer.status).toBe(200);
        expect(answer.json).toEqual(user);
      }
    });

    it('behind a path prefix, in any order, and without the token that SDKs add', async () => {
      const { json: token } = await hub.hub.get(`/v1/apps/${MINI.appid}/token`, bearer(READER));
      const query = new URLSearchParams({
        access_token: token.access_token as string,
        grant_type: GRANT,
        js_code: code(),
        secret: SHOP,
        appid: MINI.appid,
      });
      const { json } = await hub.hub.get(`/wx//sns/jscode2session?${query.toString()}`);
      expect(json).toHaveProperty('session_key');
    });
  });

  describe('errors of the caller', () => {
    it.each<[string, Query, number]>([
      ['no grant_type', { grant_type: undefined }, 40002],
      ['a wrong grant_type', { grant_type: 'client_credential' }, 40002],
      ['no appid', { appid: undefined }, 41002],
      ['no secret', { secret: undefined }, 41004],
      ['no code', { js_code: undefined }, 41008],
      ['an unknown app', { appid: 'wx-nobody' }, 40013],
      ['an app that is not granted', { appid: WEB.appid, secret: OTHER }, 40013],
      ['an act that is not granted', { secret: READER }, 40013],
      ['no such key', { secret: testKey('nobody') }, 40125],
      ['the AppSecret in the place of the key', { secret: MINI.secret }, 40125],
    ])('%s: HTTP 200, and nothing is sent', async (_what, over, errcode) => {
      const answer = await dropIn(code(), over);
      expect(answer).toMatchObject({ status: 200, json: { errcode, errmsg: expect.any(String) } });
      expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(calls()).toBe(0);
    });

    it('40164 names the address that was seen', async () => {
      const inside = { 'x-forwarded-for': '10.1.2.3' };
      expect((await dropIn(code(), { secret: BOUND }, inside)).json).toHaveProperty('openid');
      const { json } = await dropIn(code(), { secret: BOUND }, { 'x-forwarded-for': '118.190.42.90' });
      expect(json).toMatchObject({ errcode: 40164, errmsg: expect.stringMatching(/118\.190\.42\.90/) });
    });

    it('45011 after requestsPerMinute', async () => {
      const codes = [];
      for (let nth = 0; nth < 3; nth += 1) codes.push((await dropIn(code(), { secret: SLOW })).json.errcode);
      expect(codes).toEqual([undefined, undefined, 45011]);
    });

    it.each<[string, () => Promise<Answer>, number, string]>([
      [
        'no key',
        () => hub.hub.post('/v1/apps/wx-mini/login/session', { code: 'c' }),
        401,
        'HUB_UNAUTHENTICATED',
      ],
      ['an act that is not granted', () => native({ code: 'c' }, READER), 403, 'HUB_NOT_GRANTED'],
      ['an address', () => native({ code: 'c' }, BOUND), 403, 'HUB_IP_NOT_ALLOWED'],
      ['no body', () => native(undefined), 400, 'HUB_BAD_REQUEST'],
      ['no code', () => native({ js_code: 'c' }), 400, 'HUB_BAD_REQUEST'],
      ['a code that is none', () => native({ code: 'a b' }), 400, 'HUB_BAD_REQUEST'],
      ['a body of 17 KiB', () => native({ code: 'x'.repeat(17_000) }), 413, 'HUB_TOO_LARGE'],
    ])('in the native form: %s', async (_what, ask, status, problem) => {
      const answer = await ask();
      expect(answer).toMatchObject({ status, json: { code: problem } });
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(calls()).toBe(0);
    });

    it('HEAD and POST use no code up', async () => {
      const js_code = code();
      const query = new URLSearchParams({ appid: MINI.appid, secret: SHOP, js_code, grant_type: GRANT });
      for (const method of ['HEAD', 'POST']) {
        await hub.hub.request(`/sns/jscode2session?${query.toString()}`, { method });
      }
      expect(calls()).toBe(0);
    });
  });

  describe('what WeChat refuses', () => {
    it.each([40029, 40163, 40226, 42003, 45011, 41008, 77_777])(
      'the code or the user: %i',
      async (errcode) => {
        hub.simulator.fault({ kind: 'errcode', endpoint: 'jscode2session', errcode, times: 2 });
        expect((await dropIn(code())).json.errcode).toBe(errcode);
        const { status, json } = await native({ code: code() });
        expect(status).toBe(422);
        expect(json).toMatchObject({ code: 'HUB_LOGIN_REFUSED', wechat: { errcode } });
        // A code is never sent again: what is said of other calls would be wrong.
        expect(json.wechat.errmsg).not.toMatch(/hub (tries again|goes on)/);
        expect(refusedApps).toEqual([]);
      },
    );

    it.each([
      [40013, 40013],
      [40125, 40013],
      [40001, 40013],
      [40164, 40164],
      [40243, 40243],
      [50002, 50002],
      [50007, 50007],
      [48004, 48004],
    ])(
      'the app: %i is told to SDKs as %i, to own code as 503, and to the operators',
      async (errcode, told) => {
        hub.simulator.fault({ kind: 'errcode', endpoint: 'jscode2session', errcode, times: 2 });
        const answer = await dropIn(code());
        expect(answer).toMatchObject({ status: 200, json: { errcode: told } });
        expect(answer.json.errmsg).toContain('the hub key is good');
        const { status, headers, json } = await native({ code: code() });
        expect(status).toBe(503);
        expect(json).toMatchObject({ code: 'HUB_LOGIN_UNAVAILABLE', wechat: { errcode } });
        expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
        expect(refusedApps.map(({ appid, error }) => [appid, error.errcode])).toEqual([
          [MINI.appid, errcode],
          [MINI.appid, errcode],
        ]);
      },
    );

    it.each<[string, FaultSpec]>([
      ['cut off', { kind: 'cut', applied: true }],
      ['reset', { kind: 'reset', applied: true }],
      ['a proxy’s page', { kind: 'html' }],
      ['a proxy’s 502', { kind: 'status' }],
      ['no JSON', { kind: 'not_json' }],
      ['empty', { kind: 'empty' }],
      ['more than 64 KiB', { kind: 'huge', applied: true }],
      ['without openid', { kind: 'missing_field', field: 'openid' }],
    ])('an answer that is lost (%s): 40029, or 502', async (_what, fault) => {
      hub.simulator.fault({ ...fault, endpoint: 'jscode2session', times: 2 });
      expect(await dropIn(code())).toMatchObject({ status: 200, json: { errcode: 40029 } });
      expect(await native({ code: code() })).toMatchObject({
        status: 502,
        json: { code: 'HUB_UPSTREAM_FAILED', detail: expect.stringContaining('logs in again') },
      });
      // Once for each code: no retry.
      expect(calls()).toBe(2);
    });

    it('no answer within 5 s is a lost one', async () => {
      hub.simulator.fault({ kind: 'hang', endpoint: 'jscode2session' });
      const asked = dropIn(code());
      await hub.simulator.waitForCalls(1, { endpoint: 'jscode2session' });
      await hub.clock.advance(4999);
      let ended = false;
      void asked.then(() => (ended = true));
      expect(ended).toBe(false);
      await hub.clock.advance(1);
      expect((await asked).json.errcode).toBe(40029);
    });

    it('-1 as WeChat said it, and as 502', async () => {
      hub.simulator.fault({ kind: 'errcode', endpoint: 'jscode2session', errcode: -1, times: 2 });
      expect((await dropIn(code())).json.errcode).toBe(-1);
      expect(await native({ code: code() })).toMatchObject({
        status: 502,
        json: { wechat: { errcode: -1 } },
      });
    });

    it('-1 where WeChat never saw the code, and 502', async () => {
      const sent = [code(), code()] as const;
      await hub.simulator.close();
      const { json } = await dropIn(sent[0]);
      expect(json).toMatchObject({ errcode: -1, errmsg: expect.stringContaining('has not seen the code') });
      expect(await native({ code: sent[1] })).toMatchObject({
        status: 502,
        json: { code: 'HUB_UPSTREAM_FAILED' },
      });
    });
  });

  describe('a code is sent once', () => {
    it('the same client’s repeats get the same answer, good or bad, for 10 s', async () => {
      const good = code();
      const first = await dropIn(good);
      expect((await native({ code: good })).json).toEqual(first.json);
      await hub.pass(10_000);
      expect((await dropIn(good)).json).toEqual(first.json);
      expect((await dropIn('0SIMULATED-no-such-code')).json.errcode).toBe(40029);
      const bad = await dropIn('0SIMULATED-no-such-code');
      expect(bad.json.errcode).toBe(40029);
      expect(calls()).toBe(2);
      await hub.pass(1);
      expect((await dropIn(good)).json.errcode).toBe(40163);
      expect(calls()).toBe(3);
    });

    it('50 at once: one call', async () => {
      hub.simulator.fault({ kind: 'hang', endpoint: 'jscode2session' });
      const sent = code();
      const asked = Array.from({ length: 50 }, (_, nth) =>
        nth % 2 === 0 ? dropIn(sent) : native({ code: sent }),
      );
      await hub.simulator.waitForCalls(1, { endpoint: 'jscode2session' });
      hub.simulator.clearFaults();
      const keys = (await Promise.all(asked)).map(({ json }) => json.session_key);
      expect(new Set(keys).size).toBe(1);
      expect(calls()).toBe(1);
    });

    it('another client gets nobody’s answer', async () => {
      const sent = code();
      await dropIn(sent);
      expect((await dropIn(sent, { secret: OTHER })).json).toEqual({
        errcode: 40163,
        errmsg: expect.stringContaining('by another client'),
      });
      expect(await native({ code: sent }, OTHER)).toMatchObject({
        status: 422,
        json: { code: 'HUB_LOGIN_REFUSED' },
      });
      expect(calls()).toBe(1);
    });

    it('a lost answer is repeated to the same client, and the code is not sent again', async () => {
      hub.simulator.fault({ kind: 'cut', endpoint: 'jscode2session', applied: true });
      const sent = code();
      for (let nth = 0; nth < 6; nth += 1) expect((await dropIn(sent)).json.errcode).toBe(40029);
      expect(calls()).toBe(1);
    });

    it('goes on to its end when the caller is gone: the page that is loaded again finds the answer', async () => {
      hub.simulator.fault({ kind: 'hang', endpoint: 'jscode2session' });
      const sent = code();
      const query = new URLSearchParams({
        appid: MINI.appid,
        secret: SHOP,
        js_code: sent,
        grant_type: GRANT,
      });
      const leaving = new AbortController();
      const gone = fetch(`${hub.hub.url}/sns/jscode2session?${query.toString()}`, { signal: leaving.signal });
      await hub.simulator.waitForCalls(1, { endpoint: 'jscode2session' });
      leaving.abort();
      await expect(gone).rejects.toThrow();
      const again = dropIn(sent);
      hub.simulator.clearFaults();
      expect((await again).json).toHaveProperty('session_key');
      expect(calls()).toBe(1);
    });
  });

  describe('bounds', () => {
    it('500 under way of one app: the next is refused, another app’s go on, tokens too', async () => {
      const hang = hub.simulator.fault({ kind: 'hang', endpoint: 'jscode2session', times: Infinity });
      const asked = Array.from({ length: 500 }, (_, nth) => dropIn(code({ openid: `o-${nth}` })));
      await hang.waitForHits(500);
      expect((await dropIn(code())).json.errcode).toBe(45011);
      const refused = await native({ code: code() });
      expect(refused).toMatchObject({ status: 429, json: { code: 'HUB_RATE_LIMITED' } });
      expect(refused.headers.get('retry-after')).toBe('1');
      expect((await dropInWeb(webCode())).json).toHaveProperty('openid');
      expect((await hub.hub.get(`/v1/apps/${MINI.appid}/token`, bearer(READER))).status).toBe(200);
      expect(calls()).toBe(500);
      hub.simulator.clearFaults();
      await Promise.all(asked);
      expect((await dropIn(code())).json).toHaveProperty('openid');
    });
  });

  describe('a hub key never leaves', () => {
    it.each(['code', 'js_code'])('in the place of the %s', async (name) => {
      const sent = name === 'code' ? dropInWeb(OTHER) : dropIn(OTHER);
      expect((await sent).json).toMatchObject({ errcode: 40125 });
      expect(await native({ code: OTHER })).toMatchObject({
        status: 400,
        json: { code: 'HUB_BAD_REQUEST' },
      });
      expect(hub.simulator.journal().filter(({ endpoint }) => endpoint.startsWith('js'))).toEqual([]);
    });

    it.each([
      ['userinfo', 'access_token'],
      ['userinfo', 'openid'],
      ['userinfo', 'lang'],
      ['auth', 'access_token'],
      ['oauth2/refresh_token', 'refresh_token'],
      ['oauth2/refresh_token', 'grant_type'],
    ])('%s, in the place of %s', async (path, name) => {
      const { json } = await sns(path, { appid: WEB.appid, openid: 'o', access_token: 't', [name]: SHOP });
      expect(json.errcode).toBe(40125);
      expect(hub.simulator.calls({ endpoint: 'userinfo' }) + hub.simulator.calls({ endpoint: 'auth' })).toBe(
        0,
      );
      expect(hub.simulator.calls({ endpoint: 'oauth_refresh' })).toBe(0);
    });
  });

  describe('with the user’s own token', () => {
    const FROM = { 'x-forwarded-for': '10.1.2.3' };

    it('refresh_token, userinfo and auth go through, as they are', async () => {
      const { json } = await nativeWeb(webCode({ unionid: 'u-anna' }));
      const { access_token, refresh_token, openid } = json;
      const renewed = await sns(
        'oauth2/refresh_token',
        { appid: WEB.appid, grant_type: 'refresh_token', refresh_token },
        FROM,
      );
      expect(renewed.json).toMatchObject({ access_token, refresh_token, openid });
      const user = await sns('userinfo', { access_token, openid, lang: 'zh_CN' }, FROM);
      expect(user.headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(user.json).toMatchObject({ nickname: '微信用户', unionid: 'u-anna' });
      expect((await sns('auth', { access_token, openid }, FROM)).json).toEqual({ errcode: 0, errmsg: 'ok' });
    });

    it('a dead one is told as WeChat says it, and is no report about the app’s token', async () => {
      const before = hub.simulator.calls({ appid: WEB.appid });
      const { json } = await sns('userinfo', { access_token: '5_SIMULATED-none', openid: 'o' }, FROM);
      expect(json.errcode).toBe(40001);
      await hub.pass(0);
      expect(hub.simulator.calls({ appid: WEB.appid })).toBe(before);
    });

    it('no browser is let in: its address speaks for any page that is open there', async () => {
      const asks = [
        () =>
          sns('userinfo', { access_token: '5_SIMULATED-t', openid: 'o' }, { ...FROM, origin: 'https://a' }),
        () => sns('auth', { access_token: '5_SIMULATED-t', openid: 'o' }, { ...FROM, cookie: 'a=1' }),
        () =>
          sns(
            'oauth2/refresh_token',
            { appid: WEB.appid, grant_type: 'refresh_token', refresh_token: '5_SIMULATED-r' },
            { ...FROM, 'sec-fetch-site': 'cross-site' },
          ),
      ];
      for (const ask of asks) expect((await ask()).json).toMatchObject({ errcode: 40164 });
      for (const endpoint of ['userinfo', 'auth', 'oauth_refresh'] as const) {
        expect(hub.simulator.calls({ endpoint })).toBe(0);
      }
    });

    it('refresh_token without an appid, or of an app that nobody may log in for', async () => {
      const query = { grant_type: 'refresh_token', refresh_token: '5_SIMULATED-r' };
      expect((await sns('oauth2/refresh_token', query, FROM)).json.errcode).toBe(41002);
      const other = await sns('oauth2/refresh_token', { ...query, appid: 'wx-nobody' }, FROM);
      expect(other.json.errcode).toBe(40164);
      expect(hub.simulator.calls({ endpoint: 'oauth_refresh' })).toBe(0);
    });

    it('-1 where WeChat does not answer', async () => {
      hub.simulator.fault({ kind: 'html', endpoint: 'userinfo' });
      const { status, json } = await sns('userinfo', { access_token: '5_SIMULATED-t', openid: 'o' }, FROM);
      expect([status, json.errcode]).toEqual([200, -1]);
    });
  });

  it('from an address that no entry with `login` accepts: 40164', async () => {
    hub.hub.writeApps(
      [MINI, WEB],
      [{ id: 'bound', key: BOUND, apps: '*', may: ['login', 'admin'], allowIps: ['10.1.0.0/16'] }],
    );
    const inside = { 'x-forwarded-for': '10.1.2.3' };
    await hub.hub.app.get(AppsConfig).reload('signal');
    const query = { access_token: '5_SIMULATED-t', openid: 'o' };
    expect((await sns('userinfo', query, inside)).json.errcode).toBe(40001);
    expect((await sns('userinfo', query)).json.errcode).toBe(40164);
    expect(hub.simulator.calls({ endpoint: 'userinfo' })).toBe(1);
  });

  it('a reload takes effect at once, also on logins that wait', async () => {
    hub.simulator.fault({ kind: 'hang', endpoint: 'jscode2session', times: 2 });
    const asked = [dropIn(code()), native({ code: code() })] as const;
    await hub.simulator.waitForCalls(2, { endpoint: 'jscode2session' });
    hub.hub.writeApps([MINI, WEB], [{ id: 'shop', key: SHOP, apps: '*', may: ['read'] }]);
    await hub.hub.app.get(AppsConfig).reload('signal');
    hub.simulator.clearFaults();
    expect((await asked[0]).json.errcode).toBe(40013);
    expect((await asked[1]).status).toBe(403);
  });

  it('metrics and the audit log tell of them, and of no code and no user', async () => {
    const sent = code();
    await dropIn(sent);
    await dropIn(sent);
    await native({ code: '0SIMULATED-no-such-code' });
    const { text } = await hub.hub.request(`${hub.hub.opsUrl}/metrics`);
    const line = (labels: string): string =>
      `wxhub_logins_total{appid="wx-mini",kind="session",${labels}} 1\n`;
    expect(text).toContain(line('result="granted",errcode=""'));
    expect(text).toContain(line('result="repeated",errcode=""'));
    expect(text).toContain(line('result="refused",errcode="40029"'));
    expect(text).toContain('wxhub_login_duration_seconds_count{kind="session"} 2\n');
    const audit = hub.hub.log
      .map((one) => JSON.parse(one) as Record<string, unknown>)
      .filter(({ act }) => act === 'user.login');
    expect(audit).toEqual([
      expect.objectContaining({ outcome: 'granted', appid: MINI.appid, client: 'shop', kind: 'session' }),
      expect.objectContaining({ outcome: 'refused', appid: MINI.appid, client: 'shop', errcode: 40029 }),
    ]);
    expect(hub.hub.log.join('')).not.toContain('o-anna');
  });
});
