import { addRateRatio, compareInTurns } from '../lib/compare.mjs';
import { startRedis } from '../lib/replicas.mjs';
import { allHeldMs, appidOf, setScene, startHub, tokenPath } from '../lib/scene.mjs';

export const title = 'GET /v1/apps/{appid}/token, a hub on Redis against one on its own memory';

export async function run(report, { samples, seconds, hubArguments }) {
  const scene = await setScene(1);
  const options = { paths: [tokenPath(appidOf(0))] };
  const pairs = [];
  for (let sample = 0; sample < samples; sample += 1) {
    const redis = await startRedis();
    const environment = { HUB_REDIS_URL: redis.url };
    const onRedis = await startHub(scene, { nodeArguments: hubArguments, environment });
    const inMemory = await startHub(scene, { nodeArguments: hubArguments });
    for (const hub of [onRedis, inMemory]) await allHeldMs(hub, 1);
    const { a, b } = await compareInTurns(
      { name: 'on Redis', server: onRedis, options },
      { name: 'in memory', server: inMemory, options },
      { seconds },
    );
    pairs.push({ ours: a, theirs: b });
    await Promise.all([onRedis.stop(), inMemory.stop(), redis.close()]);
  }
  await scene.close();
  addRateRatio(report, 'hub on Redis / hub in memory', pairs, { atLeast: 0.95 });
}
