import { CLAIM_MS, MINTING, Replicas, stopReplicas } from '../../support/replicas.js';
import { RedisServer, stopRedisServers } from '../../support/redis-server.js';

/**
 * The replica that refreshes an app stands still for longer than its claim lasts, in the middle of the call; another
 * takes over. When it goes on, what it got is older than what all others hold, or it is the newest and WeChat has
 * replaced theirs by it: nobody can tell, so one more mint settles it.
 */

afterEach(async () => {
  await stopReplicas();
  await stopRedisServers();
});

it.each([
  ['before the other replica’s', true],
  ['after the other replica’s, and replaces that', false],
])(
  'SIGSTOP for longer than the claim while WeChat acts on the call %s',
  async (_name, applied) => {
    const redis = await RedisServer.start();
    const replicas = await Replicas.start(redis.url);
    const before = replicas.mints(MINTING) + (applied ? 1 : 0);
    const hang = replicas.simulator.fault({ kind: 'hang', endpoint: 'token', applied });
    await hang.waitForHits(1);
    const holder = await replicas.waitingFor('/cgi-bin/token');

    holder.pause();
    const stoppedAt = performance.now();
    await replicas.minted(MINTING, before + 1);
    expect(performance.now() - stoppedAt).toBeLessThan(2 * CLAIM_MS);
    hang.release();
    // The holder's mint; one that came before is not repeated.
    await replicas.minted(MINTING, before + (applied ? 1 : 2));
    holder.resume();

    const late = replicas.mints(MINTING);
    await replicas.agreed(MINTING.appid);
    // Its callers were told nothing of a doubtful token: it is minted once more at most.
    expect(replicas.mints(MINTING)).toBeLessThanOrEqual(late + 1);
  },
  60_000,
);
