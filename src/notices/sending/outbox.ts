/** How fast one robot may be written to. */
export interface Pace {
  readonly perMinute: number;
  /** Between two messages, milliseconds. */
  readonly gapMs: number;
}

/** Messages that wait; when there are more, the oldest are given up. */
export const MOST_WAITING = 50;
/** After each failure in a row, milliseconds; after the last the message is given up. */
export const RETRIES_MS = [2_000, 10_000, 60_000, 300_000] as const;
/** The longest that an answer can make a message wait, milliseconds: DingTalk blocks for so long. */
export const LONGEST_WAIT_MS = 600_000;
const MINUTE_MS = 60_000;

/**
 * What waits to be sent to one robot: one message at a time, not faster than the robot allows, each tried five times.
 * Times: epoch ms on the hub's clock.
 */
export class Outbox<M> {
  readonly #waiting: M[] = [];
  /** Of the attempts in the last minute, oldest first. */
  #attempts: number[] = [];
  #failures = 0;
  #notBefore = 0;

  constructor(private readonly pace: Pace) {}

  /** @returns the message that was given up for it, if there was no room */
  add(message: M): M | undefined {
    this.#waiting.push(message);
    if (this.#waiting.length <= MOST_WAITING) return undefined;
    // The first may be under way: it stays in its place.
    return this.#waiting.splice(1, 1)[0];
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** How long until the first message may be sent, ms; `undefined`: there is none. */
  waitMs(now: number): number | undefined {
    if (this.#waiting.length === 0) return undefined;
    this.#attempts = this.#attempts.filter((at) => now - at < MINUTE_MS);
    const { perMinute, gapMs } = this.pace;
    const byGap = (this.#attempts.at(-1) ?? Number.NEGATIVE_INFINITY) + gapMs;
    const inTheWay = this.#attempts[this.#attempts.length - perMinute];
    const byMinute = inTheWay === undefined ? now : inTheWay + MINUTE_MS;
    return Math.max(0, byGap - now, byMinute - now, this.#notBefore - now);
  }

  /** The first message, which is now tried. */
  take(now: number): M | undefined {
    this.#attempts.push(now);
    return this.#waiting[0];
  }

  sent(): void {
    this.#next();
  }

  /**
   * The message was not taken in.
   * @param wait what the answer asks for, ms; `never`: it says that trying again is of no use
   * @returns whether the message is given up
   */
  failed(now: number, wait: number | 'never'): boolean {
    const backoff = RETRIES_MS[this.#failures];
    if (wait === 'never' || backoff === undefined) {
      this.#next();
      return true;
    }
    this.#failures += 1;
    this.#notBefore = now + Math.max(backoff, Math.min(wait, LONGEST_WAIT_MS));
    return false;
  }

  #next(): void {
    this.#waiting.shift();
    this.#failures = 0;
    this.#notBefore = 0;
  }
}
