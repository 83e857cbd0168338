import { get as httpGet } from 'node:http';
import { countsAt } from '../../src/core/call-buckets.js';
import { bearer, testKey, type Answer } from '../support/start-hub.js';
import { VirtualHub, type VirtualHubOptions } from '../support/virtual-hub.js';

const ADMIN = testKey('admin');
const SHOP_ADMIN = testKey('shop-admin');
const READER = testKey('reader');
const FAR_ADMIN = testKey('far-admin');
const app = (appid: string, more: object = {}) => ({
  appid,
  secret: `simulated-secret-of-${appid}`,
  ...more,
});
const APPS = [app('wx-good', { name: 'Shop' }), app('wx-bad'), app('wx-token', { tokenApi: 'token' })];
const CLIENTS = [
  { id: 'admin', key: ADMIN, apps: '*', may: ['admin'] },
  { id: 'shop-admin', key: SHOP_ADMIN, apps: ['wx-good'], may: ['admin', 'read'] },
  { id: 'reader', key: READER, apps: ['wx-bad'], may: ['read'], allowIps: ['127.0.0.0/8'] },
  { id: 'far-admin', key: FAR_ADMIN, apps: '*', may: ['admin'], allowIps: ['192.0.2.0/24'] },
  { id: 'by-address', apps: '*', may: ['admin', 'read'], allowIps: ['127.0.0.1'] },
];
const IP_REFUSED = {
  kind: 'errcode',
  errcode: 40164,
  errmsg: 'invalid ip 192.0.2.7 ipv6 ::ffff:192.0.2.7, not in whitelist',
  appid: 'wx-bad',
  times: Infinity,
} as const;

let virtual: VirtualHub;

async function start(options: Partial<VirtualHubOptions> = {}): Promise<void> {
  virtual = await VirtualHub.start({ apps: APPS, clients: CLIENTS, faults: [IP_REFUSED], ...options });
}

afterEach(() => virtual.stop());

const url = (path: string) => `${virtual.hub.opsUrl}/console${path}`;
const get = (path: string, headers: Record<string, string> = bearer(ADMIN)) =>
  virtual.hub.get(url(path), headers);
const post = (path: string, body?: unknown, headers: Record<string, string> = bearer(ADMIN)) =>
  virtual.hub.post(url(path), body, headers);
const live = async (after = '', headers?: Record<string, string>) =>
  (await get(`/api/live?after=${after}`, headers)).json;
const rowOf = async (appid: string) => (await get(`/api/apps/${appid}`)).json.app;

/** By node:http: fetch sends its own Host. */
const statusAt = (path: string, headers: Record<string, string>) =>
  new Promise<number | undefined>((resolve, reject) => {
    const request = httpGet({ host: '127.0.0.1', port: virtual.hub.opsPort, path, headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    request.on('error', reject);
  });

describe('who may look', () => {
  const expectCode = ({ status, json }: Answer, expected: number, code: string) =>
    expect([status, json.code]).toEqual([expected, code]);

  beforeEach(() => start());

  it.each(['/api/live', '/api/clients', '/api/apps/wx-good'])(
    '%s: a key with admin, and nobody else',
    async (path) => {
      expect((await get(path)).status).toBe(200);
      // By address alone, too, a client of the file has admin here: a browser's address proves nothing.
      expectCode(await get(path, {}), 401, 'HUB_UNAUTHENTICATED');
      expectCode(await get(path, bearer(testKey('none'))), 401, 'HUB_UNAUTHENTICATED');
      expectCode(await get(path, bearer(READER)), 403, 'HUB_NOT_GRANTED');
      expectCode(await get(path, bearer(FAR_ADMIN)), 403, 'HUB_IP_NOT_ALLOWED');
    },
  );

  it('wrong keys are limited as everywhere, and noted in the audit trail', async () => {
    for (let i = 0; i < 20; i++)
      expect((await get('/api/live', bearer(testKey(`guess-${i}`)))).status).toBe(401);
    expectCode(await get('/api/live', bearer(testKey('guess-20'))), 429, 'HUB_RATE_LIMITED');
    const { audit } = await live();
    expect(audit[0]).toMatchObject({ act: 'request.denied', address: '127.0.0.1' });
  });

  it('no page of another site', async () => {
    const strangers: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://elsewhere.example' },
      { origin: 'null' },
    ];
    for (const headers of strangers) {
      expectCode(await get('/api/live', { ...bearer(ADMIN), ...headers }), 403, 'HUB_NOT_GRANTED');
      expectCode(
        await post('/api/reload', undefined, { ...bearer(ADMIN), ...headers }),
        403,
        'HUB_NOT_GRANTED',
      );
    }
    const own = { 'sec-fetch-site': 'same-origin', origin: virtual.hub.opsUrl };
    expect((await get('/api/live', { ...bearer(ADMIN), ...own })).status).toBe(200);
  });

  it('who is granted some apps sees those, and what concerns them', async () => {
    await post('/api/apps/wx-bad/refresh', { force: false });
    await post('/api/apps/wx-good/refresh', { force: false });
    const { apps, audit, viewer } = await live('', bearer(SHOP_ADMIN));
    expect(apps.map(({ appid }: { appid: string }) => appid)).toEqual(['wx-good']);
    expect(viewer).toEqual({
      client: 'shop-admin',
      keyId: 'first',
      seesAll: false,
      keysEnding: 0,
      tenant: null,
    });
    expect(audit.length).toBeGreaterThan(0);
    expect(audit.filter((record: { appid?: string }) => record.appid !== 'wx-good')).toEqual([]);
    expectCode(await get('/api/apps/wx-bad', bearer(SHOP_ADMIN)), 403, 'HUB_NOT_GRANTED');
    const { json } = await get('/api/clients', bearer(SHOP_ADMIN));
    expect(json.clients.map(({ id }: { id: string }) => id)).not.toContain('reader');
    expectCode(await post('/api/apps/wx-bad/refresh', {}, bearer(SHOP_ADMIN)), 403, 'HUB_NOT_GRANTED');
    await virtual.pass(5000);
    expect((await post('/api/apps/wx-good/refresh', { force: true }, bearer(SHOP_ADMIN))).status).toBe(200);
  });

  it('so many at a time: looking costs callers nothing', async () => {
    let limited: Answer | undefined;
    for (let i = 0; i < 1201 && limited === undefined; i++) {
      const answer = await fetch(url('/api/live'), { headers: bearer(ADMIN) });
      if (answer.status === 429) limited = await get('/api/live');
      else await answer.body?.cancel();
    }
    expect(limited?.headers.get('retry-after')).toMatch(/^\d+$/);
  });
});

describe('with HUB_CONSOLE_OPEN', () => {
  beforeEach(() => start({ environment: { HUB_CONSOLE_OPEN: 'true' } }));

  it('anybody may look, at everything, and act by no means', async () => {
    const { apps, viewer } = await live('', {});
    expect(apps).toHaveLength(3);
    expect(viewer).toEqual({ client: null, keyId: null, seesAll: true, keysEnding: 0, tenant: null });
    expect((await post('/api/reload', undefined, {})).status).toBe(401);
    expect((await post('/api/apps/wx-good/refresh', {}, {})).status).toBe(401);
    expect((await get('/api/live', { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  });

  it('not through a public name: its owner could make it lead here, and read (DNS rebinding)', async () => {
    const rebound = { host: 'evil.example:9090', 'sec-fetch-site': 'same-origin' };
    for (const path of ['/console/api/live', '/console/api/clients', '/console/api/apps/wx-good']) {
      expect(await statusAt(path, rebound)).toBe(403);
    }
    expect(await statusAt('/console/api/live', { host: 'localhost:9090' })).toBe(200);
    expect(await statusAt('/console/api/live', { ...rebound, ...bearer(ADMIN) })).toBe(200);
  });

  it('a wrong key is a wrong key; with a right one, acts are done', async () => {
    expect((await get('/api/live', bearer(testKey('none')))).status).toBe(401);
    expect((await post('/api/reload')).status).toBe(200);
  });
});

describe('what is seen', () => {
  it('apps of every state, with cause, end, next attempt and calls', async () => {
    await start();
    const { apps, hub, now } = await live();
    expect(hub).toMatchObject({ store: 'memory', storeUp: true, lastReload: null });
    const [good, bad, token] = apps;
    expect(good).toMatchObject({
      appid: 'wx-good',
      name: 'Shop',
      state: 'valid',
      failures: 0,
      lastError: null,
      life: { lifeMs: 7200_000, expiresAt: now + 7200_000 },
      force: { left: 20 },
      tickets: [],
    });
    expect(bad).toMatchObject({
      state: 'unavailable',
      life: null,
      failures: 1,
      lastError: { class: 'configuration', cause: '40164', errcode: 40164, addresses: ['192.0.2.7'] },
    });
    expect(bad.nextRefreshAt).toBeGreaterThan(now);
    expect(token).toMatchObject({ tokenApi: 'token', force: null });
  });

  it('an app whose renewal fails keeps its life; calls and failures are counted by five minutes', async () => {
    await start({ faults: [] });
    virtual.simulator.fault({ kind: 'errcode', errcode: -1, appid: 'wx-good', times: Infinity });
    await virtual.pass(900_000);
    const { apps, callsNow } = await live();
    const good = apps.find(({ appid }: { appid: string }) => appid === 'wx-good');
    expect(good).toMatchObject({ state: 'failing', lastError: { cause: '-1', class: 'transient' } });
    const { calls, failures } = countsAt(good.calls, callsNow);
    const sum = (counts: number[]) => counts.reduce((total, count) => total + count, 0);
    expect(sum(calls)).toBe(virtual.simulator.calls({ appid: 'wx-good' }));
    expect(sum(failures)).toBe(sum(calls) - 1);
    expect(failures.filter((count) => count > 0).length).toBeGreaterThanOrEqual(2);
  });

  it('tickets that were asked for', async () => {
    await start({ apps: [app('wx-good', { tickets: ['jsapi'] })], clients: [CLIENTS[0]!] });
    await virtual.pass(1000);
    expect((await rowOf('wx-good')).tickets).toMatchObject([
      { type: 'jsapi', state: 'valid', life: { lifeMs: 7200_000 }, lastError: null },
    ]);
  });

  it('clients and what they may, and of keys neither themselves nor their hashes', async () => {
    await start();
    const { json, text } = await get('/api/clients');
    expect(json.total).toBe(5);
    expect(json.clients[2]).toEqual({
      id: 'reader',
      tenant: null,
      may: ['read'],
      keys: [{ id: 'first', expiresAt: null, lastUsedAt: null, requests: 0 }],
      allowIps: ['127.0.0.0/8'],
      appCount: 1,
      apps: [{ appid: 'wx-bad', name: null }],
      gatewayPaths: null,
      requestsPerMinute: 6000,
    });
    expect(text).not.toMatch(/[0-9a-f]{64}/);
    expect((await get('/api/apps/wx-bad')).json.clients.map(({ id }: { id: string }) => id)).toEqual([
      'admin',
      'reader',
      'far-admin',
      'by-address',
    ]);
  });
});

describe('live', () => {
  const appidsOf = ({ apps }: { apps: { appid: string }[] }) => apps.map(({ appid }) => appid);

  it('tells what changed, and nothing twice', async () => {
    await start({ faults: [] });
    const first = await live();
    expect([first.reset, first.more, appidsOf(first).length]).toEqual([true, false, 3]);
    const second = await live(first.cursor);
    expect([second.reset, appidsOf(second), second.audit]).toEqual([false, [], []]);
    await post('/api/apps/wx-good/refresh', { force: true });
    const third = await live(second.cursor);
    expect(appidsOf(third)).toEqual(['wx-good']);
    expect(third.apps[0].life.version).toBe(first.apps[0].life.version + 1);
    expect(third.audit.map(({ act }: { act: string }) => act)).toEqual(['app.refresh', 'token.issued']);
    expect(appidsOf(await live(third.cursor))).toEqual([]);
  });

  it('an end of life shows without any event', async () => {
    await start({ faults: [] });
    const { cursor } = await live();
    virtual.simulator.fault({ kind: 'errcode', errcode: 40125, appid: 'wx-good', times: Infinity });
    await virtual.pass(7200_000);
    const { apps } = await live(cursor);
    expect(apps.find(({ appid }: { appid: string }) => appid === 'wx-good')).toMatchObject({
      state: 'unavailable',
    });
  });

  it('begins anew after a reload, and with a cursor of no known form', async () => {
    await start();
    const { cursor } = await live();
    virtual.hub.writeApps(APPS.slice(0, 1), [CLIENTS[0]!]);
    await post('/api/reload');
    const after = await live(cursor);
    expect([after.reset, appidsOf(after)]).toEqual([true, ['wx-good']]);
    for (const odd of ['x', '..', '1-1.0.', "'", '%00', 'a'.repeat(1000)])
      expect((await live(odd)).reset).toBe(true);
  });

  it('sends thousands of apps in several answers', async () => {
    const apps = Array.from({ length: 1201 }, (_, index) => app(`wx-${index}`));
    await start({ apps, clients: [CLIENTS[0]!], faults: [] });
    const seen = new Set<string>();
    const sizes: number[] = [];
    let answer = await live();
    for (;;) {
      for (const appid of appidsOf(answer)) seen.add(appid);
      sizes.push(answer.apps.length);
      if (answer.more !== true) break;
      answer = await live(answer.cursor);
    }
    expect(sizes).toEqual([500, 500, 201]);
    expect(seen.size).toBe(1201);
  });
});

describe('what is done', () => {
  beforeEach(() => start());

  it('a refresh asks WeChat and answers the app as it is then; again at once it is too early', async () => {
    const { status, json } = await post('/api/apps/wx-token/refresh', { force: false });
    expect([status, json.app.appid, json.app.state]).toEqual([200, 'wx-token', 'valid']);
    const early = await post('/api/apps/wx-token/refresh', {});
    expect([early.status, early.headers.get('retry-after')]).toEqual([429, '60']);
  });

  it('a forced one spends of the budget', async () => {
    const { json } = await post('/api/apps/wx-good/refresh', { force: true });
    expect(json.app.force).toMatchObject({ left: 19 });
    expect(json.app.force.notBefore - json.app.lastRefreshAt).toBe(30_000);
  });

  it('one that WeChat refuses says so', async () => {
    const { status, json } = await post('/api/apps/wx-bad/refresh', {});
    expect([status, json.code, json.wechat.errcode]).toEqual([503, 'HUB_TOKEN_UNAVAILABLE', 40164]);
  });

  it('a reload that is refused lists its problems, and the console goes on showing them', async () => {
    virtual.hub.writeApps([app('wx-good', { tokenApi: 'tokem' })]);
    const { status, json } = await post('/api/reload');
    expect([status, json.code]).toEqual([422, 'HUB_CONFIG_INVALID']);
    expect(json.problems[0]).toMatchObject({ path: 'apps[0].tokenApi', line: expect.any(Number) });
    const { hub, apps } = await live();
    expect(apps).toHaveLength(3);
    expect(hub.lastReload).toMatchObject({ ok: false, trigger: 'admin', problems: json.problems });
  });

  it('quotas and refused calls, as /admin has them, in the audit log with who asked', async () => {
    const path = '/cgi-bin/message/custom/send';
    const { status, json } = await get(`/api/apps/wx-good/quota?path=${encodeURIComponent(path)}`);
    expect([status, json.quota.used]).toEqual([200, 0]);
    expect((await get('/api/apps/wx-good/quota')).status).toBe(400);
    const refused = await get('/api/apps/wx-good/quota?path=/sns/auth');
    expect([refused.status, refused.json.wechat.errcode]).toEqual([502, 76022]);
    const rid = /rid: (\S+)/.exec(refused.json.detail as string)?.[1] ?? '';
    expect((await get(`/api/apps/wx-good/rid/${rid}`)).json.request_url).toBe('access_token=[redacted]');
    expect((await post('/api/apps/wx-good/quota/clear', {})).json).toEqual({ left: 9 });
    const { audit } = await live();
    const acts = audit.map(({ act, client }: { act: string; client: string }) => `${act} ${client}`);
    expect(acts).toEqual(
      expect.arrayContaining(['app.quota admin', 'app.rid admin', 'app.clear_quota admin']),
    );
    for (const asked of [
      get('/api/apps/wx-bad/quota?path=/x', bearer(SHOP_ADMIN)),
      get('/api/apps/wx-good/rid/x', {}),
    ]) {
      expect([401, 403]).toContain((await asked).status);
    }
    expect((await post('/api/apps/wx-bad/quota/clear', {}, bearer(SHOP_ADMIN))).status).toBe(403);
  });

  it('bodies of another form are refused', async () => {
    for (const body of ['[]', '{"force":1}', '{"x":1}', '{', `{"force":${' '.repeat(2000)}true}`]) {
      expect([400, 413]).toContain((await post('/api/apps/wx-good/refresh', body)).status);
    }
    const form = await virtual.hub.request(url('/api/apps/wx-good/refresh'), {
      method: 'POST',
      headers: { ...bearer(ADMIN), 'content-type': 'application/x-www-form-urlencoded' },
      body: 'force=true',
    });
    expect(form.status).toBe(400);
    expect(virtual.simulator.calls({ appid: 'wx-good' })).toBe(1);
  });
});

describe('every answer', () => {
  beforeEach(() => start());

  it.each(['', '/', '/assets/none.js', '/assets/%2e%2e%2findex.html', '/api/live', '/api/none', '/none'])(
    '/console%s: a strict policy, nothing kept, nothing of others',
    async (path) => {
      const { headers } = await get(path, {});
      expect(headers.get('content-security-policy')).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
          "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      if (path.startsWith('/api')) expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('access-control-allow-origin')).toBeNull();
    },
  );
});
