import { bearer, testKey } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

const ADMIN = testKey('admin');
const SOME = testKey('some');
const APPS = [
  { appid: 'wx-one', secret: 'simulated-secret-of-wx-one', name: 'Shop “一号”' },
  { appid: 'wx-two', secret: 'simulated-secret-of-wx-two', tokenApi: 'token' },
  { appid: 'wx-bad', secret: 'simulated-secret-of-wx-bad' },
];
const FIELDS = [
  'appid',
  'name',
  'kind',
  'tokenApi',
  'state',
  'refreshing',
  'version',
  'expiresAt',
  'nextRefreshAt',
  'lastRefreshAt',
  'lastError',
  'forcedRefreshesLeft',
  'tickets',
];

describe('GET /admin/apps', () => {
  let virtual: VirtualHub;

  beforeEach(async () => {
    virtual = await VirtualHub.start({
      apps: APPS,
      clients: [
        { id: 'admin', key: ADMIN, apps: '*', may: ['admin'] },
        { id: 'some', key: SOME, apps: ['wx-two'], may: ['admin', 'read'] },
      ],
      faults: [
        { kind: 'errcode', errcode: 40164, errmsg: 'invalid ip 192.0.2.9', appid: 'wx-bad', times: Infinity },
      ],
    });
  });

  afterEach(() => virtual.stop());

  const list = async (key = ADMIN) => (await virtual.hub.get('/admin/apps', bearer(key))).json.apps;
  const one = async (appid: string, key = ADMIN) =>
    (await virtual.hub.get(`/admin/apps/${appid}`, bearer(key))).json;
  const iso = (at: number) => new Date(at).toISOString();

  it('has each app that is granted, in the order of the file, with these fields and no others', async () => {
    const apps = await list();
    expect(apps.map(({ appid }: { appid: string }) => appid)).toEqual(['wx-one', 'wx-two', 'wx-bad']);
    for (const app of apps) expect(Object.keys(app)).toEqual(FIELDS);
    expect((await list(SOME)).map(({ appid }: { appid: string }) => appid)).toEqual(['wx-two']);
  });

  it('says when tokens end and when they are renewed', async () => {
    const now = virtual.clock.now();
    const [stable, token, bad] = await list();
    expect(stable).toMatchObject({
      name: 'Shop “一号”',
      tokenApi: 'stable_token',
      state: 'valid',
      expiresAt: iso(now + 7200_000),
      lastRefreshAt: iso(now),
      lastError: null,
      forcedRefreshesLeft: 20,
    });
    expect(Date.parse(stable.nextRefreshAt) - now).toBeGreaterThanOrEqual(270_000);
    expect(Date.parse(stable.nextRefreshAt) - now).toBeLessThanOrEqual(330_000);
    expect(token).toMatchObject({ name: null, tokenApi: 'token', state: 'valid', forcedRefreshesLeft: null });
    expect(Date.parse(token.nextRefreshAt) - now).toBeGreaterThanOrEqual(6900_000);
    expect(bad).toMatchObject({
      state: 'unavailable',
      version: null,
      expiresAt: null,
      lastRefreshAt: null,
      lastError: {
        at: iso(now),
        errcode: 40164,
        errmsg: expect.stringContaining('192.0.2.9'),
        hint: expect.stringContaining('192.0.2.9'),
      },
    });
  });

  it('has the version of the token that callers get', async () => {
    const { json } = await virtual.hub.get('/v1/apps/wx-two/token', bearer(SOME));
    expect((await one('wx-two')).version).toBe(json.version);
  });

  it('says what a caller would find, and apart from that whether WeChat is being asked', async () => {
    const fault = virtual.simulator.fault({ kind: 'hang', appid: 'wx-one' });
    await virtual.passUntil(() => fault.held === 1);
    expect(await one('wx-one')).toMatchObject({ state: 'valid', refreshing: true });
    await virtual.pass(5000);
    expect(await one('wx-one')).toMatchObject({
      state: 'failing',
      refreshing: false,
      lastError: { errcode: null },
    });
    await virtual.pass(60_000);
    expect(await one('wx-one')).toMatchObject({ state: 'valid', lastError: { errmsg: expect.any(String) } });
  });

  it('an app without a token is unavailable, also while the next attempt hangs', async () => {
    const fault = virtual.simulator.fault({ kind: 'hang', appid: 'wx-bad' });
    await virtual.passUntil(() => fault.held === 1);
    expect(await one('wx-bad')).toMatchObject({ state: 'unavailable', refreshing: true });
  });

  it('has each ticket with the same fields: those of the file, and those that somebody asked for', async () => {
    virtual.simulator.fault({ kind: 'errcode', errcode: 48001, endpoint: 'getticket', times: Infinity });
    await virtual.pass(0);
    const asked = await virtual.hub.get('/v1/apps/wx-two/tickets/jsapi', bearer(SOME));
    expect(asked.status).toBe(503);
    const { tickets } = await one('wx-two');
    expect(tickets).toEqual([
      {
        type: 'jsapi',
        state: 'unavailable',
        refreshing: false,
        version: null,
        expiresAt: null,
        nextRefreshAt: expect.any(String),
        lastRefreshAt: null,
        lastError: expect.objectContaining({ errcode: 48001, hint: expect.stringMatching(/no right/) }),
      },
    ]);
    // A configuration error: not asked again for a minute.
    expect(Date.parse(tickets[0].nextRefreshAt) - virtual.clock.wallNow()).toBeGreaterThanOrEqual(60_000);
    expect((await one('wx-one')).tickets).toEqual([]);
  });

  it('shows times by the wall clock, though lives are counted on another', async () => {
    virtual.clock.jumpWall(3600_000);
    const { expiresAt } = await one('wx-one');
    expect(expiresAt).toBe(iso(virtual.clock.wallNow() + 7200_000));
    expect((await virtual.hub.get('/v1/apps/wx-two/token', bearer(SOME))).json.expires_in).toBe(7200);
  });

  it('one app is the same as in the list', async () => {
    expect(await list()).toEqual([await one('wx-one'), await one('wx-two'), await one('wx-bad')]);
  });

  it('never has a token or a secret', async () => {
    const { json } = await virtual.hub.get('/v1/apps/wx-two/token', bearer(SOME));
    const { text } = await virtual.hub.get('/admin/apps', bearer(ADMIN));
    for (const secret of [json.access_token, ...APPS.map(({ secret }) => secret), ADMIN, SOME]) {
      expect(text).not.toContain(secret);
    }
  });
});
