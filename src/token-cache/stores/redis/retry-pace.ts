const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 2000;
const FIRST_REFUSAL_MS = 1000;
const LONGEST_REFUSAL_MS = 60_000;
/** A connection that was of use for so long, ms, did not end by what it was used for. */
export const STEADY_MS = 5000;

/** 50 ms, doubling to 2 s, by ±25 % at random, so that replicas do not come back in step. `times`: from 1. */
export function reconnectDelay(times: number, chance: number): number {
  return spread(doubled(times, FIRST_RETRY_MS, LONGEST_RETRY_MS), chance);
}

/** A server that is there and refuses will not change its mind soon: 1 s, doubling to 60 s. `times`: from 1. */
export function refusalDelay(times: number, chance: number): number {
  return spread(doubled(times, FIRST_REFUSAL_MS, LONGEST_REFUSAL_MS), chance);
}

function doubled(times: number, first: number, longest: number): number {
  return Math.min(first * 2 ** Math.min(times - 1, 10), longest);
}

function spread(ms: number, chance: number): number {
  return Math.round(ms * (0.75 + 0.5 * chance));
}

/**
 * How long to wait before the next connection. It grows while none proves to be of use: to be connected is no proof,
 * or a server that takes every connection and every time refuses what follows would be asked twenty times a second.
 * All times are of one clock, ms.
 */
export class RetryPace {
  #times = 0;
  #usefulSince: number | undefined;

  constructor(
    private readonly chance: () => number,
    private readonly delay: (times: number, chance: number) => number = reconnectDelay,
  ) {}

  /** The connection does what it is there for. */
  useful(now: number): void {
    this.#usefulSince ??= now;
  }

  /** The connection is gone. @returns ms to wait */
  lost(now: number): number {
    if (this.#usefulSince !== undefined && now - this.#usefulSince >= STEADY_MS) this.#times = 0;
    this.#usefulSince = undefined;
    this.#times += 1;
    return this.delay(this.#times, this.chance());
  }
}
