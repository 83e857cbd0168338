import { Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { dirname } from 'node:path';
import type { AppsConfig } from './apps-config.service.js';
import type { AppsFileLoader } from './apps-file.loader.js';
import { stampFile } from './file-stamp.js';
import { FolderWatches } from './folder-watches.js';

export interface WatcherOptions {
  /** From the last event of a burst to the look at the files. Milliseconds, default 200. */
  readonly debounceMs: number;
  /** A burst that does not end is looked into after so long. Milliseconds, default 1000. */
  readonly maxDebounceMs: number;
  /** Between two looks without any event: for file systems that have none. Milliseconds, default 10,000. */
  readonly pollMs: number;
  /** The same while a folder cannot be watched, because it is gone for instance. Milliseconds, default 1000. */
  readonly pollUnwatchedMs: number;
  /** After each look, with what came of it. For tests. */
  readonly onLook: (outcome: LookOutcome) => void;
}

export type LookOutcome = 'same' | 'reloaded' | 'missing';

const DEFAULTS: WatcherOptions = {
  debounceMs: 200,
  maxDebounceMs: 1000,
  pollMs: 10_000,
  pollUnwatchedMs: 1000,
  onLook: () => undefined,
};

/**
 * Reloads when the apps file or a secret file changes, and on SIGHUP.
 *
 * - An event of a folder only says: look. What counts is whether the files differ from what was last read (content of
 *   apps.yaml, stamps of the secret files), so events about other files do nothing, and a reload that somebody else
 *   has asked for meanwhile is not repeated.
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
  #timer: NodeJS.Timeout | undefined;
  /** When the burst of events under way began; epoch milliseconds. */
  #burstSince: number | undefined;
  #looking: Promise<void> = Promise.resolve();
  #polledStamp: string | undefined;
  #wasMissing = false;
  #complete = true;

  constructor(
    private readonly config: AppsConfig,
    private readonly loader: AppsFileLoader,
    options: Partial<WatcherOptions> = {},
  ) {
    this.#options = { ...DEFAULTS, ...options };
  }

  async onModuleInit(): Promise<void> {
    process.on('SIGHUP', this.#onSignal);
    // Nothing is compared before there is something to compare with; a file that is bad now stops the start.
    await this.config.load().catch(() => undefined);
    await this.#watch();
    // A change between the first reading and the first watch has had no event.
    this.#arm(0, () => this.#look('content'));
  }

  async onModuleDestroy(): Promise<void> {
    this.#closed = true;
    process.off('SIGHUP', this.#onSignal);
    clearTimeout(this.#timer);
    await this.#looking;
    this.#watches.close();
  }

  async #watch(): Promise<void> {
    const folders = new Set([dirname(this.loader.file)]);
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
    const now = Date.now();
    this.#burstSince ??= now;
    const { debounceMs, maxDebounceMs } = this.#options;
    const delayMs = Math.min(debounceMs, Math.max(0, this.#burstSince + maxDebounceMs - now));
    this.#arm(delayMs, () => this.#look('content'));
  }

  /** There is one timer: for the end of a burst, or else for the next poll. */
  #arm(delayMs: number, look: () => Promise<void>): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#burstSince = undefined;
      this.#armPoll();
      // One after the other: a look that waits for a long reload must not be overtaken.
      this.#looking = this.#looking.then(look).catch((error: unknown) => {
        this.#logger.error(`looking for a change of the apps file failed: ${String(error)}`);
      });
    }, delayMs);
    this.#timer.unref();
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
    if (changed) {
      await this.config.reload('file');
      // The file may name other secret files now.
      await this.#watch();
    }
    if (!this.#complete && this.#burstSince === undefined) this.#armPoll();
    this.#options.onLook(changed ? 'reloaded' : 'same');
  }

  async #hasChanged(depth: 'content' | 'stat'): Promise<boolean | 'missing'> {
    const read = this.config.stamps;
    const stamp = await stampFile(this.loader.file);
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
