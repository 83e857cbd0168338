import fc from 'fast-check';
import { aHeld } from '../../../../test/support/builders.js';
import { timesFromStore, timesToStore } from './redis-time.js';

const ms = fc.integer({ min: 0, max: 400 });
const clock = fc.integer({ min: 0, max: 2_000_000_000_000 });

describe('times on the way through Redis', () => {
  it('only ever shorten a life, by no more than the commands took and two roundings, however far apart the clocks are', () => {
    fc.assert(
      fc.property(clock, clock, clock, ms, ms, ms, ms, ms, (writer, redis, reader, a, b, c, d, apart) => {
        // True time 0 is `writer`, `redis` and `reader` on the three clocks. The writer reads TIME between 0 and a + b.
        const held = aHeld({ issuedAt: writer + 0.5, lifeMs: 7_200_000, confirmedAt: writer + 3.25 });
        const stored = timesToStore(held, {
          sentAt: writer,
          redisNow: redis + a,
          receivedAt: writer + a + b,
        });
        const start = a + b + apart;
        const read = timesFromStore(stored, {
          sentAt: reader + start,
          redisNow: redis + start + c,
          receivedAt: reader + start + c + d,
        });
        for (const time of ['issuedAt', 'confirmedAt', 'expiresAt'] as const) {
          const late = read[time] - reader - (held[time] - writer);
          expect(late).toBeLessThanOrEqual(0);
          expect(late).toBeGreaterThanOrEqual(-(b + c) - 2);
        }
      }),
    );
  });
});
