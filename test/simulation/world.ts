/** Random numbers that a seed repeats. mulberry32. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  between(from: number, to: number): number {
    return from + this.next() * (to - from);
  }

  of<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.next() * choices.length)]!;
  }

  /** Another source, which what is drawn from this one does not move. */
  split(): Chance {
    return new Chance(Math.floor(this.next() * 4_294_967_296));
  }
}

export interface WorldEvent {
  readonly at: number;
  readonly nth: number;
  readonly run: () => void;
  dropped: boolean;
}

/** Time, and everything that is going to happen, in order. */
export class World {
  now = Date.UTC(2026, 0, 1);
  readonly #heap: WorldEvent[] = [];
  #count = 0;

  at(time: number, run: () => void): WorldEvent {
    const event = { at: Math.max(time, this.now), nth: this.#count++, run, dropped: false };
    const heap = this.#heap;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (isBefore(heap[parent]!, event)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = event;
    return event;
  }

  after(ms: number, run: () => void): WorldEvent {
    return this.at(this.now + ms, run);
  }

  /** Lets `ms` pass. Before the first and after each event all promises settle that can. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    // Other tests' workers and signals want a turn of the event loop now and then.
    await new Promise((resolve) => setImmediate(resolve));
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#pop();
      if (next.dropped) continue;
      this.now = next.at;
      next.run();
      await settle();
    }
    this.now = end;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (isBefore(last, heap[child]!)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(a: WorldEvent, b: WorldEvent): boolean {
  return a.at < b.at || (a.at === b.at && a.nth < b.nth);
}

/** Resolves when every promise has settled that can; nothing in the simulation does any real I/O. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}
