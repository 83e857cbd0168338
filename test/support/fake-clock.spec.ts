import { FakeClock, settle } from './fake-clock.js';

describe('FakeClock', () => {
  it('stands still until it is advanced', async () => {
    const clock = new FakeClock(1000);
    await settle();
    expect(clock.now()).toBe(1000);
    await clock.advance(250);
    expect(clock.now()).toBe(1250);
  });

  it('runs due timers in order, each at its own time, and none before', async () => {
    const clock = new FakeClock(0);
    const ran: string[] = [];
    clock.setTimeout(() => ran.push(`c@${clock.now()}`), 30);
    clock.setTimeout(() => ran.push(`a@${clock.now()}`), 10);
    clock.setTimeout(() => ran.push(`b@${clock.now()}`), 10);
    await clock.advance(9);
    expect(ran).toEqual([]);
    await clock.advance(1);
    expect(ran).toEqual(['a@10', 'b@10']);
    await clock.advance(100);
    expect(ran).toEqual(['a@10', 'b@10', 'c@30']);
    expect(clock.now()).toBe(110);
  });

  it('runs what a timer and the promises behind it arm on the way', async () => {
    const clock = new FakeClock(0);
    const ran: number[] = [];
    const loop = async () => {
      await Promise.resolve();
      ran.push(clock.now());
      clock.setTimeout(() => void loop(), 10);
    };
    clock.setTimeout(() => void loop(), 10);
    await clock.advance(35);
    expect(ran).toEqual([10, 20, 30]);
  });

  it('does not run a cleared timer', async () => {
    const clock = new FakeClock();
    const handle = clock.setTimeout(() => {
      throw new Error('ran');
    }, 10);
    clock.clearTimeout(handle);
    clock.clearTimeout(undefined);
    await clock.advance(100);
    expect(clock.armed()).toBe(0);
  });

  it('lets a test wait until a timer is armed', async () => {
    const clock = new FakeClock();
    let armed = false;
    const waiting = clock.waitUntilArmed(2).then(() => (armed = true));
    clock.setTimeout(() => undefined, 10);
    await settle();
    expect(armed).toBe(false);
    clock.setTimeout(() => undefined, 5);
    await waiting;
    expect(clock.nextDueIn()).toBe(5);
  });

  it('stalls: time passes, timers run late', async () => {
    const clock = new FakeClock(0);
    const ran: number[] = [];
    clock.setTimeout(() => ran.push(clock.now()), 10);
    clock.stall(50);
    expect(ran).toEqual([]);
    await clock.advance(0);
    expect(ran).toEqual([50]);
  });

  it('tells a jump of the wall clock from time', () => {
    const clock = new FakeClock(0);
    clock.jumpWall(3_600_000);
    expect(clock.now()).toBe(0);
    expect(clock.wallNow()).toBe(3_600_000);
  });
});
