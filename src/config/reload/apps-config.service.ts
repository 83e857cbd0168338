import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { ConfigProblems, type ConfigProblem } from '../apps-file/problem.js';
import {
  EMPTY_SNAPSHOT,
  nextSnapshot,
  onlyAdds,
  type HubSnapshot,
  type SnapshotDiff,
} from './hub-snapshot.js';
import { AppsFileLoader, type FileStamps, type Occasion } from './loader.js';

export type { HubSnapshot } from './hub-snapshot.js';

/** Who asked for a reload: `POST /admin/reload`, SIGHUP, a change of the files, or another replica that was asked. */
export type ReloadTrigger = 'admin' | 'signal' | 'file' | 'replica';

export type ReloadOutcome =
  | ({
      readonly ok: true;
      /** AppSecrets that cannot be had: their apps go without, or on with the ones they had. */
      readonly warnings: readonly ConfigProblem[];
    } & Omit<SnapshotDiff, 'issuersChanged'>)
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
 * - A reading counts as a whole or not at all: one problem anywhere, and everything stays as it is. An AppSecret that
 *   cannot be had is no such problem, but its app's alone.
 * - Readings never overlap. Who asks while one is under way shares the next one with all others who wait: the file
 *   may have changed after the one under way read it.
 */
@Injectable()
export class AppsConfig implements OnModuleInit {
  readonly #logger = new Logger(AppsConfig.name);
  readonly #changeListeners = new Set<ChangeListener>();
  readonly #reloadListeners = new Set<ReloadListener>();
  #snapshot: HubSnapshot = EMPTY_SNAPSHOT;
  #secretProblems: ReadonlyMap<string, string> = new Map();
  #warnings: readonly ConfigProblem[] = [];
  #stamps: FileStamps | undefined;
  /** {@link FileStamps.content} of the snapshot. */
  #servedContent: string | undefined;
  #heldBack: string | undefined;
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

  /** What the files were at the last reading, good or bad; `undefined` before the first. */
  get stamps(): FileStamps | undefined {
    return this.#stamps;
  }

  /** Of apps whose AppSecret could not be had at the last good reading: why, by appid. */
  get secretProblems(): ReadonlyMap<string, string> {
    return this.#secretProblems;
  }

  /** The same with their places in the file. */
  get warnings(): readonly ConfigProblem[] {
    return this.#warnings;
  }

  /** {@link FileStamps.content} of a file that was read and not taken over yet: see {@link reloadWatched}. */
  get heldBack(): string | undefined {
    return this.#heldBack;
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
    this.#waiting ??= this.#afterAllOthers(async () => {
      // From here on the file is being read: who asks now must have the next reading.
      this.#waiting = undefined;
      return this.#reload(trigger);
    });
    return this.#waiting;
  }

  /**
   * The same for who has seen the file change and cannot know whether somebody is still writing it. What does more than
   * add is held back, and nobody is told, unless the file is what `still` says: its content as it has been for a while.
   */
  async reloadWatched(still: string | undefined): Promise<ReloadOutcome | 'held back'> {
    const outcome = await this.#afterAllOthers(() => this.#reload('file', still ?? ''));
    return outcome ?? 'held back';
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

  async #reload(trigger: ReloadTrigger): Promise<ReloadOutcome>;
  async #reload(trigger: ReloadTrigger, still: string): Promise<ReloadOutcome | undefined>;
  async #reload(trigger: ReloadTrigger, still?: string): Promise<ReloadOutcome | undefined> {
    const outcome = await this.#apply('reload', still);
    if (outcome === undefined) return undefined;
    this.#tell(this.#reloadListeners, (listener) => {
      listener(outcome, trigger);
    });
    return outcome;
  }

  /** Neither `reading` nor what it waits for ever rejects. */
  async #afterAllOthers<T>(reading: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(reading);
    this.#last = turn;
    return turn;
  }

  async #apply(occasion: Occasion): Promise<ReloadOutcome>;
  async #apply(occasion: Occasion, still: string | undefined): Promise<ReloadOutcome | undefined>;
  async #apply(occasion: Occasion, still?: string): Promise<ReloadOutcome | undefined> {
    try {
      const { result, stamps } = await this.loader.read(occasion);
      this.#stamps = stamps;
      this.#heldBack = undefined;
      if (!result.ok) return { ok: false, problems: result.problems };
      const previous = this.#snapshot;
      const { apps, issuers, clients, notify, warnings } = result;
      const { snapshot, diff } = await nextSnapshot(previous, apps, { issuers, clients, notify });
      const settled =
        still === undefined || still === stamps.content || stamps.content === this.#servedContent;
      if (!settled && !onlyAdds(diff)) {
        this.#heldBack = stamps.content;
        return undefined;
      }
      this.#snapshot = snapshot;
      this.#secretProblems = result.secretProblems;
      this.#warnings = warnings;
      this.#servedContent = stamps.content;
      const { added, changed, removed } = diff;
      this.#tell(this.#changeListeners, (listener) => {
        listener({ snapshot, previous, added, changed, removed });
      });
      const { issuersChanged: _, ...told } = diff;
      return { ok: true, warnings, ...told };
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
