import { uptime } from 'node:os';

/** Time, as the library sees it. A port, so that tests can advance it. */
export interface ClientClock {
  /** Milliseconds on a clock that only goes forward; a change of the wall clock does not move it. */
  now(): number;
  /**
   * Runs `callback` once, `delayMs` from now.
   * @param keepsProcessAlive whether the process waits for it; default no.
   */
  setTimeout(callback: () => void, delayMs: number, keepsProcessAlive?: boolean): object;
  clearTimeout(handle: object | undefined): void;
}

/** How often at most the uptime is read (some 10 µs each). Milliseconds. */
const CHECK_EVERY_MS = 1000;
/** Clocks that part by more than this have parted by a sleep, not by a coarse uptime (1 s on macOS). Milliseconds. */
const SLEEP_MS = 2000;

/**
 * Real time: the monotonic clock, plus what the machine slept.
 *
 * The monotonic clock stands still while a machine is suspended (Linux), and WeChat's does not: after two hours of
 * sleep a token would be served for two more. `os.uptime()` goes on, so what it gains on the monotonic clock was
 * sleep. It is read once a second, and when the wall clock has jumped, which only occasions the look.
 */
export class SystemClock implements ClientClock {
  #suspendedMs = 0;
  #checkedAt = performance.now();
  #uptimeThen = uptimeMs();
  #wallAhead = Date.now() - this.#checkedAt;

  now(): number {
    const monotonic = performance.now();
    if (
      monotonic - this.#checkedAt >= CHECK_EVERY_MS ||
      Math.abs(Date.now() - monotonic - this.#wallAhead) > SLEEP_MS
    ) {
      this.#lookForSleep(monotonic);
    }
    return monotonic + this.#suspendedMs;
  }

  setTimeout(callback: () => void, delayMs: number, keepsProcessAlive = false): object {
    // Rounded up: Node rounds down, and a timer that comes early would be armed again and again.
    const timer = setTimeout(callback, Math.ceil(Math.max(0, delayMs)));
    if (!keepsProcessAlive) timer.unref();
    return timer;
  }

  clearTimeout(handle: object | undefined): void {
    clearTimeout(handle as NodeJS.Timeout | undefined);
  }

  #lookForSleep(monotonic: number): void {
    const now = uptimeMs();
    const sleptMs = now - this.#uptimeThen - (monotonic - this.#checkedAt);
    this.#wallAhead = Date.now() - monotonic;
    this.#checkedAt = monotonic;
    this.#uptimeThen = now;
    if (sleptMs > SLEEP_MS) this.#suspendedMs += sleptMs;
  }
}

/** Some sandboxes do not tell: then no sleep is seen, and nothing else is lost. */
function uptimeMs(): number {
  try {
    return uptime() * 1000;
  } catch {
    return 0;
  }
}
