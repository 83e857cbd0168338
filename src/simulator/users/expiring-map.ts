/** Below this many entries a sweep is not worth its while. */
const SMALLEST_SWEEP = 1024;

/** Entries that are forgotten some time after their end: constant cost per entry, bounded memory. */
export class ExpiringMap<V extends { readonly forgetAt: number }> {
  readonly #entries = new Map<string, V>();
  #sweepAtSize = SMALLEST_SWEEP;

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: V, now: number): void {
    this.#entries.set(key, value);
    if (this.#entries.size < this.#sweepAtSize) return;
    for (const [old, { forgetAt }] of this.#entries) if (forgetAt <= now) this.#entries.delete(old);
    this.#sweepAtSize = Math.max(SMALLEST_SWEEP, this.#entries.size * 2);
  }
}
