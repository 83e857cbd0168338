import type { AppSettings } from '../../src/core/app.js';
import { mayPassForNewer, type Call, type Chronicle, type Kept, type Minted } from './chronicle.js';
import type { Ground } from './ground.js';
import type { SimulatedHub } from './simulated-hub.js';

/** Calls to WeChat while things fail, ms apart (contract, section 6); the first retry may come after 1 s. */
const FAILING_APART_MS = 5000;
const FIRST_RETRY_MS = 1000;
/** On reports a `token` app is minted at most once in this (contract). */
const REPORTS_APART_MS = 60_000;
/** Timers and clocks are exact to this. */
const EXACT_MS = 10;
/** Who has been connected to Redis for so long knows what was written meanwhile. */
const SETTLED_MS = 15_000;
/** Mints whose calls were sent within this of each other may be in doubt (AT_ONCE_MS in core/coordination.ts). */
const AT_ONCE_MS = 7000;
/** What `expires_in` in whole seconds and the translation of times may take off a life, ms. */
const EARLY_MS = 3000;
const SLACK_MS = 800;
/** One is planned, one is made alone, and one settles what was made alone: there is no fourth in this time, ms. */
const MINTS_AT_ONCE = 4;
const MINTS_AT_ONCE_MS = 45_000;
/** Clocks of two Redis nodes, and the time between two claims that they give (FENCES_AT_ONCE_MS), ms. */
const CLOCKS_APART_MS = 2000;

/** What the hubs do to WeChat and to Redis. */
export class CallChecks {
  constructor(
    private readonly ground: Ground,
    private readonly chronicle: Chronicle,
    private readonly hubs: () => readonly SimulatedHub[],
    private readonly lifeMs: (appid: string) => number,
  ) {}

  /** A call is about to be sent. */
  calling(call: Call): void {
    const { appid } = call.app;
    const calls = this.chronicle.calls(appid);
    const own = calls.filter(({ hub }) => hub === call.hub);
    if (own.at(-1) !== undefined && own.at(-1)?.endedAt === undefined) {
      this.ground.violations.found(`${call.hub.name} has two calls for ${appid} under way`);
    }
    if (call.byAdmin) return;
    this.#pace(call, own, call.hub.name);
    if (this.#sound(call.sentAt - 2 * SETTLED_MS, call.sentAt)) this.#pace(call, calls, 'all replicas');
  }

  /** `before`: the calls that count, in order of their sending. */
  #pace(call: Call, before: readonly Call[], who: string): void {
    const [last, one] = [before.at(-1), before.at(-2)];
    if (last?.ok !== false || last.byAdmin) return;
    const again = one?.ok === false && !one.byAdmin && last.sentAt - one.sentAt < 2 * FAILING_APART_MS;
    const apart = again ? call.sentAt - last.sentAt : call.sentAt - (last.endedAt ?? 0);
    const least = again ? FAILING_APART_MS : FIRST_RETRY_MS;
    if (apart < least - EXACT_MS) {
      this.ground.violations.found(
        `${call.app.appid} was asked about again by ${call.hub.name} ${Math.round(apart)} ms after a call that failed (${who})`,
      );
    }
  }

  /** All hubs that live have been connected all the time, none came or went, and Redis lost nothing. */
  #sound(from: number, to: number): boolean {
    return this.hubs().every((hub) => hub.connected(from, to)) && !this.ground.redisLostSince(from);
  }

  /** A call has ended, and WeChat minted a `token` for it: one for each rotation, unless nobody can know of the first. */
  minted(call: Call, minted: Minted): void {
    const { app, hub } = call;
    if (app.tokenApi !== 'token') return;
    const mints = this.chronicle.mints(app.appid);
    const nth = mints.indexOf(minted);
    const [before, one] = [mints[nth - 1], mints[nth - 2]];
    if (before === undefined) return;
    // Got alone, or under a lease that had lapsed: what came into Redis after the last mint makes that one doubtful.
    const cameLate = mints
      .slice(Math.max(0, nth - 4), nth - 1)
      .some((late) => !this.#isClean(late) && (late.storedAt ?? 0) > before.firstSentAt);
    this.#rate(call);
    if (call.trigger === 'report') this.#reported(call, mints.slice(0, nth));
    if (call.wanted) return;
    const life = this.lifeMs(app.appid);
    const rotation = life - Math.min(app.refreshAheadSeconds * 1000, life / 2) - EARLY_MS;
    const apart = minted.validity.bornAt - before.firstSentAt;
    if (apart >= rotation || before.by === undefined) return;
    const inTheDark =
      !hub.connected(call.sentAt - SETTLED_MS, call.sentAt) ||
      !hub.ran(call.sentAt, minted.validity.bornAt) ||
      // Stopped when the other minted: a call of its own from before may have come to WeChat after that one.
      hub.process.stops.during(before.firstSentAt, before.validity.bornAt) ||
      this.ground.redisLostSince(call.sentAt - SETTLED_MS);
    const inDoubt =
      !this.#isClean(before) ||
      cameLate ||
      (one !== undefined && !this.#isClean(one) && before.firstSentAt - one.validity.bornAt < AT_ONCE_MS);
    if (inTheDark || inDoubt) return;
    this.ground.violations.found(
      `${app.appid} was minted by ${hub.name} ${Math.round(apart / 1000)} s after ${before.by.hub.name} did`,
    );
  }

  /** Whatever Redis does: a few mints an hour beyond the plan (contract), not one upon the other. */
  #rate({ hub, app, sentAt }: Call): void {
    const planned = this.chronicle
      .calls(app.appid)
      .filter((one) => one.hub === hub && one.ok === true && one.trigger === 'schedule' && one.minted);
    const first = planned.at(-MINTS_AT_ONCE);
    if (first === undefined || sentAt - first.sentAt >= MINTS_AT_ONCE_MS) return;
    const within = Math.round((sentAt - first.sentAt) / 1000);
    this.ground.violations.found(
      `${app.appid} was minted by ${hub.name} ${MINTS_AT_ONCE} times in ${within} s, and nobody asked for it`,
    );
  }

  /** Its hub had the answer, and could tell Redis. */
  #isClean({ by, knownAt, storedAt }: Minted): boolean {
    if (by === undefined || knownAt === undefined || storedAt === undefined) return false;
    const from = by.sentAt - 1000;
    return by.hub.connected(from, storedAt) && !this.ground.redisLostSince(from);
  }

  #reported(call: Call, before: readonly Minted[]): void {
    const last = before.findLast(({ by }) => by?.trigger === 'report')?.by;
    if (last === undefined || call.sentAt - last.sentAt >= REPORTS_APART_MS - EXACT_MS) return;
    if (last.hub !== call.hub && !this.#sound(last.sentAt - SETTLED_MS, call.sentAt)) return;
    const apart = Math.round((call.sentAt - last.sentAt) / 1000);
    this.ground.violations.found(
      `${call.app.appid} was minted by ${call.hub.name} on a report ${apart} s after ${last.hub.name} did`,
    );
  }

  /** Redis took a record in: never an older token over a newer one, and each token has a version of its own. */
  stored(app: AppSettings, now: Kept): void {
    const { violations } = this.ground;
    const before = this.chronicle.kept(app.appid).at(-1);
    if (before === undefined || before.minted.validity.expiresAt <= this.ground.now) return;
    if (now.version < before.version || (now.version === before.version && now.minted !== before.minted)) {
      violations.found(`in Redis version ${now.version} of ${app.appid} followed version ${before.version}`);
    }
    const older = now.minted.validity.bornAt < before.minted.validity.bornAt;
    if (!older) return;
    const claimed = now.fence > 0 && before.fence > 0;
    const excused = claimed
      ? now.fence > before.fence && (this.#wasStopped(before.minted) || this.#wereClaimedApart(now, before))
      : mayPassForNewer(now.minted, before.minted, SLACK_MS + now.minted.lateMs);
    if (excused) return;
    violations.found(
      `an older token of ${app.appid} was stored over a newer one, with fence ${now.fence} over ${before.fence}`,
    );
  }

  /** One of the two claims was given by a Redis that was lost to a failover; the clocks of the two differ. */
  #wereClaimedApart(a: Kept, b: Kept): boolean {
    const elsewhere = [a, b].some(({ minted: { by } }) =>
      by?.hub.link.troubles.during(by.sentAt - 1000, by.sentAt),
    );
    return elsewhere && Math.abs(a.fence - b.fence) < CLOCKS_APART_MS;
  }

  /** It was minted under a claim that had lapsed, since its process stood still between the claim and the request. */
  #wasStopped({ by, validity }: Minted): boolean {
    return by?.hub.process.stops.during(by.sentAt - 1000, validity.bornAt) === true;
  }
}
