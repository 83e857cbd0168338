import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { AppsFileLoader, type Occasion } from './apps-file.loader.js';
import type { FileStamps } from './file-stamp.js';
import { EMPTY_SNAPSHOT, nextSnapshot, type HubSnapshot, type SnapshotDiff } from './hub-snapshot.js';
import { ConfigProblems, type ConfigProblem } from './problem.js';

export type { HubSnapshot } from './hub-snapshot.js';

/** Who asked for a reload: `POST /admin/reload`, SIGHUP, or a change of the files. */
export type ReloadTrigger = 'admin' | 'signal' | 'file';

export type ReloadOutcome =
  | ({ readonly ok: true } & SnapshotDiff)
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

export interface ConfigChange {
  readonly snapshot: HubSnapshot;
  readonly previous: HubSnapshot;
  /** Appids. */
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

export type ChangeListener = (change: ConfigChange) => void;
export type ReloadListener = (outcome: ReloadOutcome, trigger: ReloadTrigger) => void;
export type Unsubscribe = () => void;

/**
 * The apps and clients that the hub serves now.
 *
 * - A reading counts as a whole or not at all: one problem anywhere, and everything stays as it is.
 * - Readings never overlap. Who asks while one is under way shares the next one with all others who wait: the file
 *   may have changed after the one under way read it.
 */
@Injectable()
export class AppsConfig implements OnModuleInit {
  readonly #logger = new Logger(AppsConfig.name);
  readonly #changeListeners = new Set<ChangeListener>();
  readonly #reloadListeners = new Set<ReloadListener>();
  #snapshot: HubSnapshot = EMPTY_SNAPSHOT;
  #stamps: FileStamps | undefined;
  #loading: Promise<void> | undefined;
  #running: Promise<unknown> | undefined;
  #waiting: Promise<ReloadOutcome> | undefined;

  constructor(private readonly loader: AppsFileLoader) {}

  /** Empty until {@link load} has succeeded. */
  get current(): HubSnapshot {
    return this.#snapshot;
  }

  /** What the files were at the last reading, good or bad; `undefined` before the first. */
  get stamps(): FileStamps | undefined {
    return this.#stamps;
  }

  /** A hub that nobody loaded explicitly is loaded here, before any module that imports this one starts. */
  async onModuleInit(): Promise<void> {
    await this.load();
  }

  /**
   * The first reading. Later calls do nothing, unless it failed.
   * @throws {ConfigProblems} with all problems of the file
   */
  async load(): Promise<void> {
    this.#loading ??= this.#loadFirst();
    await this.#loading;
  }

  /** Reads the files anew. Never rejects. */
  async reload(trigger: ReloadTrigger): Promise<ReloadOutcome> {
    if (this.#waiting !== undefined) return this.#waiting;
    if (this.#running === undefined) return this.#run(trigger);
    this.#waiting = this.#running.then(() => {
      this.#waiting = undefined;
      return this.#run(trigger);
    });
    return this.#waiting;
  }

  /**
   * Called right after each swap, the first one included, even if no app differs: clients may.
   * Synchronous: when `reload` resolves, all listeners have run.
   */
  onChange(listener: ChangeListener): Unsubscribe {
    this.#changeListeners.add(listener);
    return () => this.#changeListeners.delete(listener);
  }

  /** Called after each reload, failed ones included, once for all callers that shared it. */
  onReload(listener: ReloadListener): Unsubscribe {
    this.#reloadListeners.add(listener);
    return () => this.#reloadListeners.delete(listener);
  }

  async #loadFirst(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    const outcome = await this.#serially(() => this.#apply('start'));
    if (outcome.ok) return;
    this.#loading = undefined;
    throw new ConfigProblems(outcome.problems, this.loader.shownFile);
  }

  async #run(trigger: ReloadTrigger): Promise<ReloadOutcome> {
    const outcome = await this.#serially(() => this.#apply('reload'));
    this.#tell(this.#reloadListeners, (listener) => {
      listener(outcome, trigger);
    });
    return outcome;
  }

  /** Marks the reading as the one under way, from now until it ends. */
  async #serially(reading: () => Promise<ReloadOutcome>): Promise<ReloadOutcome> {
    const running = reading();
    this.#running = running;
    try {
      return await running;
    } finally {
      if (this.#running === running) this.#running = undefined;
    }
  }

  async #apply(occasion: Occasion): Promise<ReloadOutcome> {
    try {
      const { result, stamps } = await this.loader.read(occasion);
      this.#stamps = stamps;
      if (!result.ok) return { ok: false, problems: result.problems };
      const previous = this.#snapshot;
      const { snapshot, diff } = await nextSnapshot(previous, result.apps, result.clients);
      this.#snapshot = snapshot;
      const { added, changed, removed } = diff;
      this.#tell(this.#changeListeners, (listener) => {
        listener({ snapshot, previous, added, changed, removed });
      });
      return { ok: true, ...diff };
    } catch (error) {
      // A bug, and its text may quote the file: only its place is logged.
      const place = error instanceof Error ? (error.stack ?? '').split('\n').slice(1, 4).join(' ') : '';
      this.#logger.error(`reading ${this.loader.shownFile} failed by a fault of the hub ${place}`);
      return {
        ok: false,
        problems: [{ path: '', line: 1, message: 'could not be read by a fault of the hub' }],
      };
    }
  }

  /** A listener that throws keeps no other from hearing. */
  #tell<Listener>(listeners: ReadonlySet<Listener>, call: (listener: Listener) => void): void {
    for (const listener of [...listeners]) {
      try {
        call(listener);
      } catch (error) {
        this.#logger.error(`a listener to changes of the configuration failed: ${String(error)}`);
      }
    }
  }
}
