import { HubEvents } from '../../src/events/hub-events.js';
import { NoticeBench } from '../support/notice-bench.js';
import type { RobotServer } from '../support/robot-server.js';
import { bearer, testKey } from '../support/start-hub.js';
import type { VirtualHubOptions } from '../support/virtual-hub.js';

/** Many apps, many causes, many teams; and what concerns the hub itself. */

const KEY = testKey('operator');
const OPERATOR = { id: 'operator', key: KEY, apps: '*', may: ['admin', 'read'] };
const MINUTE = 60_000;
const appsOf = (...appids: string[]) =>
  appids.map((appid) => ({ appid, name: `Name of ${appid}`, secret: `simulated-secret-of-${appid}` }));

const bench = NoticeBench.forEachTest();
const robot = () => bench.robot('webhook');
const start = (options: Omit<VirtualHubOptions, 'clock' | 'clients'>) =>
  bench.start({ clients: [OPERATOR], ...options });
const pass = (ms: number) => bench.pass(ms);

const kinds = ({ messages }: RobotServer) => messages.map(({ body }) => body.kind);

it('apps that fail for several causes: one message, each cause with its remedy and its apps; no app is told twice', async () => {
  const ops = await robot();
  await start({
    notify: [ops.entry({ language: 'en' })],
    apps: appsOf('wx-a', 'wx-b', 'wx-c', 'wx-d'),
    faults: [
      { kind: 'errcode', errcode: 40164, errmsg: 'invalid ip 192.0.2.9', appid: 'wx-a', times: Infinity },
      { kind: 'errcode', errcode: 40164, errmsg: 'invalid ip 192.0.2.9', appid: 'wx-b', times: Infinity },
      { kind: 'errcode', errcode: 40125, appid: 'wx-c', times: Infinity },
      { kind: 'errcode', errcode: 50002, appid: 'wx-d', times: Infinity },
    ],
  });
  await pass(20 * MINUTE);
  expect(kinds(ops)).toEqual(['token_ending']);
  const lines = String(ops.messages[0]?.body.text).split('\n');
  expect(lines.filter((line) => /^(Cause|Apps):/.test(line))).toEqual([
    expect.stringMatching(/not on the app’s IP whitelist \(40164\): 2 apps$/),
    expect.stringMatching(/Name of wx-a.*Name of wx-b/),
    expect.stringMatching(/AppSecret is wrong or was reset \(40125\): 1 app$/),
    expect.stringMatching(/wx-c/),
    expect.stringMatching(/\(50002\): 1 app$/),
    expect.stringMatching(/wx-d/),
  ]);
  expect(lines.join('\n')).toContain('Put 192.0.2.9 on');
});

it('a target that does not want the gravest event is told as what it wants', async () => {
  const ops = await robot();
  await start({
    notify: [ops.entry({ events: ['wrong_secret'] })],
    apps: appsOf('wx-a'),
    faults: [{ kind: 'errcode', errcode: 40125, times: Infinity }],
  });
  await pass(5 * MINUTE);
  expect(kinds(ops)).toEqual(['wrong_secret']);
});

it('one team’s noise delays no other team’s notice, and what is critical waits a minute at most', async () => {
  const teams = [await robot(), await robot(), await robot()];
  const appids = ['wx-team-0', 'wx-team-1', 'wx-team-2'];
  await start({
    notify: teams.map((team, index) => team.entry({ apps: [appids[index]] })),
    apps: appsOf(...appids),
  });
  for (const [index, appid] of appids.entries()) {
    bench.virtual.simulator.setSecret(appid, 'simulated-secret-that-was-reset');
    await bench.virtual.hub.post(`/admin/apps/${appid}/refresh`, {}, bearer(KEY));
    await pass(20_000);
    expect(teams.map(({ messages }) => messages.length)).toEqual(
      [0, 1, 2].map((team) => (team <= index ? 1 : 0)),
    );
  }
});

it('a ticket that fails is told of, with its own cause, while its token is well', async () => {
  const ops = await robot();
  await start({
    notify: [ops.entry({ language: 'en' })],
    apps: appsOf('wx-a').map((app) => ({ ...app, tickets: ['jsapi'] })),
    faults: [
      { kind: 'errcode', errcode: 48001, errmsg: 'api unauthorized', endpoint: 'getticket', times: 2 },
    ],
  });
  await pass(2 * MINUTE);
  expect(kinds(ops)).toEqual(['ticket_failing']);
  expect(ops.messages[0]?.body.text).toMatch(
    /^App Name of wx-a \(wx-a\): ticket jsapi is missing.*\nCause: The account has no right to this API \(48001\)/,
  );
  await pass(10 * MINUTE);
  expect(kinds(ops)).toEqual(['ticket_failing', 'recovered']);
});

it('a refused configuration is told of, with its problems, and that it is well again', async () => {
  const ops = await robot();
  const team = await robot();
  const notify = [ops.entry({ language: 'en' }), team.entry({ apps: ['wx-a'] })];
  await start({ notify, apps: appsOf('wx-a') });
  bench.virtual.hub.writeApps(
    [{ appid: 'wx-a', secret: 'simulated-secret-of-wx-a', tokenApi: 'nonsense' }],
    [OPERATOR],
    notify,
  );
  expect((await bench.virtual.hub.post('/admin/reload', undefined, bearer(KEY))).status).toBe(422);
  await pass(MINUTE);
  expect(kinds(ops)).toEqual(['config_refused']);
  expect(ops.messages[0]?.body.text).toContain('apps［0］.tokenApi');
  bench.virtual.hub.writeApps(appsOf('wx-a'), [OPERATOR], notify);
  expect((await bench.virtual.hub.post('/admin/reload', undefined, bearer(KEY))).status).toBe(200);
  await pass(5 * MINUTE);
  expect(kinds(ops)).toEqual(['config_refused', 'recovered']);
  expect(kinds(team)).toEqual([]);
});

it('Redis away for half a minute, and back', async () => {
  const ops = await robot();
  await start({ notify: [ops.entry()], apps: appsOf('wx-a') });
  const events = bench.virtual.hub.app.get(HubEvents);
  events.emit('storeChanged', { available: false, cause: 'ECONNREFUSED' });
  await pass(20_000);
  events.emit('storeChanged', { available: true, cause: undefined });
  await pass(MINUTE);
  expect(kinds(ops)).toEqual([]);
  events.emit('storeChanged', { available: false, cause: 'ECONNREFUSED' });
  await pass(MINUTE);
  expect(kinds(ops)).toEqual(['store_away']);
  events.emit('storeChanged', { available: true, cause: undefined });
  await pass(4 * MINUTE);
  expect(kinds(ops)).toEqual(['store_away', 'recovered']);
});

it('somebody else who forces tokens is told of at the second time within six hours, once a day', async () => {
  const ops = await robot();
  await start({ notify: [ops.entry({ language: 'en' })], apps: appsOf('wx-a') });
  for (let times = 0; times < 4; times++) {
    bench.virtual.hub.app.get(HubEvents).emit('rotatedEarly', { appid: 'wx-a', version: 1 });
    await pass(2 * MINUTE);
    expect(kinds(ops)).toEqual(times === 0 ? [] : ['token_contested']);
  }
  expect(ops.messages[0]?.body.text).toContain('Name of wx-a (wx-a): twice or more');
});

it('a certificate that ends', async () => {
  const ops = await robot();
  await start({ notify: [ops.entry({ language: 'en' })], apps: appsOf('wx-a') });
  bench.virtual.hub.app
    .get(HubEvents)
    .emit('certificateShown', { endsAt: bench.clock.wallNow() + 15 * 86_400_000 });
  await pass(2 * MINUTE);
  expect(kinds(ops)).toEqual([]);
  bench.clock.jumpWall(86_400_000);
  await pass(2 * MINUTE);
  expect(kinds(ops)).toEqual(['certificate_expiring']);
});

it('says which hub it is, and when by the clock of the people who read it', async () => {
  const ops = await robot();
  const expiresAt = new Date(bench.clock.wallNow() + 14.01 * 86_400_000).toISOString();
  await bench.start({
    apps: appsOf('wx-a'),
    clients: [
      OPERATOR,
      { id: 'billing', apps: '*', keys: [{ id: '2026', sha256: 'ab'.repeat(32), expiresAt }] },
    ],
    notify: [ops.entry({ consoleUrl: 'https://ops.example.com/console/' })],
    environment: { HUB_NAME: 'prod-sh', HUB_TIME_ZONE: 'Asia/Shanghai' },
  });
  bench.clock.jumpWall(86_400_000 / 50);
  await pass(2 * MINUTE);
  expect(ops.messages[0]?.body).toMatchObject({
    hub: 'prod-sh',
    text: expect.stringContaining('UTC+8 到期'),
    links: [{ label: '控制台', url: 'https://ops.example.com/console#/clients?sort=expiry' }],
  });
});
