import { bearer, testKey } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

const KEY = testKey('sdk');
const BOUND = testKey('bound');
const SLOW = testKey('slow');
const STABLE = {
  appid: 'wx-stable',
  secret: 'simulated-secret-stable-32-characters',
  tokenApi: 'stable_token',
};
const CLASSIC = { appid: 'wx-classic', secret: 'simulated-secret-classic', tokenApi: 'token' };
const OTHER = { appid: 'wx-other', secret: 'simulated-secret-other' };

const CLIENTS = [
  { id: 'sdk', key: KEY, apps: ['wx-stable', 'wx-classic'] },
  { id: 'bound', key: BOUND, apps: '*', allowIps: ['10.1.0.0/16'] },
  { id: 'slow', key: SLOW, apps: '*', requestsPerMinute: 2 },
];

describe('the drop-in endpoints', () => {
  let hub: VirtualHub;

  beforeEach(async () => {
    hub = await VirtualHub.start({
      apps: [STABLE, CLASSIC, OTHER],
      clients: CLIENTS,
      environment: { HUB_TRUSTED_PROXIES: '127.0.0.1' },
    });
  });
  afterEach(() => hub.stop());

  const get = (parameters: Record<string, string>, headers = {}) =>
    hub.hub.get(`/cgi-bin/token?${new URLSearchParams(parameters).toString()}`, headers);
  const ask = (appid = 'wx-classic', secret = KEY, headers = {}) =>
    get({ grant_type: 'client_credential', appid, secret }, headers);
  const stable = (body: unknown, headers: Record<string, string> = {}) =>
    hub.hub.post('/cgi-bin/stable_token', body, headers);
  const askStable = (extra: object = {}) =>
    stable({ grant_type: 'client_credential', appid: 'wx-stable', secret: KEY, ...extra });

  it('answer as WeChat does: HTTP 200, two fields, JSON', async () => {
    for (const answer of [await ask(), await ask('wx-stable'), await askStable()]) {
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.json).toEqual({ access_token: expect.any(String), expires_in: 7200 });
      expect(hub.simulator.isAlive(answer.json.access_token)).toBe(true);
    }
  });

  it.each<[string, unknown, Record<string, string>]>([
    [
      'a charset',
      JSON.stringify({ grant_type: 'client_credential', appid: 'wx-stable', secret: KEY }),
      { 'content-type': 'application/json; charset=utf-8' },
    ],
    [
      'a trailing newline',
      `${JSON.stringify({ secret: KEY, appid: 'wx-stable', grant_type: 'client_credential' })}\n`,
      {},
    ],
    [
      'a type that says otherwise',
      JSON.stringify({ grant_type: 'client_credential', appid: 'wx-stable', secret: KEY }),
      { 'content-type': 'application/x-www-form-urlencoded' },
    ],
    [
      'parameters that WeChat does not know',
      { grant_type: 'client_credential', appid: 'wx-stable', secret: KEY, extra: [1] },
      {},
    ],
  ])('read a JSON body with %s', async (_what, body, headers) => {
    expect((await stable(body, headers)).json).toHaveProperty('access_token');
  });

  it('read a form-coded body of /cgi-bin/token', async () => {
    const body = new URLSearchParams({ secret: KEY, grant_type: 'client_credential', appid: 'wx-classic' });
    const answer = await hub.hub.post('/cgi-bin/token', body.toString(), {
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(answer.json).toHaveProperty('access_token');
  });

  const query = (over: Record<string, string | undefined>): Record<string, string> => {
    const parameters: Record<string, string | undefined> = {
      grant_type: 'client_credential',
      appid: 'wx-classic',
      secret: KEY,
      ...over,
    };
    return Object.fromEntries(
      Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
  };

  it.each<[string, Record<string, string>, number]>([
    ['a wrong grant_type', query({ grant_type: 'authorization_code' }), 40002],
    ['no grant_type', query({ grant_type: undefined }), 40002],
    ['no appid', query({ appid: undefined }), 41002],
    ['an empty appid', query({ appid: '' }), 41002],
    ['no secret', query({ secret: undefined }), 41004],
    ['an unknown app', query({ appid: 'wx-nobody' }), 40013],
    ['an app that is not granted', query({ appid: 'wx-other' }), 40013],
    ['an unknown key', query({ secret: testKey('nobody') }), 40125],
    ['what can be no key', query({ secret: 'short' }), 40125],
    ['the AppSecret in the place of the key', query({ appid: 'wx-stable', secret: STABLE.secret }), 40125],
  ])('%s: HTTP 200 and errcode', async (_what, parameters, errcode) => {
    for (const answer of [await get(parameters), await stable(parameters)]) {
      expect(answer).toMatchObject({ status: 200, json: { errcode, errmsg: expect.any(String) } });
      expect(answer.json).not.toHaveProperty('access_token');
    }
    expect(hub.simulator.calls()).toBe(3);
  });

  it('40164 names the address that was seen', async () => {
    expect((await ask('wx-classic', BOUND, { 'x-forwarded-for': '10.1.2.3' })).json).toHaveProperty(
      'access_token',
    );
    const { status, json } = await ask('wx-classic', BOUND, { 'x-forwarded-for': '118.190.42.90' });
    expect(status).toBe(200);
    expect(json.errcode).toBe(40164);
    expect(json.errmsg).toMatch(/^invalid ip 118\.190\.42\.90[ ,].*not in whitelist/);
  });

  it('45011 after requestsPerMinute', async () => {
    const codes = [];
    for (let nth = 0; nth < 3; nth += 1) codes.push((await ask('wx-classic', SLOW)).json.errcode);
    expect(codes).toEqual([undefined, undefined, 45011]);
  });

  it('43002 for GET on stable_token, 47001 for a body that is not JSON or too large', async () => {
    expect((await hub.hub.get('/cgi-bin/stable_token')).json.errcode).toBe(43002);
    for (const body of [
      '{"grant_type":',
      'grant_type=client_credential',
      '[]',
      'null',
      `{"a":"${'x'.repeat(17_000)}"}`,
    ]) {
      expect(await stable(body)).toMatchObject({ status: 200, json: { errcode: 47001 } });
    }
  });

  it('-1 while there is no token and WeChat cannot be reached, at once', async () => {
    hub.simulator.fault({ kind: 'status', times: Infinity });
    await hub.pass(7_300_000);
    expect(await ask()).toMatchObject({ status: 200, json: { errcode: -1 } });
  });

  describe('when an SDK asks again within 10 s', () => {
    it('a living classic token is probed and stays', async () => {
      const first = (await ask()).json;
      expect(hub.simulator.calls({ endpoint: 'getcallbackip' })).toBe(0);
      await hub.pass(10_000);
      expect((await ask()).json.access_token).toBe(first.access_token);
      expect(hub.simulator.calls({ endpoint: 'getcallbackip' })).toBe(1);
      expect(hub.simulator.mints({ appid: 'wx-classic' })).toBe(1);
    });

    it('a dead classic token is replaced before it is handed out again', async () => {
      const { access_token: dead } = (await ask()).json;
      hub.simulator.killToken('wx-classic', 'token');
      const { access_token: living } = (await ask()).json;
      expect(living).not.toBe(dead);
      expect(hub.simulator.isAlive(living)).toBe(true);
    });

    it('a dead stable token is replaced by a normal call', async () => {
      await askStable();
      hub.simulator.forceByOther('wx-stable');
      const { access_token: living } = (await askStable()).json;
      expect(hub.simulator.isAlive(living)).toBe(true);
      expect(hub.simulator.journal({ endpoint: 'stable_token' }).at(-1)?.forced).toBe(false);
    });

    it('1,000 requests at once for a dead token: one mint, everybody gets the living one', async () => {
      for (const { appid, tokenApi } of [STABLE, CLASSIC]) {
        await ask(appid);
        hub.simulator.killToken(appid, tokenApi as 'token');
        const mints = hub.simulator.mints({ appid });
        const answers = await Promise.all(Array.from({ length: 1000 }, () => ask(appid)));
        expect(hub.simulator.mints({ appid })).toBe(mints + 1);
        const tokens = new Set(answers.map(({ json }) => json.access_token));
        expect(tokens.size).toBe(1);
        expect(hub.simulator.isAlive([...tokens][0])).toBe(true);
      }
    });

    it.each([
      ['later than 10 s', 10_001, {}],
      ['from another address', 0, { 'x-forwarded-for': '10.9.9.9' }],
    ])('%s is not asking again', async (_what, waitMs, headers) => {
      await ask();
      await hub.pass(waitMs);
      await ask('wx-classic', KEY, headers);
      expect(hub.simulator.calls({ endpoint: 'getcallbackip' })).toBe(0);
    });

    it('WeChat is asked at most once in 5 s', async () => {
      const before = hub.simulator.calls({ appid: 'wx-stable' });
      for (let second = 0; second < 60; second += 1) {
        await ask('wx-stable');
        await ask('wx-classic');
        await hub.pass(1000);
      }
      expect(hub.simulator.calls({ appid: 'wx-stable' }) - before).toBeLessThanOrEqual(13);
      expect(hub.simulator.calls({ appid: 'wx-stable' }) - before).toBeGreaterThanOrEqual(11);
      expect(hub.simulator.calls({ endpoint: 'getcallbackip' })).toBeLessThanOrEqual(13);
      expect(hub.simulator.calls({ endpoint: 'getcallbackip' })).toBeGreaterThanOrEqual(11);
    });
  });

  it.each(['//cgi-bin/token', '/wechat/cgi-bin/token', '/a/b/cgi-bin/token'])(
    'answer behind a path that the SDK’s base URL has: %s',
    async (path) => {
      const parameters = new URLSearchParams({
        grant_type: 'client_credential',
        appid: 'wx-classic',
        secret: KEY,
      });
      const answer = await hub.hub.get(`${path}?${parameters.toString()}`);
      expect(answer).toMatchObject({ status: 200, json: { access_token: expect.any(String) } });
      const ticket = await hub.hub.get(
        `${path.replace('token', 'ticket/getticket')}?type=jsapi&access_token=${answer.json.access_token}`,
      );
      expect(ticket.json.errcode).toBe(0);
      const stableToken = { grant_type: 'client_credential', appid: 'wx-stable', secret: KEY };
      expect((await hub.hub.post(path.replace('token', 'stable_token'), stableToken)).json).toHaveProperty(
        'access_token',
      );
      expect((await hub.hub.post(path.replace('token', 'stable_token'), 'x')).json.errcode).toBe(47001);
    },
  );

  it('force_refresh acts as a report of the current token, never as WeChat’s own', async () => {
    const { access_token: dead } = (await askStable()).json;
    hub.simulator.killToken('wx-stable', 'stable_token');
    await hub.pass(11_000);
    const { access_token: living } = (await askStable({ force_refresh: true })).json;
    expect(living).not.toBe(dead);
    expect(hub.simulator.isAlive(living)).toBe(true);
    expect(hub.simulator.journal().some(({ forced }) => forced)).toBe(false);
  });

  describe('getticket', () => {
    const ticket = (access_token: string, type = 'jsapi', headers = {}) =>
      hub.hub.get(
        `/cgi-bin/ticket/getticket?${new URLSearchParams({ access_token, type }).toString()}`,
        headers,
      );

    it('takes the token itself as the proof', async () => {
      const { access_token } = (await ask()).json;
      const { status, json } = await ticket(access_token);
      expect(status).toBe(200);
      // Nobody saw it come: for how long it lives is not known, and SDKs take up to 1500 s off.
      expect(json).toEqual({ errcode: 0, errmsg: 'ok', ticket: expect.any(String), expires_in: 1800 });
      expect(hub.simulator.isAlive(json.ticket)).toBe(true);
    });

    it('40001 for a token that the hub never served', async () => {
      expect(await ticket('invented')).toMatchObject({ status: 200, json: { errcode: 40001 } });
      expect(await hub.hub.get('/cgi-bin/ticket/getticket?type=jsapi')).toMatchObject({
        json: { errcode: 40001 },
      });
    });

    it('refuses an address that no entry granted this app accepts', async () => {
      const own = await VirtualHub.start({
        apps: [STABLE],
        clients: [{ id: 'bound', key: BOUND, apps: '*', allowIps: ['10.1.0.0/16'] }],
        environment: { HUB_TRUSTED_PROXIES: '127.0.0.1' },
      });
      try {
        const from = (address: string) => ({ 'x-forwarded-for': address });
        const url = '/v1/apps/wx-stable/token';
        const { access_token } = (await own.hub.get(url, { ...bearer(BOUND), ...from('10.1.0.1') })).json;
        const path = `/cgi-bin/ticket/getticket?type=jsapi&access_token=${access_token}`;
        expect((await own.hub.get(path, from('10.1.7.7'))).json.errcode).toBe(0);
        expect((await own.hub.get(path, from('10.2.0.1'))).json.errcode).toBe(40164);
      } finally {
        await own.stop();
      }
    });

    it('another type is an error', async () => {
      const { access_token } = (await ask()).json;
      expect((await ticket(access_token, 'card')).json.errcode).toBe(40097);
    });
  });
});
