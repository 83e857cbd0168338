import fc from 'fast-check';

import { BoundedMap } from './bounded-map.js';

describe('BoundedMap', () => {
  it('never holds more than its capacity, and never gives a value that is not the last one set', () => {
    const operation = fc.record({ key: fc.nat(30), write: fc.boolean() });
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 20 }),
        fc.array(operation, { maxLength: 300 }),
        (capacity, operations) => {
          const map = new BoundedMap<number, { at: number }>(capacity);
          const last = new Map<number, { at: number }>();
          operations.forEach(({ key, write }, at) => {
            if (write) {
              const value = { at };
              map.set(key, value);
              last.set(key, value);
              expect(map.get(key)).toBe(value);
            } else {
              const value = map.get(key);
              if (value !== undefined) expect(value).toBe(last.get(key));
            }
            expect(map.size).toBeLessThanOrEqual(capacity);
          });
        },
      ),
      { numRuns: 500 },
    );
  });

  it('keeps what is used again before half the capacity of others came', () => {
    const map = new BoundedMap<string, object>(100);
    const kept = {};
    map.set('kept', kept);
    for (let i = 0; i < 10_000; i++) {
      map.set(String(i), {});
      if (i % 49 === 0) expect(map.get('kept')).toBe(kept);
    }
    expect(map.get('0')).toBeUndefined();
  });

  it('forgets all when cleared', () => {
    const map = new BoundedMap<string, object>(2);
    map.set('a', {});
    map.set('b', {});
    map.clear();
    expect([map.get('a'), map.get('b'), map.size]).toEqual([undefined, undefined, 0]);
  });

  it.each([1, 0, -1, Number.NaN])('refuses a capacity of %d', (capacity) => {
    expect(() => new BoundedMap(capacity)).toThrow(RangeError);
  });
});
