import { localMinute, localTime } from './local-time.js';

describe('a time for people', () => {
  const at = Date.UTC(2026, 11, 4, 16, 0, 10);

  it.each([
    ['Asia/Shanghai', '2026-12-05 00:00:10 UTC+8'],
    ['UTC', '2026-12-04 16:00:10 UTC'],
    ['America/New_York', '2026-12-04 11:00:10 UTC-5'],
    ['Asia/Kolkata', '2026-12-04 21:30:10 UTC+5:30'],
  ])('in %s', (zone, text) => {
    expect(localTime(at, zone)).toBe(text);
  });

  it('to the minute', () => {
    expect(localMinute(at, 'Asia/Shanghai')).toBe('2026-12-05 00:00 UTC+8');
  });

  it('of the machine, where none is named', () => {
    expect(localTime(at, undefined)).toMatch(/^2026-12-0[45] \d\d:\d\d:10 UTC([+-]\d+(:\d+)?)?$/);
  });
});
