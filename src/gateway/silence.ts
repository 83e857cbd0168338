import type { Clock, TimerHandle } from '../clock/clock.js';

/** Who is to move next. While the hub itself works (a token is asked for) nobody is silent. */
export type Side = 'upstream' | 'caller' | 'hub';

/** How long a caller may neither send what it announced nor read what comes. Milliseconds. */
const CALLER_LIMIT_MS = 60_000;

/**
 * Watches one call: somebody must move from time to time. One timer for the whole call, which looks at the time of
 * the last move when it goes off, so that a move costs no more than a look at the clock.
 */
export class Silence {
  #side: Side = 'hub';
  #since: number;
  #timer: TimerHandle | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly upstreamLimitMs: number,
    private readonly onSilence: (side: 'upstream' | 'caller') => void,
  ) {
    this.#since = clock.now();
    this.#arm(upstreamLimitMs);
  }

  /** Something moved; from now on it is up to `side`. */
  waitFor(side: Side): void {
    this.#side = side;
    this.#since = this.clock.now();
  }

  stop(): void {
    this.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(delayMs: number): void {
    this.#timer = this.clock.setTimeout(() => {
      this.#look();
    }, delayMs);
  }

  #look(): void {
    const side = this.#side;
    const limit = side === 'caller' ? CALLER_LIMIT_MS : this.upstreamLimitMs;
    const left = limit - (this.clock.now() - this.#since);
    if (side === 'hub') this.#arm(this.upstreamLimitMs);
    else if (left > 0) this.#arm(Math.min(left, this.upstreamLimitMs));
    else this.onSilence(side);
  }
}
