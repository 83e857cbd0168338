import { mkdirSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bearer, sha256, testKey } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

const ROOT = testKey('operators');
const keyOf = (tenant: string) => testKey(`${tenant}-client`);
const secretOf = (appid: string) => `simulated-secret-of-${appid}`;
const keys = (key: string) => [{ id: 'first', sha256: sha256(key) }];

let folder: string;
let secrets: string;
let virtual: VirtualHub;

const write = (name: string, content: object | string): void => {
  writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
};

/** A tenant's file with these apps, and an admin of it with all acts. */
function tenant(name: string, appids: readonly string[], more: object = {}): void {
  mkdirSync(join(secrets, name), { recursive: true });
  for (const appid of appids) writeFileSync(join(secrets, name, appid), secretOf(appid));
  write(`${name}.yaml`, {
    version: 1,
    apps: appids.map((appid) => ({ appid, secretFile: appid })),
    clients: [{ id: 'all', keys: keys(keyOf(name)), apps: '*', may: ['read', 'admin'] }],
    ...more,
  });
}

const HUB = {
  version: 1,
  defaults: { reconcileSeconds: 600 },
  apps: [{ appid: 'wx-ops', secret: secretOf('wx-ops') }],
  clients: [
    { id: 'ops', keys: keys(ROOT), apps: '*', may: ['read', 'admin'] },
    { id: 'gateway-a', keys: keys(testKey('gateway-a')), apps: ['a/*'] },
  ],
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hub-tenants-'));
  secrets = mkdtempSync(join(tmpdir(), 'hub-secrets-'));
  write('hub.yaml', HUB);
  tenant('a', ['wx-a1', 'wx-a2']);
  tenant('b', ['wx-b1']);
  virtual = await VirtualHub.start({
    apps: ['wx-ops', 'wx-a1', 'wx-a2', 'wx-a3', 'wx-b1', 'wx-b2'].map((appid) => ({
      appid,
      secret: secretOf(appid),
    })),
    clients: [],
    environment: { HUB_APPS_FILE: folder, HUB_SECRETS_DIR: secrets },
  });
  await virtual.quiet();
});

afterEach(async () => {
  await virtual.stop();
  for (const each of [folder, secrets]) rmSync(each, { recursive: true, force: true });
});

const read = async (appid: string, key: string) =>
  (await virtual.hub.get(`/v1/apps/${appid}/token`, bearer(key))).status;
const reload = async (key: string) => {
  const answer = await virtual.hub.post('/admin/reload', undefined, bearer(key));
  await virtual.pass(1000);
  return answer;
};
const live = async (key: string) =>
  (await virtual.hub.get(`${virtual.hub.opsUrl}/console/api/live`, bearer(key))).json;

it('clients are granted their tenant’s apps alone; the operators’ as hub.yaml says', async () => {
  const grants = [
    [ROOT, ['wx-ops', 'wx-a1', 'wx-a2', 'wx-b1']],
    [testKey('gateway-a'), ['wx-a1', 'wx-a2']],
    [keyOf('a'), ['wx-a1', 'wx-a2']],
    [keyOf('b'), ['wx-b1']],
  ] as const;
  for (const [key, granted] of grants) {
    for (const appid of ['wx-ops', 'wx-a1', 'wx-a2', 'wx-b1', 'wx-none'])
      expect([appid, await read(appid, key)]).toEqual([
        appid,
        (granted as readonly string[]).includes(appid) ? 200 : 403,
      ]);
  }
});

describe('reload', () => {
  it('answers 422 with the problems of each file, and takes what the others brought', async () => {
    tenant('a', ['wx-a1', 'wx-a3']);
    tenant('b', ['wx-b1', 'wx-b2'], { clientz: [] });
    write('c.yaml', 'version: 1\napps: [');
    const { status, json } = await reload(ROOT);
    expect(status).toBe(422);
    expect(json).toMatchObject({ added: ['wx-a3'], changed: [], removed: ['wx-a2'], unchanged: 3 });
    expect(json.problems.map(({ file }: { file: string }) => file)).toEqual(['b.yaml', 'c.yaml']);
    expect(await read('wx-a3', keyOf('a'))).toBe(200);
    expect(await read('wx-a2', keyOf('a'))).toBe(403);
    expect(await read('wx-b1', keyOf('b'))).toBe(200);
    expect(await read('wx-b2', keyOf('b'))).toBe(403);
    tenant('b', ['wx-b1', 'wx-b2']);
    unlinkSync(join(folder, 'c.yaml'));
    expect(await reload(ROOT)).toMatchObject({ status: 200, json: { added: ['wx-b2'] } });
  });

  it('an appid stays with who had it first, and goes over when it is given up, with nothing of the one before', async () => {
    const before = (await virtual.hub.get('/v1/apps/wx-a1/token', bearer(keyOf('a')))).json.access_token;
    tenant('b', ['wx-b1', 'wx-a1']);
    expect(await reload(keyOf('b'))).toMatchObject({
      status: 422,
      json: { problems: [{ file: 'b.yaml', path: 'apps[1].appid' }] },
    });
    expect([await read('wx-a1', keyOf('a')), await read('wx-a1', keyOf('b'))]).toEqual([200, 403]);
    rmSync(join(secrets, 'b/wx-a1'));
    tenant('a', ['wx-a2']);
    await reload(ROOT);
    // The AppSecret was the other tenant's, and so was the token.
    const after = await virtual.hub.get('/v1/apps/wx-a1/token', bearer(keyOf('b')));
    expect([after.status, after.text.includes(before)]).toEqual([503, false]);
    expect(await read('wx-a1', keyOf('a'))).toBe(403);
  });

  it('a bad or missing hub.yaml changes nothing of it, and the tenants go on', async () => {
    write('hub.yaml', { ...HUB, apps: 1 });
    tenant('a', ['wx-a1', 'wx-a3']);
    expect((await reload(ROOT)).json).toMatchObject({ problems: [{ file: 'hub.yaml' }], added: ['wx-a3'] });
    unlinkSync(join(folder, 'hub.yaml'));
    expect((await reload(ROOT)).json).toMatchObject({ problems: [{ file: 'hub.yaml' }], added: [] });
    expect(await read('wx-ops', ROOT)).toBe(200);
  });

  it('of a tenant’s admin reads its file alone, and tells of its own alone', async () => {
    tenant('a', ['wx-a1', 'wx-a3']);
    // The watcher, which runs in real time, holds that back for two seconds.
    tenant('b', ['wx-b2']);
    write('c.yaml', 'version: 2');
    const { status, json } = await reload(keyOf('a'));
    expect([status, json]).toEqual([
      200,
      { added: ['wx-a3'], changed: [], removed: ['wx-a2'], unchanged: 1 },
    ]);
    expect(await read('wx-b1', keyOf('b'))).toBe(200);
    write('a.yaml', 'version: 3');
    expect((await reload(keyOf('a'))).json).toMatchObject({ problems: [{ file: 'a.yaml' }], unchanged: 2 });
    expect(await read('wx-a3', keyOf('a'))).toBe(200);
  });
});

describe('what a tenant’s file may not', () => {
  it.each<[string, object, string]>([
    ['defaults', { defaults: { reconcileSeconds: 60 } }, 'defaults'],
    ['tenantHosts', { tenantHosts: ['10.0.0.1'] }, 'tenantHosts'],
    ['secret', { apps: [{ appid: 'wx-a1', secret: 'x' }] }, 'apps[0].secret'],
    ['secretEnv', { apps: [{ appid: 'wx-a1', secretEnv: 'PATH' }] }, 'apps[0].secretEnv'],
    ['an absolute path', { apps: [{ appid: 'wx-a1', secretFile: '/etc/passwd' }] }, 'apps[0].secretFile'],
    ['dots', { apps: [{ appid: 'wx-a1', secretFile: 'x/../../b/wx-b1' }] }, 'apps[0].secretFile'],
    ['baseUrl', { apps: [{ appid: 'wx-a1', secretFile: 'wx-a1', baseUrl: 'https://x' }] }, 'apps[0].baseUrl'],
    [
      'grants of others',
      { clients: [{ id: 'x', allowIps: ['10.0.0.1'], apps: ['wx-b1'] }] },
      'clients[0].apps[0]',
    ],
    [
      'grants of tenants',
      { clients: [{ id: 'x', allowIps: ['10.0.0.1'], apps: ['b/*'] }] },
      'clients[0].apps[0]',
    ],
    ['a robot inside', { notify: [{ type: 'webhook', url: 'https://169.254.169.254/x' }] }, 'notify[0].url'],
    ['a robot without TLS', { notify: [{ type: 'webhook', url: 'http://127.0.0.1/x' }] }, 'notify[0].url'],
    ['urlEnv', { notify: [{ type: 'webhook', urlEnv: 'ROBOT' }] }, 'notify[0].urlEnv'],
    [
      'the key of another tenant',
      { clients: [{ id: 'x', keys: keys(keyOf('b')), apps: '*' }] },
      'clients[0].keys[0].sha256',
    ],
  ])('%s', async (_what, more, path) => {
    tenant('a', ['wx-a1'], more);
    const { status, json } = await reload(keyOf('a'));
    expect(status).toBe(422);
    expect(json.problems.map((problem: { path: string }) => problem.path)).toContain(path);
    expect(await read('wx-a2', keyOf('a'))).toBe(200);
    expect(await read('wx-b1', keyOf('b'))).toBe(200);
  });

  it('a link out of the folder; links within are followed', async () => {
    tenant('a', ['wx-a1', 'wx-a3']);
    rmSync(join(secrets, 'a/wx-a3'));
    symlinkSync(join(secrets, 'b/wx-b1'), join(secrets, 'a/wx-a3'));
    mkdirSync(join(secrets, 'a/..2026'));
    writeFileSync(join(secrets, 'a/..2026/wx-a1'), secretOf('wx-a1'));
    symlinkSync('..2026', join(secrets, 'a/..data'));
    rmSync(join(secrets, 'a/wx-a1'));
    symlinkSync('..data/wx-a1', join(secrets, 'a/wx-a1'));
    const { json } = await reload(keyOf('a'));
    expect(json.warnings).toMatchObject([{ file: 'a.yaml', path: 'apps[1].secretFile' }]);
    expect(json.warnings[0].message).toContain('ERR_LEAVES_FOLDER');
    expect([await read('wx-a1', keyOf('a')), await read('wx-a3', keyOf('a'))]).toEqual([200, 503]);
  });
});

describe('an admin of a tenant', () => {
  it('sees and acts on its own apps and clients alone', async () => {
    const { json } = await virtual.hub.get('/admin/apps', bearer(keyOf('a')));
    expect(json.apps.map(({ appid, tenant }: Record<string, string>) => [appid, tenant])).toEqual([
      ['wx-a1', 'a'],
      ['wx-a2', 'a'],
    ]);
    for (const path of ['/admin/apps/wx-b1/refresh', '/admin/apps/wx-ops/refresh'])
      expect((await virtual.hub.post(path, {}, bearer(keyOf('a')))).status).toBe(403);
    const clients = await virtual.hub.get(`${virtual.hub.opsUrl}/console/api/clients`, bearer(keyOf('a')));
    expect(clients.json.clients.map(({ id }: { id: string }) => id)).toEqual(['a/all']);
    const app = await virtual.hub.get(`${virtual.hub.opsUrl}/console/api/apps/wx-a1`, bearer(keyOf('a')));
    expect(app.json.clients.map(({ id }: { id: string }) => id)).toEqual(['a/all']);
  });

  it('is not told when another’s admin reloads', async () => {
    await reload(keyOf('b'));
    expect((await live(keyOf('a'))).hub.lastReload).toBeNull();
    expect((await live(keyOf('b'))).hub.lastReload).toMatchObject({ trigger: 'admin', ok: true });
    expect((await live(ROOT)).hub.lastReload).toMatchObject({ trigger: 'admin', ok: true });
  });

  it('is shown its own problems and audit lines alone, and cannot probe by them', async () => {
    write('b.yaml', 'version: 2');
    await reload(ROOT);
    await read('wx-a1', keyOf('b'));
    await read('wx-b1', keyOf('a'));
    await read('wx-none', keyOf('a'));
    const [ofA, ofB, ofAll] = [await live(keyOf('a')), await live(keyOf('b')), await live(ROOT)];
    expect(ofA.hub.lastReload).toMatchObject({ ok: true, problems: [] });
    expect(ofB.hub.lastReload).toMatchObject({ ok: false, problems: [{ file: 'b.yaml' }] });
    expect(ofAll.hub.lastReload.problems).toHaveLength(ofB.hub.lastReload.problems.length);
    expect(ofA.viewer).toMatchObject({ client: 'a/all', tenant: 'a', seesAll: false });
    expect(ofA.apps.map(({ appid }: { appid: string }) => appid)).toEqual(['wx-a1', 'wx-a2']);
    expect(JSON.stringify(ofA)).not.toMatch(/wx-b1|b\/all|wx-ops|"ops"/);
    const denied = ofA.audit.filter(({ act }: { act: string }) => act === 'request.denied');
    expect(denied.length).toBeGreaterThan(0);
    expect(new Set(denied.map(({ client, appid }: Record<string, string>) => `${client} ${appid}`))).toEqual(
      new Set(['a/all undefined']),
    );
  });
});

it('metrics of apps carry the tenant, and clients its name', async () => {
  const { text } = await virtual.hub.get(`${virtual.hub.opsUrl}/metrics`);
  expect(text).toContain('wxhub_token_valid{appid="wx-a1",tenant="a"} 1');
  expect(text).toContain('wxhub_token_valid{appid="wx-ops",tenant="hub"} 1');
  expect(text).toMatch(/wxhub_refreshes_total\{appid="wx-b1",tenant="b",kind="stable_token"/);
  expect(text).toContain('wxhub_client_requests_total{client="b/all",key="first"}');
});
