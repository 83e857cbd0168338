import { Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { stampFile } from '../small-file.js';
import type { AppsConfig } from './apps-config.service.js';
import { FolderWatches } from './folder-watches.js';
import type { ConfigSource } from './loader.js';

/** Files change in real time, whatever clock the hub runs on: these are Node's own, but in tests of the watcher. */
export interface Timers {
  /** Milliseconds from any moment on. */
  readonly now: () => number;
  readonly setTimeout: (callback: () => void, delayMs: number) => object;
  readonly clearTimeout: (timer: object | undefined) => void;
}

const NODE_TIMERS: Timers = {
  now: () => performance.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => {
    clearTimeout(timer as NodeJS.Timeout | undefined);
  },
};

export interface WatcherOptions {
  /** From the last event of a burst to the look at the files. Milliseconds, default 200. */
  readonly debounceMs: number;
  /** A burst that does not end is looked into after so long. Milliseconds, default 1000. */
  readonly maxDebounceMs: number;
  /** Between two looks without any event: for file systems that have none. Milliseconds, default 10,000. */
  readonly pollMs: number;
  /** The same while a folder cannot be watched, because it is gone for instance. Milliseconds, default 1000. */
  readonly pollUnwatchedMs: number;
  /** A file that has not changed for so long is no longer being written. Milliseconds, default 2000. */
  readonly stillMs: number;
  readonly timers: Timers;
  /** After each look, with what came of it. For tests. */
  readonly onLook: (outcome: LookOutcome) => void;
}

export type LookOutcome = 'same' | 'reloaded' | 'held back' | 'missing';

const DEFAULTS: WatcherOptions = {
  debounceMs: 200,
  maxDebounceMs: 1000,
  pollMs: 10_000,
  pollUnwatchedMs: 1000,
  stillMs: 2000,
  timers: NODE_TIMERS,
  onLook: () => undefined,
};

/**
 * Reloads when the apps file, a file of the folder or a secret file changes, and on SIGHUP.
 *
 * - An event of a folder only says: look. What counts is whether the files differ from what was last read (content of
 *   apps.yaml, stamps of the secret files), so events about other files do nothing, and a reload that somebody else
 *   has asked for meanwhile is not repeated.
 * - Who writes a file in place shows parts of it, which may be good files with less in them. So what does more than add
 *   is taken over once the file has been still for `stillMs`; at once where the path leads to another file than before
 *   (kubelet swaps a symlink when all is written).
 * - A failed reading counts as read: it is repeated when a file changes again, not before.
 * - An apps file that is gone is looked for once more before the reload that reports it: some editors delete, then write.
 */
export class AppsFileWatcher implements OnModuleInit, OnModuleDestroy {
  readonly #logger = new Logger(AppsFileWatcher.name);
  readonly #options: WatcherOptions;
  readonly #watches = new FolderWatches(() => {
    this.#onEvent();
  });
  readonly #onSignal = (): void => {
    void this.config.reload('signal');
  };
  #closed = false;
  #timer: object | undefined;
  /** When the burst of events under way began, by the timers' clock. */
  #burstSince: number | undefined;
  #looking: Promise<void> = Promise.resolve();
  #polledStamp: string | undefined;
  /** Where the path led at the last look. */
  #realPath: string | undefined;
  /** What is held back, and since when it is known as it is. */
  #held: ReadonlyMap<string, number> = new Map();
  #wasMissing = false;
  #complete = true;

  constructor(
    private readonly config: AppsConfig,
    private readonly loader: ConfigSource,
    options: Partial<WatcherOptions> = {},
  ) {
    this.#options = { ...DEFAULTS, ...options };
  }

  async onModuleInit(): Promise<void> {
    process.on('SIGHUP', this.#onSignal);
    // Nothing is compared before there is something to compare with; a file that is bad now stops the start.
    await this.config.load().catch(() => undefined);
    this.#realPath = await this.#whereItIs();
    await this.#watch();
    // A change between the first reading and the first watch has had no event.
    this.#arm(0, () => this.#look('content'));
  }

  async onModuleDestroy(): Promise<void> {
    this.#closed = true;
    process.off('SIGHUP', this.#onSignal);
    this.#options.timers.clearTimeout(this.#timer);
    await this.#looking;
    this.#watches.close();
  }

  async #watch(): Promise<void> {
    const folders = new Set([this.loader.isFolder ? this.loader.file : dirname(this.loader.file)]);
    for (const file of this.config.stamps?.secretFiles.keys() ?? []) folders.add(dirname(file));
    const complete = await this.#watches.set(folders);
    if (!complete && this.#complete) {
      this.#logger.warn(
        'a folder of the apps file or of a secret file cannot be watched: looking every so often',
      );
    }
    this.#complete = complete;
    if (this.#closed) this.#watches.close();
  }

  #onEvent(): void {
    const now = this.#options.timers.now();
    this.#burstSince ??= now;
    const { debounceMs, maxDebounceMs } = this.#options;
    const delayMs = Math.min(debounceMs, Math.max(0, this.#burstSince + maxDebounceMs - now));
    this.#arm(delayMs, () => this.#look('content'));
  }

  /** There is one timer: for the end of a burst, for what is held back, or else for the next poll. */
  #arm(delayMs: number, look: () => Promise<void>): void {
    const { timers } = this.#options;
    timers.clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = timers.setTimeout(() => {
      this.#burstSince = undefined;
      this.#armPoll();
      // One after the other: a look that waits for a long reload must not be overtaken.
      this.#looking = this.#looking.then(look).catch((error: unknown) => {
        this.#logger.error(`looking for a change of the apps file failed: ${String(error)}`);
      });
    }, delayMs);
  }

  #armPoll(): void {
    const { pollMs, pollUnwatchedMs } = this.#options;
    this.#arm(this.#complete ? pollMs : Math.min(pollMs, pollUnwatchedMs), () => this.#look('stat'));
  }

  /** `stat`: the content is read only where the file's stamp says that it may have changed. */
  async #look(depth: 'content' | 'stat'): Promise<void> {
    if (this.#closed) return;
    await this.#watch();
    const changed = await this.#hasChanged(depth);
    if (changed === 'missing') {
      this.#arm(this.#options.maxDebounceMs, () => this.#look('content'));
      this.#options.onLook('missing');
      return;
    }
    const outcome = changed || this.config.heldBack.size > 0 ? await this.#reload() : 'same';
    if (outcome === 'held back') this.#arm(this.#stillFor(), () => this.#look('content'));
    else if (!this.#complete && this.#burstSince === undefined) this.#armPoll();
    this.#options.onLook(outcome);
  }

  async #reload(): Promise<'reloaded' | 'held back'> {
    const before = this.#realPath;
    this.#realPath = await this.#whereItIs();
    const { heldBack, stamps } = this.config;
    const content = await this.loader.stampContent();
    const swapped = before !== undefined && this.#realPath !== undefined && this.#realPath !== before;
    const still = new Set([...heldBack].filter((name) => this.#stillFor(name) === 0));
    const isKnown = heldBack.size > 0 && stamps?.content === content;
    if (isKnown && still.size === 0 && !swapped) return 'held back';
    const outcome = await this.config.reloadWatched(swapped ? new Set([content]) : still);
    // The file may name other secret files now.
    await this.#watch();
    const now = this.#options.timers.now();
    this.#held = new Map([...this.config.heldBack].map((name) => [name, this.#held.get(name) ?? now]));
    return outcome === 'held back' || this.#held.size > 0 ? 'held back' : 'reloaded';
  }

  /** How long that must not change yet, by default the first of all that is held back. Milliseconds. */
  #stillFor(held?: string): number {
    const { stillMs, timers } = this.#options;
    const sinces = [...this.#held].flatMap(([name, since]) =>
      held === undefined || name === held ? since : [],
    );
    if (sinces.length === 0) return stillMs;
    return Math.max(0, Math.min(...sinces) + stillMs - timers.now());
  }

  async #whereItIs(): Promise<string | undefined> {
    return realpath(this.loader.file).catch(() => undefined);
  }

  async #hasChanged(depth: 'content' | 'stat'): Promise<boolean | 'missing'> {
    const read = this.config.stamps;
    const stamp = await this.loader.stampFiles();
    if (depth === 'content' || stamp !== this.#polledStamp) {
      this.#polledStamp = stamp;
      const content = await this.loader.stampContent();
      const missing = content === 'ENOENT' && read?.content !== 'ENOENT';
      if (missing && !this.#wasMissing) {
        this.#wasMissing = true;
        return 'missing';
      }
      this.#wasMissing = false;
      if (content !== read?.content) return true;
    }
    for (const [file, before] of read?.secretFiles ?? []) {
      if ((await stampFile(file)) !== before) return true;
    }
    return false;
  }
}
