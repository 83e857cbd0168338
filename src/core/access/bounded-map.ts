/**
 * A map that never holds more than `capacity` entries, whatever keys it is given: for what callers can name.
 *
 * Two generations: new entries go to the young one; once that holds half the capacity, it becomes the old one, and
 * what was in the old one is forgotten. A look-up that finds an entry in the old one takes it over into the young one.
 * So an entry is kept as long as fewer than half the capacity of other keys are written or taken over between two uses
 * of it, and each operation costs a constant time without links or timestamps, unlike an exact LRU.
 */
export class BoundedMap<K, V extends object> {
  readonly #half: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  /** @param capacity At least 2. */
  constructor(capacity: number) {
    if (!(capacity >= 2)) throw new RangeError('a bounded map needs a capacity of at least 2');
    this.#half = Math.floor(capacity / 2);
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: K, value: V): void {
    if (this.#young.size >= this.#half && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
  }

  /** Entries held, those of the old generation that were taken over counted twice: an upper bound, <= capacity. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
