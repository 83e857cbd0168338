import { join } from 'node:path';
import { root } from '../../scripts/lib/build.mjs';
import { compareInTurns } from '../lib/compare.mjs';
import { startNode } from '../lib/processes.mjs';
import { median, say } from '../lib/report.mjs';
import { appidOf, KEY, load, readyMs, setScene, startHub, tokenPath } from '../lib/scene.mjs';

export const title =
  'logins through the hub against a plain proxy of the same call, and beside the token route';

/** WeChat's answer, milliseconds. */
const LATENCY_MS = 20;
/** Logins a second that the token route must not feel. */
const LOGINS_PER_SECOND = 500;
/** So many that WeChat's answers are not what is measured: some thousand logins a second if nothing else held them up. */
const CONNECTIONS = 60;

const query = (secret) =>
  new URLSearchParams({ appid: appidOf(0), secret, grant_type: 'authorization_code' }).toString();
/** A code of its own for each login: the same one would be answered from memory. */
const login = (secret) => ({
  paths: [`/sns/jscode2session?${query(secret)}&js_code=`],
  unique: true,
  headers: {},
});

export async function run(report, { samples, seconds, hubArguments }) {
  const pairs = [];
  const beside = [];
  const rates = [];
  for (let sample = 0; sample < samples; sample += 1) {
    const scene = await setScene(1, { latencyMs: LATENCY_MS, anyCode: true });
    const hub = await startHub(scene, { nodeArguments: hubArguments });
    await readyMs(hub);
    const plain = startNode('server', [
      join(root, 'bench', 'lib', 'plain-proxy.mjs'),
      JSON.stringify({ upstream: scene.simulatorUrl }),
    ]);
    const server = { ...plain, ...(await plain.line()) };
    const { a, b } = await compareInTurns(
      { name: 'hub', server: hub, options: { ...login(KEY), connections: CONNECTIONS } },
      {
        name: 'plain proxy',
        server,
        options: { ...login(`bench-secret-${appidOf(0)}`), connections: CONNECTIONS },
      },
      { seconds },
    );
    pairs.push({ ours: a, theirs: b });
    rates.push(a.requestsPerSecond);
    beside.push(await tokenRouteBeside(hub, seconds));
    await allGranted(hub);
    await Promise.all([hub.stop(), plain.stop()]);
    await scene.close();
  }
  const ratio = (of) => median(pairs.map(({ ours, theirs }) => of(ours) / of(theirs)));
  report.add(
    'login / plain proxy, logins a second',
    ratio((load) => load.requestsPerSecond),
    { atLeast: 0.8 },
  );
  if (pairs[0].ours.serverCpuMicroseconds !== undefined) {
    report.add(
      'login: CPU per call, plain / hub',
      ratio((load) => 1 / load.serverCpuMicroseconds),
    );
  }
  report.add('logins a second, hub', median(rates), { atLeast: LOGINS_PER_SECOND });
  report.add(`token route: req/s with ${LOGINS_PER_SECOND} logins a second / without`, median(beside), {
    atLeast: 0.9,
  });
}

/** So many turns has the token route alone and beside logins; a machine that is slower now and then hits both. */
const ROUNDS = 5;

/** The token route as fast as it goes, alone and while users log in, in turns: its rate beside logins / alone. */
async function tokenRouteBeside(hub, seconds) {
  const token = { paths: [tokenPath(appidOf(0))], seconds: seconds / 2 };
  const logins = { ...login(KEY), seconds: seconds / 2, connections: CONNECTIONS, rate: LOGINS_PER_SECOND };
  const alone = [];
  const crowded = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    alone.push((await load(hub, token)).requestsPerSecond);
    const [beside] = await Promise.all([load(hub, token), load(hub, logins)]);
    crowded.push(beside.requestsPerSecond);
  }
  const [one, other] = [median(alone), median(crowded)];
  say(`  token route: ${one.toFixed(0)} req/s alone, ${other.toFixed(0)} req/s beside logins`);
  return other / one;
}

/** The status is 200 whatever becomes of a login: a refusal is not to be taken for a fast answer. */
async function allGranted({ opsPort }) {
  const text = await (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text();
  const others =
    text.match(/^wxhub_logins_total\{.*$/gm)?.filter((line) => !line.includes('"granted"')) ?? [];
  if (others.length > 0) throw new Error(`not all logins were granted: ${others.join('; ')}`);
}
