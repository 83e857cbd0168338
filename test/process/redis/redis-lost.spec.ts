import { MINTING, Replicas, stopReplicas } from '../../support/replicas.js';
import { RedisServer, stopRedisServers, until } from '../../support/redis-server.js';

/**
 * Redis is killed. While it is gone the replica that refreshed an app last goes on alone; when it is back, with nothing
 * or with what it knew some time ago, the newest token wins everywhere and is stored again.
 */

afterEach(async () => {
  await stopReplicas();
  await stopRedisServers();
});

/** The version in the store's record, if there is one. */
async function stored(redis: RedisServer, appid: string): Promise<number | undefined> {
  const record = await redis.admin.get(`wxhub:{${appid}}:token`);
  return record === null ? undefined : Number(record.split(' ')[2]);
}

async function healed(replicas: Replicas, redis: RedisServer): Promise<void> {
  await replicas.redisSeen(true);
  for (const { appid } of replicas.apps) {
    const { version } = await replicas.agreed(appid);
    await until(async () => (await stored(redis, appid)) === version);
  }
}

it('killed for a whole rotation, and back with nothing', async () => {
  const redis = await RedisServer.start();
  const replicas = await Replicas.start(redis.url);
  const before = replicas.mints(MINTING);
  replicas.witness.apart = true;
  await redis.kill();
  // Nobody has a lease, and still the app is minted.
  await replicas.minted(MINTING, before + 1);
  await replicas.redisSeen(false);
  // Each by itself, again and again: the witness sees that nobody is served what another's mint has ended.
  await replicas.minted(MINTING, before + 6);
  for (const replica of replicas.all) expect(await replica.isReady()).toBe(true);

  await redis.launch();
  await healed(replicas, redis);
  // What was minted by oneself is minted anew before the plan takes over again.
  await replicas.minted(MINTING, replicas.mints(MINTING) + 3);
  await healed(replicas, redis);
  replicas.witness.apart = false;
  // The next one is under a lease again.
  const healedAt = replicas.simulator.now();
  const then = replicas.mints(MINTING);
  await replicas.minted(MINTING, then + 1);
  await healed(replicas, redis);
  expect(replicas.doubleMints(MINTING, healedAt)).toEqual([]);
}, 90_000);

it('killed, and back with what it knew one rotation ago', async () => {
  const redis = await RedisServer.start();
  const replicas = await Replicas.start(redis.url);
  const old = await replicas.agreed(MINTING.appid);
  const before = replicas.mints(MINTING);
  await redis.admin.save();
  await replicas.minted(MINTING, before + 1);
  const { version } = await replicas.agreed(MINTING.appid);
  expect(version).toBe(old.version + 1);

  await redis.kill();
  await redis.launch();
  await until(async () => (await stored(redis, MINTING.appid)) === version);
  await replicas.agreed(MINTING.appid);
  expect(replicas.mints(MINTING)).toBe(before + 1);
}, 60_000);
