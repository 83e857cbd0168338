import { bearer, testKey } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

const KEY = testKey('everything');
const SITE = {
  appid: 'wx-site',
  secret: 'simulated-secret-of-the-website',
  tokenApi: 'none',
};
const MINI = { appid: 'wx-mini', secret: 'simulated-secret-of-the-mini-program' };
const CLIENTS = [{ id: 'all', key: KEY, apps: '*', may: ['read', 'login', 'gateway', 'admin'] }];
const MINUTE = 60_000;

describe('an app that only logs users in', () => {
  let virtual: VirtualHub;

  beforeEach(async () => {
    virtual = await VirtualHub.start({ apps: [SITE, MINI], clients: CLIENTS });
  });
  afterEach(() => virtual.stop());

  const get = (path: string) => virtual.hub.get(path, bearer(KEY));
  const statusOf = async (appid: string) => (await get(`/admin/apps/${appid}`)).json;
  const metrics = async () => (await virtual.hub.get(`${virtual.hub.opsUrl}/metrics`)).text;
  const logIn = (appid: string, kind: 'session' | 'oauth', openid: string) => {
    const code = virtual.simulator.makeCode({ appid, kind: kind === 'oauth' ? 'oauth' : 'js', openid });
    return virtual.hub.post(`/v1/apps/${appid}/login/${kind}`, { code }, bearer(KEY));
  };

  it('logs them in, and no token of it is ever fetched', async () => {
    expect((await logIn('wx-site', 'oauth', 'o-anna')).status).toBe(200);
    await virtual.pass(180 * MINUTE);
    const journal = virtual.simulator.journal().filter(({ appid }) => appid === 'wx-site');
    expect(journal.map(({ endpoint }) => endpoint)).toEqual(['oauth_token']);
    expect(await get('/v1/apps/wx-site/token')).toMatchObject({
      status: 503,
      json: { code: 'HUB_TOKEN_UNAVAILABLE', detail: expect.stringContaining('only logs users in') },
    });
    expect(await get('/v1/apps/wx-site/tickets/jsapi')).toMatchObject({ status: 503 });
    expect(await statusOf('wx-site')).toMatchObject({
      tokenApi: 'none',
      state: 'valid',
      version: null,
      nextRefreshAt: null,
      lastError: null,
      tickets: [],
    });
    expect((await virtual.hub.get(`${virtual.hub.opsUrl}/readyz`)).status).toBe(200);
    const scraped = await metrics();
    expect(scraped).toContain('wxhub_token_valid{appid="wx-mini"} 1');
    expect(scraped).not.toMatch(/wxhub_(token|next_refresh)\w*\{appid="wx-site"/);
  });

  it('is told of when WeChat refuses it, as an app with tokens is, until a login works', async () => {
    for (const [appid, kind, endpoint] of [
      ['wx-site', 'oauth', 'oauth_token'],
      ['wx-mini', 'session', 'jscode2session'],
    ] as const) {
      virtual.simulator.fault({ kind: 'errcode', endpoint, errcode: 40164, times: 1 });
      expect((await logIn(appid, kind, 'o-anna')).status).toBe(503);
      expect(await statusOf(appid)).toMatchObject({ state: 'failing', lastError: { errcode: 40164 } });
      expect(await metrics()).toMatch(
        new RegExp(`wxhub_refresh_failing\\{appid="${appid}".*reason="40164"\\} 1`),
      );
      expect((await logIn(appid, kind, 'o-berta')).status).toBe(200);
      expect(await statusOf(appid)).toMatchObject({ state: 'valid' });
    }
  });
});

it('with a proxy that is not there nothing leaves past it: no login, no quota', async () => {
  const virtual = await VirtualHub.start({
    apps: [SITE, MINI],
    clients: CLIENTS,
    environment: { HUB_OUTBOUND_PROXY: 'http://127.0.0.1:1' },
  });
  try {
    const code = virtual.simulator.makeCode({ appid: 'wx-mini', kind: 'js', openid: 'o-anna' });
    const login = await virtual.hub.post('/v1/apps/wx-mini/login/session', { code }, bearer(KEY));
    expect(login).toMatchObject({ status: 502, json: { code: 'HUB_UPSTREAM_FAILED' } });
    const clear = await virtual.hub.post('/admin/apps/wx-mini/quota/clear', undefined, bearer(KEY));
    expect(clear).toMatchObject({ status: 502 });
    expect(virtual.simulator.journal()).toEqual([]);
  } finally {
    await virtual.stop();
  }
});
