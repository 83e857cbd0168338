import { WindowCounters } from '../core/access/window-counters.js';
import type { Origin } from './origins.js';

/** Failed credentials from one address (IPv6: one /64) in a minute that are answered as such (CONTRACT section 3). */
export const FAILURES_PER_MINUTE = 20;

/** Address blocks whose failures are counted. Who commands more is not held up by a count per address anyway. */
const COUNTED_BLOCKS = 50_000;

/** How often credentials failed, by where they came from. */
export class FailedCredentials {
  readonly #blocks = new WindowCounters(COUNTED_BLOCKS);

  /** Counts one. 0: it is answered as what it is; else the seconds after which the next one is. */
  take({ block }: Origin, now: number): number {
    return this.#blocks.take(block, now, FAILURES_PER_MINUTE);
  }
}
