import { join } from 'node:path';
import { root } from '../../scripts/lib/build.mjs';
import { cpuSecondsOf, delay, memoryOf, startNode } from '../lib/processes.mjs';
import { median, say, sayLoad } from '../lib/report.mjs';
import { appidOf, bearer, load, readyMs, setScene, startHub, tokenPath } from '../lib/scene.mjs';

const WAITING = 10_000;
const RATE = 1000;
const IDLE_SECONDS = 5;

export const title = `${WAITING} callers that wait for a newer token (Prefer: wait)`;

export async function run(report, { samples }) {
  const scene = await setScene(2);
  const taken = [];
  for (let sample = 0; sample < samples; sample += 1) taken.push(await oneSample(scene));
  await scene.close();
  const middle = (of) => median(taken.map(of));
  const ms = { unit: 'ms', digits: 1 };
  report.add(
    `${WAITING} waiting: answered, first to last, after a new token`,
    middle((of) => of.spreadMs),
    ms,
  );
  report.add(
    `${WAITING} waiting: p99.9 of other requests`,
    middle((of) => of.during.p999),
    { atMost: 50, ...ms },
  );
  report.add(
    `${WAITING} waiting: longest other request, all answered meanwhile`,
    middle((of) => of.wake.max),
    ms,
  );
  if (taken[0].memory === undefined) return;
  report.add(
    `${WAITING} waiting: CPU that they cost while nothing happens`,
    middle((of) => of.idleShare) * 100,
    { unit: '% of a core', digits: 1, atMost: 5 },
  );
  report.add(`${WAITING} waiting: memory of each`, (middle((of) => of.memory) * 1000) / WAITING, {
    unit: 'KB',
    digits: 1,
  });
}

async function oneSample(scene) {
  const hub = await startHub(scene);
  await readyMs(hub);
  const [path, other] = [tokenPath(appidOf(0)), tokenPath(appidOf(1))];
  const first = await fetch(`http://127.0.0.1:${hub.port}${path}`, { headers: bearer });
  await first.arrayBuffer();
  const before = memoryOf(hub.pid);
  const pollers = startNode('others', [join(root, 'bench', 'lib', 'long-pollers.mjs')], {
    input: JSON.stringify({
      port: hub.port,
      path,
      count: WAITING,
      headers: { ...bearer, 'if-none-match': first.headers.get('etag'), prefer: 'wait=55' },
    }),
  });
  const answered = pollers.line((entry) => entry.statuses !== undefined);
  await pollers.line((entry) => entry.waiting !== undefined);
  await delay(1000);
  const cpuBefore = cpuSecondsOf(hub.pid);
  await delay(IDLE_SECONDS * 1000);
  const idleShare = (cpuSecondsOf(hub.pid) - cpuBefore) / IDLE_SECONDS;
  const after = memoryOf(hub.pid);
  const options = { paths: [other], rate: RATE, warmUpSeconds: 1 };
  const during = await load(hub, { ...options, seconds: 4 });
  sayLoad(`others, ${WAITING} waiting`, during);
  const measured = load(hub, { ...options, seconds: 4 });
  await delay(2500);
  await forceRefresh(hub, appidOf(0));
  const { statuses, spreadMs } = await answered;
  const wake = await measured;
  sayLoad('others, all answered', wake);
  if (statuses['200'] !== WAITING) throw new Error(`answers: ${JSON.stringify(statuses)}`);
  const memory = before && after.now - before.now;
  say(
    `  memory ${before?.now.toFixed(0)} -> ${after?.now.toFixed(0)} MB; idle ${(idleShare * 100).toFixed(1)} % of a core; all answered within ${spreadMs.toFixed(0)} ms`,
  );
  await hub.stop();
  return { during, wake, spreadMs, idleShare, memory };
}

/** A new token for everybody who waits; of a `stable_token` app, as the first one is. */
async function forceRefresh(hub, appid) {
  const response = await fetch(`http://127.0.0.1:${hub.port}/admin/apps/${appid}/refresh`, {
    method: 'POST',
    headers: { ...bearer, 'content-type': 'application/json' },
    body: '{"force":true}',
  });
  if (response.status !== 200) throw new Error(`refresh: ${response.status} ${await response.text()}`);
}
