import { MINTING, Replicas, stopReplicas } from '../../support/replicas.js';
import { RedisServer, stopRedisServers } from '../../support/redis-server.js';

/**
 * Redis takes connections and commands and answers none. Callers never wait for it; the replica that refreshed an app
 * last goes on alone; when Redis goes on, all agree again.
 */

/** Half of the reads: far below the bound of one command to Redis (400 ms), whatever else the machine does. */
const UNNOTICED_MS = 200;

afterEach(async () => {
  await stopReplicas();
  await stopRedisServers();
});

type Act = (redis: RedisServer) => unknown;

it.each<readonly [string, Act, Act]>([
  ['SIGSTOP: no command is answered', (redis) => redis.pause(), (redis) => redis.resume()],
  [
    // One for all commands could not be ended before its time.
    'CLIENT PAUSE: no write is answered',
    (redis) => redis.admin.call('CLIENT', 'PAUSE', '600000', 'WRITE'),
    (redis) => redis.admin.call('CLIENT', 'UNPAUSE'),
  ],
])(
  '%s, over a whole rotation',
  async (_name, hang, goOn) => {
    const redis = await RedisServer.start();
    const replicas = await Replicas.start(redis.url);
    const before = replicas.mints(MINTING);
    replicas.witness.takeMedianMs();
    replicas.witness.apart = true;
    await hang(redis);
    await replicas.minted(MINTING, before + 1);
    await replicas.redisSeen(false);
    // Each by itself, again and again: the witness sees that nobody is served what another's mint has ended.
    await replicas.minted(MINTING, before + 6);
    expect(replicas.witness.takeMedianMs()).toBeLessThan(UNNOTICED_MS);
    for (const replica of replicas.all) expect(await replica.isReady()).toBe(true);

    await goOn(redis);
    await replicas.redisSeen(true);
    for (const { appid } of replicas.apps) await replicas.agreed(appid);
  },
  60_000,
);
