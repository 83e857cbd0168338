import { SpedUpClock } from './sped-up-clock.js';

describe('SpedUpClock', () => {
  it('runs a timer of 10 s in 10 real ms at factor 1000, and never early', async () => {
    const clock = new SpedUpClock(1000);
    const [start, realStart] = [clock.now(), performance.now()];
    await new Promise<void>((resolve) => {
      clock.setTimeout(resolve, 10_000);
    });
    expect(clock.now() - start).toBeGreaterThanOrEqual(10_000);
    expect(performance.now() - realStart).toBeLessThan(900);
  });

  it('does not run a cleared timer', async () => {
    const clock = new SpedUpClock(1000);
    let ran = false;
    const handle = clock.setTimeout(() => (ran = true), 1000);
    clock.clearTimeout(handle);
    clock.clearTimeout(undefined);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(ran).toBe(false);
  });

  it.each([0, -1, NaN, Infinity])('refuses the factor %p', (factor) => {
    expect(() => new SpedUpClock(factor)).toThrow(RangeError);
  });
});
