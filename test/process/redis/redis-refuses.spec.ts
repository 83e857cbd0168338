import { MINTING, Replicas, stopReplicas } from '../../support/replicas.js';
import { RedisServer, stopRedisServers } from '../../support/redis-server.js';

/** Redis answers, but takes no writes: it has become somebody's replica, or its memory is full. As good as gone. */

const NOWHERE = '1';

afterEach(async () => {
  await stopReplicas();
  await stopRedisServers();
});

it.each([
  [
    'read-only, as after a failover that nobody told of',
    (redis: RedisServer) => redis.admin.call('REPLICAOF', '127.0.0.1', NOWHERE),
    (redis: RedisServer) => redis.admin.call('REPLICAOF', 'NO', 'ONE'),
  ],
  [
    'out of memory',
    (redis: RedisServer) => redis.admin.config('SET', 'maxmemory', '1'),
    (redis: RedisServer) => redis.admin.config('SET', 'maxmemory', '0'),
  ],
])(
  'Redis is %s, over a whole rotation',
  async (_name, refuse, goOn) => {
    const redis = await RedisServer.start({ config: ['maxmemory-policy noeviction'] });
    const replicas = await Replicas.start(redis.url);
    const before = replicas.mints(MINTING);
    replicas.witness.apart = true;
    await refuse(redis);
    await replicas.minted(MINTING, before + 1);
    // Each by itself, again and again: the witness sees that nobody is served what another's mint has ended.
    await replicas.minted(MINTING, before + 6);

    await goOn(redis);
    for (const { appid } of replicas.apps) await replicas.agreed(appid);
    replicas.witness.apart = false;
    // What was minted by oneself is minted anew before the plan takes over again.
    await replicas.minted(MINTING, replicas.mints(MINTING) + 3);
    await replicas.agreed(MINTING.appid);
    const healedAt = replicas.simulator.now();
    const then = replicas.mints(MINTING);
    await replicas.minted(MINTING, then + 1);
    await replicas.redisSeen(true);
    await replicas.agreed(MINTING.appid);
    expect(replicas.doubleMints(MINTING, healedAt)).toEqual([]);
  },
  60_000,
);
