/** Who is to move next. While the hub itself works (a token is asked for) nobody is silent. */
export type Side = 'upstream' | 'caller' | 'hub';

/** How long a caller may neither send what it announced nor read what comes. Milliseconds. */
const CALLER_LIMIT_MS = 60_000;

/**
 * Watches one call: somebody must move from time to time. A move is only noted; the clock is read by whoever looks, at
 * intervals, so that a silence is noticed up to one interval late and a move costs next to nothing.
 */
export class Silence {
  #side: Side = 'hub';
  #moved = true;
  /** When it was looked at first after the last move. */
  #since = 0;

  constructor(private readonly upstreamLimitMs: number) {}

  /** Something moved; from now on it is up to `side`. */
  waitFor(side: Side): void {
    this.#side = side;
    this.#moved = true;
  }

  /** Who has been silent for too long. */
  at(now: number): 'upstream' | 'caller' | undefined {
    if (this.#moved) {
      this.#moved = false;
      this.#since = now;
      return undefined;
    }
    const side = this.#side;
    if (side === 'hub') return undefined;
    const limit = side === 'caller' ? CALLER_LIMIT_MS : this.upstreamLimitMs;
    return now - this.#since >= limit ? side : undefined;
  }
}
