/** Calls are counted in stretches of so many ms; the last {@link BUCKETS} of them are kept: four hours. */
export const BUCKET_MS = 5 * 60_000;
export const BUCKETS = 48;

/** The largest count that one character of {@link CallBuckets.encoded} can say; more are shown as so many. */
export const MOST_PER_BUCKET = 63;

/** One character per count: its place here. Base64url's alphabet, as it needs no escape in JSON. */
export const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Counts of the buckets that end with {@link last}, oldest first. */
export interface EncodedCalls {
  /** Number of the newest bucket: its beginning, epoch ms, divided by {@link BUCKET_MS}. */
  readonly last: number;
  /** {@link BUCKETS} digits each. Failures are a part of the calls. */
  readonly calls: string;
  readonly failures: string;
}

/**
 * How many calls were made and how many failed, over the last hours. Of fixed size (96 bytes, large ones 384), so that
 * thousands can be kept; changed in place. `at`: epoch ms on a clock that only goes forward.
 */
export class CallBuckets {
  /** A ring by bucket number: calls first, then failures. */
  readonly #counts: Uint8Array | Uint32Array;
  readonly #most: number;
  #last = 0;

  private constructor(counts: Uint8Array | Uint32Array, most: number) {
    this.#counts = counts;
    this.#most = most;
  }

  /** Of what the hub itself causes: a call in some seconds at the most. */
  static small(): CallBuckets {
    return new CallBuckets(new Uint8Array(2 * BUCKETS), MOST_PER_BUCKET);
  }

  /** Of what callers cause, in any number. */
  static large(): CallBuckets {
    return new CallBuckets(new Uint32Array(2 * BUCKETS), 0xffff_ffff);
  }

  add(at: number, failed: boolean): void {
    this.#advanceTo(bucketOf(at));
    const place = this.#last % BUCKETS;
    this.#increase(place);
    if (failed) this.#increase(BUCKETS + place);
  }

  /** Of {@link small} ones. */
  encoded(): EncodedCalls {
    const digits = (offset: number): string => this.#row(offset, (count) => DIGITS.charAt(count)).join('');
    return { last: this.#last, calls: digits(0), failures: digits(BUCKETS) };
  }

  /** The counts of the buckets that end with `now`'s, oldest first. */
  countsAt(now: number): { calls: number[]; failures: number[] } {
    this.#advanceTo(bucketOf(now));
    return { calls: this.#row(0, Number), failures: this.#row(BUCKETS, Number) };
  }

  #row<T>(offset: number, shown: (count: number) => T): T[] {
    return Array.from({ length: BUCKETS }, (_, index) =>
      shown(this.#counts[offset + ((this.#last + 1 + index) % BUCKETS)] ?? 0),
    );
  }

  /** Empties the buckets that were passed without a call. A time before the newest counts as the newest. */
  #advanceTo(bucket: number): void {
    const passed = Math.min(bucket - this.#last, BUCKETS);
    for (let back = 0; back < passed; back++) {
      const place = (bucket - back) % BUCKETS;
      this.#counts[place] = 0;
      this.#counts[BUCKETS + place] = 0;
    }
    this.#last = Math.max(this.#last, bucket);
  }

  #increase(place: number): void {
    this.#counts[place] = Math.min((this.#counts[place] ?? 0) + 1, this.#most);
  }
}

export function bucketOf(at: number): number {
  return Math.floor(at / BUCKET_MS);
}

/** The counts of the {@link BUCKETS} buckets that end with `now`'s, oldest first; those that are not known are 0. */
export function countsAt(encoded: EncodedCalls, now: number): { calls: number[]; failures: number[] } {
  const ahead = bucketOf(now) - encoded.last;
  const counts = (digits: string): number[] =>
    Array.from({ length: BUCKETS }, (_, index) =>
      Math.max(0, DIGITS.indexOf(digits.charAt(index + ahead) || 'A')),
    );
  return { calls: counts(encoded.calls), failures: counts(encoded.failures) };
}
