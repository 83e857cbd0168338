import { daysLeft, isSilentSince, stageOf } from './expiry.js';

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
    expect(stageOf(left === undefined ? undefined : NOW + left, NOW)).toBe(stage);
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

describe('a process that does not know what was told before it started', () => {
  it.each([
    ['at the start', 3 * DAY, 3 * DAY, true],
    ['the same day of what is left', 3 * DAY, 2 * DAY + 1, true],
    ['the next one', 3 * DAY, 2 * DAY, false],
    ['a stage that is reached later', 14 * DAY + 1, 14 * DAY, false],
    ['the last day', DAY, DAY, false],
  ])('%s', (_what, leftAtStart, left, isSilent) => {
    expect(isSilentSince(NOW - leftAtStart, NOW, NOW - left)).toBe(isSilent);
  });

  it('however often it is started, tells at most once a day before the last', () => {
    const tellings: number[] = [];
    for (let startedAt = NOW - 5 * DAY; startedAt < NOW - DAY; startedAt += DAY / 7) {
      for (let at = startedAt; at < startedAt + DAY / 7; at += 60_000) {
        if (isSilentSince(startedAt, NOW, at)) continue;
        tellings.push(Math.floor((NOW - at) / DAY));
        break;
      }
    }
    expect(tellings.length).toBe(new Set(tellings).size);
  });
});
