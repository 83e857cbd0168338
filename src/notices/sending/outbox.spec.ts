import * as fc from 'fast-check';
import { LONGEST_WAIT_MS, MOST_WAITING, Outbox, RETRIES_MS } from './outbox.js';
import { PACES } from './robots.js';

const T = 1_000_000;
const FREE = { perMinute: 1000, gapMs: 0 };

describe('an outbox', () => {
  it('has nothing to wait for when it is empty', () => {
    expect(new Outbox(FREE).waitMs(T)).toBeUndefined();
  });

  it('tries a message after each back-off, five times in all', () => {
    const outbox = new Outbox<string>(FREE);
    outbox.add('first');
    outbox.add('second');
    let now = T;
    for (const backoff of RETRIES_MS) {
      expect(outbox.waitMs(now)).toBe(0);
      expect(outbox.take(now)).toBe('first');
      expect(outbox.failed(now, 0)).toBe(false);
      expect(outbox.waitMs(now)).toBe(backoff);
      now += backoff;
    }
    outbox.take(now);
    expect(outbox.failed(now, 0)).toBe(true);
    expect(outbox.waitMs(now)).toBe(0);
    expect(outbox.take(now)).toBe('second');
    outbox.sent();
    expect(outbox.size).toBe(0);
  });

  it.each([
    ['what the answer asks for', 45_000, 45_000],
    ['no less than the back-off', 1, RETRIES_MS[0]],
    ['no more than ten minutes', 86_400_000, LONGEST_WAIT_MS],
  ])('waits for %s', (_what, asked, waits) => {
    const outbox = new Outbox<string>(FREE);
    outbox.add('it');
    outbox.take(T);
    expect(outbox.failed(T, asked)).toBe(false);
    expect(outbox.waitMs(T)).toBe(waits);
  });

  it('gives a message up at once where trying again is of no use', () => {
    const outbox = new Outbox<string>(FREE);
    outbox.add('it');
    outbox.take(T);
    expect(outbox.failed(T, 'never')).toBe(true);
    expect(outbox.waitMs(T)).toBeUndefined();
  });

  it('gives up the oldest but the one under way when there are too many', () => {
    const outbox = new Outbox<number>(FREE);
    for (let index = 0; index < MOST_WAITING; index++) expect(outbox.add(index)).toBeUndefined();
    outbox.take(T);
    expect(outbox.add(MOST_WAITING)).toBe(1);
    expect(outbox.size).toBe(MOST_WAITING);
    outbox.sent();
    expect(outbox.take(T)).toBe(2);
  });

  it.each(Object.entries(PACES))('keeps the pace of %s, whatever comes and fails', (_type, pace) => {
    const step = fc.record({
      adds: fc.integer({ min: 0, max: 5 }),
      afterMs: fc.integer({ min: 0, max: 5000 }),
      outcome: fc.constantFrom<'sent' | 'busy' | 'never'>('sent', 'busy', 'never'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const outbox = new Outbox<number>(pace);
        const attempts: number[] = [];
        let now = T;
        for (const { adds, afterMs, outcome } of steps) {
          for (let index = 0; index < adds; index++) outbox.add(index);
          now += Math.max(afterMs, outbox.waitMs(now) ?? 0);
          if (outbox.waitMs(now) !== 0) continue;
          outbox.take(now);
          attempts.push(now);
          if (outcome === 'sent') outbox.sent();
          else outbox.failed(now, outcome === 'busy' ? 0 : 'never');
        }
        for (const [index, at] of attempts.entries()) {
          expect(at - (attempts[index - 1] ?? -Infinity)).toBeGreaterThanOrEqual(pace.gapMs);
          expect(at - (attempts[index - pace.perMinute] ?? -Infinity)).toBeGreaterThanOrEqual(60_000);
        }
      }),
      { numRuns: 30 },
    );
  });
});
