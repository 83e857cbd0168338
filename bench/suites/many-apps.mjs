import { join } from 'node:path';
import { root } from '../../scripts/lib/build.mjs';
import { addRateRatio, compareInTurns } from '../lib/compare.mjs';
import { memoryOf, startNode } from '../lib/processes.mjs';
import { median, say } from '../lib/report.mjs';
import { allHeldMs, MANY, readyMs, setScene, startHub, tokenPaths } from '../lib/scene.mjs';

export const title = `${MANY} apps: start, memory, request rate`;

const FEW = 10;

export async function run(report, { samples, seconds }) {
  const [few, many] = [await setScene(FEW), await setScene(MANY)];
  const taken = [];
  for (let sample = 0; sample < samples; sample += 1) {
    taken.push({ readMs: await timeReading(many), ...(await oneSample(few, many, seconds)) });
  }
  await Promise.all([few.close(), many.close()]);
  const middle = (of) => median(taken.map(of));
  report.add(`${MANY} apps: apps.yaml read and validated`, middle((of) => of.readMs) / 1000, {
    atMost: 3,
    unit: 's',
  });
  report.add(`${MANY} apps: ready after`, middle((of) => of.readyMs) / 1000, { atMost: 30, unit: 's' });
  report.add(`${MANY} apps: a token of each after`, middle((of) => of.allHeldMs) / 1000, {
    atMost: 30,
    unit: 's',
  });
  if (taken[0].memory !== undefined) {
    const highest = (of) => Math.max(...taken.map(of));
    const options = { atMost: 250, unit: 'MB', digits: 0 };
    report.add(
      `${MANY} apps: memory when all are held`,
      highest((of) => of.memory.held),
      options,
    );
    report.add(
      `${MANY} apps: memory after load`,
      highest((of) => of.memory.loaded),
      options,
    );
    report.add(
      `${MANY} apps: memory at its highest (parser's thread)`,
      highest((of) => of.memory.peak),
      { ...options, atMost: undefined },
    );
  }
  const pairs = taken.map(({ a, b }) => ({ ours: b, theirs: a }));
  addRateRatio(report, `${MANY} apps / ${FEW} apps`, pairs, { atLeast: 0.9 });
}

async function timeReading(scene) {
  const reader = startNode('server', [join(root, 'bench', 'lib', 'read-apps-file.mjs'), scene.appsFile]);
  const { ms } = await reader.line();
  return ms;
}

async function oneSample(few, many, seconds) {
  const manyHub = await startHub(many);
  const ready = await readyMs(manyHub);
  const allHeld = await allHeldMs(manyHub, MANY);
  const held = memoryOf(manyHub.pid);
  say(
    `  listening after ${(manyHub.listeningMs / 1000).toFixed(1)} s, ready ${(ready / 1000).toFixed(1)} s, all held ${(allHeld / 1000).toFixed(1)} s, ${held?.now.toFixed(0)} MB`,
  );
  const fewHub = await startHub(few);
  await allHeldMs(fewHub, FEW);
  const compared = await compareInTurns(
    { name: `${FEW} apps`, server: fewHub, options: { paths: tokenPaths(FEW) } },
    { name: `${MANY} apps`, server: manyHub, options: { paths: tokenPaths(MANY) } },
    { seconds },
  );
  const loaded = memoryOf(manyHub.pid);
  await Promise.all([manyHub.stop(), fewHub.stop()]);
  return {
    readyMs: ready,
    allHeldMs: allHeld,
    memory: loaded && { held: held.now, loaded: loaded.now, peak: loaded.peak },
    ...compared,
  };
}
