import { FakeClock } from '../../../test/support/fake-clock.js';
import { CallsUnderWay, type WatchedCall } from './calls-under-way.js';
import { Silence } from './silence.js';

const clock = new FakeClock();
const call = (appid = 'wx-a'): WatchedCall & { looks: number[]; ended: number } => ({
  holder: { appid },
  place: -1,
  looks: [],
  ended: 0,
  look(now) {
    this.looks.push(now);
  },
  end() {
    this.ended += 1;
  },
});

describe('calls under way', () => {
  it('are each looked at, and removed ones no longer, in whatever order they go', async () => {
    const calls = new CallsUnderWay(clock, 1000);
    const [a, b, c, d] = [call(), call(), call(), call()];
    for (const one of [a, b, c, d]) calls.add(one);
    calls.remove(b);
    calls.remove(d);
    await clock.advance(100);
    expect([a, b, c, d].map((one) => one.looks.length)).toEqual([1, 0, 1, 0]);
    calls.remove(a);
    calls.endAll();
    expect([a, b, c, d].map((one) => one.ended)).toEqual([0, 0, 1, 0]);
    calls.remove(c);
  });

  it('need no timer when there are none', async () => {
    const calls = new CallsUnderWay(clock, 1000);
    const one = call();
    calls.add(one);
    calls.remove(one);
    await clock.advance(100);
    expect(clock.nextDueIn()).toBeUndefined();
    calls.add(one);
    expect(clock.nextDueIn()).toBe(100);
    calls.remove(one);
    await clock.advance(100);
  });

  it('are bounded per app, so that one app leaves room for the others, and in all', () => {
    const calls = new CallsUnderWay(clock, 1000);
    const apps = ['wx-a', 'wx-b', 'wx-c'];
    const fill = (appid: string): WatchedCall[] => {
      const added: WatchedCall[] = [];
      while (calls.hasRoomFor({ appid })) {
        const one = call(appid);
        added.push(one);
        calls.add(one);
      }
      return added;
    };
    const [a, b, c] = apps.map(fill);
    expect([a?.length, b?.length, c?.length]).toEqual([2000, 2000, 1000]);
    calls.remove(a![0]!);
    expect(apps.map((appid) => calls.hasRoomFor({ appid }))).toEqual([true, false, true]);
    for (const one of [...a!.slice(1), ...b!, ...c!]) calls.remove(one);
  });
});

describe('silence', () => {
  it.each([
    ['upstream', 999, undefined],
    ['upstream', 1000, 'upstream'],
    ['caller', 59_999, undefined],
    ['caller', 60_000, 'caller'],
    ['hub', 1e9, undefined],
  ] as const)('of %s, %d ms after a look that saw no move: %s', (side, ms, silent) => {
    const silence = new Silence(1000);
    silence.waitFor(side);
    expect(silence.at(5000)).toBeUndefined();
    expect(silence.at(5000 + ms)).toBe(silent);
  });

  it('ends with each move', () => {
    const silence = new Silence(1000);
    silence.waitFor('upstream');
    expect(silence.at(0)).toBeUndefined();
    silence.waitFor('upstream');
    expect(silence.at(1000)).toBeUndefined();
    expect(silence.at(1999)).toBeUndefined();
    expect(silence.at(2000)).toBe('upstream');
  });
});
