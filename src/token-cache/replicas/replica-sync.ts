import { Injectable } from '@nestjs/common';
import { Clock, type TimerHandle } from '../../clock/clock.js';
import { Randomness } from '../../clock/randomness.js';
import { AppsConfig } from '../../config/reload/apps-config.service.js';
import { failedElsewhere } from '../../core/coordination.js';
import { HubEvents } from '../../events/hub-events.js';
import { AppEntries } from '../refresh/app-entries.js';
import type { AppEntry } from '../refresh/app-entry.js';
import type { CredentialCell } from '../refresh/credential-cell.js';
import { AttemptLoop } from '../refresh/attempt-loop.js';
import { TokenCheck } from '../refresh/token-check.js';
import { TokenStore, type PeerEvent, type Stored } from '../token-store.js';
import { StoreAgreement } from './store-agreement.js';
import { StoreContact } from './store-contact.js';

/** What nobody told is found by comparing: a round begins so often at most, ms … */
const ROUND_MS = 60_000;
/** … and takes one cheap look so often, ms: a quiet replica sends Redis few commands. */
const LOOK_MS = 500;
/** A store that was not asked for anything for so long is looked at, to know whether it is still there, ms. */
const CONTACT_MS = 5000;
/** After missed events everything is looked at at once, so many apps at a time where a look covers fewer. */
const HURRIED_APPS = 50;
/** So many apps are brought in line at a time; each may be a write. */
const AGREEING = 20;
/** The configuration is read anew on the word of others so often at most, ms. */
const RELOADS_APART_MS = 1000;

/**
 * Keeps this replica in step with the others: what they tell is looked up in the store and taken over, and since
 * messages get lost, everything is compared again after each interruption, and slowly all the time.
 */
@Injectable()
export class ReplicaSync {
  #entries = new AppEntries();
  readonly #told = new Set<string>();
  #looking = false;
  #missed = false;
  #timer: TimerHandle | undefined;
  #reload: TimerHandle | undefined;
  #reloadedAt = Number.NEGATIVE_INFINITY;
  /** What is left of the slow round, and when the next one begins; epoch ms on the hub's clock. */
  #round: string[] = [];
  #nextRoundAt = 0;

  constructor(
    private readonly store: TokenStore,
    private readonly agreement: StoreAgreement,
    private readonly contact: StoreContact,
    private readonly attempts: AttemptLoop,
    private readonly check: TokenCheck,
    private readonly config: AppsConfig,
    private readonly clock: Clock,
    private readonly randomness: Randomness,
    private readonly events: HubEvents,
  ) {}

  /** From now on; `entries` are the cache's own. */
  follow(entries: AppEntries): void {
    this.#entries = entries;
    if (this.store.appsPerLook === 0) return;
    this.store.onPeerEvent((event) => {
      this.#hear(event);
    });
    this.config.onReload((outcome, trigger, only) => {
      const tookEffect = outcome.ok || outcome.brought !== undefined;
      // The other replicas see a tenant's file change by themselves, and have no reason to read all others.
      if (tookEffect && only === undefined && (trigger === 'admin' || trigger === 'signal')) {
        this.store.announce({ kind: 'reload' }).catch((error: unknown) => {
          this.agreement.tell('store.announce', error);
        });
      }
    });
    this.#nextRoundAt = this.clock.now() + this.#roundMs();
    this.#tickIn(CONTACT_MS);
  }

  #hear(event: PeerEvent): void {
    switch (event.kind) {
      case 'changed':
        this.#told.add(event.appid);
        void this.#look();
        break;
      case 'missed':
        this.#missed = true;
        this.contact.lost();
        void this.#look();
        break;
      case 'failed':
        this.#failed(event);
        break;
      case 'platform':
        this.events.emit('platformTold', { platform: event.appid });
        break;
      case 'removed':
      case 'reload':
        this.#reloadSoon();
    }
  }

  /** Whatever others say how often: at once, and then once a second. */
  #reloadSoon(): void {
    if (this.#reload !== undefined) return;
    const wait = this.#reloadedAt + RELOADS_APART_MS - this.clock.now();
    const reload = (): void => {
      this.#reload = undefined;
      this.#reloadedAt = this.clock.now();
      void this.config.reload('replica');
    };
    if (wait <= 0) reload();
    else this.#reload = this.clock.setTimeout(reload, wait);
  }

  /** Another replica keeps the pace; this one's callers are to know why there is no credential. */
  #failed({ appid, slot, failure, retryInMs }: Extract<PeerEvent, { kind: 'failed' }>): void {
    const entry = this.#entries.get(appid);
    const cell = entry?.cell(slot);
    if (entry === undefined || cell === undefined) return;
    // Another AppSecret's failure says nothing about this replica's.
    if (failure.credentialsId !== undefined && failure.credentialsId !== entry.credentialsId) return;
    const known = cell.state;
    cell.know(failedElsewhere(known, failure, retryInMs, this.clock.now()));
    if (cell.state === known) return;
    if (cell.state.unseen !== known.unseen && cell.cached.settled) entry.settle(cell);
    else cell.wake();
    if (cell === entry.token) void this.check.probeUnseen(entry);
  }

  /** One at a time: what is told meanwhile is looked up together afterwards. Never rejects. */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      while (this.#missed || this.#told.size > 0) await this.#lookOnce();
    } catch (error) {
      this.agreement.tell('replicas', error);
    } finally {
      this.#looking = false;
    }
  }

  async #lookOnce(): Promise<void> {
    const everything = this.#missed;
    const appids = everything ? this.#shuffled() : [...this.#told];
    this.#missed = false;
    this.#told.clear();
    const step = Math.max(this.store.appsPerLook, HURRIED_APPS);
    for (let from = 0; from < appids.length && !this.attempts.closing; from += step) {
      // A store that is gone says so when it is back.
      if (!(await this.#compare(appids.slice(from, from + step), true))) return;
    }
    if (everything) this.contact.found();
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
    const differing = entries.flatMap((entry) =>
      differingCells(entry, found.get(entry.app.appid) ?? [], thorough),
    );
    for (let from = 0; from < differing.length; from += AGREEING) {
      await Promise.all(
        differing.slice(from, from + AGREEING).map(async ({ entry, cell, stored }) => {
          const { unseen } = cell.state;
          const outcome = await this.agreement.reach(cell, stored);
          const settles = outcome !== 'kept' || cell.state.unseen !== unseen;
          if (settles && !entry.removed) entry.settle(cell);
        }),
      );
    }
    const differ = new Set(differing.map(({ cell }) => cell));
    for (const entry of entries) {
      for (const cell of entry.cells()) {
        if (thorough && !differ.has(cell)) this.agreement.agrees(cell);
        // A store that answers and takes nothing (out of memory, read-only) is as good as away.
        if (!entry.removed && !this.agreement.isUnsaved(cell)) entry.storeAnswered(cell);
      }
    }
    return true;
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

  #tickIn(ms: number): void {
    this.#timer = this.clock.setTimeout(() => {
      this.#tick()
        .catch((error: unknown) => this.agreement.tell('replicas', error))
        .finally(() => {
          if (!this.attempts.closing) this.#tickIn(this.#round.length > 0 ? LOOK_MS : CONTACT_MS);
        });
    }, ms);
  }

  /** A look of the slow round where one is due; otherwise one that shows whether the store is there. */
  async #tick(): Promise<void> {
    if (this.attempts.closing || this.#looking) return;
    const now = this.clock.now();
    for (const appid of this.agreement.unsaved()) this.#told.add(appid);
    if (this.#told.size > 0) await this.#look();
    if (this.#round.length === 0 && now >= this.#nextRoundAt) {
      this.#round = this.#shuffled();
      this.#nextRoundAt = now + this.#roundMs();
    }
    if (this.#round.length > 0) {
      await this.#compare(this.#round.splice(0, this.store.appsPerLook), true);
    } else if (now - this.store.reachedAt >= CONTACT_MS) {
      await this.#compare(this.#shuffled().slice(0, 1), false);
    }
  }

  /** Nothing is compared any more. */
  stop(): void {
    this.clock.clearTimeout(this.#timer);
    this.clock.clearTimeout(this.#reload);
  }
}

interface Differing {
  readonly entry: AppEntry;
  readonly cell: CredentialCell;
  readonly stored: Stored | undefined;
}

/** What differs from what this replica has last seen; `thorough`: also what the store has lost. */
function differingCells(entry: AppEntry, stored: readonly Stored[], thorough: boolean): Differing[] {
  const differing: Differing[] = [];
  for (const record of stored) {
    const cell = record.slot === 'token' ? entry.token : entry.ticket(record.slot);
    if (record.stamp !== cell.cached.seen) differing.push({ entry, cell, stored: record });
  }
  if (!thorough) return differing;
  for (const cell of entry.cells()) {
    const lost = !stored.some(({ slot }) => slot === cell.slot);
    if (lost && cell.state.held !== undefined) differing.push({ entry, cell, stored: undefined });
  }
  return differing;
}
