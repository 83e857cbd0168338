import type { FaultSpec } from '../../src/simulator/faults.js';
import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { eventually } from '../support/eventually.js';
import { Oracle } from '../support/oracle.js';
import { seededRandom } from '../support/seeded-random.js';
import { SpedUpClock } from '../support/sped-up-clock.js';
import { bearer, startHub, testKey, type RunningHub } from '../support/start-hub.js';

/**
 * The real run: 200 apps of both kinds with tokens of 60 seconds, ten minutes of a WeChat that misbehaves at random,
 * callers reading all the while. Ten minutes take 50 seconds here: hub and simulator share a clock that is sped up.
 */

/** A failing run names it; the same one gives the same misbehaviour to the same sequence of calls. */
const SEED = 20_261_123;
const FACTOR = 12;
const RUN_MS = 600_000;
const APPS = Array.from({ length: 200 }, (_, index) => ({
  appid: `wx-soak-${index}`,
  secret: `simulated-secret-of-${index}`,
  tokenApi: index % 2 === 0 ? 'stable_token' : 'token',
}));
const CALLERS = 8;
const THINK_MS = 8;
const KEY = testKey('soak');

type Soakable = FaultSpec extends infer Spec
  ? Spec extends unknown
    ? Omit<Spec, 'times' | 'probability'>
    : never
  : never;

const OUTRIGHT: readonly Soakable[] = [
  { kind: 'errcode', errcode: -1 },
  { kind: 'empty' },
  { kind: 'html' },
  { kind: 'status' },
  { kind: 'not_json' },
  { kind: 'huge' },
  { kind: 'reset' },
  { kind: 'cut' },
  { kind: 'hang' },
];
const COMMON: readonly Soakable[] = [
  ...OUTRIGHT,
  ...OUTRIGHT.map((fault) => ({ ...fault, applied: true }) as Soakable),
  { kind: 'delay', delayMs: 2000 },
  { kind: 'delay', delayMs: 7000 },
  { kind: 'delay', delayMs: 7000, applied: false },
  { kind: 'drip', intervalMs: 100 },
  { kind: 'missing_field' },
  { kind: 'missing_field', field: 'expires_in' },
  { kind: 'expires_in_string' },
  { kind: 'blank_token' },
  { kind: 'patch', patch: { access_token: 7 } },
  { kind: 'patch', patch: { expires_in: 0 } },
  { kind: 'patch', patch: { errcode: -1 } },
];
/** These silence an app for a minute and more: some are enough. */
const RARE: readonly Soakable[] = [45011, 40164, 40125].map((errcode) => ({ kind: 'errcode', errcode }));

const realMs = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe(`ten minutes of a bad WeChat (seed ${SEED})`, () => {
  const random = seededRandom(SEED);
  const clock = new SpedUpClock(FACTOR);
  let simulator: WeChatSimulator;
  let hub: RunningHub;
  let oracle: Oracle;
  let faults: ReturnType<WeChatSimulator['fault']>[];

  beforeAll(async () => {
    simulator = await WeChatSimulator.start({
      apps: APPS.map(({ appid, secret }) => ({ appid, secret })),
      tokenLifeSeconds: 60,
      latencyMs: 100,
      journalEntries: 100_000,
      random,
      clock,
    });
    const fault = (spec: Soakable, probability: number) =>
      simulator.fault({ ...spec, probability, times: Infinity });
    faults = [...COMMON.map((spec) => fault(spec, 0.01)), ...RARE.map((spec) => fault(spec, 0.002))];
    hub = await startHub({
      upstream: simulator.url,
      apps: APPS,
      clients: [{ id: 'soak', key: KEY, apps: '*', requestsPerMinute: 10_000_000 }],
      environment: { HUB_ACCESS_LOG: 'off' },
      clock,
    });
    oracle = new Oracle(hub, simulator, clock);

    const end = clock.now() + RUN_MS;
    const callers = Array.from({ length: CALLERS }, () => readUntil(end));
    void outages(end);
    await Promise.all(callers);
  }, 150_000);

  afterAll(async () => {
    await hub.stop();
    await simulator.close();
  });

  async function readUntil(end: number): Promise<void> {
    const mine = new Map<string, { token: string; etag: string }>();
    while (clock.now() < end) {
      const { appid } = APPS[Math.floor(random() * APPS.length)]!;
      const known = random() < 0.2 ? mine.get(appid) : undefined;
      const heldBefore = oracle.heldNow(appid);
      const askedAt = clock.now();
      const response = await fetch(`${hub.url}/v1/apps/${appid}/token`, {
        headers: { ...bearer(KEY), ...(known === undefined ? {} : { 'if-none-match': known.etag }) },
      });
      const text = await response.text();
      const { status } = response;
      const body =
        status === 200 ? (JSON.parse(text) as { access_token: string; expires_in: number }) : undefined;
      const token = body?.access_token ?? (status === 304 ? known?.token : undefined);
      const expiresIn = body?.expires_in;
      oracle.judge({ appid, askedAt, hadAt: clock.now(), heldBefore, status, token, expiresIn });
      if (token !== undefined) mine.set(appid, { token, etag: response.headers.get('etag') ?? '' });
      await realMs(THINK_MS);
    }
  }

  /** Twice WeChat is gone for everybody: once it refuses connections at all, once it is silent. */
  async function outages(end: number): Promise<void> {
    const start = end - RUN_MS;
    const outage = async (from: number, to: number, kind: 'reset' | 'hang') => {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, start + from - clock.now()));
      const fault = simulator.fault({ kind, times: Infinity });
      await new Promise<void>((resolve) => clock.setTimeout(resolve, start + to - clock.now()));
      fault.clear();
      fault.release();
    };
    await outage(150_000, 180_000, 'reset');
    await outage(350_000, 450_000, 'hang');
  }

  it('it was bad indeed, and the callers were many', () => {
    const { answers } = oracle;
    expect(answers.get(200)).toBeGreaterThan(2000);
    expect(answers.get(304)).toBeGreaterThan(200);
    expect(answers.get(503)).toBeGreaterThan(20);
    expect(faults.filter(({ hits }) => hits === 0).map(({ kind }) => kind)).toEqual([]);
    expect(simulator.mints()).toBeGreaterThan(APPS.length * 8);
  });

  it('not one dead token was served, no valid one withheld, nothing but 200 while there was one', () => {
    expect(oracle.violations).toEqual([]);
  });

  it('no app had two calls at WeChat at a time, but where one that was given up had not yet left', () => {
    const GIVEN_UP = /^(aborted|fault:(hang|delay|drip))$/;
    for (const { appid } of APPS) {
      const { credential: most } = simulator.maxConcurrent(appid);
      const wasGivenUp = simulator.journal({ appid }).some(({ outcome }) => GIVEN_UP.test(outcome));
      expect([appid, most <= (wasGivenUp ? 2 : 1)]).toEqual([appid, true]);
    }
  });

  it('each call for a token that WeChat saw was one of the attempts whose pace was judged', async () => {
    const calls = (appid: string) =>
      simulator.calls({ appid, endpoint: 'token' }) + simulator.calls({ appid, endpoint: 'stable_token' });
    const attempts = (appid: string) => oracle.attempts.get(appid)?.length ?? 0;
    // One of each app may be under way.
    await eventually(() => APPS.every(({ appid }) => Math.abs(calls(appid) - attempts(appid)) <= 1));
  });

  it('whether a token is alive was asked twice a minute at most', () => {
    const PROBES_APART_MS = 30_000;
    const gaps = APPS.flatMap(({ appid }) => {
      const probes = simulator.journal({ appid, endpoint: 'getcallbackip' });
      return probes.slice(1).map(({ at }, index) => at - (probes[index]?.at ?? 0));
    });
    expect(gaps.length).toBeGreaterThan(0);
    // The clock is sped up: what is a moment between sending and arriving elsewhere counts here.
    expect(gaps.filter((gap) => gap < PROBES_APART_MS - 2000)).toEqual([]);
  });

  it('when WeChat is well again, every app is', async () => {
    simulator.clearFaults();
    const valid = ({ appid }: { appid: string }) => {
      const held = oracle.heldNow(appid);
      return held !== undefined && simulator.isAlive(held.value.reveal());
    };
    // A configuration error just now: the next attempt may be minutes away, and those minutes take seconds.
    await eventually(() => APPS.filter(valid).length >= APPS.length * 0.95);
    expect(oracle.violations).toEqual([]);
  });
});
