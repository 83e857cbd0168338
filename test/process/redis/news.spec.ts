import { eventually } from '../../support/eventually.js';
import { appOf, Replicas, stopReplicas } from '../../support/replicas.js';
import { RedisServer, stopRedisServers, until } from '../../support/redis-server.js';

/** What one replica does reaches the others, and who waits at them. */

const MINTING = appOf('wx-minting', { tokenApi: 'token' });
const LEAVING = appOf('wx-leaving', { tokenApi: 'token' });
const COMING = appOf('wx-coming', { tokenApi: 'stable_token' });
/** Far less than a wait, and than the slow comparison that finds what no message told, ms. */
const SOON_MS = 5000;

let redis: RedisServer;
let replicas: Replicas;

beforeEach(async () => {
  redis = await RedisServer.start();
  replicas = await Replicas.start(redis.url, { apps: [MINTING, LEAVING], lifeSeconds: 7200 });
});
afterEach(async () => {
  await stopReplicas();
  await stopRedisServers();
});

it('long-polls on every replica end with the token that one of them got', async () => {
  const { version } = await replicas.agreed(MINTING.appid);
  const [first] = replicas.all;
  const asked = performance.now();
  const polls = replicas.all.map(async (replica) => {
    const answer = await replica.call('GET', `/v1/apps/${MINTING.appid}/token`, {
      'if-none-match': `"${version}"`,
      prefer: 'wait=50',
    });
    return { status: answer.status, body: (await answer.json()) as { readonly version: number } };
  });
  expect((await first!.call('POST', `/admin/apps/${MINTING.appid}/refresh`)).status).toBe(200);
  for (const poll of polls) expect(await poll).toMatchObject({ status: 200, body: { version: version + 1 } });
  expect(performance.now() - asked).toBeLessThan(SOON_MS);
  expect(replicas.mints(MINTING)).toBe(2);
}, 60_000);

it('POST /admin/reload on one replica makes all of them reload', async () => {
  const [first, ...others] = replicas.all;
  expect(await (await first!.call('POST', '/admin/reload')).json()).toMatchObject({ unchanged: 2 });
  for (const { process } of others) {
    // Nothing was changed: neither a file nor anything else but the news can have told them.
    await process.logged('configuration reloaded', ({ trigger }) => trigger === 'replica');
  }

  replicas.simulator.addApp({ appid: COMING.appid, secret: COMING.secret });
  replicas.witness.mayEnd(LEAVING.appid);
  for (const replica of replicas.all) replica.configure([MINTING, COMING]);
  expect((await first!.call('POST', '/admin/reload')).status).toBe(200);
  await eventually(async () => {
    const answers = replicas.all.map((replica) => replica.call('GET', `/v1/apps/${LEAVING.appid}/token`));
    return (await Promise.all(answers)).every(({ status }) => status === 403);
  }, 'all refuse the app that has left');
  await eventually(async () => {
    const answers = replicas.all.map((replica) => replica.call('GET', `/v1/apps/${COMING.appid}/token`));
    return (await Promise.all(answers)).every(({ status }) => status === 200);
  }, 'all serve the app that has come');
  await replicas.agreed(COMING.appid);
  expect(replicas.mints(COMING)).toBe(1);
  await until(async () => (await redis.admin.exists(`wxhub:{${LEAVING.appid}}:token`)) === 0);
}, 60_000);
