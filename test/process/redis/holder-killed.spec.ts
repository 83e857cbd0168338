import { CLAIM_MS, MINTING, Replicas, STABLE, stopReplicas } from '../../support/replicas.js';
import { RedisServer, stopRedisServers } from '../../support/redis-server.js';

/**
 * The replica that refreshes an app is killed while WeChat's answer is on its way. Its claim lapses, another takes
 * over at once, and callers notice nothing: the token before is valid all the time.
 */

/** From the end of a claim to the next call, beside what a busy machine needs, ms. */
const TAKEN_OVER_MS = 1500;

afterEach(async () => {
  await stopReplicas();
  await stopRedisServers();
});

it.each([
  ['has not acted yet: one mint in all', false, 1],
  ['has acted: that token is lost, and replaced by one more', true, 2],
])(
  'kill -9 in the middle of a call on which WeChat %s',
  async (_name, applied, mints) => {
    const redis = await RedisServer.start();
    const replicas = await Replicas.start(redis.url);
    const before = replicas.mints(MINTING);
    const hang = replicas.simulator.fault({ kind: 'hang', endpoint: 'token', applied });
    await hang.waitForHits(1);
    const old = await replicas.all[0]!.token(MINTING.appid);

    await (await replicas.waitingFor('/cgi-bin/token')).kill();
    const killedAt = performance.now();
    await replicas.minted(MINTING, before + mints);

    expect(performance.now() - killedAt).toBeLessThan(CLAIM_MS + TAKEN_OVER_MS);
    const agreed = await replicas.agreed(MINTING.appid);
    expect(agreed.version).toBe(old.version + 1);
    await replicas.agreed(STABLE.appid);
    expect(replicas.mints(MINTING)).toBe(before + mints);
  },
  60_000,
);
