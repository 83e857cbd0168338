/** One holder per key at a time; whoever comes later waits for all before it. */
export class KeyedMutex {
  readonly #last = new Map<string, Promise<void>>();

  /** Resolves with what gives the key back. Must be called once, whatever happens. */
  async acquire(key: string): Promise<() => void> {
    const before = this.#last.get(key);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#last.set(key, held);
    if (before !== undefined) await before;
    return () => {
      if (this.#last.get(key) === held) this.#last.delete(key);
      release();
    };
  }

  /** Resolves when nobody holds a key. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }
}
