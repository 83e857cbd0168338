import { Clock } from '../../src/clock/clock.js';
import type { TimerHandle } from '../../src/clock/clock.js';

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

/** Real milliseconds after which a test that waits for a timer is told that none comes. */
const PATIENCE_MS = 5000;

/** A clock that stands still until a test advances it. */
export class FakeClock extends Clock {
  #now: number;
  #wallAhead = 0;
  readonly #timers = new Set<Timer>();
  readonly #waiting = new Set<() => void>();

  /** @param start epoch milliseconds; by default the first of January 2026. */
  constructor(start: number = Date.UTC(2026, 0, 1)) {
    super();
    this.#now = start;
  }

  override now(): number {
    return this.#now;
  }

  override wallNow(): number {
    return this.#now + this.#wallAhead;
  }

  override setTimeout(callback: () => void, delayMs: number): TimerHandle {
    const timer: Timer = { due: this.#now + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    for (const look of [...this.#waiting]) {
      look();
    }
    return timer;
  }

  override clearTimeout(handle: TimerHandle | undefined): void {
    this.#timers.delete(handle as Timer);
  }

  /**
   * Moves time on by `ms`, and runs what comes due on the way: in the order of the due times (of equal ones, in
   * the order of arming), each with `now()` at its due time, and promises settled before and after each.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let next = this.#nextBy(end); next !== undefined; next = this.#nextBy(end)) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.due);
      next.callback();
      await settle();
    }
    this.#now = Math.max(this.#now, end);
  }

  /** Moves time on without running a timer, as for a process that was paused. The timers run at the next advance. */
  stall(ms: number): void {
    this.#now += ms;
  }

  /** Somebody sets the wall clock forward (or back) by `ms`. */
  jumpWall(ms: number): void {
    this.#wallAhead += ms;
  }

  /** How many timers are armed. */
  armed(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer is due; undefined if none is armed. */
  nextDueIn(): number | undefined {
    const next = this.#nextBy(Infinity);
    return next === undefined ? undefined : Math.max(0, next.due - this.#now);
  }

  /** Resolves once at least `count` timers are armed, maybe at once. Rejects after 5 real seconds. */
  async waitUntilArmed(count = 1): Promise<void> {
    if (this.armed() >= count) {
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const done = () => {
        clearTimeout(patience);
        this.#waiting.delete(look);
      };
      const look = () => {
        if (this.armed() >= count) {
          done();
          resolve();
        }
      };
      const patience = setTimeout(() => {
        done();
        reject(new Error(`${count} armed timers expected, but there are ${this.armed()}`));
      }, PATIENCE_MS);
      this.#waiting.add(look);
    });
  }

  #nextBy(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= end && (next === undefined || timer.due < next.due)) {
        next = timer;
      }
    }
    return next;
  }
}

/** Lets every promise that can settle without further I/O do so, and I/O that is ready run. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
