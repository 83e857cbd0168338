import { Injectable } from '@nestjs/common';
import { Clock, type TimerHandle } from '../clock/clock.js';
import { Randomness } from '../clock/randomness.js';
import { AppsConfig } from '../config/apps-config.service.js';
import { failedElsewhere, type SharedFailure } from '../core/coordination.js';
import { Agreement } from './agreement.js';
import { AppEntries } from './app-entries.js';
import type { AppEntry, CredentialCell } from './app-entry.js';
import { Refresher } from './refresher.js';
import { TokenStore, type Stored, type StoreNews } from './token-store.js';

/** What nobody told is found by comparing: a round begins so often at most, ms … */
const ROUND_MS = 60_000;
/** … and takes one cheap look so often, ms: a quiet replica sends Redis few commands. */
const LOOK_MS = 500;
/** Reloads that other replicas ask for, ms. */
const RELOADS_APART_MS = 1000;
/** After missed news everything is looked at at once, so many apps at a time where a look covers fewer. */
const HURRIED_APPS = 50;
/** Who refreshed an app while Redis was gone has so long to connect and to store what it got, ms. */
const RETURN_GRACE_MS = 5000;
/** So many apps are brought in line at a time; each may be a write. */
const AGREEING = 20;

/**
 * Keeps this replica in step with the others: what they tell is looked up in the store and taken over, and since
 * messages get lost, everything is compared again after each interruption, and slowly all the time.
 */
@Injectable()
export class ReplicaNews {
  #entries = new AppEntries();
  readonly #told = new Set<string>();
  #looking = false;
  #missed = false;
  #timer: TimerHandle | undefined;
  #reloading: TimerHandle | undefined;
  #reloadedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly store: TokenStore,
    private readonly agreement: Agreement,
    private readonly refresher: Refresher,
    private readonly config: AppsConfig,
    private readonly clock: Clock,
    private readonly randomness: Randomness,
  ) {}

  /** From now on; `entries` are the cache's own. */
  follow(entries: AppEntries): void {
    this.#entries = entries;
    if (this.store.appsPerLook === 0) return;
    this.store.onNews((news) => {
      this.#hear(news);
    });
    this.config.onReload((outcome, trigger) => {
      if (outcome.ok && (trigger === 'admin' || trigger === 'signal')) {
        this.store.announce({ kind: 'reload' }).catch((error: unknown) => {
          this.agreement.tell('store.announce', error);
        });
      }
    });
    this.#nextRound(this.#roundMs());
  }

  #hear(news: StoreNews): void {
    switch (news.kind) {
      case 'changed':
        this.#told.add(news.appid);
        void this.#look();
        break;
      case 'missed':
        this.#missed = true;
        void this.#look();
        break;
      case 'failed':
        this.#failed(news.appid, news.failure);
        break;
      case 'removed':
      case 'reload':
        this.#reloadSoon();
    }
  }

  /** At once, then one at a time for all that is told meanwhile: whoever can write to Redis is not to keep this replica busy. */
  #reloadSoon(): void {
    if (this.#reloading !== undefined) return;
    const wait = Math.max(0, this.#reloadedAt + RELOADS_APART_MS - this.clock.now());
    const reload = (): void => {
      this.#reloading = undefined;
      this.#reloadedAt = this.clock.now();
      void this.config.reload('replica');
    };
    if (wait === 0) reload();
    else this.#reloading = this.clock.setTimeout(reload, wait);
  }

  /** Another replica keeps the pace; this one's callers are to know why there is no token, and its timer waits. */
  #failed(appid: string, failure: SharedFailure): void {
    const cell = this.#entries.get(appid)?.token;
    if (cell === undefined) return;
    const known = cell.state;
    cell.state = failedElsewhere(known, failure, this.clock.now());
    if (cell.state === known) return;
    this.refresher.settle(cell);
    this.refresher.doubt(cell);
  }

  /** One at a time: what is told meanwhile is looked up together afterwards. Never rejects. */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    while (this.#missed || this.#told.size > 0) {
      const everything = this.#missed;
      const appids = everything ? this.#shuffled() : [...this.#told];
      this.#missed = false;
      this.#told.clear();
      const step = Math.max(this.store.appsPerLook, HURRIED_APPS);
      for (let from = 0; from < appids.length && !this.refresher.closing; from += step) {
        // A store that is gone says so when it is back.
        if (!(await this.#compare(appids.slice(from, from + step), everything))) break;
      }
    }
    this.#looking = false;
  }

  /** @returns whether the store answered */
  async #compare(appids: readonly string[], thorough: boolean): Promise<boolean> {
    let found: ReadonlyMap<string, readonly Stored[]>;
    try {
      found = await this.store.load(appids);
    } catch (error) {
      this.agreement.tell('store.load', error);
      return false;
    }
    const entries = appids.flatMap((appid) => this.#entries.get(appid) ?? []);
    const cells = entries.flatMap((entry) =>
      cellsToCompare(entry, found.get(entry.app.appid) ?? [], thorough),
    );
    for (let from = 0; from < cells.length; from += AGREEING) {
      await Promise.all(
        cells.slice(from, from + AGREEING).map(async ({ cell, stored }) => {
          const outcome = await this.agreement.reach(cell, stored);
          if ((outcome !== 'kept' || cell.disputed) && !cell.entry.removed) this.refresher.settle(cell);
        }),
      );
    }
    for (const entry of entries) {
      for (const cell of entry.cells()) if (cell.putOff && !entry.removed) this.#resume(cell);
    }
    return true;
  }

  /**
   * Put off only because the store was gone, and it is back. Whoever the app was left to may hold a token that is not
   * stored yet: to claim at once would be a second mint of the same rotation.
   */
  #resume(cell: CredentialCell): void {
    const now = this.clock.now();
    const leftUntil = cell.nextAttemptAt ?? now;
    this.refresher.settle(cell);
    const resumeAt = Math.min(leftUntil, now + RETURN_GRACE_MS);
    this.refresher.plan(cell, Math.max(cell.nextAttemptAt ?? now, resumeAt));
  }

  /** Rounds of replicas that started together are not to meet at the same apps. */
  #shuffled(): string[] {
    const appids = [...this.#entries.keys()];
    const start = Math.floor(this.randomness.next() * appids.length);
    return [...appids.slice(start), ...appids.slice(0, start)];
  }

  #roundMs(): number {
    return ROUND_MS * (0.9 + 0.2 * this.randomness.next());
  }

  #nextRound(waitMs: number): void {
    this.#timer = this.clock.setTimeout(() => void this.#round(this.#shuffled(), this.clock.now()), waitMs);
  }

  async #round(left: string[], began: number): Promise<void> {
    if (this.refresher.closing) return;
    if (!this.#looking) await this.#compare(left.splice(0, this.store.appsPerLook), true);
    if (left.length > 0) this.#timer = this.clock.setTimeout(() => void this.#round(left, began), LOOK_MS);
    else this.#nextRound(Math.max(LOOK_MS, began + this.#roundMs() - this.clock.now()));
  }

  /** Nothing is compared any more. */
  stop(): void {
    this.clock.clearTimeout(this.#timer);
    this.clock.clearTimeout(this.#reloading);
  }
}

interface ToCompare {
  readonly cell: CredentialCell;
  readonly stored: Stored | undefined;
}

/** What differs from what this replica has last seen; `thorough`: also what the store has lost. */
function cellsToCompare(entry: AppEntry, stored: readonly Stored[], thorough: boolean): ToCompare[] {
  const differing: ToCompare[] = [];
  for (const record of stored) {
    const cell = record.slot === 'token' ? entry.token : entry.ticket(record.slot);
    if (record.stamp !== cell.seen) differing.push({ cell, stored: record });
  }
  if (!thorough) return differing;
  for (const cell of entry.cells()) {
    const lost = !stored.some(({ slot }) => slot === cell.slot);
    if (lost && cell.state.held !== undefined) differing.push({ cell, stored: undefined });
  }
  return differing;
}
