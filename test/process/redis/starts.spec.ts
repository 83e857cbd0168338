import { appOf, Replicas, stopReplicas } from '../../support/replicas.js';
import { RedisServer, stopRedisServers } from '../../support/redis-server.js';

/** Whoever starts takes what the store holds, and asks WeChat only where nobody has. */

const LIFE_SECONDS = 7200;
const APPS = [
  appOf('wx-minting-1', { tokenApi: 'token' }),
  appOf('wx-minting-2', { tokenApi: 'token' }),
  appOf('wx-stable', { tokenApi: 'stable_token' }),
];

afterEach(async () => {
  await stopReplicas();
  await stopRedisServers();
});

it('ten replicas at once on an empty store mint once per app; one more asks nothing', async () => {
  const redis = await RedisServer.start();
  const replicas = await Replicas.start(redis.url, { count: 10, apps: APPS, lifeSeconds: LIFE_SECONDS });
  for (const app of APPS) {
    await replicas.agreed(app.appid);
    expect(replicas.mints(app)).toBe(1);
  }
  expect(replicas.simulator.calls()).toBe(APPS.length);

  const late = await replicas.add();
  for (const { appid } of APPS) await replicas.agreed(appid);
  expect(late.line.requests).toBe(0);
  for (const app of APPS) expect(replicas.mints(app)).toBe(1);
}, 120_000);
