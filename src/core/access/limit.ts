/**
 * A limit of so many admissions a minute, as a sliding-window counter: two numbers per caller, whatever the traffic.
 *
 * Time is cut into windows of 60 s, the first beginning with the first admission. The last 60 s are estimated as what
 * the current window admitted, plus the previous window's count times the share of it that the last 60 s still
 * overlap, rounded down. A request is admitted while that estimate is below the limit N. Refused ones do not count.
 *
 * What that guarantees, for a limit N that stays the same:
 * - a caller not seen for 120 s has exactly N at once, and the N + 1st is refused;
 * - no more than N are admitted in any one window, so no more than 2 N in any 60 s wherever they begin, and no more
 *   than (k + 1) N in any k minutes;
 * - none is refused while fewer than N were admitted in the last 120 s (not 60 s: the counter knows how many the
 *   previous window admitted, but not when in it);
 * - after `retryAfterSeconds` without a further admission, the next one is admitted.
 *
 * All times are milliseconds on the hub's clock, which only goes forward.
 */
export const WINDOW_MS = 60_000;

/** Nobody was admitted yet, or so long ago that it no longer matters, if `count` and `previous` are 0. */
export interface WindowState {
  /** When the current window began. */
  readonly startedAt: number;
  /** Admitted in the current window. */
  readonly count: number;
  /** Admitted in the window before it. */
  readonly previous: number;
}

export const FRESH_WINDOW: WindowState = { startedAt: 0, count: 0, previous: 0 };

export interface Admission {
  readonly state: WindowState;
  readonly admitted: boolean;
  /** Whole seconds, 0 if admitted, otherwise >= 1: after so long one request passes. */
  readonly retryAfterSeconds: number;
}

/** @param limit N, a whole number >= 1. It may differ from call to call, as a reload of the configuration makes it. */
export function admit(state: WindowState, now: number, limit: number): Admission {
  const counter = new WindowCounter(state);
  const retryAfterSeconds = counter.take(now, limit);
  return { state: counter.state, admitted: retryAfterSeconds === 0, retryAfterSeconds };
}

/** The same, changed in place: for the hot path, where a new object per request would be felt. */
export class WindowCounter {
  #startedAt: number;
  #count: number;
  #previous: number;

  constructor(state: WindowState = FRESH_WINDOW) {
    this.#startedAt = state.startedAt;
    this.#count = state.count;
    this.#previous = state.previous;
  }

  get state(): WindowState {
    return { startedAt: this.#startedAt, count: this.#count, previous: this.#previous };
  }

  /** Counts one request. 0 if it is admitted; else the whole seconds, >= 1, after which one is. */
  take(now: number, limit: number): number {
    const elapsed = this.#advanceTo(now);
    if (this.#count + weighted(this.#previous, elapsed) < limit) {
      this.#count++;
      return 0;
    }
    return Math.max(1, Math.ceil((this.#nextAdmissionIn(limit) - elapsed) / 1000));
  }

  /** Makes the window that holds `now` the current one; gives the milliseconds since it began: [0, 60000). */
  #advanceTo(now: number): number {
    const elapsed = now - this.#startedAt;
    // A clock that went back is a bug elsewhere: better a window that lasts longer than a limit that is forgotten.
    if (elapsed < 0) return 0;
    if (elapsed < WINDOW_MS) {
      if (this.#count > 0 || this.#previous > 0) return elapsed;
      // Nothing counted yet: the first window begins with its first admission.
    } else if (elapsed < 2 * WINDOW_MS && this.#count > 0) {
      this.#previous = this.#count;
      this.#count = 0;
      this.#startedAt += WINDOW_MS;
      return elapsed - WINDOW_MS;
    }
    this.#startedAt = now;
    this.#previous = 0;
    this.#count = 0;
    return 0;
  }

  /** When the next request is admitted, in whole milliseconds since the current window began. */
  #nextAdmissionIn(limit: number): number {
    const room = limit - this.#count;
    if (room > 0) return firstBelow(this.#previous, room);
    return WINDOW_MS + firstBelow(this.#count, limit);
  }
}

/** What the previous window still counts for, `elapsed` ms into the current one. */
function weighted(previous: number, elapsed: number): number {
  return Math.floor((previous * (WINDOW_MS - elapsed)) / WINDOW_MS);
}

/** The first whole millisecond of a window at which the previous one counts for less than `room`, which is >= 1. */
function firstBelow(previous: number, room: number): number {
  // floor(x) < room where x < room, as room is whole: previous * (WINDOW_MS - elapsed) < room * WINDOW_MS.
  if (previous < room) return 0;
  return WINDOW_MS - Math.ceil((room * WINDOW_MS) / previous) + 1;
}
