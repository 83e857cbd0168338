import type { Clock, TimerHandle } from '../../../clock/clock.js';

/** How often the whole is written, by how large it is. Bytes a second. */
const PACE = {
  /** For what somebody waits for: a file of 4 MB each second, a small one at once. */
  awaited: 4 * 1024 * 1024,
  /** For the rest: that file each 16 s. */
  lazy: 256 * 1024,
} as const;
const SOONEST_LAZY_MS = 200;
const LATEST_LAZY_MS = 30_000;
/** After a failure: again after so long, doubling, ms. */
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30_000;

/** How long what nobody waits for may stay unwritten, with a file of that size. ms */
export function lazyDelayMs(bytes: number): number {
  return Math.min(LATEST_LAZY_MS, Math.max(SOONEST_LAZY_MS, (bytes / PACE.lazy) * 1000));
}

/** From the beginning of a write to the next that somebody waits for. ms */
export function awaitedDelayMs(bytes: number): number {
  return (bytes / PACE.awaited) * 1000;
}

export function retryDelayMs(failures: number): number {
  return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, failures - 1));
}

export interface Written {
  /** Whether it was; else {@link error} says why not. */
  readonly ok: boolean;
  readonly error?: unknown;
  readonly durationMs: number;
}

/**
 * Many changes, few writes. Whatever changes while a write is under way is in the next one, for all who wait for it
 * together; one that failed is tried again until it succeeds.
 */
export class GroupCommit {
  /** Counts changes; which of them the last good write had, and until which the waiting ones want. */
  #changes = 0;
  #written = 0;
  #running: Promise<void> | undefined;
  #startedAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #timer: TimerHandle | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  readonly #waiting = new Set<{ readonly change: number; readonly end: (error?: Error) => void }>();

  /**
   * @param write writes what there is when it is called
   * @param size of the file, bytes
   * @param told after each write
   */
  constructor(
    private readonly write: () => Promise<void>,
    private readonly size: () => number,
    private readonly clock: Clock,
    private readonly told: (written: Written) => void,
  ) {}

  /** Something changed, and will be written some time soon. */
  changed(): void {
    this.#changes += 1;
    this.#dueBy(this.clock.now() + lazyDelayMs(this.size()));
  }

  /** Resolves once all that has changed so far is on the disk; rejects where the next write fails. */
  flushed(): Promise<void> {
    if (this.#written === this.#changes) return Promise.resolve();
    const change = this.#changes;
    const done = new Promise<void>((resolve, reject) => {
      this.#waiting.add({
        change,
        end: (error) => {
          if (error === undefined) resolve();
          else reject(error);
        },
      });
    });
    this.#dueBy(this.#startedAt + (this.#failures > 0 ? FIRST_RETRY_MS : awaitedDelayMs(this.size())));
    return done;
  }

  /** Writes what is left, if anything. Never rejects. */
  async close(): Promise<void> {
    await this.#running;
    if (this.#written !== this.#changes) await this.#run();
    this.clock.clearTimeout(this.#timer);
  }

  #dueBy(at: number): void {
    if (at >= this.#dueAt) return;
    this.#dueAt = at;
    if (this.#running === undefined) this.#arm();
  }

  #arm(): void {
    this.clock.clearTimeout(this.#timer);
    const wait = this.#dueAt - this.clock.now();
    if (wait <= 0) void this.#run();
    else this.#timer = this.clock.setTimeout(() => void this.#run(), wait);
  }

  #run(): Promise<void> {
    this.#running ??= this.#once().finally(() => {
      this.#running = undefined;
      if (this.#dueAt < Number.POSITIVE_INFINITY) this.#arm();
    });
    return this.#running;
  }

  async #once(): Promise<void> {
    this.clock.clearTimeout(this.#timer);
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#startedAt = this.clock.now();
    const change = this.#changes;
    let error: unknown;
    let ok = true;
    try {
      await this.write();
      this.#written = change;
      this.#failures = 0;
    } catch (failure) {
      ok = false;
      error = failure;
      this.#failures += 1;
      this.#dueBy(this.clock.now() + retryDelayMs(this.#failures));
    }
    for (const waiting of [...this.#waiting]) {
      if (waiting.change > change) continue;
      this.#waiting.delete(waiting);
      waiting.end(ok ? undefined : asError(error));
    }
    // What changed meanwhile without anybody to wait for it.
    if (ok && this.#changes !== change) {
      const awaited = this.#waiting.size > 0;
      const delay = awaited ? awaitedDelayMs(this.size()) : lazyDelayMs(this.size());
      this.#dueBy(this.#startedAt + delay);
    }
    this.told({ ok, error, durationMs: this.clock.now() - this.#startedAt });
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
