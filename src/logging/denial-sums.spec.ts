import * as fc from 'fast-check';
import { DenialSums, MOST_SOURCES, SUMMED_MS, type Denial, type DenialSum } from './denial-sums.js';

const T = Date.UTC(2026, 10, 25);

function denial(rest: Partial<Denial> = {}): Denial {
  return { reason: 'unknown_key', client: undefined, address: '203.0.113.1', ...rest };
}

describe('denials of one kind from one source', () => {
  it('the first is a line at once', () => {
    expect(new DenialSums().take(denial({ client: 'shop' }), T)).toBe('first');
  });

  it('those that follow are one line a minute, for as long as they go on', () => {
    const sums = new DenialSums();
    sums.take(denial(), T);
    for (let second = 1; second < 60; second++) {
      expect(sums.take(denial(), T + second * 1000)).toBeUndefined();
    }
    expect(sums.nextDueAt).toBe(T + SUMMED_MS);
    expect(sums.due(T + SUMMED_MS - 1)).toEqual([]);
    expect(sums.due(T + SUMMED_MS)).toEqual([
      { reason: 'unknown_key', client: undefined, source: '203.0.113.1', count: 59 },
    ]);
    sums.take(denial(), T + 90_000);
    expect(sums.due(T + 2 * SUMMED_MS).map(({ count }) => count)).toEqual([1]);
    // A minute of silence: forgotten, and the next one is a first one.
    expect(sums.due(T + 3 * SUMMED_MS)).toEqual([]);
    expect(sums.nextDueAt).toBeUndefined();
    expect(sums.take(denial(), T + 3 * SUMMED_MS)).toBe('first');
  });

  it.each<[string, Partial<Denial>]>([
    ['another reason', { reason: 'expired_key' }],
    ['another client', { client: 'news' }],
    ['another address', { address: '203.0.113.2' }],
  ])('%s is another kind or source', (_what, other) => {
    const sums = new DenialSums();
    sums.take(denial(), T);
    expect(sums.take(denial(other), T)).toBe('first');
    expect(sums.take(denial(), T)).toBeUndefined();
  });

  it('addresses of one IPv6 /64 are one source', () => {
    const sums = new DenialSums();
    expect(sums.take(denial({ address: '2001:db8:1:2::1' }), T)).toBe('first');
    expect(sums.take(denial({ address: '2001:db8:1:2:ffff::9' }), T)).toBeUndefined();
    expect(sums.take(denial({ address: '2001:db8:1:3::1' }), T)).toBeDefined();
    expect(sums.due(T + SUMMED_MS)).toMatchObject([{ source: '2001:db8:1:2::/64', count: 1 }]);
  });

  it('a shutdown writes what is counted', () => {
    const sums = new DenialSums();
    sums.take(denial(), T);
    sums.take(denial({ address: '203.0.113.2' }), T);
    sums.take(denial(), T);
    expect(sums.drain()).toMatchObject([{ source: '203.0.113.1', count: 1 }]);
    expect(sums.drain()).toEqual([]);
    expect(sums.nextDueAt).toBeUndefined();
  });
});

describe('many sources at once', () => {
  const address = (index: number) => `10.0.${Math.floor(index / 256)}.${index % 256}`;

  it('beyond the bound they are one sum per reason, and room comes back when they fall silent', () => {
    const sums = new DenialSums();
    let lines = 0;
    for (let index = 0; index < 20_000; index++) {
      for (const reason of ['unknown_key', 'no_key']) {
        if (sums.take(denial({ address: address(index), reason }), T + index / 1000) !== undefined)
          lines += 1;
      }
    }
    expect(lines).toBe(MOST_SOURCES + 2);
    const due = sums.due(T + SUMMED_MS + 20);
    expect(due).toEqual(
      ['unknown_key', 'no_key'].map((reason) =>
        expect.objectContaining({ reason, count: 20_000 - MOST_SOURCES / 2 - 1 }),
      ),
    );
    expect(due.every((line) => line.source === undefined)).toBe(true);
    expect(sums.due(T + 2 * SUMMED_MS + 40)).toEqual([]);
    expect(sums.take(denial({ address: address(30_000) }), T + 2 * SUMMED_MS + 41)).toBe('first');
  });

  it('whatever comes, none is lost, none is counted twice, and lines a minute are bounded', () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 0, max: 40_000 }),
      address: fc.integer({ min: 0, max: 700 }),
      reason: fc.constantFrom('unknown_key', 'no_key', 'address'),
      times: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const sums = new DenialSums();
        let now = T;
        let told = 0;
        let taken = 0;
        const write = (lines: readonly DenialSum[]) => {
          for (const { count } of lines) told += count;
        };
        for (const { afterMs, address: index, reason, times } of steps) {
          now += afterMs;
          if (sums.nextDueAt !== undefined && sums.nextDueAt <= now) write(sums.due(now));
          for (let time = 0; time < times; time++) {
            taken += 1;
            if (sums.take(denial({ reason, address: address(index) }), now) !== undefined) told += 1;
          }
          expect(sums.nextDueAt).toBeGreaterThan(now);
        }
        write(sums.drain());
        expect(told).toBe(taken);
      }),
    );
  });
});
