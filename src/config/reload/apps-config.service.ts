import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { ClaimMemory } from '../folder/claim-memory.js';
import { withPlatforms, type Authorizer } from '../../core/platform/platform.js';
import { ConfigProblems, sameProblems, type ConfigProblem } from '../apps-file/problem.js';
import {
  EMPTY_SNAPSHOT,
  isNothing,
  nextSnapshot,
  onlyAdds,
  type HubSnapshot,
  type SnapshotDiff,
} from './hub-snapshot.js';
import { AppsFileLoader, type ConfigSource, type FileStamps, type ReadingAsk } from './loader.js';
import type { AppsFileResult } from './reading.js';
import { outcomeOf, type ReloadOutcome } from './outcome.js';
import type { Occasion } from './parser.js';

const NOTHING: ReadonlySet<string> = new Set();

type Written = Pick<
  AppsFileResult & { readonly ok: true },
  'apps' | 'platforms' | 'issuers' | 'clients' | 'notify'
>;

export type { HubSnapshot } from './hub-snapshot.js';
export type { ReloadOutcome } from './outcome.js';

/** Who asked for a reload: `POST /admin/reload`, SIGHUP, a change of the files, or another replica that was asked. */
export type ReloadTrigger = 'admin' | 'signal' | 'file' | 'replica';

export interface ConfigChange {
  readonly snapshot: HubSnapshot;
  readonly previous: HubSnapshot;
  /** Appids. */
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

export type ChangeListener = (change: ConfigChange) => void;
/** `only`: the file of this tenant alone was read. */
export type ReloadListener = (
  outcome: ReloadOutcome,
  trigger: ReloadTrigger,
  only: string | undefined,
) => void;
export type Unsubscribe = () => void;

/**
 * The apps and clients that the hub serves now.
 *
 * - A reading of a file counts as a whole or not at all: one problem anywhere, and everything stays as it is. An
 *   AppSecret that cannot be had is no such problem, but its app's alone. Of a folder that holds for each file by itself.
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
  #heldBack: ReadonlySet<string> = NOTHING;
  #problems: readonly ConfigProblem[] = [];
  /** What the files say, as of {@link current}. */
  #written: Written | undefined;
  /** By platform. */
  readonly #joined = new Map<string, readonly Authorizer[]>();
  #joining: Promise<void> | undefined;
  #loading: Promise<void> | undefined;
  /** The last reading under way or in the queue. */
  #last: Promise<unknown> = Promise.resolve();
  /** The reloads in the queue that have not begun, by the tenant that they are for; of all files: `undefined`. */
  readonly #waiting = new Map<string | undefined, Promise<ReloadOutcome>>();
  readonly #source: ConfigSource;

  constructor(loader: AppsFileLoader) {
    this.#source = loader;
  }

  /** Before {@link load}: what the files had when another process, or an earlier one, read them. */
  remember(memory: ClaimMemory): void {
    this.#source.remember?.(memory);
  }

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

  /** What the configuration says and does not hold, as of the last reading of each file. */
  get problems(): readonly ConfigProblem[] {
    return this.#problems;
  }

  /** What was read and not taken over yet, by {@link FileStamps.content} (of a folder by file): see {@link reloadWatched}. */
  get heldBack(): ReadonlySet<string> {
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

  /** Reads the files anew. Never rejects. @param only the file of this tenant alone, and its part of the outcome */
  async reload(trigger: ReloadTrigger, only?: string): Promise<ReloadOutcome> {
    const waiting = this.#waiting.get(only);
    if (waiting !== undefined) return waiting;
    const reload = this.#afterAllOthers(async () => {
      // From here on the file is being read: who asks now must have the next reading.
      this.#waiting.delete(only);
      return this.#reload(trigger, { only });
    });
    this.#waiting.set(only, reload);
    return reload;
  }

  /**
   * The same for who has seen files change and cannot know whether somebody is still writing them. What does more than
   * add is held back, and nobody is told, unless it is among `still`: {@link heldBack} as it has been for a while.
   */
  async reloadWatched(still: ReadonlySet<string>): Promise<ReloadOutcome | 'held back'> {
    const outcome = await this.#afterAllOthers(() => this.#reload('file', { still }));
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

  /**
   * The accounts that have authorised the platform now, all of them: from here on they are apps as those of the files
   * are, for as long as the platform stands in a file. The one way in which apps come and go at run time. Resolves when
   * all listeners have run. Never rejects.
   */
  async setAuthorizers(platform: string, authorizers: readonly Authorizer[]): Promise<void> {
    this.#joined.set(platform, authorizers);
    this.#joining ??= this.#afterAllOthers(async () => {
      this.#joining = undefined;
      if (this.#written === undefined) return;
      const previous = this.#snapshot;
      const { snapshot, diff } = await this.#next(this.#written);
      if (!isNothing(diff)) this.#swap(previous, snapshot, diff);
    });
    await this.#joining;
  }

  #next({ apps, platforms, issuers, clients, notify }: Written): ReturnType<typeof nextSnapshot> {
    const all = withPlatforms(apps, platforms, this.#joined);
    return nextSnapshot(this.#snapshot, all, { platforms, issuers, clients, notify });
  }

  async #loadFirst(): Promise<void> {
    const outcome = await this.#afterAllOthers(() => this.#apply('start', {}));
    if (outcome.ok || outcome.brought !== undefined) return;
    this.#loading = undefined;
    throw new ConfigProblems(outcome.problems, this.#source.shownFile);
  }

  async #reload(trigger: ReloadTrigger, ask: { readonly only: string | undefined }): Promise<ReloadOutcome>;
  async #reload(trigger: ReloadTrigger, ask: ReadingAsk): Promise<ReloadOutcome | undefined>;
  async #reload(trigger: ReloadTrigger, ask: ReadingAsk): Promise<ReloadOutcome | undefined> {
    const outcome = await this.#apply('reload', ask);
    if (outcome === undefined) return undefined;
    this.#tell(this.#reloadListeners, (listener) => {
      listener(outcome, trigger, ask.only);
    });
    return outcome;
  }

  /** Neither `reading` nor what it waits for ever rejects. */
  async #afterAllOthers<T>(reading: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(reading);
    this.#last = turn;
    return turn;
  }

  async #apply(occasion: Occasion, ask: { readonly still?: undefined }): Promise<ReloadOutcome>;
  async #apply(occasion: Occasion, ask: ReadingAsk): Promise<ReloadOutcome | undefined>;
  async #apply(occasion: Occasion, ask: ReadingAsk): Promise<ReloadOutcome | undefined> {
    try {
      const { result, stamps, heldBack = NOTHING } = await this.#source.read(occasion, ask);
      this.#stamps = stamps;
      this.#heldBack = heldBack;
      if (!result.ok) {
        this.#problems = occasion === 'start' ? [] : result.problems;
        return { ok: false, problems: result.problems };
      }
      const previous = this.#snapshot;
      const { problems = [] } = result;
      const { snapshot, diff } = await this.#next(result);
      if (!this.#source.isFolder && this.#mayBeHalf(ask, stamps.content) && !onlyAdds(diff)) {
        this.#heldBack = new Set([stamps.content]);
        return undefined;
      }
      const hadProblems = this.#problems;
      this.#problems = problems;
      this.#secretProblems = result.secretProblems;
      this.#warnings = result.warnings;
      this.#servedContent = stamps.content;
      this.#written = result;
      this.#swap(previous, snapshot, diff);
      const isNews = !isNothing(diff) || !sameProblems(hadProblems, problems);
      return heldBack.size > 0 && !isNews
        ? undefined
        : outcomeOf(diff, { only: ask.only, snapshot, problems, warnings: this.#warnings });
    } catch (error) {
      // A bug, and its text may quote the file: only its place is logged.
      const place = error instanceof Error ? (error.stack ?? '').split('\n').slice(1, 4).join(' ') : '';
      this.#logger.error(`reading ${this.#source.shownFile} failed by a fault of the hub ${place}`);
      return {
        ok: false,
        problems: [{ path: '', line: 1, message: 'could not be read by a fault of the hub' }],
      };
    }
  }

  /** Whether somebody may still be writing the file, as far as it differs from what is served. */
  #mayBeHalf({ still }: ReadingAsk, content: string): boolean {
    return still !== undefined && !still.has(content) && content !== this.#servedContent;
  }

  #swap(previous: HubSnapshot, snapshot: HubSnapshot, { added, changed, removed }: SnapshotDiff): void {
    this.#snapshot = snapshot;
    this.#tell(this.#changeListeners, (listener) => {
      listener({ snapshot, previous, added, changed, removed });
    });
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
