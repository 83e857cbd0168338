import fc from 'fast-check';
import { BUCKET_MS, BUCKETS, CallBuckets, countsAt, MOST_PER_BUCKET } from './call-buckets.js';

const START = 1_795_000_000_000 - (1_795_000_000_000 % BUCKET_MS);

describe('CallBuckets', () => {
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

  it('has a call in the bucket in which it ended', () => {
    const buckets = CallBuckets.small();
    buckets.add(START, false);
    buckets.add(START + BUCKET_MS - 1, true);
    buckets.add(START + BUCKET_MS, false);
    const { calls, failures } = countsAt(buckets.encoded(), START + BUCKET_MS);
    expect(calls.slice(-3)).toEqual([0, 2, 1]);
    expect(failures.slice(-3)).toEqual([0, 1, 0]);
  });

  it('forgets what is older than its buckets, also after a silence of any length', () => {
    const buckets = CallBuckets.small();
    buckets.add(START, true);
    const newest = START + (BUCKETS - 1) * BUCKET_MS;
    expect(countsAt(buckets.encoded(), newest).calls[0]).toBe(1);
    expect(sum(countsAt(buckets.encoded(), newest + BUCKET_MS).calls)).toBe(0);
    buckets.add(START + 1000 * BUCKETS * BUCKET_MS, false);
    expect(sum(countsAt(buckets.encoded(), START + 1000 * BUCKETS * BUCKET_MS).calls)).toBe(1);
  });

  it('counts no further than a digit can say', () => {
    const buckets = CallBuckets.small();
    for (let i = 0; i < 300; i++) buckets.add(START, true);
    const { calls, failures } = countsAt(buckets.encoded(), START);
    expect([calls.at(-1), failures.at(-1)]).toEqual([MOST_PER_BUCKET, MOST_PER_BUCKET]);
  });

  it('counts what callers cause as far as it goes', () => {
    const buckets = CallBuckets.large();
    for (let i = 0; i < 1000; i++) buckets.add(START, i % 2 === 0);
    const { calls, failures } = buckets.countsAt(START);
    expect([calls.at(-1), failures.at(-1)]).toEqual([1000, 500]);
  });

  it('agrees with a plain list of calls, whatever comes', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 20 * BUCKET_MS }), fc.boolean()), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 60 * BUCKET_MS }), (waits, silence) => {
        const buckets = CallBuckets.small();
        const large = CallBuckets.large();
        const all: { bucket: number; failed: boolean }[] = [];
        let at = START;
        for (const [wait, failed] of waits) {
          at += wait;
          buckets.add(at, failed);
          large.add(at, failed);
          all.push({ bucket: Math.floor(at / BUCKET_MS), failed });
        }
        const now = at + silence;
        const first = Math.floor(now / BUCKET_MS) - BUCKETS + 1;
        const expected = (only: boolean) =>
          Array.from(
            { length: BUCKETS },
            (_, index) =>
              all.filter(({ bucket, failed }) => bucket === first + index && (failed || !only)).length,
          );
        const { calls, failures } = countsAt(buckets.encoded(), now);
        expect(calls).toEqual(expected(false));
        expect(failures).toEqual(expected(true));
        expect(large.countsAt(now)).toEqual({ calls, failures });
      }),
    );
  });
});
