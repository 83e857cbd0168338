import fc from 'fast-check';

import { admit, FRESH_WINDOW, WINDOW_MS, WindowCounter, type WindowState } from './limit.js';

const START = 1_763_900_000_000;

/** Sends requests at the given times; gives those of the admitted. */
function admittedAt(times: readonly number[], limit: number): number[] {
  const counter = new WindowCounter();
  return times.filter((now) => counter.take(now, limit) === 0);
}

const inWindow = (times: readonly number[], from: number, ms: number) =>
  times.filter((at) => at >= from && at < from + ms).length;

/** Requests whose gaps are often none, often small, now and then around or beyond a window. */
const traffic = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constant(0) },
      { weight: 4, arbitrary: fc.nat(3_000) },
      { weight: 2, arbitrary: fc.integer({ min: 20_000, max: 70_000 }) },
      { weight: 1, arbitrary: fc.constantFrom(59_999, 60_000, 60_001, 119_999, 120_000, 120_001, 500_000) },
    ),
    { minLength: 1, maxLength: 150 },
  )
  .map((gaps) => {
    let now = START;
    return gaps.map((gap) => (now += gap));
  });
const limits = fc.integer({ min: 1, max: 12 });

describe('admit', () => {
  it.each([1, 2, 20, 6000])('lets exactly %d through in a fresh window', (limit) => {
    const times = Array.from(
      { length: limit + 5 },
      (_, index) => START + Math.floor((index * 59_000) / (limit + 5)),
    );
    expect(admittedAt(times, limit)).toEqual(times.slice(0, limit));
  });

  it.each([
    // Of a limit of 10, all used up in the window before; how many pass in the new one, so long after its begin.
    [0, 0],
    [1, 1],
    [6_000, 1],
    [6_001, 2],
    [30_000, 5],
    [30_001, 6],
    [54_001, 10],
    [59_999, 10],
    [60_000, 10],
  ])('%d ms into the window after a full one, %d more pass', (elapsed, passes) => {
    const before = Array<number>(10).fill(START);
    const now = Array<number>(20).fill(START + WINDOW_MS + elapsed);
    expect(admittedAt([...before, ...now], 10)).toHaveLength(10 + passes);
  });

  it('does not change the state it is given', () => {
    const state: WindowState = Object.freeze({ startedAt: START, count: 1, previous: 1 });
    expect(admit(state, START + 1, 5)).toEqual({
      state: { startedAt: START, count: 2, previous: 1 },
      admitted: true,
      retryAfterSeconds: 0,
    });
    expect(admit(FRESH_WINDOW, START, 1).state).toEqual({ startedAt: START, count: 1, previous: 0 });
  });

  it('does not count what it refuses', () => {
    const full = admit(FRESH_WINDOW, START, 1).state;
    const refused = admit(full, START + 10, 1);
    expect(refused).toEqual({ state: full, admitted: false, retryAfterSeconds: 60 });
  });

  it('names the wait: a window for a full one, no more than 1 s near its end', () => {
    const full = { startedAt: START, count: 5, previous: 0 };
    expect(admit(full, START, 5).retryAfterSeconds).toBe(61);
    expect(admit(full, START + 1, 5).retryAfterSeconds).toBe(60);
    expect(admit(full, START + 59_999, 5).retryAfterSeconds).toBe(1);
  });

  it('holds when a reload makes the limit smaller than what was admitted', () => {
    const state = { startedAt: START, count: 100, previous: 0 };
    const { admitted, retryAfterSeconds } = admit(state, START + 1_000, 1);
    expect(admitted).toBe(false);
    expect(admit(state, START + 1_000 + retryAfterSeconds * 1000, 1).admitted).toBe(true);
  });

  it('does not forget what it admitted when the clock goes back', () => {
    const full = { startedAt: START, count: 2, previous: 0 };
    expect(admit(full, START - 1_000_000, 2).admitted).toBe(false);
  });
});

describe('what the limiter guarantees', () => {
  it('never more than 2 N in any 60 s, never more than (k + 1) N in any k minutes', () => {
    fc.assert(
      fc.property(traffic, limits, (times, limit) => {
        const admitted = admittedAt(times, limit);
        for (const from of admitted) {
          for (const minutes of [1, 2, 5]) {
            expect(inWindow(admitted, from, minutes * WINDOW_MS)).toBeLessThanOrEqual((minutes + 1) * limit);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('never refuses while fewer than N were admitted in the last 120 s', () => {
    fc.assert(
      fc.property(traffic, limits, (times, limit) => {
        const counter = new WindowCounter();
        const admitted: number[] = [];
        for (const now of times) {
          const recent = admitted.filter((at) => at > now - 2 * WINDOW_MS).length;
          const passes = counter.take(now, limit) === 0;
          if (recent < limit) expect(passes).toBe(true);
          if (passes) admitted.push(now);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('admits again after the wait it names, which is whole seconds from 1 to 120', () => {
    fc.assert(
      fc.property(
        traffic,
        limits,
        limits,
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (times, a, b, part) => {
          let state = FRESH_WINDOW;
          for (const [index, time] of times.entries()) {
            const now = time + part;
            const limit = index % 7 === 0 ? b : a;
            const result = admit(state, now, limit);
            state = result.state;
            if (result.admitted) continue;
            expect(Number.isInteger(result.retryAfterSeconds)).toBe(true);
            expect(result.retryAfterSeconds).toBeGreaterThanOrEqual(1);
            expect(result.retryAfterSeconds).toBeLessThanOrEqual(120);
            expect(admit(state, now + result.retryAfterSeconds * 1000, limit).admitted).toBe(true);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('gives a caller that never stops asking N a minute', () => {
    const limit = 50;
    const times = Array.from({ length: 10 * 6_000 }, (_, index) => START + index * 10);
    const admitted = admittedAt(times, limit);
    for (let minute = 0; minute < 10; minute++) {
      expect(inWindow(admitted, START + minute * WINDOW_MS, WINDOW_MS)).toBe(limit);
    }
  });
});
