/**
 * Upper bounds of the duration buckets, seconds. From a read out of memory (well below 1 ms) to the longest
 * long-poll (55 s).
 */
export const DURATION_BUCKETS: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** A histogram as plain numbers: one observation costs a loop over the bounds and three additions, no allocation. */
export class DurationHistogram {
  readonly #counts: Float64Array;
  #sum = 0;
  #count = 0;

  /** `bounds`: upper bounds of the buckets, seconds, rising. */
  constructor(private readonly bounds: readonly number[] = DURATION_BUCKETS) {
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(seconds: number): void {
    let bucket = 0;
    while (bucket < this.bounds.length && seconds > (this.bounds[bucket] ?? Infinity)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += seconds;
    this.#count += 1;
  }

  /** Lines of the text format. `labels`: ready-made, such as `route="/v1"`. */
  *lines(name: string, labels: string): Generator<string> {
    let cumulative = 0;
    for (const [index, bound] of this.bounds.entries()) {
      cumulative += this.#counts[index] ?? 0;
      yield `${name}_bucket{${labels},le="${bound}"} ${cumulative}\n`;
    }
    yield `${name}_bucket{${labels},le="+Inf"} ${this.#count}\n`;
    yield `${name}_sum{${labels}} ${this.#sum}\n`;
    yield `${name}_count{${labels}} ${this.#count}\n`;
  }
}
