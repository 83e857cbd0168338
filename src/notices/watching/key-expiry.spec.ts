import { daysLeft, keyStageOf } from './key-expiry.js';

const NOW = Date.UTC(2026, 10, 25);
const DAY = 86_400_000;

describe('a key that ends', () => {
  it.each([
    [undefined, undefined],
    [14 * DAY + 1, undefined],
    [14 * DAY, 14],
    [3 * DAY + 1, 14],
    [3 * DAY, 3],
    [DAY + 1, 3],
    [DAY, 1],
    [1, 1],
    [0, undefined],
    [-DAY, undefined],
  ])('in %p ms is at stage %p', (left, stage) => {
    expect(keyStageOf(left === undefined ? undefined : NOW + left, NOW)).toBe(stage);
  });

  it.each([
    [1, 1],
    [DAY, 1],
    [DAY + 1, 2],
    [-1, 0],
  ])('in %p ms has %p days left', (left, days) => {
    expect(daysLeft(NOW + left, NOW)).toBe(days);
  });
});
