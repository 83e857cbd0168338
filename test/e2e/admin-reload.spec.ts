import { eventually } from '../support/eventually.js';
import { bearer, testKey } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

const ADMIN = testKey('admin');
const READER = testKey('reader');
const NEW_KEY = testKey('new-reader');
const app = (appid: string, more: object = {}) => ({
  appid,
  secret: `simulated-secret-of-${appid}`,
  ...more,
});
const CLIENTS = [
  { id: 'admin', key: ADMIN, apps: '*', may: ['admin'] },
  { id: 'reader', key: READER, apps: '*', may: ['read'] },
];
const APPS = [app('wx-a'), app('wx-b', { tokenApi: 'token' }), app('wx-c')];

describe('POST /admin/reload', () => {
  let virtual: VirtualHub;

  beforeEach(async () => {
    virtual = await VirtualHub.start({ apps: APPS, clients: CLIENTS });
    virtual.simulator.addApp(app('wx-d'));
  });

  afterEach(() => virtual.stop());

  const reload = async () => {
    const answer = await virtual.hub.post('/admin/reload', undefined, bearer(ADMIN));
    await virtual.pass(0);
    return answer;
  };
  const read = (appid: string, key = READER) => virtual.hub.get(`/v1/apps/${appid}/token`, bearer(key));

  it('tells what was added, changed, removed, and how many stayed', async () => {
    virtual.hub.writeApps([app('wx-a'), app('wx-b', { tokenApi: 'token', name: 'B' }), app('wx-d')]);
    expect(await reload()).toMatchObject({
      status: 200,
      json: { added: ['wx-d'], changed: ['wx-b'], removed: ['wx-c'], unchanged: 1 },
    });
  });

  it('of an unchanged file changes nothing, and asks WeChat nothing', async () => {
    const before = await Promise.all(APPS.map(({ appid }) => read(appid)));
    const calls = virtual.simulator.calls();
    for (let i = 0; i < 3; i++) {
      expect((await reload()).json).toEqual({ added: [], changed: [], removed: [], unchanged: 3 });
    }
    const after = await Promise.all(APPS.map(({ appid }) => read(appid)));
    expect(after.map(({ text }) => text)).toEqual(before.map(({ text }) => text));
    expect(virtual.simulator.calls()).toBe(calls);
  });

  it('an app that was added is fetched and served', async () => {
    expect((await read('wx-d')).status).toBe(403);
    virtual.hub.writeApps([...APPS, app('wx-d')]);
    await reload();
    const { status, json } = await read('wx-d');
    expect(status).toBe(200);
    expect(virtual.simulator.isAlive(json.access_token)).toBe(true);
  });

  it('an app that was removed is refused at once, also to those who wait, and asked for no more', async () => {
    const { json } = await read('wx-a');
    const armed = virtual.clock.armed();
    const waiting = virtual.hub.get('/v1/apps/wx-a/token', {
      ...bearer(READER),
      'if-none-match': `"${json.version}"`,
      prefer: 'wait=50',
    });
    await eventually(() => virtual.clock.armed() > armed, 'the wait');
    virtual.hub.writeApps([app('wx-c')]);
    expect((await reload()).json).toMatchObject({ removed: ['wx-a', 'wx-b'] });
    expect((await waiting).status).toBe(403);
    for (const appid of ['wx-a', 'wx-b']) expect((await read(appid)).status).toBe(403);
    expect((await virtual.hub.get('/admin/apps/wx-a', bearer(ADMIN))).status).toBe(403);
    virtual.simulator.resetJournal();
    await virtual.pass(7200_000);
    expect(virtual.simulator.calls({ appid: 'wx-a' })).toBe(0);
    expect(virtual.simulator.calls({ appid: 'wx-b' })).toBe(0);
  });

  it('an app that comes back after a removal begins anew, with a version that was never used', async () => {
    const before = (await read('wx-b')).json;
    virtual.hub.writeApps([app('wx-a')]);
    await reload();
    await virtual.pass(5000);
    virtual.hub.writeApps(APPS);
    await reload();
    const after = (await read('wx-b')).json;
    expect(after.access_token).not.toBe(before.access_token);
    expect(after.version).toBeGreaterThan(before.version);
  });

  it.each<[string, object]>([
    ['a name', { name: 'Another name' }],
    ['reconcileSeconds', { reconcileSeconds: 60 }],
    ['tickets', { tickets: ['jsapi'] }],
    ['the token API', { tokenApi: 'token' }],
    ['a secret that is wrong', { secret: 'simulated-secret-mistyped' }],
  ])('a change of %s never drops the valid token', async (_what, change) => {
    const { access_token: before } = (await read('wx-a')).json;
    virtual.simulator.fault({ kind: 'hang', endpoint: 'token' });
    virtual.simulator.fault({ kind: 'hang', endpoint: 'stable_token' });
    virtual.hub.writeApps([{ ...app('wx-a'), ...change }, ...APPS.slice(1)]);
    expect((await reload()).json.changed).toEqual(['wx-a']);
    // While the call that a change may have brought hangs …
    expect((await read('wx-a')).json.access_token).toBe(before);
    // … and when it has failed.
    await virtual.pass(5000);
    const { status, json } = await read('wx-a');
    expect(status).toBe(200);
    expect(virtual.simulator.isAlive(json.access_token)).toBe(true);
  });

  it('a change of the token API brings a token of the other family', async () => {
    const before = (await read('wx-a')).json;
    virtual.hub.writeApps([app('wx-a', { tokenApi: 'token' }), ...APPS.slice(1)]);
    await reload();
    await virtual.quiet();
    const after = (await read('wx-a')).json;
    expect(virtual.simulator.validity(before.access_token)?.family).toBe('stable_token');
    expect(virtual.simulator.validity(after.access_token)?.family).toBe('token');
    expect(after.version).toBe(before.version + 1);
  });

  it('clients come and go at once, keys too', async () => {
    expect((await read('wx-a', NEW_KEY)).status).toBe(401);
    virtual.hub.writeApps(APPS, [CLIENTS[0]!, { id: 'reader', key: NEW_KEY, apps: ['wx-a'], may: ['read'] }]);
    expect((await reload()).json).toEqual({ added: [], changed: [], removed: [], unchanged: 3 });
    expect((await read('wx-a', NEW_KEY)).status).toBe(200);
    expect((await read('wx-b', NEW_KEY)).status).toBe(403);
    expect((await read('wx-a')).status).toBe(401);
  });

  it('a client that lost its grant while it waited is refused', async () => {
    const { json } = await read('wx-a');
    const armed = virtual.clock.armed();
    const waiting = virtual.hub.get('/v1/apps/wx-a/token', {
      ...bearer(READER),
      'if-none-match': `"${json.version}"`,
      prefer: 'wait=5',
    });
    await eventually(() => virtual.clock.armed() > armed, 'the wait');
    virtual.hub.writeApps(APPS, [CLIENTS[0]!, { ...CLIENTS[1]!, apps: ['wx-b'] }]);
    await reload();
    await virtual.pass(5000);
    expect((await waiting).status).toBe(403);
  });

  describe('of a file with problems', () => {
    const BAD = `version: 1
apps:
  - appid: wx-a
    secret: simulated-secret-of-wx-a
    tokenApi: tokn
  - appid: wx-a
    secret: simulated-secret-of-another
  - appid: wx-new
    secretEnv: NO_SUCH_VARIABLE_HERE
clients:
  - id: reader
    keys: [{ id: k, sha256: abc }]
    apps: [wx-nowhere]
    colour: blue
`;

    it('is 422 with every problem, its path, line and what to do, and nothing changes', async () => {
      const { writeFileSync } = await import('node:fs');
      const before = await Promise.all(APPS.map(({ appid }) => read(appid)));
      writeFileSync(virtual.hub.appsFile, BAD);
      const answer = await reload();
      expect(answer).toMatchObject({ status: 422, json: { code: 'HUB_CONFIG_INVALID', status: 422 } });
      expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
      const places = answer.json.problems.map(
        ({ path, line }: { path: string; line: number }) => `${line} ${path}`,
      );
      expect(places.sort()).toEqual(
        [
          '5 apps[0].tokenApi',
          '6 apps[1].appid',
          '9 apps[2].secretEnv',
          '12 clients[0].keys[0].sha256',
          '13 clients[0].apps[0]',
          '14 clients[0].colour',
        ].sort(),
      );
      for (const problem of answer.json.problems) {
        expect(Object.keys(problem).sort()).toEqual(['line', 'message', 'path']);
        expect(problem.message).toMatch(/^\S.{5,}/);
        expect(problem.message).not.toContain('\n');
      }
      expect(answer.text).not.toContain('simulated-secret');

      const after = await Promise.all(APPS.map(({ appid }) => read(appid)));
      expect(after.map(({ text }) => text)).toEqual(before.map(({ text }) => text));
      const { json } = await virtual.hub.get('/admin/apps', bearer(ADMIN));
      expect(json.apps.map(({ appid }: { appid: string }) => appid)).toEqual(['wx-a', 'wx-b', 'wx-c']);
    });

    it.each([
      ['one wrong key among good changes', [app('wx-d'), app('wx-e', { colour: 'blue' })], CLIENTS],
      ['a client without keys and addresses', [app('wx-d')], [...CLIENTS, { id: 'anybody', apps: '*' }]],
      [
        'a grant of an app that there is not',
        [app('wx-d')],
        [CLIENTS[0]!, { ...CLIENTS[1]!, apps: ['wx-a'] }],
      ],
    ])('is all or nothing: %s', async (_what, apps, clients) => {
      virtual.hub.writeApps(apps, clients);
      expect((await reload()).status).toBe(422);
      expect((await read('wx-d')).status).toBe(403);
      expect((await read('wx-a')).status).toBe(200);
    });

    it('is survived however broken, and mended by the next good one', async () => {
      const { rmSync, writeFileSync } = await import('node:fs');
      for (const text of [
        '',
        '\0',
        '[',
        'a: [',
        '- x',
        '!!js/function x',
        '&a [*a]',
        'version: 2',
        '{}',
        '\ud800',
      ]) {
        writeFileSync(virtual.hub.appsFile, text);
        const { status, json } = await reload();
        expect([text, status, json.problems.length > 0]).toEqual([text, 422, true]);
      }
      rmSync(virtual.hub.appsFile);
      expect((await reload()).status).toBe(422);
      expect((await read('wx-a')).status).toBe(200);
      virtual.hub.writeApps([...APPS, app('wx-d')]);
      expect((await reload()).json).toEqual({ added: ['wx-d'], changed: [], removed: [], unchanged: 3 });
    });
  });

  it('many at once are all answered, and the last file counts', async () => {
    const answers: Promise<{ status: number }>[] = [];
    for (let i = 0; i < 10; i++) {
      virtual.hub.writeApps([...APPS, app('wx-d', { name: `number ${i}` })]);
      answers.push(virtual.hub.post('/admin/reload', undefined, bearer(ADMIN)));
    }
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(10).fill(200));
    await virtual.pass(0);
    const { json } = await virtual.hub.get('/admin/apps/wx-d', bearer(ADMIN));
    expect(json.name).toBe('number 9');
  });
});
