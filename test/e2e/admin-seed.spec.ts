import { writeFileSync } from 'node:fs';
import { appsYaml, bearer, testKey } from '../support/start-hub.js';
import { VirtualHub, type VirtualHubOptions } from '../support/virtual-hub.js';

const ADMIN = testKey('admin');
const APP = { appid: 'wx-shop', secret: 'simulated-secret-of-the-shop', tokenApi: 'token' };
const OTHER = { appid: 'wx-other', secret: 'simulated-secret-of-the-other' };
const CLIENTS = [{ id: 'ops', key: ADMIN, apps: '*', may: ['admin', 'read', 'report'] }];

describe('the living token of a central server that is replaced', () => {
  let virtual: VirtualHub;
  const start = async (options: Partial<VirtualHubOptions> = {}) => {
    virtual = await VirtualHub.start({ apps: [APP, OTHER], clients: CLIENTS, ...options });
  };
  afterEach(() => virtual.stop());

  /** What the other server gets, by a mint of its own at WeChat. */
  const ofTheOtherServer = () => ({ access_token: virtual.simulator.mintByOther(APP.appid) });
  const seed = (body: unknown, appid = APP.appid) =>
    virtual.hub.post(`/admin/apps/${appid}/seed`, body, bearer(ADMIN));
  const token = async () => (await virtual.hub.get(`/v1/apps/${APP.appid}/token`, bearer(ADMIN))).json;

  it('is taken over and served, and WeChat mints no other until it is due', async () => {
    await start();
    const { access_token } = ofTheOtherServer();
    const before = (await token()).version;
    const { status, json } = await seed({ access_token, expires_in: 7000 });
    expect(status).toBe(200);
    expect(json).toMatchObject({ appid: APP.appid, state: 'valid' });
    expect(json).not.toHaveProperty('access_token');
    expect(json.version).toBeGreaterThan(before);
    expect(json.expires_in).toBeLessThanOrEqual(7000);
    expect((await token()).access_token).toBe(access_token);
    const mints = virtual.simulator.mints({ appid: APP.appid });
    await virtual.pass(6000 * 1000);
    expect(virtual.simulator.mints({ appid: APP.appid })).toBe(mints);
    expect((await token()).access_token).toBe(access_token);
    await virtual.pass(1000 * 1000);
    expect(virtual.simulator.mints({ appid: APP.appid })).toBe(mints + 1);
    expect((await token()).access_token).not.toBe(access_token);
  });

  it('an app whose AppSecret is withheld until then moves without any mint', async () => {
    const { secret, ...bare } = APP;
    await start({ apps: [OTHER] });
    virtual.simulator.addApp({ appid: APP.appid, secret });
    writeFileSync(virtual.hub.appsFile, appsYaml([{ ...bare, secretFile: 'not-yet' } as never], CLIENTS));
    await virtual.hub.post('/admin/reload', undefined, bearer(ADMIN));
    await virtual.pass(0);
    expect(virtual.simulator.mints({ appid: APP.appid })).toBe(0);
    const { access_token } = ofTheOtherServer();
    expect((await seed({ access_token, expires_in: 7000 })).status).toBe(200);
    virtual.hub.writeApps([APP]);
    await virtual.hub.post('/admin/reload', undefined, bearer(ADMIN));
    await virtual.pass(60_000);
    expect((await token()).access_token).toBe(access_token);
    expect(virtual.simulator.calls({ appid: APP.appid, endpoint: 'token' })).toBe(0);
  });

  it('while WeChat refuses the hub (its address is not on the whitelist yet), the operator’s word counts', async () => {
    await start();
    const { access_token } = ofTheOtherServer();
    virtual.simulator.fault({ kind: 'errcode', errcode: 40164, appid: APP.appid, times: Infinity });
    expect((await seed({ access_token, expires_in: 7000 })).status).toBe(200);
    expect((await token()).access_token).toBe(access_token);
  });

  it('dead ones, another app’s, and apps that need none are refused; nothing changes', async () => {
    await start();
    const held = await token();
    const refused = async (body: unknown, appid?: string) => {
      const { status, json } = await seed(body, appid);
      expect([status, json.code]).toEqual([400, 'HUB_BAD_REQUEST']);
      return String(json.detail);
    };
    expect(await refused({ access_token: 'simulated-token-that-is-dead', expires_in: 7000 })).toContain(
      'dead',
    );
    const others = (await virtual.hub.get(`/v1/apps/${OTHER.appid}/token`, bearer(ADMIN))).json;
    expect(await refused({ access_token: others.access_token, expires_in: 7000 })).toContain('another app');
    expect(await refused({ access_token: held.access_token, expires_in: 7000 }, OTHER.appid)).toContain(
      'tokenApi: token',
    );
    expect(await refused({ access_token: held.access_token })).toContain('expires_in');
    expect((await token()).version).toBe(held.version);
  });

  it('WeChat is asked about a token at most once in 5 s', async () => {
    await start();
    const dead = { access_token: 'simulated-token-that-is-dead', expires_in: 7000 };
    await seed(dead);
    const { status, headers } = await seed(dead);
    expect(status).toBe(429);
    expect(headers.get('retry-after')).toBe('5');
    await virtual.pass(5000);
    expect((await seed(dead)).status).toBe(400);
    expect(virtual.simulator.calls({ endpoint: 'getcallbackip' })).toBe(2);
  });

  it('is in the audit log, without the token, and is no call to WeChat in the metrics', async () => {
    await start();
    const metrics = async () => (await virtual.hub.get(`${virtual.hub.opsUrl}/metrics`)).text;
    const attempts = async () => (await metrics()).match(/wxhub_refreshes_total\{appid="wx-shop".*/g);
    const before = await attempts();
    const { access_token } = ofTheOtherServer();
    await seed({ access_token, expires_in: 7000 });
    const lines = virtual.hub.log.map((line) => JSON.parse(line) as Record<string, unknown>);
    const audit = lines.filter(({ log, act }) => log === 'audit' && act !== 'config.reload');
    expect(audit).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ act: 'app.seed', outcome: 'issued', appid: APP.appid, client: 'ops' }),
        expect.objectContaining({ act: 'token.issued', trigger: 'seed', appid: APP.appid }),
      ]),
    );
    expect(virtual.hub.log.join('\n')).not.toContain(access_token);
    expect(await attempts()).toEqual(before);
    expect(await metrics()).toContain('wxhub_new_credentials_total{kind="token",source="seed"} 1');
  });
});
