import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { AppsFileLoader, type Occasion } from './apps-file.loader.js';
import type { FileStamps } from './file-stamp.js';
import { EMPTY_SNAPSHOT, nextSnapshot, type HubSnapshot, type SnapshotDiff } from './hub-snapshot.js';
import { ConfigProblems, type ConfigProblem } from './problem.js';

export type { HubSnapshot } from './hub-snapshot.js';

/** Who asked for a reload: `POST /admin/reload`, SIGHUP, a change of the files, or another replica that was asked. */
export type ReloadTrigger = 'admin' | 'signal' | 'file' | 'replica';

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
  /** The last reading under way or in the queue. */
  #last: Promise<unknown> = Promise.resolve();
  /** The reload in the queue that has not begun. */
  #waiting: Promise<ReloadOutcome> | undefined;

  constructor(private readonly loader: AppsFileLoader) {}

  /** Empty until {@link load} has succeeded. */
  get current(): HubSnapshot {
    return this.#snapshot;
  }

  /** AppSecrets that could not be had at the last good reading: those apps go without, or on with the one before. */
  get warnings(): readonly ConfigProblem[] {
    return [];
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
    this.#waiting ??= this.#afterAllOthers(() => this.#reload(trigger));
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
    const outcome = await this.#afterAllOthers(() => this.#apply('start'));
    if (outcome.ok) return;
    this.#loading = undefined;
    throw new ConfigProblems(outcome.problems, this.loader.shownFile);
  }

  async #reload(trigger: ReloadTrigger): Promise<ReloadOutcome> {
    // From here on the file is being read: who asks now must have the next reading.
    this.#waiting = undefined;
    const outcome = await this.#apply('reload');
    this.#tell(this.#reloadListeners, (listener) => {
      listener(outcome, trigger);
    });
    return outcome;
  }

  /** Neither `reading` nor what it waits for ever rejects. */
  async #afterAllOthers(reading: () => Promise<ReloadOutcome>): Promise<ReloadOutcome> {
    const turn = this.#last.then(reading);
    this.#last = turn;
    return turn;
  }

  async #apply(occasion: Occasion): Promise<ReloadOutcome> {
    try {
      const { result, stamps } = await this.loader.read(occasion);
      this.#stamps = stamps;
      if (!result.ok) return { ok: false, problems: result.problems };
      const previous = this.#snapshot;
      const { apps, clients, notify } = result;
      const { snapshot, diff } = await nextSnapshot(previous, apps, { clients, notify });
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
