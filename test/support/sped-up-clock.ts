import { Clock } from '../../src/clock/clock.js';
import type { TimerHandle } from '../../src/clock/clock.js';

interface Timer {
  readonly due: number;
  node: NodeJS.Timeout | undefined;
}

/** Real time at `factor` times its speed: at 60, a token of two hours lives two minutes. For soaks. */
export class SpedUpClock extends Clock {
  readonly #factor: number;
  readonly #start = performance.timeOrigin + performance.now();
  readonly #origin = performance.now();

  constructor(factor: number) {
    super();
    if (!(factor > 0 && Number.isFinite(factor))) {
      throw new RangeError('the factor must be a positive number');
    }
    this.#factor = factor;
  }

  override now(): number {
    return this.#start + (performance.now() - this.#origin) * this.#factor;
  }

  override wallNow(): number {
    return this.now();
  }

  /** Waits `delayMs / factor` real milliseconds; never runs before `now()` has reached its time. */
  override setTimeout(callback: () => void, delayMs: number): TimerHandle {
    const timer: Timer = { due: this.now() + Math.max(0, delayMs), node: undefined };
    const arm = () => {
      timer.node = setTimeout(
        () => {
          if (this.now() < timer.due) {
            arm();
          } else {
            callback();
          }
        },
        Math.min(Math.max(0, timer.due - this.now()) / this.#factor, 2 ** 31 - 1),
      ).unref();
    };
    arm();
    return timer;
  }

  override clearTimeout(handle: TimerHandle | undefined): void {
    clearTimeout((handle as Timer | undefined)?.node);
  }
}
