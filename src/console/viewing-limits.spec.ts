import { LIVE_ANSWERS, ViewingLimits } from './viewing-limits.js';

const passed = (count: number, ask: () => number) =>
  Array.from({ length: count }, ask).filter((wait) => wait === 0).length;

describe('how often the console may be asked', () => {
  it('one client that asks without end locks out no other', () => {
    const limits = new ViewingLimits();
    expect(passed(5000, () => limits.ofClient('shop', 0))).toBe(LIVE_ANSWERS.ofClient);
    expect(limits.ofClient('shop', 0)).toBeGreaterThan(0);
    expect(passed(100, () => limits.ofClient('operators', 0))).toBe(100);
  });

  it('strangers of an open console lock out nobody who shows a key, and one of them not the others', () => {
    const limits = new ViewingLimits();
    expect(passed(5000, () => limits.ofAddress('192.0.2.1', 0))).toBe(LIVE_ANSWERS.ofOpenAddress);
    expect(limits.ofAddress('192.0.2.2', 0)).toBe(0);
    for (let host = 3; host < 200; host += 1) passed(100, () => limits.ofAddress(`192.0.2.${host}`, 0));
    expect(limits.ofAddress('192.0.2.201', 0)).toBeGreaterThan(0);
    expect(passed(100, () => limits.ofClient('operators', 0))).toBe(100);
  });
});
