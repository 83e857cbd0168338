import { BoundedMap } from '../core/access/bounded-map.js';
import { WindowCounter } from '../core/access/limit.js';
import type { Origin } from './origins.js';

/** Failed credentials from one address (IPv6: one /64) in a minute that are answered as such (CONTRACT section 3). */
export const FAILURES_PER_MINUTE = 20;

/** Address blocks whose failures are counted. Who commands more is not held up by a count per address anyway. */
const COUNTED_BLOCKS = 50_000;

/** How often credentials failed, by where they came from. */
export class FailedCredentials {
  readonly #blocks = new BoundedMap<string, WindowCounter>(COUNTED_BLOCKS);

  /** Counts one. 0: it is answered as what it is; else the seconds after which the next one is. */
  take({ block }: Origin, now: number): number {
    let failures = this.#blocks.get(block);
    if (failures === undefined) this.#blocks.set(block, (failures = new WindowCounter()));
    return failures.take(now, FAILURES_PER_MINUTE);
  }
}
