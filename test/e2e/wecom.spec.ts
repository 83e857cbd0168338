import { createHash } from 'node:crypto';
import type { WeComOptions } from '../../src/simulator/wecom/wecom-desk.js';
import { bearer, testKey, type AppEntry } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

const KEY = testKey('backend');
const SALES_KEY = testKey('sales');
const CORP = 'ww0123456789abcdef';
const SALES = {
  appid: 'corp-sales',
  kind: 'wecom',
  corpid: CORP,
  agentId: 1000002,
  secret: 'simulated-secret-of-the-sales-agent',
};
const HR = { appid: 'corp-hr', kind: 'wecom', corpid: CORP, secret: 'simulated-secret-of-the-hr-agent' };
const SHOP = { appid: 'wx-shop', secret: 'simulated-secret-of-the-shop' };

const CLIENTS = [
  { id: 'backend', key: KEY, apps: '*', may: ['read', 'report', 'gateway', 'login', 'admin'] },
  { id: 'sales', key: SALES_KEY, apps: ['corp-sales'], may: ['read', 'report', 'gateway'] },
  { id: 'bound', key: testKey('bound'), apps: ['corp-sales'], allowIps: ['10.1.0.0/16'] },
];
const PROXIED = { HUB_TRUSTED_PROXIES: '127.0.0.1' };

let hub: VirtualHub;

async function start(wecom: WeComOptions = {}, apps: readonly AppEntry[] = [SALES, HR, SHOP]): Promise<void> {
  hub = await VirtualHub.start({ apps, clients: CLIENTS, simulator: { wecom }, environment: PROXIED });
}
afterEach(() => hub.stop());

const get = (path: string, key = KEY) => hub.hub.get(path, bearer(key));
const token = async (appid = 'corp-sales') => (await get(`/v1/apps/${appid}/token`)).json;
const gettokens = (appid = 'corp-sales') => hub.simulator.calls({ endpoint: 'gettoken', appid });
const door = (corpid: string, key: string, headers = {}) =>
  hub.hub.get(`/cgi-bin/gettoken?${new URLSearchParams({ corpid, corpsecret: key }).toString()}`, headers);

describe('the token of a WeCom agent', () => {
  it.each<WeComOptions>([
    { tokenLifeSeconds: 10 },
    { tokenLifeSeconds: 60 },
    { tokenLifeSeconds: 10, expiresIn: 'constant' },
    { tokenLifeSeconds: 600 },
  ])('of %j: no read without one over the ends of lives, none dead, asked for once a life', async (wecom) => {
    await start(wecom);
    const life = (wecom.tokenLifeSeconds ?? 0) * 1000;
    const before = gettokens();
    const mints = hub.simulator.wecom.mints;
    const seen = new Set<string>();
    for (let at = 0; at < 5 * life; at += life / 40) {
      const reading = get('/v1/apps/corp-sales/token');
      await hub.readable('corp-sales');
      const { status, json } = await reading;
      expect(status).toBe(200);
      expect(hub.simulator.isAlive(json.access_token)).toBe(true);
      seen.add(json.access_token);
      await hub.pass(life / 40);
    }
    expect(seen.size).toBeGreaterThan(4);
    // The other agent mints as often.
    const minted = (hub.simulator.wecom.mints - mints) / 2;
    expect(gettokens() - before).toBeLessThanOrEqual(minted * (life > 120_000 ? 3 : 1) + 1);
  });

  it('of the usual life: asked for rarely, never twice in a minute', async () => {
    await start();
    await hub.pass(48 * 3_600_000);
    const gaps = hub.gaps({ endpoint: 'gettoken', appid: 'corp-sales' });
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(59_900);
    expect(gaps.length).toBeLessThan(24 * 4 + 2);
  });

  it('whose birth was not seen, and whose expires_in does not count down: followed minute by minute', async () => {
    await start({ expiresIn: 'constant' });
    await hub.pass(3_600_000);
    // A hub that comes later and has no store: it is promised 7200 s of a token that has 3600 left.
    hub.hub.writeApps([HR, SHOP], CLIENTS.slice(0, 1));
    expect((await hub.hub.post('/admin/reload', undefined, bearer(KEY))).json.removed).toEqual([
      'corp-sales',
    ]);
    hub.hub.writeApps([SALES, HR, SHOP]);
    await hub.hub.post('/admin/reload', undefined, bearer(KEY));
    await hub.readable('corp-sales');
    const old = await token();
    await hub.pass(3_600_000 + 70_000);
    expect((await token()).access_token).not.toBe(old.access_token);
    const gaps = hub.gaps({ endpoint: 'gettoken', appid: 'corp-sales' });
    expect(Math.min(...gaps.slice(-50))).toBeGreaterThanOrEqual(59_900);
  });

  it.each([40014, 42001, 40001] as const)('ended early, as calls find out by %d: replaced', async (code) => {
    await start({ deadTokenErrcode: code });
    const { access_token: dead } = await token();
    hub.simulator.wecom.killToken('corp-sales');
    const through = await get('/v1/apps/corp-sales/wechat/cgi-bin/user/get?userid=a');
    expect(through.json).toMatchObject({ errcode: 0, appid: 'corp-sales' });
    const now = await token();
    expect(now.access_token).not.toBe(dead);
    hub.simulator.wecom.killToken('corp-sales');
    await hub.pass(5000);
    const report = await hub.hub.post(
      '/v1/apps/corp-sales/token/reject',
      { access_token: now.access_token, errcode: code },
      bearer(KEY),
    );
    expect(report.json.outcome).toBe('refreshed');
    expect(hub.simulator.isAlive(report.json.access_token)).toBe(true);
  });

  it('of a wrong Secret: asked for seldom, told of, and at once after a reload with the right one', async () => {
    await start({ tokenLifeSeconds: 60 });
    hub.simulator.wecom.setSecret('corp-sales', 'simulated-secret-after-a-reset');
    await hub.pass(61_000);
    const calls = gettokens();
    await hub.pass(600_000);
    expect(gettokens() - calls).toBeLessThanOrEqual(2);
    expect((await get('/admin/apps/corp-sales')).json).toMatchObject({
      kind: 'wecom',
      state: 'unavailable',
      lastError: { errcode: 40001, hint: expect.stringContaining('Secret is wrong') },
    });
    expect((await get('/v1/apps/corp-sales/token')).status).toBe(503);
    hub.hub.writeApps([{ ...SALES, secret: 'simulated-secret-after-a-reset' }, HR, SHOP]);
    await hub.hub.post('/admin/reload', undefined, bearer(KEY));
    await hub.readable('corp-sales');
    expect((await get('/v1/apps/corp-sales/token')).status).toBe(200);
  });
});

describe('the doors of WeCom', () => {
  beforeEach(() => start());

  it('give the token as gettoken does, by the name in the hub or by a corpid that means one agent', async () => {
    const { access_token } = await token();
    for (const answer of [await door('corp-sales', KEY), await door(CORP, SALES_KEY)]) {
      expect(answer.status).toBe(200);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.json).toEqual({ errcode: 0, errmsg: 'ok', access_token, expires_in: 7200 });
    }
  });

  it.each<[string, () => ReturnType<typeof door>, number, RegExp]>([
    ['no corpid', () => door('', KEY), 41002, /corpid/],
    ['no corpsecret', () => door('corp-sales', ''), 41004, /corpsecret/],
    ['a corporation of several agents', () => door(CORP, KEY), 40013, /corp-sales, corp-hr/],
    ['a corporation that nobody has', () => door('ww-other', KEY), 40013, /invalid corpid/],
    ['an agent that is not granted', () => door('corp-hr', SALES_KEY), 40013, /invalid corpid/],
    ['an app of WeChat', () => door('wx-shop', KEY), 40013, /invalid corpid/],
    ['no such key', () => door(CORP, testKey('nobody')), 40001, /invalid credential/],
    [
      'an address',
      () => door(CORP, testKey('bound'), { 'x-forwarded-for': '203.0.113.9' }),
      60020,
      /203\.0\.113\.9/,
    ],
  ])('refuse in its codes: %s', async (_what, ask, errcode, words) => {
    const { status, json } = await ask();
    expect(status).toBe(200);
    expect(json).toMatchObject({ errcode, errmsg: expect.stringMatching(words) });
    expect(Object.keys(json)).toEqual(['errcode', 'errmsg']);
  });

  it('of WeChat give no token of WeCom', async () => {
    const query = new URLSearchParams({ grant_type: 'client_credential', appid: 'corp-sales', secret: KEY });
    expect((await hub.hub.get(`/cgi-bin/token?${query.toString()}`)).json.errcode).toBe(40013);
  });

  it('make sure of a token that is asked for twice, but not because it is about to end', async () => {
    const calls = gettokens();
    await door('corp-sales', KEY);
    hub.simulator.wecom.killToken('corp-sales');
    const { json } = await door('corp-sales', KEY);
    expect(hub.simulator.isAlive(json.access_token)).toBe(true);
    expect(gettokens()).toBe(calls + 1);
    await hub.pass(7_150_000);
    const late = gettokens();
    await door('corp-sales', KEY);
    await door('corp-sales', KEY);
    expect(gettokens()).toBe(late);
  });

  it('give both tickets by a token, and refuse one that is not served', async () => {
    const { access_token } = await token();
    const jsapi = await hub.hub.get(`/prefix/cgi-bin/get_jsapi_ticket?access_token=${access_token}`);
    const agent = await hub.hub.get(`/cgi-bin/ticket/get?&type=agent_config&access_token=${access_token}`);
    for (const { json } of [jsapi, agent]) {
      expect(json).toEqual({ errcode: 0, errmsg: 'ok', ticket: expect.any(String), expires_in: 1800 });
      expect(hub.simulator.isAlive(json.ticket)).toBe(true);
    }
    expect(agent.json.ticket).not.toBe(jsapi.json.ticket);
    const invented = await hub.hub.get('/cgi-bin/ticket/get?type=agent_config&access_token=invented-by-me');
    expect(invented.json.errcode).toBe(40014);
    const other = await hub.hub.get(`/cgi-bin/ticket/get?type=jsapi&access_token=${access_token}`);
    expect(other.json.errcode).toBe(40058);
  });
});

describe('the rest of the hub, for WeCom', () => {
  beforeEach(() => start());

  it('tickets and signatures, of the types that the kind has', async () => {
    const agent = await get('/v1/apps/corp-sales/tickets/agent_config');
    expect(agent.status).toBe(200);
    expect((await get('/v1/apps/corp-sales/tickets/wx_card')).status).toBe(404);
    expect((await get('/v1/apps/wx-shop/tickets/agent_config')).status).toBe(404);
    const body = { url: 'https://corp.example/page#top', type: 'agent_config' };
    const { json } = await hub.hub.post('/v1/apps/corp-sales/jssdk-signature', body, bearer(KEY));
    const text = `jsapi_ticket=${agent.json.ticket}&noncestr=${json.nonceStr}&timestamp=${json.timestamp}&url=https://corp.example/page`;
    expect(json).toMatchObject({
      appId: CORP,
      agentId: 1000002,
      signature: createHash('sha1').update(text).digest('hex'),
    });
    const wrong = { ...body, type: 'wx_card' };
    expect((await hub.hub.post('/v1/apps/corp-sales/jssdk-signature', wrong, bearer(KEY))).status).toBe(400);
  });

  it('the gateway, in both forms, to its own host; tokens and tickets never through it', async () => {
    const explicit = await get('/v1/apps/corp-sales/wechat/cgi-bin/message/send?debug=1', SALES_KEY);
    expect(explicit.json).toMatchObject({ appid: 'corp-sales', path: '/cgi-bin/message/send' });
    const { access_token } = await token();
    const transparent = await get(`/cgi-bin/user/get?access_token=${access_token}&userid=a`, SALES_KEY);
    expect(transparent.json).toMatchObject({ appid: 'corp-sales', rawQuery: 'userid=a' });
    const ticket = await get('/v1/apps/corp-sales/wechat/cgi-bin/get_jsapi_ticket');
    expect(ticket.json).toMatchObject({ errcode: 0, ticket: expect.any(String) });
    expect((await get('/v1/apps/wx-shop/wechat/cgi-bin/get_jsapi_ticket')).status).toBe(404);
    expect((await get('/v1/apps/corp-sales/wechat/cgi-bin/gettoken?corpid=a')).status).toBe(403);
  });

  it('neither logins with an AppSecret nor quotas of WeChat', async () => {
    const before = hub.simulator.calls();
    const login = await hub.hub.post(
      '/v1/apps/corp-sales/login/session',
      { code: 'a-code-of-a-user' },
      bearer(KEY),
    );
    expect(login.status).toBe(403);
    expect((await get('/admin/apps/corp-sales/quota?path=/cgi-bin/user/get')).status).toBe(400);
    expect((await hub.hub.post('/admin/apps/corp-sales/quota/clear', undefined, bearer(KEY))).status).toBe(
      400,
    );
    expect(hub.simulator.calls()).toBe(before);
  });

  it('an untrusted address: passed on to the caller, and told of with the address', async () => {
    hub.simulator.wecom.setTrustedIps('corp-sales', ['192.0.2.1']);
    for (let count = 0; count < 3; count += 1) {
      const { json } = await get('/v1/apps/corp-sales/wechat/cgi-bin/user/get?userid=a');
      expect(json.errcode).toBe(60020);
    }
    const lines = hub.hub.log.filter((line) => line.includes('because of the address of the hub'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/60020.*127\.0\.0\.1.*trusted IPs/);
    expect((await get('/v1/apps/corp-sales/tickets/jsapi')).status).toBe(503);
    expect((await get('/admin/apps/corp-sales')).json).toMatchObject({
      state: 'valid',
      tickets: [{ type: 'jsapi', lastError: { errcode: 60020, hint: expect.stringContaining('127.0.0.1') } }],
    });
  });
});

describe('an agent with a base URL of its own', () => {
  it('is asked there, and so are its calls', async () => {
    hub = await VirtualHub.start({
      apps: [SHOP],
      clients: CLIENTS.slice(0, 1),
      environment: { HUB_WECOM_BASE_URL: 'http://127.0.0.1:1' },
    });
    hub.simulator.wecom.add(SALES);
    hub.hub.writeApps([{ ...SALES, baseUrl: `${hub.simulator.url}/` }, SHOP]);
    await hub.hub.post('/admin/reload', undefined, bearer(KEY));
    await hub.readable('corp-sales');
    expect((await get('/v1/apps/corp-sales/token')).status).toBe(200);
    const call = await get('/v1/apps/corp-sales/wechat/cgi-bin/user/get?userid=a');
    expect(call.json).toMatchObject({ appid: 'corp-sales' });
  });
});
