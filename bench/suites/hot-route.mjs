import { join } from 'node:path';
import { root } from '../../scripts/lib/build.mjs';
import { addRateRatio, compareInTurns } from '../lib/compare.mjs';
import { startNode } from '../lib/processes.mjs';
import { median, say } from '../lib/report.mjs';
import {
  ALLOWED,
  appidOf,
  bearer,
  KEY_SHA256,
  readyMs,
  setScene,
  startHub,
  tokenPath,
} from '../lib/scene.mjs';

export const title = 'GET /v1/apps/{appid}/token against bare node:http';

/** Which of the hub's headers bare `node:http` does not set by itself. */
const OWN_HEADERS = /^(?:date|connection|keep-alive|content-length)$/;

export async function run(report, { samples, seconds, hubArguments }) {
  const scene = await setScene(1);
  const path = tokenPath(appidOf(0));
  const pairs = [];
  let answer;
  for (let sample = 0; sample < samples; sample += 1) {
    const hub = await startHub(scene, { nodeArguments: hubArguments });
    await readyMs(hub);
    answer ??= await answerOf(hub, path);
    const bare = await startBare(answer);
    const { a, b } = await compareInTurns(
      { name: 'hub', server: hub, options: { paths: [path] } },
      { name: 'bare node:http', server: bare, options: { paths: [path] } },
      { seconds },
    );
    pairs.push({ ours: a, theirs: b });
    await Promise.all([hub.stop(), bare.stop()]);
  }
  await scene.close();
  const ratio = (of) => median(pairs.map(({ ours, theirs }) => of(ours) / of(theirs)));
  const busiest = Math.max(
    ...pairs.flatMap(({ ours, theirs }) => [ours.generatorBusy, theirs.generatorBusy]),
  );
  if (busiest > 0.95)
    say('  the load generator was the bottleneck in a sample: the ratio is nearer to 1 than the truth');
  addRateRatio(report, 'hot route, hub / bare', pairs, { atLeast: 0.85 });
  report.add(
    'hot route, hub / bare: p99',
    ratio((load) => load.p99),
    { atMost: 2 },
  );
  report.add(
    'hot route, hub / bare: p50',
    ratio((load) => load.p50),
  );
  report.add(
    'hot route, hub / bare: p99.9',
    ratio((load) => load.p999),
  );
}

/** The hub's own answer, for the bare server to send. */
async function answerOf(hub, path) {
  const response = await fetch(`http://127.0.0.1:${hub.port}${path}`, { headers: bearer });
  if (response.status !== 200) throw new Error(`the hub answered ${response.status}`);
  const headers = [...response.headers].filter(([name]) => !OWN_HEADERS.test(name)).flat();
  return { headers, body: await response.text() };
}

async function startBare(answer) {
  const bare = startNode('server', [
    join(root, 'bench', 'lib', 'bare-server.mjs'),
    JSON.stringify({ keySha256: KEY_SHA256, allow: ALLOWED, answer }),
  ]);
  return { ...bare, ...(await bare.line()) };
}
