import { reconnectDelay, refusalDelay, RetryPace, STEADY_MS } from './retry-pace.js';

describe('the pause before the next try', () => {
  it.each([
    ['a connection', reconnectDelay, [50, 100, 200, 1600, 2000, 2000], [38, 62]],
    ['what was refused', refusalDelay, [1000, 2000, 4000, 32_000, 60_000, 60_000], [750, 1250]],
  ] as const)('of %s grows up to a bound, and is not in step with others', (_name, delay, grown, spread) => {
    expect([1, 2, 3, 6, 7, 1000].map((times) => delay(times, 0.5))).toEqual(grown);
    expect([delay(1, 0), delay(1, 0.9999)].map(Math.round)).toEqual(spread);
  });
});

describe('RetryPace', () => {
  const pace = () => new RetryPace(() => 0.5);

  it('grows while no connection is of use', () => {
    const retry = pace();
    expect([0, 1, 2, 3].map((now) => retry.lost(now))).toEqual([50, 100, 200, 400]);
  });

  it.each([
    [STEADY_MS - 1, 100],
    [STEADY_MS, 50],
  ])('after a connection that was of use for %p ms: %p ms', (lived, expected) => {
    const retry = pace();
    retry.lost(0);
    retry.useful(1000);
    retry.useful(1000 + lived - 1);
    expect(retry.lost(1000 + lived)).toBe(expected);
  });

  it('does not count the use of an earlier connection', () => {
    const retry = pace();
    retry.useful(0);
    retry.lost(STEADY_MS);
    expect(retry.lost(STEADY_MS * 3)).toBe(100);
  });
});
