/** Time as the simulator sees it. The hub's `Clock` fits, and so does a bare `{ now }` that a test moves by hand. */
export interface SimulatorClock {
  /** Epoch ms; must not go backwards. */
  now(): number;
  /** Where it is missing, delays run on real timers, `speed` times faster than they say. */
  setTimeout?(callback: () => void, delayMs: number): object;
  clearTimeout?(handle: object | undefined): void;
}

/** Real time from now on, `speed` times as fast. A change of the wall clock does not move it. */
export class ScaledClock implements SimulatorClock {
  readonly #epoch = Date.now();
  readonly #startedAt = performance.now();
  readonly #speed: number;

  constructor(speed = 1) {
    this.#speed = speed;
  }

  now(): number {
    return Math.floor(this.#epoch + (performance.now() - this.#startedAt) * this.#speed);
  }
}

/** Runs `callback` after `delayMs` of simulated time; gives back how to cancel it. */
export type Schedule = (callback: () => void, delayMs: number) => () => void;

/** A longer `setTimeout` would fire at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export function scheduleOn(clock: SimulatorClock, speed: number): Schedule {
  if (clock.setTimeout === undefined) {
    return (callback, delayMs) => {
      const timer = setTimeout(callback, Math.min(delayMs / speed, LONGEST_TIMEOUT_MS));
      return () => {
        clearTimeout(timer);
      };
    };
  }
  return (callback, delayMs) => {
    const handle = clock.setTimeout?.(callback, delayMs);
    return () => clock.clearTimeout?.(handle);
  };
}
