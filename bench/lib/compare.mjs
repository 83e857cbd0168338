import { median, sayLoad } from './report.mjs';
import { load } from './scene.mjs';

/** So many turns has each server of a pair; each turn is one run of the load generator. */
const ROUNDS = 10;
const FIRST_WARM_UP_SECONDS = 2.5;
const WARM_UP_SECONDS = 0.3;

/**
 * Two servers on the same core, warmed up, then measured in turns (ABAB…): what else the machine does meanwhile hits
 * both. One of them is idle at any time.
 */
export async function compareInTurns(a, b, { seconds }) {
  for (const { server, options } of [a, b]) {
    await load(server, { ...options, warmUpSeconds: 0, seconds: FIRST_WARM_UP_SECONDS });
  }
  const turns = { a: [], b: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [side, { server, options }] of [
      ['a', a],
      ['b', b],
    ]) {
      const warmUpSeconds = WARM_UP_SECONDS;
      turns[side].push(await load(server, { ...options, warmUpSeconds, seconds: seconds / ROUNDS }));
    }
  }
  const results = { a: summed(turns.a), b: summed(turns.b) };
  sayLoad(a.name, results.a);
  sayLoad(b.name, results.b);
  return results;
}

/** The turns of one server as one result: medians, so that a turn in which the machine did something else does not count. */
function summed(turns) {
  const middle = (of) => median(turns.map(of));
  const mean = (of) => turns.reduce((sum, turn) => sum + of(turn), 0) / turns.length;
  return {
    turns,
    requestsPerSecond: middle((turn) => turn.requestsPerSecond),
    requests: turns.reduce((sum, turn) => sum + turn.requests, 0),
    failures: turns.reduce((sum, turn) => sum + turn.failures, 0),
    firstFailure: turns.find((turn) => turn.firstFailure !== undefined)?.firstFailure,
    p50: middle((turn) => turn.p50),
    p99: middle((turn) => turn.p99),
    p999: middle((turn) => turn.p999),
    max: Math.max(...turns.map((turn) => turn.max)),
    serverCpuMicroseconds:
      turns[0].serverCpuMicroseconds === undefined ? undefined : middle((turn) => turn.serverCpuMicroseconds),
    generatorBusy: mean((turn) => turn.generatorBusy),
  };
}

/** Below this share of its core a server shares it with something else, and requests per second say little. */
const OWN_CORE = 0.9;

/**
 * The ratio of request rates against its target: the median of all pairs of turns, of all samples. The two turns of a
 * pair follow each other within a second, so that a machine that is faster now and slower later hits both; the median
 * of some dozen pairs holds still where that of a few samples does not.
 *
 * Where most samples had to share the core with something else, the row says BUSY instead of a verdict, and the ratio
 * of CPU time per request is held against the target in its place: on a core of its own a server under full load
 * would have that ratio of request rates.
 */
export function addRateRatio(report, what, pairs, { atLeast }) {
  const cpuIsKnown = pairs.every(
    ({ ours, theirs }) => cpuOf(ours) !== undefined && cpuOf(theirs) !== undefined,
  );
  const undisturbed = pairs.filter((pair) => !cpuIsKnown || hadItsCore(pair));
  const isBusy = undisturbed.length * 2 < pairs.length;
  const counted = isBusy ? pairs : undisturbed;
  const rate = ratioOfTurns(counted, (ours, theirs) => ours.requestsPerSecond / theirs.requestsPerSecond);
  report.add(`${what}: req/s`, rate, {
    atLeast,
    isUndecided: isBusy,
    note: isBusy ? 'something else used the core' : `${counted.length} of ${pairs.length} samples`,
  });
  if (!cpuIsKnown) return;
  const cpu = ratioOfTurns(pairs, (ours, theirs) => cpuOf(theirs) / cpuOf(ours));
  report.add(`${what}: by CPU time per request`, cpu, isBusy ? { atLeast, note: 'in place of req/s' } : {});
}

function ratioOfTurns(pairs, ratio) {
  return median(
    pairs.flatMap(({ ours, theirs }) => ours.turns.map((turn, round) => ratio(turn, theirs.turns[round]))),
  );
}

function hadItsCore({ ours, theirs }) {
  return [ours, theirs].every((load) => (cpuOf(load) * load.requestsPerSecond) / 1e6 >= OWN_CORE);
}

function cpuOf({ serverCpuMicroseconds }) {
  return serverCpuMicroseconds;
}
