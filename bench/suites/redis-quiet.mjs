import { delay } from '../lib/processes.mjs';
import { commandsSent, REPLICAS, startRedis, startReplicas } from '../lib/replicas.mjs';
import { say } from '../lib/report.mjs';
import { setScene } from '../lib/scene.mjs';

const APPS = 5000;
const MINUTE_SECONDS = 60;
/** What the start has stirred up has come to rest. Seconds. */
const REST_SECONDS = 10;

export const title = `${APPS} apps on ${REPLICAS} replicas: what Redis is sent in a minute`;

export async function run(report) {
  // Reconciled once an hour: nothing is refreshed in the minute.
  const quiet = await perSecond('nothing is refreshed', { reconcileSeconds: 3600 });
  report.add(`${APPS} apps: commands/s per replica, no refreshes`, quiet.perReplica, { atMost: 5 });
  // Half of the apps have a refresh in the minute.
  const busy = await perSecond('refreshes', { reconcileSeconds: MINUTE_SECONDS });
  const ofRefreshes = (busy.perReplica - quiet.perReplica) * REPLICAS * MINUTE_SECONDS;
  report.add(`${APPS} apps: commands of one refresh, all replicas together`, ofRefreshes / busy.refreshes, {
    note: `${busy.refreshes} refreshes in the minute`,
  });
}

async function perSecond(name, defaults) {
  const [scene, redis] = [await setScene(APPS, { defaults }), await startRedis()];
  const hubs = await startReplicas(scene, redis);
  await delay(REST_SECONDS * 1000);
  const before = await commandsSent(redis);
  const callsBefore = await upstreamCalls(scene);
  await delay(MINUTE_SECONDS * 1000);
  const after = await commandsSent(redis);
  const refreshes = (await upstreamCalls(scene)) - callsBefore;
  await Promise.all([...hubs.map((hub) => hub.stop()), redis.close(), scene.close()]);
  const sent = [...after].map(([command, calls]) => [command, calls - (before.get(command) ?? 0)]);
  const total = sent.reduce((sum, [, calls]) => sum + calls, 0);
  say(
    `  ${name}: ${sent
      .filter(([, calls]) => calls > 0)
      .map(([command, calls]) => `${calls} ${command}`)
      .join(', ')}`,
  );
  return { perReplica: total / MINUTE_SECONDS / REPLICAS, refreshes };
}

async function upstreamCalls({ simulatorUrl }) {
  const { calls } = await (await fetch(`${simulatorUrl}/_sim/stats`)).json();
  return Object.values(calls).reduce((sum, count) => sum + count, 0);
}
