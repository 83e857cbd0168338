import type { AppSettings } from '../../src/core/app.js';
import type { Held } from '../../src/core/credential.js';
import { FLUSH_NOTICED_MS } from './causes.js';
import { mayPassForNewer, type Chronicle, type Kept, type Minted } from './chronicle.js';
import type { Ground } from './ground.js';
import type { PromiseChecks } from './promise-checks.js';
import { OWN_ANSWER_MS, type SimulatedHub } from './simulated-hub.js';

/** How long a hub that WeChat answers may be without a token: a start, a lease of the dead, the pace of failures. */
const PATIENCE_MS = 25_000;
/** A call takes no longer, ms, unless its process is stopped. */
const STOPPED_CALL_MS = 6000;
/** … and then another call settles what it left open, ms. */
const SETTLED_MS = 20_000;
/** From a write in Redis, or from being connected again, to what a hub serves; one token may need a look of its own. */
const HEARD_MS = 3000;
/** News of a write reach every replica within this (contract), and a way takes up to 5 ms. */
const NEWS_MS = 215;
/** After it was cut off from Redis, a hub and Redis hold the same again within this: one dispute, settled by a call. */
export const AGREED_MS = 15_000;
/** A `stable_token` is confirmed this often at least: 300 s and the jitter; then an attempt, and its first retries. */
const RECONCILED_MS = 330_000 + 15_000;
/** A dead `token` that callers report is replaced within this: they ask twice a minute, are heard once, then a call. */
const REPORTED_MS = 60_000 + 37_000 + 25_000;
/** Each minute's report may be made by a replica that reaches Redis only now and then, and cannot tell its answer. */
const CUT_OFF_REPORTED_MS = 300_000;
/** What a token may end too early: `expires_in` in whole seconds, and twice the time of a command for the clocks. */
const EARLY_MS = 2500;
const SLACK_MS = 800;
/** Calls without leases whose moments are no further apart follow the store, until another call settles it; ms. */
const MOMENTS_MS = 1500 + SLACK_MS;
/** So much later an end in Redis is put right (core/coordination.ts). */
const SAME_END_MS = 1600;

interface Seen {
  readonly version: number;
  readonly minted: Minted;
  /** Whether the hub got it, or heard of it, as got under a lease. */
  readonly leased: boolean;
}

/** What callers of a hub get: alive, and only forward. */
export class ServedChecks {
  readonly #seen = new WeakMap<SimulatedHub, Map<string, Seen>>();
  /** Since when a hub's callers get a dead token, as far as they have noticed. */
  readonly #noticed = new WeakMap<
    SimulatedHub,
    Map<string, { readonly value: string; readonly at: number }>
  >();
  reads = 0;

  constructor(
    private readonly ground: Ground,
    private readonly chronicle: Chronicle,
    private readonly promises: PromiseChecks,
    private readonly hubs: () => readonly SimulatedHub[],
    private readonly reporting: boolean,
  ) {}

  /** @returns whether what is served is dead, for a reason that excuses the hub */
  read(hub: SimulatedHub, app: AppSettings): boolean {
    const { now } = this.ground;
    this.reads += 1;
    const seen = mapOf(this.#seen, hub);
    const before = seen.get(app.appid);
    const reading = hub.cache.read(app.appid);
    if (reading?.kind !== 'held') {
      this.#without(hub, app, before);
      return false;
    }
    const { held } = reading;
    const minted = this.chronicle.of(held.value.reveal());
    if (minted === undefined)
      return this.ground.violations.found(`${hub.name} serves what WeChat never gave`);
    const found: Seen = { version: held.version, minted, leased: held.fence !== undefined };
    seen.set(app.appid, found);
    if (before !== undefined) this.#forward(hub, app, before, found);
    this.#agreed(hub, app, held, minted);
    this.promises.gave(hub, app, minted, reading.expiresInSeconds);
    const diesAt = this.chronicle.diesAt(minted);
    if (now < diesAt) {
      mapOf(this.#noticed, hub).delete(app.appid);
      return false;
    }
    this.#dead(hub, app, minted, diesAt);
    return true;
  }

  /** A failure never costs a token that is alive, and without one a hub is soon with one. */
  #without(hub: SimulatedHub, { appid }: AppSettings, before: Seen | undefined): void {
    const { now, upstream, violations } = this.ground;
    const left = before === undefined ? 0 : this.chronicle.diesAt(before.minted) - now;
    if (left > EARLY_MS + this.ground.stepsMs + (before?.minted.earlyMs ?? 0)) {
      violations.found(
        `${hub.name} dropped a token of ${appid} ${Math.round(left)} ms before its end, version ${before?.version}`,
      );
    }
    if (hub.ran(now - PATIENCE_MS, now) && !upstream.troubles.during(now - PATIENCE_MS, now)) {
      violations.found(`${hub.name} has no token of ${appid} although WeChat answers`);
    }
  }

  /** Versions go forward, one version is one token, and no older token follows a newer one. */
  #forward(hub: SimulatedHub, { appid }: AppSettings, before: Seen, now: Seen): void {
    const { violations } = this.ground;
    if (now.version < before.version) {
      violations.found(`${hub.name} went back in ${appid} from version ${before.version} to ${now.version}`);
    }
    if (now.minted === before.minted) return;
    if (now.version === before.version) {
      violations.found(`${hub.name} has two tokens of ${appid} with version ${now.version}`);
    }
    const older = now.minted.validity.bornAt < before.minted.validity.bornAt;
    const moments = before.leased && now.leased ? SLACK_MS : MOMENTS_MS;
    const slack = moments + now.minted.lateMs + hub.lateFor(appid, now.minted);
    if (older && !mayPassForNewer(now.minted, before.minted, slack)) {
      violations.found(
        `${hub.name} replaced a newer token of ${appid} by an older one, version ${now.version}`,
      );
    }
  }

  /**
   * A hub that Redis can be reached from holds what Redis holds, whatever happens to others: at once after news of a
   * write, and some seconds after it was cut off or Redis lost its memory.
   */
  #agreed(hub: SimulatedHub, { appid }: AppSettings, held: Held, minted: Minted): void {
    const { now, violations } = this.ground;
    if (!hub.connected(now - AGREED_MS, now) || this.ground.redisLostSince(now - AGREED_MS)) return;
    // A flush shows at the slow comparison, whose minute does not pass while the process stands still.
    const { flushedAt } = this.ground;
    if (now < flushedAt + 2 * FLUSH_NOTICED_MS + AGREED_MS && !hub.ran(flushedAt, now)) return;
    const kept = this.chronicle.kept(appid).at(-1);
    // Near its end Redis drops a token a little before the hub does.
    if (kept !== undefined && kept.at > now - NEWS_MS) return;
    if (minted.validity.expiresAt < now + EARLY_MS || hub.answeredSince(appid, now - OWN_ANSWER_MS)) return;
    if (kept?.minted === minted && kept.version === held.version) {
      this.#sameEnd(hub, appid, held, kept);
      return;
    }
    const redis = kept === undefined ? 'nothing' : `version ${kept.version}, ${shorten(kept.minted.value)}`;
    violations.found(
      `${hub.name} holds version ${held.version} of ${appid}, ${shorten(minted.value)}, and Redis ${redis}`,
    );
  }

  /** Not later in Redis than a hub knows: a replica that comes now would serve it too long. */
  #sameEnd(hub: SimulatedHub, appid: string, held: Held, kept: Kept): void {
    const { now, violations } = this.ground;
    const gains = kept.expiresAt - (now + this.ground.skewMs) - (held.expiresAt - hub.process.now());
    if (gains < SAME_END_MS + this.ground.stepsMs) return;
    violations.found(`in Redis the token of ${appid} ends ${Math.round(gains)} ms later than in ${hub.name}`);
  }

  #dead(hub: SimulatedHub, app: AppSettings, minted: Minted, diesAt: number): void {
    const { now, violations } = this.ground;
    const what = `${hub.name} serves a token of ${app.appid} that is dead for ${((now - diesAt) / 1000).toFixed(3)} s`;
    const ended = now - minted.validity.expiresAt;
    // A clock that stood still is late for all that was got before, and a step of Redis's clock moves what is read
    // after it; nothing in the process can tell either (SystemClock, redis-time.ts).
    const late = hub.lateFor(app.appid, minted) + minted.lateMs + this.ground.stepsMs;
    if (ended >= 0 && ended >= late) violations.found(`${what}: its time is up`);
    if (minted.validity.expiresAt === diesAt) return;
    this.#superseded(hub, app, minted, diesAt, what);
  }

  /**
   * It was superseded. A hub cannot know that as long as nobody can tell it: the hub that was given the next one was
   * killed or got no answer, or one of the two is cut off from Redis. Then its callers tell it, or the next reconcile.
   */
  #superseded(hub: SimulatedHub, app: AppSettings, minted: Minted, diesAt: number, what: string): void {
    const { now, upstream, violations } = this.ground;
    const { bornAt } = minted.validity;
    const passes = (newer: Minted): boolean => this.#mayPass(hub, app, minted, newer);
    const own = hub.gotAfter(app.appid, bornAt);
    // One that was stopped in its call had lost its lease by then: which of two is the later, WeChat is asked again.
    const patience =
      own !== undefined && hub.ran(own.at - STOPPED_CALL_MS, own.at) ? OWN_ANSWER_MS : SETTLED_MS;
    if (own !== undefined && hub.ran(own.at, now) && now - own.at > patience && !passes(own.minted)) {
      violations.found(`${what}, although it was given a newer one`);
    }
    const told = this.chronicle.kept(app.appid).find((kept) => kept.minted.validity.bornAt > bornAt);
    const heard = told !== undefined && now - told.at > HEARD_MS && hub.connected(now - HEARD_MS, now);
    if (heard && !passes(told.minted)) violations.found(`${what}, although Redis holds a newer one`);
    const reconciles = app.tokenApi === 'stable_token';
    if (!reconciles && !this.reporting) return;
    const noticed = mapOf(this.#noticed, hub);
    let since = noticed.get(app.appid);
    if (since?.value !== minted.value) noticed.set(app.appid, (since = { value: minted.value, at: now }));
    const from = reconciles ? diesAt : since.at;
    const allHear = this.hubs().every((one) => one.connected(now - REPORTED_MS, now));
    const reported = allHear ? REPORTED_MS : CUT_OFF_REPORTED_MS;
    const bound = reconciles ? RECONCILED_MS : reported;
    // Of all replicas one mints on reports: if that is killed or stopped, the others wait for the next minute.
    const able = reconciles ? [hub] : this.hubs();
    const could =
      able.every((one) => one.ran(now - bound, now)) && !upstream.troubles.during(now - bound, now);
    if (now - from > bound && could) violations.found(`${what}, and nobody asks WeChat`);
  }

  /**
   * A token that was got without a claim is ordered by the moment of its call. A hub whose clock has stood still since
   * then takes that moment for later than it was, and so does everybody whom it tells. Moments too close together are
   * none, as long as WeChat cannot be asked again.
   */
  #mayPass(hub: SimulatedHub, { appid }: AppSettings, minted: Minted, newer: Minted): boolean {
    const late = minted.lateMs + hub.lateFor(appid, minted);
    const { now, upstream } = this.ground;
    const open = upstream.troubles.during(now - SETTLED_MS, now);
    if (open && mayPassForNewer(minted, newer, MOMENTS_MS)) return true;
    return late > 0 && mayPassForNewer(minted, newer, SLACK_MS + late);
  }
}

function mapOf<T>(maps: WeakMap<SimulatedHub, Map<string, T>>, hub: SimulatedHub): Map<string, T> {
  let map = maps.get(hub);
  if (map === undefined) maps.set(hub, (map = new Map()));
  return map;
}

function shorten(token: string): string {
  return token.slice(0, 20);
}
