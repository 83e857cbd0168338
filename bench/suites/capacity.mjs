import { memoryOf } from '../lib/processes.mjs';
import { say } from '../lib/report.mjs';
import { startRedis } from '../lib/replicas.mjs';
import { allHeldMs, load, MANY, readyMs, setScene, startHub, tokenPaths } from '../lib/scene.mjs';

export const title = 'what so many apps take: memory, CPU of a request, Redis (docs/capacity.md)';

const COUNTS = [10, 100, 1000, 5000, MANY];

/** No targets: the table of docs/capacity.md. One fresh hub on one fresh Redis for each row. */
export async function run(report, { seconds }) {
  for (const count of COUNTS) {
    const [scene, redis] = [await setScene(count), await startRedis()];
    const empty = await usedBytes(redis);
    const hub = await startHub(scene, { environment: { HUB_REDIS_URL: redis.url } });
    await readyMs(hub);
    const heldMs = await allHeldMs(hub, count, 300_000);
    const held = memoryOf(hub.pid);
    const { serverCpuMicroseconds } = await load(hub, { paths: tokenPaths(count), seconds });
    const loaded = memoryOf(hub.pid);
    const stored = ((await usedBytes(redis)) - empty) / count;
    await hub.stop();
    await Promise.all([scene.close(), redis.close()]);
    const row = { atMost: undefined };
    say(`  ${count} apps: held after ${(heldMs / 1000).toFixed(1)} s`);
    report.add(`${count} apps: a token of each after`, heldMs / 1000, { ...row, unit: 's' });
    if (held !== undefined) {
      report.add(`${count} apps: memory, held`, held.now, { ...row, unit: 'MB', digits: 0 });
      report.add(`${count} apps: memory, under load`, loaded.now, { ...row, unit: 'MB', digits: 0 });
      report.add(`${count} apps: memory at its highest`, loaded.peak, { ...row, unit: 'MB', digits: 0 });
    }
    if (serverCpuMicroseconds !== undefined)
      report.add(`${count} apps: CPU of a request`, serverCpuMicroseconds, { ...row, unit: 'µs' });
    report.add(`${count} apps: Redis, of each app`, stored, { ...row, unit: 'bytes', digits: 0 });
  }
}

async function usedBytes({ admin }) {
  return Number(/^used_memory:(\d+)/m.exec(await admin.info('memory'))?.[1]);
}
