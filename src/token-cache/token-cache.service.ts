import { BeforeApplicationShutdown, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { Clock, type TimerHandle } from '../clock/clock.js';
import { AppsConfig, type ConfigChange, type HubSnapshot } from '../config/reload/apps-config.service.js';
import { HubEnvironment } from '../config/environment/environment.js';
import type { AppSettings } from '../core/app.js';
import { isValid, type AppHealth, type CredentialState } from '../core/credential.js';
import { forceLeft, forceUsed, waitBeforeForce } from '../core/force-budget.js';
import { isChangingOver } from '../core/kinds/same-to-the-end.js';
import { TOKEN_FAMILIES } from '../core/kinds/token-families.js';
import { MINT_APART_MS } from '../core/report.js';
import { HubEvents, type RefreshEnded } from '../events/hub-events.js';
import { NO_TOKEN, unavailable, type TokenReading } from './reading.js';
import { tokenHealthOf } from './app-health.js';
import { AppEntries } from './refresh/app-entries.js';
import { AppEntry, EntryParts } from './refresh/app-entry.js';
import type { CredentialCell } from './refresh/credential-cell.js';
import { ReplicaSync } from './replicas/replica-sync.js';
import { StoreAgreement } from './replicas/store-agreement.js';
import { ticketsOf, type TicketStatus } from './ticket-status.js';
import { TokenStore, type Stored } from './token-store.js';

/** An admin's refresh tries at once, but not again within this time: the contract's floor between token calls. */
const ASKED_APART_MS = 5000;
/** How long the start waits for the store before it goes on with WeChat. */
const STORE_LOAD_LIMIT_MS = 2000;

export interface AppStatus {
  readonly app: AppSettings;
  readonly health: AppHealth;
  /** Whether an attempt is under way. */
  readonly refreshing: boolean;
  readonly state: CredentialState;
  readonly nextAttemptAt: number | undefined;
  /** Forced refreshes that the hub has left in these 24 hours; `stable_token` only. */
  readonly forcedLeft: number | undefined;
  readonly tickets: readonly TicketStatus[];
}

export type RefreshRequest =
  | { readonly accepted: true; readonly ended: Promise<RefreshEnded | undefined> }
  | { readonly accepted: false; readonly retryAfterMs: number };

/**
 * The state of every app's token in this process.
 *
 * - Reading touches memory alone: no I/O while a token is held, and never a wait for WeChat.
 * - Refreshing is single-flight per credential ({@link AppEntry.refresh}); whoever asks meanwhile joins.
 * - A failed refresh keeps a token that is still valid (serve-cached-on-failure).
 */
@Injectable()
export class TokenCache implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #entries = new AppEntries();
  /** Apps of the start whose first attempt has not ended. */
  readonly #firstRound = new Set<AppEntry>();
  /** The apps of which these are the entries; `undefined`: a change of them is being taken in. */
  #takenIn: HubSnapshot['apps'] | undefined;
  #started = false;

  constructor(
    private readonly config: AppsConfig,
    private readonly parts: EntryParts,
    private readonly store: TokenStore,
    private readonly clock: Clock,
    private readonly environment: HubEnvironment,
    private readonly agreement: StoreAgreement,
    private readonly sync: ReplicaSync,
    private readonly events: HubEvents,
  ) {
    events.on('appRefused', ({ appid, app, error }) => {
      this.#entries.get(appid)?.refused(app, error);
    });
    events.on('loginEnded', ({ appid, result, repeated }) => {
      if (result === 'granted' && !repeated) this.#entries.get(appid)?.accepted();
    });
  }

  onApplicationBootstrap(): void {
    // Not awaited: the hub answers (with 503) and reports its readiness while the first round is under way.
    this.start().catch((error: unknown) => {
      this.events.emit('troubleSeen', { where: 'token-cache.start', error });
    });
  }

  /** The timers have stopped by now (see the scheduler). */
  async beforeApplicationShutdown(): Promise<void> {
    await this.close();
  }

  /** Takes in the configured apps, then what the store holds of them, and plans the first attempts. */
  async start(): Promise<void> {
    this.config.onChange((change) => {
      this.#applyChange(change);
    });
    const entries = [...this.config.current.apps.values()].map((app) => this.#createEntry(app));
    for (const entry of entries) this.#firstRound.add(entry);
    this.#takenIn = this.config.current.apps;
    this.#started = true;
    this.sync.follow(this.#entries);
    await this.#takeIn(entries);
  }

  /** Whether every app of the start has ended its first attempt, well or badly. */
  get firstRoundEnded(): boolean {
    for (const entry of this.#firstRound) {
      if (entry.token.cached.settled || entry.removed) this.#firstRound.delete(entry);
    }
    return this.#started && this.#firstRound.size === 0;
  }

  get appCount(): number {
    return this.#entries.size;
  }

  /** Whether the configuration of now has such an app: the same as `config.current.apps.has`, for who reads next. */
  has(appid: string): boolean {
    const { apps } = this.config.current;
    return apps === this.#takenIn ? this.#entries.get(appid) !== undefined : apps.has(appid);
  }

  /** The app of the configuration of now, as {@link has}. */
  get(appid: string): AppSettings | undefined {
    const { apps } = this.config.current;
    return apps === this.#takenIn ? this.#entries.get(appid)?.app : apps.get(appid);
  }

  /** The app's own entry, for the other services of this folder. */
  entry(appid: string): AppEntry | undefined {
    return this.#entries.get(appid);
  }

  /** @param now Epoch ms on the hub's clock, from somebody who has just read it. */
  read(appid: string, now = this.clock.now()): TokenReading | undefined {
    const entry = this.#entries.get(appid);
    if (entry === undefined) return undefined;
    const { ready } = entry;
    if (ready?.isValid(now) === true) {
      return { kind: 'held', held: ready.held, ready, expiresInSeconds: ready.expiresInSeconds(now) };
    }
    if (entry.app.loginOnly === true) return NO_TOKEN;
    const cell = entry.token;
    if (!this.parts.attempts.closing && this.#isOnItsWay(cell, now)) {
      return { kind: 'pending' };
    }
    return unavailable(cell, now);
  }

  /**
   * Resolves when the attempt under way for the app has ended, or after the bound of one upstream call and a second.
   * The attempt moves to the front of the queue, since somebody waits for it. Never starts one.
   *
   * @param gone ends the wait of a caller that went away
   */
  async settled(appid: string, gone?: AbortSignal): Promise<void> {
    const cell = this.#entries.get(appid)?.token;
    if (cell === undefined) return;
    const deadline = this.clock.now() + this.environment.wechatTimeoutMs + 1000;
    do {
      await this.changeOf(cell, gone);
    } while (this.#changesOver(cell) && this.clock.now() < deadline && gone?.aborted !== true);
  }

  /** A token is being fetched, or about to be. */
  #isOnItsWay(cell: CredentialCell, now: number): boolean {
    return cell.pending || !cell.cached.settled || isChangingOver(cell.state, cell.nextAttemptAt, now);
  }

  #changesOver({ state, nextAttemptAt, owner }: CredentialCell): boolean {
    if (owner.removed || this.parts.attempts.closing) return false;
    return isChangingOver(state, nextAttemptAt, this.clock.now());
  }

  /** Resolves when the app's version is another than `version`, the app is gone, or the time is up. */
  async newerThan(appid: string, version: number, waitMs: number, gone: AbortSignal): Promise<void> {
    const deadline = this.clock.now() + waitMs;
    for (;;) {
      const cell = this.#entries.get(appid)?.token;
      const left = deadline - this.clock.now();
      if (cell?.state.held?.version !== version) return;
      if (left <= 0 || this.parts.attempts.closing || gone.aborted) return;
      await this.#nextChange(cell, left, gone);
    }
  }

  /**
   * An admin asks for an attempt beside the schedule: at once, but not twice within 5 s. A forced one
   * (`stable_token`) keeps WeChat's own limits and is refused here before WeChat would. `undefined`: no such app.
   */
  async requestRefresh(appid: string, force: boolean): Promise<RefreshRequest | undefined> {
    const entry = this.#entries.get(appid);
    if (entry === undefined) return undefined;
    const now = this.clock.now();
    // Each mint of a `token` ends the one before it, whoever asks.
    const family = TOKEN_FAMILIES[entry.app.tokenApi];
    const apart = family.endsTheOneBefore ? entry.mintedForAdminAt + MINT_APART_MS - now : 0;
    const forced = force && family.canBeForced;
    const spent = forced ? waitBeforeForce(entry.forced, now) : 0;
    const wait = Math.max(entry.askedAt + ASKED_APART_MS - now, apart, spent);
    if (wait > 0) return { accepted: false, retryAfterMs: wait };
    entry.askedAt = now;
    if (!forced) {
      return { accepted: true, ended: this.#refreshForAdmin(entry) };
    }
    const waitMs = await this.#spendForce(entry);
    if (waitMs > 0) return { accepted: false, retryAfterMs: waitMs };
    return { accepted: true, ended: entry.forceRefresh('admin') };
  }

  async #refreshForAdmin(entry: AppEntry): Promise<RefreshEnded | undefined> {
    const ended = await entry.refresh(entry.token, 'admin');
    if (ended?.outcome === 'issued') entry.mintedForAdminAt = this.clock.now();
    return ended;
  }

  /** Of the budget that all replicas share. Without the store each goes by what it has spent itself. */
  async #spendForce(entry: AppEntry): Promise<number> {
    let waitMs = 0;
    try {
      waitMs = (await this.store.spendForce(entry.app.appid)).waitMs;
    } catch (error) {
      this.agreement.tell('store.spendForce', error);
    }
    // What was refused is not spent.
    if (waitMs <= 0) entry.forced = forceUsed(entry.forced, this.clock.now());
    return waitMs;
  }

  status(appid: string): AppStatus | undefined {
    const entry = this.#entries.get(appid);
    if (entry === undefined) return undefined;
    const now = this.clock.now();
    const state = entry.token.shown(now);
    return {
      app: entry.app,
      health: tokenHealthOf(entry, now),
      refreshing: entry.token.pending,
      state,
      nextAttemptAt: entry.token.nextAttemptAt,
      forcedLeft:
        TOKEN_FAMILIES[entry.app.tokenApi].canBeForced && entry.app.loginOnly !== true
          ? forceLeft(entry.forced, now)
          : undefined,
      tickets: ticketsOf(entry, now),
    };
  }

  /** What a caller would find of an app's token; `undefined`: no such app. */
  health(appid: string, now: number): AppHealth | undefined {
    const entry = this.#entries.get(appid);
    return entry === undefined ? undefined : tokenHealthOf(entry, now);
  }

  /** Of all apps, in the order of their coming. */
  appids(): MapIterator<string> {
    return this.#entries.keys();
  }

  /** Nothing new begins; those who wait are woken; resolves when the calls under way have ended. */
  async close(): Promise<void> {
    this.sync.stop();
    const ended = this.parts.attempts.close();
    for (const entry of this.#entries.values()) {
      for (const cell of entry.cells()) {
        if (!cell.pending || isValid(cell.state.held, this.clock.now())) cell.wake();
      }
    }
    await ended;
  }

  #createEntry(app: AppSettings): AppEntry {
    const entry = new AppEntry(app, this.parts);
    this.#entries.add(entry);
    return entry;
  }

  /** What the store holds of new entries, then their first plan. A store that fails or is slow holds nothing up. */
  async #takeIn(entries: readonly AppEntry[]): Promise<void> {
    const stored = await this.#load(entries.map((entry) => entry.app.appid));
    const now = this.clock.now();
    for (const entry of entries) {
      if (entry.removed || entry.token.pending || entry.app.loginOnly === true) continue;
      for (const record of stored.get(entry.app.appid) ?? []) this.#adopt(entry, record, now);
      if (!entry.token.cached.settled) entry.plan(entry.token, now);
    }
  }

  /** What the store holds of one credential, if it is of use. Tickets that nobody keeps warm rest until asked for. */
  #adopt(entry: AppEntry, stored: Stored, now: number): void {
    const { slot } = stored;
    const cell = slot === 'token' ? entry.token : entry.ticket(slot);
    const { held } = this.agreement.observe(cell, stored);
    if (!isValid(held, now)) return;
    cell.dormant = slot !== 'token' && !entry.app.tickets.includes(slot);
    entry.settle(cell);
    // Got with an AppSecret that is no more: what it was replaced for is not known, so the new one is tried at once.
    const outdated = held.credentialsId !== undefined && held.credentialsId !== entry.credentialsId;
    if (slot === 'token' && outdated) void entry.refresh(cell, 'reload');
  }

  async #load(appids: readonly string[]): Promise<ReadonlyMap<string, readonly Stored[]>> {
    let timer: TimerHandle | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = this.clock.setTimeout(() => {
        reject(new Error(`the store did not answer within ${STORE_LOAD_LIMIT_MS} ms`));
      }, STORE_LOAD_LIMIT_MS);
    });
    try {
      return await Promise.race([this.store.load(appids), late]);
    } catch (error) {
      this.agreement.tell('store.load', error);
      return new Map();
    } finally {
      this.clock.clearTimeout(timer);
    }
  }

  #applyChange(change: ConfigChange): void {
    this.#takenIn = undefined;
    for (const appid of change.removed) this.#remove(appid);
    if (change.removed.length > 0) {
      this.store.remove(change.removed).catch((error: unknown) => {
        this.agreement.tell('store.remove', error);
      });
    }
    const added: AppEntry[] = [];
    for (const appid of change.added) {
      const app = change.snapshot.apps.get(appid);
      if (app !== undefined) added.push(this.#createEntry(app));
    }
    if (added.length > 0) void this.#takeIn(added);
    for (const appid of change.changed) {
      const app = change.snapshot.apps.get(appid);
      const entry = this.#entries.get(appid);
      if (app !== undefined) entry?.reconfigure(app);
    }
    this.#takenIn = change.snapshot.apps;
  }

  #remove(appid: string): void {
    const entry = this.#entries.get(appid);
    if (entry === undefined) return;
    this.#entries.delete(appid);
    entry.remove();
  }

  /** Resolves at the cell's next change, or after the bound of one upstream call and a second. */
  async changeOf(cell: CredentialCell, gone?: AbortSignal): Promise<void> {
    cell.underWay?.promote();
    await this.#nextChange(cell, this.environment.wechatTimeoutMs + 1000, gone);
  }

  /** The cell's next change, or the time is up, or the one who waits is gone. */
  #nextChange(cell: CredentialCell, waitMs: number, gone: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.clock.clearTimeout(timer);
        forget();
        gone?.removeEventListener('abort', end);
        resolve();
      };
      const forget = cell.onNextChange(end);
      const timer = this.clock.setTimeout(end, waitMs);
      gone?.addEventListener('abort', end, { once: true });
    });
  }
}
