import { BoundedMap } from './bounded-map.js';
import { WindowCounter } from './limit.js';

/** A {@link WindowCounter} for each of what callers can name: in bounded memory, those of long ago begin anew. */
export class WindowCounters {
  readonly #counters: BoundedMap<string, WindowCounter>;

  /** @param capacity as of {@link BoundedMap} */
  constructor(capacity: number) {
    this.#counters = new BoundedMap(capacity);
  }

  /** As {@link WindowCounter.take}, for this name alone. */
  take(name: string, now: number, limit: number): number {
    let counter = this.#counters.get(name);
    if (counter === undefined) this.#counters.set(name, (counter = new WindowCounter()));
    return counter.take(now, limit);
  }
}
