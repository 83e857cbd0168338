import { Test } from '@nestjs/testing';

import { ClockModule } from './clock.module.js';
import { Clock } from './clock.js';
import { Randomness } from './randomness.js';
import { SystemClock } from './system-clock.js';
import type { TimeSource } from './time-source.js';

/** A machine whose clocks a test moves: `run` moves all, `sleep` all but the monotonic one. */
class Machine implements TimeSource {
  at = { monotonic: 1_000_000, uptime: 500_000, wall: 1_000_000 };
  uptimeReads = 0;
  /** By how much a reading of the uptime is off. */
  error = 0;
  monotonic = () => this.at.monotonic;
  wall = () => this.at.wall;
  uptime = () => {
    this.uptimeReads++;
    return this.at.uptime + this.error;
  };
  run(ms: number): void {
    this.at.monotonic += ms;
    this.sleep(ms);
  }
  sleep(ms: number): void {
    this.at.uptime += ms;
    this.at.wall += ms;
  }
}

const realMs = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('SystemClock', () => {
  it('follows the monotonic clock, whatever happens to the wall clock', () => {
    const machine = new Machine();
    const clock = new SystemClock(machine);
    const start = clock.now();
    machine.run(5000);
    machine.at.wall -= 86_400_000;
    expect(clock.now() - start).toBe(5000);
    machine.at.wall += 2 * 86_400_000;
    machine.run(5000);
    expect(clock.now() - start).toBe(10_000);
    expect(clock.wallNow()).toBe(machine.at.wall);
  });

  it('counts the time that the machine slept, from the first look after waking up', () => {
    const machine = new Machine();
    const clock = new SystemClock(machine);
    const start = clock.now();
    machine.run(300);
    machine.sleep(7_200_000);
    expect(clock.now() - start).toBe(7_200_300);
    machine.run(10_000);
    expect(clock.now() - start).toBe(7_210_300);
    machine.sleep(60_000);
    expect(clock.now() - start).toBe(7_270_300);
  });

  it('sees a sleep within a second even where the wall clock does not tell', () => {
    const machine = new Machine();
    const clock = new SystemClock(machine);
    const start = clock.now();
    machine.at.uptime += 7_200_000;
    machine.run(1000);
    expect(clock.now() - start).toBe(7_201_000);
  });

  it('takes a coarse uptime for no sleep, reads it once a second at most, and never goes back', () => {
    const machine = new Machine();
    const clock = new SystemClock(machine);
    const start = clock.now();
    const reads = machine.uptimeReads;
    let last = start;
    for (let i = 0; i < 100; i++) {
      machine.run(100);
      machine.error = i % 2 === 0 ? -900 : 900;
      expect(clock.now()).toBeGreaterThanOrEqual(last);
      last = clock.now();
    }
    expect(last - start).toBe(10_000);
    expect(machine.uptimeReads - reads).toBeLessThanOrEqual(10);
  });

  it('works where the uptime cannot be read', () => {
    const machine = new Machine();
    machine.at.uptime = NaN;
    const clock = new SystemClock(machine);
    const start = clock.now();
    machine.run(5000);
    expect(clock.now() - start).toBe(5000);
  });

  it('runs at once what came due while the machine slept', async () => {
    const machine = new Machine();
    const clock = new SystemClock(machine);
    const ran: string[] = [];
    clock.setTimeout(() => ran.push('due'), 3_600_000);
    const later = clock.setTimeout(() => ran.push('later'), 9_000_000);
    machine.sleep(7_200_000);
    await realMs(1200); // the watch looks once a second
    expect(ran).toEqual(['due']);
    clock.clearTimeout(later);
  });

  it('runs a timer when its time has come, never before, however long', async () => {
    const clock = new SystemClock();
    const due = clock.now() + 20;
    const ranAt = await new Promise<number>((resolve) => {
      clock.setTimeout(() => {
        resolve(clock.now());
      }, 20);
    });
    expect(ranAt).toBeGreaterThanOrEqual(due);
    let ran = false;
    const long = clock.setTimeout(() => (ran = true), 2 ** 33);
    await realMs(20);
    expect(ran).toBe(false);
    clock.clearTimeout(long);
    clock.clearTimeout(undefined);
  });

  it('does not run a cleared timer; still runs one after the shutdown', async () => {
    const clock = new SystemClock();
    const ran: string[] = [];
    clock.clearTimeout(clock.setTimeout(() => ran.push('cleared'), 1));
    clock.setTimeout(() => ran.push('before'), 5);
    clock.onApplicationShutdown();
    clock.setTimeout(() => ran.push('after'), 5);
    await realMs(40);
    expect(ran).toEqual(['before', 'after']);
  });

  it('is what the module provides, with a source of chance', async () => {
    const module = await Test.createTestingModule({ imports: [ClockModule] }).compile();
    expect(module.get(Clock)).toBeInstanceOf(SystemClock);
    const chance = module.get(Randomness).next();
    expect(chance).toBeGreaterThanOrEqual(0);
    expect(chance).toBeLessThan(1);
    await module.close();
  });
});
