import type { Clock, TimerHandle } from '../../clock/clock.js';
import { FairShares, type Holder } from '../../core/fair-shares.js';

/**
 * Calls of one app under way at a time, and of all apps. A call that WeChat does not answer costs two sockets and some
 * 100 KiB for half a minute: one app whose calls hang must not use up what the others need.
 */
const MOST_PER_APP = 2000;
export const MOST_CALLS = 5000;

/** How often calls are looked at, milliseconds: a tenth of the limit, within bounds. A time-out comes up to twice so late. */
const OFTENEST_LOOK_MS = 20;
const RAREST_LOOK_MS = 250;

export interface WatchedCall {
  /** Whose it is. */
  readonly holder: Holder;
  /** Its place here; for {@link CallsUnderWay} alone. */
  place: number;
  /** Ends what has been silent for too long. */
  look(now: number): void;
  /** The hub cannot wait any longer. */
  end(): void;
}

/**
 * The calls of this moment: how many, and one timer for the time-outs of all.
 *
 * Trap: do NOT keep them in a Set or Map, nor give each its own timer in one. V8 rebuilds the table of a Set that
 * comes and goes every so many calls; a table that has grown old holds the next ones and all that stood in them, and
 * every call is then garbage that only a full collection frees. That cost a third of the request rate.
 */
export class CallsUnderWay {
  readonly #calls: WatchedCall[] = [];
  readonly #places = new FairShares({ most: MOST_CALLS, mostOfApp: MOST_PER_APP });
  readonly #lookEveryMs: number;
  #timer: TimerHandle | undefined;

  constructor(
    private readonly clock: Clock,
    limitMs: number,
  ) {
    this.#lookEveryMs = Math.min(RAREST_LOOK_MS, Math.max(OFTENEST_LOOK_MS, limitMs / 10));
  }

  get count(): number {
    return this.#calls.length;
  }

  hasRoomFor(holder: Holder): boolean {
    return this.#places.of(holder).room >= 1;
  }

  add(call: WatchedCall): void {
    call.place = this.#calls.push(call) - 1;
    this.#places.of(call.holder).add(1);
    if (this.#timer === undefined) this.#arm();
  }

  remove(call: WatchedCall): void {
    const last = this.#calls.pop();
    if (last !== undefined && last !== call) {
      this.#calls[call.place] = last;
      last.place = call.place;
    }
    this.#places.of(call.holder).add(-1);
  }

  endAll(): void {
    for (const call of [...this.#calls]) call.end();
  }

  #arm(): void {
    this.#timer = this.clock.setTimeout(() => {
      this.#timer = undefined;
      const now = this.clock.now();
      for (const call of [...this.#calls]) call.look(now);
      if (this.#calls.length > 0) this.#arm();
    }, this.#lookEveryMs);
  }
}
