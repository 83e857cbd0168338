import type { OnApplicationShutdown } from '@nestjs/common';

import { Clock } from './clock.js';
import type { TimerHandle } from './clock.js';
import { MACHINE_TIME } from './time-source.js';
import type { TimeSource } from './time-source.js';

/** How often at most the uptime is read (some 10 µs each). Milliseconds. */
const CHECK_EVERY_MS = 1000;
/** Clocks that part by more than this have parted by a sleep, not by a coarse uptime (1 s on macOS). Milliseconds. */
const SLEEP_MS = 2000;
/** Node runs a timer of more at once. A longer one is armed in steps. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface Timer {
  readonly due: number;
  readonly callback: () => void;
  node: NodeJS.Timeout | undefined;
}

/**
 * Real time.
 *
 * - `now()` is the monotonic clock, raised to the epoch at the start of the process: nobody's `date -s`, and no
 *   step of NTP, moves it.
 * - The monotonic clock of Linux (CLOCK_MONOTONIC) stands still while the machine is suspended; WeChat's does not.
 *   A hub that slept for two hours would hand out dead tokens for two more. `os.uptime()` (/proc/uptime, which is
 *   CLOCK_BOOTTIME) goes on, so whatever it gained on the monotonic clock was sleep, and is added.
 * - Node's timers live on the same clock that stood still, so after a sleep they are armed anew: what came due
 *   while the machine slept runs at once. No timer runs before `now()` has reached its time.
 * - The uptime is read once a second while timers are armed, and by `now()` when the last reading is older, or
 *   when the wall clock has jumped: a machine that wakes up sees that first. The wall clock only occasions the
 *   look; it is never believed.
 *
 * Not seen: a pause that the guest's kernel itself does not notice (a hypervisor that freezes the VM without
 * telling it); then no clock but the wall clock differs. Reconciling and callers' reports cover that.
 */
export class SystemClock extends Clock implements OnApplicationShutdown {
  readonly #source: TimeSource;
  readonly #timers = new Set<Timer>();
  #watch: NodeJS.Timeout | undefined;
  #closed = false;
  /** Milliseconds that the machine slept since the start, as far as seen. Only grows. */
  #suspended = 0;
  #checkedAt: number;
  #uptimeThen: number;
  #wallAhead: number;

  constructor(source: TimeSource = MACHINE_TIME) {
    super();
    this.#source = source;
    this.#checkedAt = source.monotonic();
    this.#uptimeThen = source.uptime();
    this.#wallAhead = source.wall() - this.#checkedAt;
  }

  override now(): number {
    const monotonic = this.#source.monotonic();
    if (
      monotonic - this.#checkedAt >= CHECK_EVERY_MS ||
      Math.abs(this.#source.wall() - monotonic - this.#wallAhead) > SLEEP_MS
    ) {
      this.#lookForSleep(monotonic);
    }
    return monotonic + this.#suspended;
  }

  override wallNow(): number {
    return this.#source.wall();
  }

  override setTimeout(callback: () => void, delayMs: number): TimerHandle {
    const timer: Timer = { due: this.now() + Math.max(0, delayMs), callback, node: undefined };
    this.#timers.add(timer);
    this.#arm(timer);
    if (!this.#closed) {
      this.#watch ??= setInterval(() => this.now(), CHECK_EVERY_MS).unref();
    }
    return timer;
  }

  override clearTimeout(handle: TimerHandle | undefined): void {
    const timer = handle as Timer | undefined;
    if (timer !== undefined && this.#timers.has(timer)) {
      this.#drop(timer);
    }
  }

  /** Ends the watch for sleeps. Timers stay: calls under way still need their time limits. */
  onApplicationShutdown(): void {
    this.#closed = true;
    this.#endWatch();
  }

  #arm(timer: Timer): void {
    clearTimeout(timer.node);
    const wait = Math.min(Math.max(0, Math.ceil(timer.due - this.now())), LONGEST_TIMER_MS);
    timer.node = setTimeout(() => {
      if (this.now() < timer.due) {
        this.#arm(timer); // Node rounds down and may come a millisecond early
      } else {
        this.#drop(timer);
        timer.callback();
      }
    }, wait).unref();
  }

  #drop(timer: Timer): void {
    clearTimeout(timer.node);
    this.#timers.delete(timer);
    if (this.#timers.size === 0) {
      this.#endWatch();
    }
  }

  #endWatch(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  #lookForSleep(monotonic: number): void {
    const uptime = this.#source.uptime();
    const slept = uptime - this.#uptimeThen - (monotonic - this.#checkedAt);
    this.#wallAhead = this.#source.wall() - monotonic;
    this.#checkedAt = monotonic;
    this.#uptimeThen = uptime;
    if (slept > SLEEP_MS) {
      this.#suspended += slept;
      for (const timer of this.#timers) {
        this.#arm(timer);
      }
    }
  }
}
