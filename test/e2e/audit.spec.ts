import { createHash } from 'node:crypto';
import { AuditTrail, type AuditRecord } from '../../src/audit/audit-trail.js';
import { AppsConfig } from '../../src/config/reload/apps-config.service.js';
import { AppsFileWatcher } from '../../src/config/reload/watcher.js';
import { bearer, sha256, testKey } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

/** The audit log: who, from where, what, and what came of it; and what it never says. */

const OPERATOR = testKey('operator');
const BACKEND = testKey('backend');
const SHOP = { appid: 'wx-shop', secret: 'simulated-secret-of-wx-shop' };
const NEWS = {
  appid: 'wx-news',
  secret: 'simulated-secret-of-wx-news',
  tokenApi: 'token',
  tickets: ['jsapi'],
};
const CLIENTS = [
  { id: 'operator', key: OPERATOR, apps: '*', may: ['admin', 'read'] },
  {
    id: 'backend',
    key: BACKEND,
    apps: ['wx-shop', 'wx-news'],
    may: ['read', 'report', 'gateway'],
    gatewayPaths: ['/wxa/*'],
  },
];

describe('the audit log', () => {
  let virtual: VirtualHub;

  beforeEach(async () => {
    virtual = await VirtualHub.start({ apps: [SHOP, NEWS], clients: CLIENTS });
  });

  afterEach(() => virtual.stop());

  /** As they were written. */
  const lines = () =>
    virtual.hub.log.map((line) => JSON.parse(line)).filter(({ log }) => log === 'audit') as (AuditRecord & {
      readonly time: string;
    })[];
  const of = (act: string) => lines().filter((line) => line.act === act);
  const last = (act: string) => of(act).at(-1);
  const token = async (appid: string, key = BACKEND) =>
    (await virtual.hub.get(`/v1/apps/${appid}/token`, bearer(key))).json.access_token as string;
  const fingerprint = (value: string) => createHash('sha256').update(value).digest('hex').slice(0, 12);
  const reject = (appid: string, value: string, headers = {}) =>
    virtual.hub.post(
      `/v1/apps/${appid}/token/reject`,
      { access_token: value, errcode: 40001 },
      { ...bearer(BACKEND), ...headers },
    );

  it('has a line for each new token and ticket, with the fingerprint that is its SHA-256’s beginning', async () => {
    await virtual.pass(1000);
    const shop = await token('wx-shop');
    const { json: ticket } = await virtual.hub.get('/v1/apps/wx-news/tickets/jsapi', bearer(BACKEND));
    expect(of('token.issued')).toEqual([
      expect.objectContaining({
        appid: 'wx-shop',
        kind: 'stable_token',
        trigger: 'schedule',
        forced: false,
        outcome: 'issued',
        version: expect.any(Number),
        fingerprint: fingerprint(shop),
      }),
      expect.objectContaining({
        appid: 'wx-news',
        kind: 'token',
        fingerprint: fingerprint(await token('wx-news')),
      }),
    ]);
    expect(of('ticket.issued')).toEqual([
      expect.objectContaining({ appid: 'wx-news', kind: 'jsapi', fingerprint: fingerprint(ticket.ticket) }),
    ]);
    expect(lines().map(({ seq }) => seq)).toEqual([1, 2, 3]);
    // A token that is only confirmed is no new one.
    await virtual.pass(400_000);
    expect(lines()).toHaveLength(3);
  });

  it('says who reported a token, by which request, and what came of it', async () => {
    const before = await token('wx-news');
    virtual.simulator.killToken('wx-news', 'token');
    await reject('wx-news', before, { 'x-request-id': 'order-17' });
    expect(last('token.issued')).toMatchObject({ appid: 'wx-news', trigger: 'report' });
    expect(last('token.reported')).toMatchObject({
      outcome: 'refreshed',
      appid: 'wx-news',
      trigger: 'client',
      client: 'backend',
      keyId: 'first',
      address: '127.0.0.1',
      requestId: 'order-17',
      errcode: 40001,
      fingerprint: fingerprint(before),
    });
    await reject('wx-news', BACKEND);
    expect(last('token.reported')).toMatchObject({ outcome: 'superseded', client: 'backend' });
    // What was reported may be anything, such as a key: it has no fingerprint unless it is a token of this app.
    expect(last('token.reported')).not.toHaveProperty('fingerprint');
    await virtual.hub.post('/cgi-bin/stable_token', {
      grant_type: 'client_credential',
      appid: 'wx-shop',
      secret: BACKEND,
      force_refresh: true,
    });
    expect(last('token.reported')).toMatchObject({
      outcome: 'confirmed',
      trigger: 'drop_in',
      client: 'backend',
    });
  });

  it('tells of the gateway: tokens that it found dead, and what it did not forward', async () => {
    virtual.simulator.killToken('wx-shop', 'stable_token');
    await virtual.hub.get('/v1/apps/wx-shop/wechat/wxa/something', bearer(BACKEND));
    expect(last('token.reported')).toMatchObject({
      trigger: 'gateway',
      client: 'backend',
      address: '127.0.0.1',
    });
    await virtual.hub.get('/v1/apps/wx-shop/wechat/cgi-bin/menu/get', bearer(BACKEND));
    expect(last('request.denied')).toMatchObject({
      reason: 'path_not_granted',
      client: 'backend',
      keyId: 'first',
      appid: 'wx-shop',
      detail: 'asked for gateway',
    });
    await virtual.hub.get(`/wxa/anything?access_token=${'never-served-'.padEnd(40, 'x')}`);
    expect(last('request.denied')).toMatchObject({ reason: 'token_not_served', address: '127.0.0.1' });
    expect(last('request.denied')).not.toHaveProperty('client');
  });

  it('says which admin refreshed an app, forced or not, and how it ended', async () => {
    const refresh = (force: boolean) =>
      virtual.hub.post('/admin/apps/wx-shop/refresh', { force }, bearer(OPERATOR));
    const who = { appid: 'wx-shop', client: 'operator', keyId: 'first', address: '127.0.0.1' };
    await refresh(false);
    expect(last('app.refresh')).toMatchObject({ ...who, forced: false, outcome: 'confirmed' });
    expect(last('app.refresh')?.requestId).toEqual(expect.any(String));
    await virtual.pass(40_000);
    await refresh(true);
    expect(last('app.refresh')).toMatchObject({ ...who, forced: true, outcome: 'issued' });
    expect(last('token.issued')).toMatchObject({ appid: 'wx-shop', trigger: 'admin', forced: true });
    await refresh(true);
    expect(last('app.refresh')).toMatchObject({ ...who, forced: true, outcome: 'too_early' });
    await virtual.pass(40_000);
    virtual.simulator.fault({ kind: 'errcode', errcode: 45009, errmsg: 'quota' });
    await refresh(true);
    expect(last('app.refresh')).toMatchObject({ ...who, outcome: 'failed', errcode: 45009 });
  });

  it('has reloads, accepted and refused, by endpoint with who, and by the other ways', async () => {
    // It would see each change as well, sometimes first.
    await virtual.hub.app.get(AppsFileWatcher).onModuleDestroy();
    const reload = () => virtual.hub.post('/admin/reload', undefined, bearer(OPERATOR));
    const { key, ...operator } = CLIENTS[0]!;
    const keys = [
      { id: 'first', sha256: sha256(key) },
      { id: 'second', sha256: sha256(testKey('second')) },
    ];
    virtual.hub.writeApps(
      [SHOP, { appid: 'wx-new', secret: 'simulated-secret-of-wx-new' }],
      [{ ...operator, keys }],
    );
    await reload();
    const who = { trigger: 'admin', client: 'operator', keyId: 'first', address: '127.0.0.1' };
    expect(of('config.reload')).toEqual([
      expect.objectContaining({
        ...who,
        outcome: 'ok',
        detail:
          'apps: 1 added (wx-new), 0 changed, 1 removed (wx-news); ' +
          'clients: 0 added, 1 changed (operator), 1 removed (backend); ' +
          'keys: 1 added (operator/second), 0 changed, 1 removed (backend/first)',
      }),
    ]);
    const logged = virtual.hub.log.map((line) => JSON.parse(line) as { msg: string; detail?: string });
    expect(logged.find(({ msg }) => msg === 'configuration reloaded')?.detail).toBe(
      last('config.reload')?.detail,
    );
    expect(virtual.hub.log.join('')).not.toContain(sha256(BACKEND));
    virtual.hub.writeApps([{ ...SHOP, tokenApi: 'typo', refreshAheadSeconds: 0 }], [CLIENTS[0]!]);
    await reload();
    expect(last('config.reload')).toMatchObject({ ...who, outcome: 'refused', detail: '2 problems' });
    await virtual.hub.app.get(AppsConfig).reload('signal');
    expect(last('config.reload')).toMatchObject({ trigger: 'signal', outcome: 'refused' });
    expect(last('config.reload')).not.toHaveProperty('client');
    expect(of('config.reload')).toHaveLength(3);
  });

  it('has the first denial at once and the rest of its kind as a count, once a minute while they go on', async () => {
    const wrong = () => virtual.hub.get('/v1/apps/wx-shop/token', bearer(testKey('wrong')));
    for (let index = 0; index < 10; index++) await wrong();
    await virtual.hub.get('/admin/apps', bearer(BACKEND));
    expect(of('request.denied')).toEqual([
      expect.objectContaining({
        reason: 'unknown_key',
        outcome: 'denied',
        address: '127.0.0.1',
        appid: 'wx-shop',
        detail: 'asked for read',
        requestId: expect.any(String),
      }),
      expect.objectContaining({ reason: 'act_not_granted', client: 'backend', detail: 'asked for admin' }),
    ]);
    await virtual.pass(60_000);
    expect(of('request.denied')).toHaveLength(3);
    expect(last('request.denied')).toMatchObject({ reason: 'unknown_key', address: '127.0.0.1', count: 9 });
    await wrong();
    await virtual.pass(60_000);
    expect(last('request.denied')).toMatchObject({ reason: 'unknown_key', count: 1 });
    await virtual.pass(120_000);
    expect(of('request.denied')).toHaveLength(4);
    await wrong();
    expect(last('request.denied')).not.toHaveProperty('count');
    expect(of('request.denied')).toHaveLength(5);
  });

  it('never shows an appid that a caller made up: it may be a key', async () => {
    const mistaken = testKey('mistaken');
    await virtual.hub.get(`/v1/apps/${mistaken}/token`, bearer(BACKEND));
    expect(last('request.denied')).toMatchObject({ reason: 'app_not_granted', client: 'backend' });
    expect(virtual.hub.log.join('')).not.toContain(mistaken);
  });

  it('is at hand in memory as it is written', () => {
    const recent = virtual.hub.app.get(AuditTrail).recent(3);
    expect(recent.map(({ seq }) => seq)).toEqual([3, 2, 1]);
    expect(lines().map(({ seq, time }) => ({ seq, time }))).toEqual(
      recent.map(({ seq, at }) => ({ seq, time: at })).reverse(),
    );
  });
});

it('off: no line, but the records in memory', async () => {
  const virtual = await VirtualHub.start({
    apps: [SHOP],
    clients: CLIENTS.map((client) => ({ ...client, apps: '*' })),
    environment: { HUB_AUDIT_LOG: 'off' },
  });
  expect(virtual.hub.log.filter((line) => line.includes('"audit"'))).toEqual([]);
  expect(virtual.hub.app.get(AuditTrail).recent(10)).toMatchObject([
    { act: 'token.issued', appid: 'wx-shop' },
  ]);
  await virtual.stop();
});
