import type { AppSettings } from '../../src/core/app.js';
import type { Call, Chronicle, Minted } from './chronicle.js';
import type { Ground } from './ground.js';
import type { SimulatedHub } from './simulated-hub.js';

/** Who has been connected to Redis for so long knows what was written meanwhile. */
const SETTLED_MS = 15_000;
/** Calls so close together may come to WeChat in either order, and others hear of a failed one so soon; ms. */
const AT_ONCE_MS = 7000;
const HEARD_MS = 3000;
/** What a token's times lose where they are translated between two clocks, each way once; ms. */
const TRANSLATED_MS = 1000;
/** A hub that hears nothing of what is written finds it by its slow comparison within this; ms. */
const DEAF_MS = 75_000;

/** The longest `expires_in` that was given out with a token. Times are the world's. */
interface Promised {
  readonly until: number;
  readonly at: number;
  readonly hub: SimulatedHub;
  /** So much later an end than there is may have been believed in, since clocks stood still or stepped; ms. */
  readonly lateMs: number;
}

/**
 * No token dies at WeChat before the longest `expires_in` that was given out with it, by whichever replica, unless
 * somebody asked for that or nobody who made the promise can have known.
 */
export class PromiseChecks {
  readonly #promised = new WeakMap<Minted, Promised>();

  constructor(
    private readonly ground: Ground,
    private readonly chronicle: Chronicle,
  ) {}

  /** A caller was given this for so long. */
  gave(hub: SimulatedHub, app: AppSettings, minted: Minted, expiresInSeconds: number): void {
    const { now } = this.ground;
    const deafMs = hub.link.wasDeaf(now - DEAF_MS, now) ? DEAF_MS : 0;
    const lateMs = hub.lateFor(app.appid, minted) + minted.lateMs + this.ground.stepsMs + deafMs;
    const before = this.#promised.get(minted);
    const until = now + expiresInSeconds * 1000;
    if (before !== undefined && before.until - before.lateMs >= until - lateMs) return;
    this.#promised.set(minted, { until, at: now, hub, lateMs });
    this.#check(app.appid, minted);
  }

  /** WeChat minted for a hub, and those before may end by that. */
  minted(appid: string): void {
    for (const minted of this.chronicle.mints(appid).slice(-4)) this.#check(appid, minted);
  }

  #check(appid: string, minted: Minted): void {
    const promised = this.#promised.get(minted);
    if (promised === undefined) return;
    const diesAt = this.chronicle.diesAt(minted);
    if (promised.until <= diesAt + promised.lateMs + TRANSLATED_MS) return;
    const mints = this.chronicle.mints(appid);
    // A forced refresh ends all of the family at once; otherwise the next one ends the one before it.
    const forced = mints.find((one) => one !== minted && one.validity.bornAt === diesAt);
    const killer = forced ?? mints[mints.indexOf(minted) + 1];
    if (diesAt < minted.validity.expiresAt && this.#excuses(appid, killer, minted, promised)) return;
    const early = ((promised.until - diesAt) / 1000).toFixed(3);
    const ago = ((this.ground.now - promised.at) / 1000).toFixed(3);
    this.ground.violations.found(
      `a token of ${appid} was promised by ${promised.hub.name} ${ago} s ago for ${early} s longer than it lives: ` +
        (killer?.by === undefined ? 'nobody superseded it' : `${killer.by.hub.name} minted`),
    );
  }

  /** What those who held `minted` could not know of. */
  #excuses(appid: string, killer: Minted | undefined, minted: Minted, promised: Promised): boolean {
    if (killer === undefined) return false;
    const { by } = killer;
    // Somebody else's, or an admin's wish, also where its first call failed.
    if (by === undefined || by.byAdmin || by.wanted) return true;
    if (this.ground.redisLostSince(by.sentAt - SETTLED_MS)) return true;
    if (promised.hub.link.wasAstray(minted.firstSentAt, promised.at)) return true;
    if (this.#crossed(appid, minted, promised)) return true;
    // It stood still in the middle of its call, and another did what it was meant to do.
    if (by.hub.process.stops.during(by.sentAt - 1000, killer.validity.bornAt)) return true;
    if (this.#isForgotten(appid, minted, promised, by)) return true;
    if (by.hub.connected(by.sentAt - SETTLED_MS, by.sentAt)) return false;
    if (by.held === undefined) return true;
    // Who minted it may not know that Redis took it in, and then mints anew before long.
    const other = by.held !== minted || promised.hub !== by.hub;
    return other && wasInRedis(minted, killer);
  }

  /** Redis lost it, and those who held it were killed before they could tell Redis again. */
  #isForgotten(appid: string, minted: Minted, promised: Promised, by: Call): boolean {
    const kept = this.chronicle.kept(appid).some((one) => one.minted === minted);
    return by.held === undefined && promised.hub.process.dead && !kept;
  }

  /** A call of about then, by somebody who stood still in the middle of it or was cut off: others knew of it only later. */
  #crossed(appid: string, minted: Minted, promised: Promised): boolean {
    return this.chronicle.calls(appid).some(({ hub, sentAt, endedAt }) => {
      const about =
        sentAt < minted.validity.bornAt + AT_ONCE_MS && (endedAt ?? Infinity) > minted.firstSentAt;
      const cutOff = hub.link.troubles.during(promised.at - HEARD_MS, promised.at);
      const stopped = hub.process.stops.during(sentAt - 1000, endedAt ?? this.ground.now);
      return (
        about &&
        ((stopped && promised.at < (endedAt ?? Infinity) + HEARD_MS) || (hub !== promised.hub && cutOff))
      );
    });
  }
}

/** Then whoever holds it may think that all others know it, though one is cut off. */
function wasInRedis({ storedAt }: Minted, killer: Minted): boolean {
  return storedAt !== undefined && storedAt < killer.validity.bornAt + AT_ONCE_MS;
}
