import { forceLeft, forceUsed, waitBeforeForce, type ForceHistory } from './force-budget.js';

const SECOND = 1000;
const DAY = 24 * 60 * 60 * SECOND;

describe('forced refreshes', () => {
  it('the first is allowed at once', () => {
    expect(waitBeforeForce([], 0)).toBe(0);
    expect(forceLeft([], 0)).toBe(20);
  });

  it.each([
    [0, 30 * SECOND],
    [30 * SECOND - 1, 1],
    [30 * SECOND, 0],
  ])('%p ms after one: wait %p ms', (now, wait) => {
    expect(waitBeforeForce([0], now)).toBe(wait);
  });

  it('the 21st within 24 hours waits until the first is a day old', () => {
    let history: ForceHistory = [];
    for (let nth = 0; nth < 20; nth += 1) {
      expect(waitBeforeForce(history, nth * 60 * SECOND)).toBe(0);
      history = forceUsed(history, nth * 60 * SECOND);
    }
    expect(forceLeft(history, 1200 * SECOND)).toBe(0);
    expect(waitBeforeForce(history, 1200 * SECOND)).toBe(DAY - 1200 * SECOND);
    expect(waitBeforeForce(history, DAY)).toBe(0);
    expect(forceLeft(history, DAY)).toBe(1);
  });
});
