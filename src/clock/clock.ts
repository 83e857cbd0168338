/** A timer that was set; opaque to callers. */
export type TimerHandle = object;

/**
 * Time, as everything in the hub sees it. A port, so that tests can advance it and a soak can run it faster.
 */
export abstract class Clock {
  /**
   * Epoch milliseconds on a clock that only goes forward, at the speed of real time: a change of the wall clock
   * does not move it. All lifetimes are counted on it.
   */
  abstract now(): number;

  /** Epoch milliseconds by the wall clock: for what people wrote or will read, never for a lifetime. */
  abstract wallNow(): number;

  /** Runs `callback` once, `delayMs` from now (at most 2^31 - 1). Does not keep the process alive. */
  abstract setTimeout(callback: () => void, delayMs: number): TimerHandle;

  abstract clearTimeout(handle: TimerHandle | undefined): void;
}
