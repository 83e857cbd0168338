import { memoryOf } from '../lib/processes.mjs';
import { median, say, sayLoad } from '../lib/report.mjs';
import { allHeldMs, bearer, load, MANY, readyMs, setScene, startHub, tokenPaths } from '../lib/scene.mjs';

export const title = `reloads of ${MANY} apps that change one of them, while requests come in`;

/** Requests per second, by a timetable: far below the limit, so that what is seen is the delay and not the queue. */
const RATE = 1000;
const RELOADS = 5;

export async function run(report, { samples }) {
  const scene = await setScene(MANY);
  const taken = [];
  for (let sample = 0; sample < samples; sample += 1) {
    scene.writeApps();
    const hub = await startHub(scene);
    await readyMs(hub);
    await allHeldMs(hub, MANY);
    const options = { paths: tokenPaths(MANY), rate: RATE, warmUpSeconds: 1 };
    const quiet = await load(hub, { ...options, seconds: 3 });
    sayLoad('quiet', quiet);
    const firstMs = await reload(scene, hub, `warm-up ${sample}`);
    // The reloads fill the measurement: all of it counts, and none of them is outside.
    const seconds = Math.ceil((firstMs * RELOADS) / 1000) + 1;
    const measured = load(hub, { ...options, seconds });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const times = [];
    for (let count = 0; count < RELOADS; count += 1)
      times.push(await reload(scene, hub, `${sample}.${count}`));
    const during = await measured;
    sayLoad('during reloads', during);
    const memory = memoryOf(hub.pid);
    say(
      `  a reload took ${median(times).toFixed(0)} ms; memory ${memory?.now.toFixed(0)} MB, at its highest ${memory?.peak.toFixed(0)} MB`,
    );
    taken.push({ during, quiet, reloadMs: median(times), memory });
    await hub.stop();
  }
  await scene.close();
  const middle = (of) => median(taken.map(of));
  const ms = { unit: 'ms', digits: 1 };
  report.add(
    `reload of ${MANY} apps: p99.9 of requests meanwhile`,
    middle((of) => of.during.p999),
    { atMost: 50, ...ms },
  );
  report.add(
    `reload of ${MANY} apps: longest request meanwhile`,
    middle((of) => of.during.max),
    ms,
  );
  report.add(
    `no reload: p99.9 of requests`,
    middle((of) => of.quiet.p999),
    ms,
  );
  report.add(`reload of ${MANY} apps: takes`, middle((of) => of.reloadMs) / 1000, { unit: 's' });
  if (taken[0].memory !== undefined) {
    const memory = Math.max(...taken.map((of) => of.memory.now));
    report.add(`${MANY} apps: memory after ${RELOADS + 1} reloads`, memory, {
      atMost: 250,
      unit: 'MB',
      digits: 0,
    });
  }
}

/** Milliseconds that the reload took, as the admin sees it. */
async function reload(scene, hub, name) {
  scene.writeApps({ renamed: ` ${name}` });
  const startedAt = performance.now();
  const response = await fetch(`http://127.0.0.1:${hub.port}/admin/reload`, {
    method: 'POST',
    headers: bearer,
  });
  const body = await response.text();
  if (response.status !== 200) throw new Error(`reload: ${response.status} ${body}`);
  const { unchanged } = JSON.parse(body);
  if (unchanged < MANY - 1) throw new Error(`reload: ${body}`);
  return performance.now() - startedAt;
}
