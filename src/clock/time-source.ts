import { uptime } from 'node:os';

/** The machine's raw clocks, all in milliseconds. */
export interface TimeSource {
  /** Goes at the speed of real time; may stand still while the machine sleeps. Never goes backward. */
  monotonic(): number;
  /** Goes on while the machine sleeps; may be coarse (1 s). NaN where the machine does not tell. */
  uptime(): number;
  /** Epoch; jumps whenever somebody sets it. */
  wall(): number;
}

export const MACHINE_TIME: TimeSource = {
  // CLOCK_MONOTONIC on Linux, raised once to the epoch at the start of the process.
  monotonic: () => performance.timeOrigin + performance.now(),
  uptime: () => {
    try {
      return uptime() * 1000;
    } catch {
      return NaN; // some sandboxes refuse the call
    }
  },
  wall: () => Date.now(),
};
