import type { AppSettings, TicketType } from '../core/app.js';
import { UNTRIED, type CredentialSlot, type CredentialState } from '../core/credential.js';
import type { ForceHistory } from '../core/force-budget.js';
import type { RefreshEnded } from '../events/hub-events.js';
import { ReadyToken } from './ready-token.js';

/** An attempt that has begun, from its place in the queue to its end. */
export interface UnderWay {
  readonly forced: boolean;
  /** Somebody waits for it: it goes before all that nobody waits for. */
  promote(): void;
  /** Ends when the outcome is known and stored; never rejects. `undefined`: no call was made, or it came to nothing. */
  readonly done: Promise<RefreshEnded | undefined>;
}

/** What one process holds of one token or ticket. Owned by the cache, which alone changes it. */
export class CredentialCell {
  underWay: UnderWay | undefined;
  /** The attempt under way has its answer; only storing it is left. */
  outcomeKnown = false;
  /** Set by a reload that changed the credentials under a call: its answer is not the last word. */
  attemptAgain = false;
  /** Whether an attempt of this process has ended, or the store held a valid credential. */
  settledOnce = false;
  /** Tickets on demand: when a caller last asked, and whether the timer rests because nobody does. */
  usedAt = Number.NEGATIVE_INFINITY;
  dormant = false;
  /** {@link Stored.stamp} of what this replica has last seen in the store; 0: nothing. */
  seen = 0;
  /** Whether what is held was last got or confirmed by this replica itself, as far as it knows. */
  refreshedHere = false;
  /**
   * A mint of unknown fate may have superseded what is held: the next attempt asks WeChat, whatever others did. Set to
   * when the mints in question had ended, epoch ms on the hub's clock; see disputeLeft in core/coordination.ts.
   */
  disputedUntil: number | undefined;
  /**
   * An attempt is due, but the store is gone and another replica may be making it: see mayGoAloneAt in
   * core/coordination.ts. Decided anew as soon as the store answers.
   */
  putOff = false;

  #state: CredentialState = UNTRIED;
  #nextAttemptAt: number | undefined;
  /** Made when somebody waits, like {@link AppEntry.tickets}: most never have any, and an empty set costs 200 bytes. */
  #wakers: Set<() => void> | undefined;

  constructor(
    readonly entry: AppEntry,
    readonly slot: CredentialSlot,
  ) {}

  get state(): CredentialState {
    return this.#state;
  }

  set state(state: CredentialState) {
    this.#state = state;
    this.entry.forgetReady(this);
  }

  /** Epoch ms on the hub's clock; `undefined` until it was first decided. */
  get nextAttemptAt(): number | undefined {
    return this.#nextAttemptAt;
  }

  set nextAttemptAt(at: number | undefined) {
    this.#nextAttemptAt = at;
    this.entry.forgetReady(this);
  }

  /** Runs `waker` once, when the outcome of an attempt is known or the app is removed. Returns how to call it off. */
  onNextChange(waker: () => void): () => void {
    const wakers = (this.#wakers ??= new Set());
    wakers.add(waker);
    return () => wakers.delete(waker);
  }

  wake(): void {
    const wakers = this.#wakers;
    if (wakers === undefined) return;
    this.#wakers = undefined;
    for (const waker of wakers) waker();
  }

  get waiting(): number {
    return this.#wakers?.size ?? 0;
  }

  get disputed(): boolean {
    return this.disputedUntil !== undefined;
  }

  /** Whether an answer is on its way, and worth waiting for where there is no valid credential. */
  get pending(): boolean {
    return this.underWay !== undefined && !this.outcomeKnown;
  }
}

const NO_TICKETS: ReadonlyMap<TicketType, CredentialCell> = new Map();

/** What one process holds of one app. */
export class AppEntry {
  #ready: ReadyToken | undefined;
  #tickets: Map<TicketType, CredentialCell> | undefined;
  readonly token = new CredentialCell(this, 'token');
  removed = false;
  forced: ForceHistory = [];
  /** When an admin last asked for an attempt beside the schedule; epoch ms on the hub's clock, as the next two. */
  askedAt = Number.NEGATIVE_INFINITY;
  /** When WeChat was last asked because of a report. */
  reportedAt = Number.NEGATIVE_INFINITY;
  /** When the token was last made sure of because an SDK asked again. */
  checkedAt = Number.NEGATIVE_INFINITY;
  /** The check under way; whoever asks meanwhile shares it. Never rejects. */
  checking: Promise<void> | undefined;

  constructor(public app: AppSettings) {}

  /** The token that is held, valid or not, ready for callers; made anew whenever the cell has changed. */
  get ready(): ReadyToken | undefined {
    return this.#ready ?? this.#makeReady();
  }

  forgetReady(changed: CredentialCell): void {
    if (changed === this.token) this.#ready = undefined;
  }

  #makeReady(): ReadyToken | undefined {
    const { state, nextAttemptAt } = this.token;
    const { held, doubtfulSince } = state;
    this.#ready = held === undefined ? undefined : new ReadyToken(held, nextAttemptAt, doubtfulSince);
    return this.#ready;
  }

  /** The cells of the ticket types that were needed so far. */
  get tickets(): ReadonlyMap<TicketType, CredentialCell> {
    return this.#tickets ?? NO_TICKETS;
  }

  /** The cell of a ticket type, made on first need. */
  ticket(type: TicketType): CredentialCell {
    const tickets = (this.#tickets ??= new Map<TicketType, CredentialCell>());
    let cell = tickets.get(type);
    if (cell === undefined) tickets.set(type, (cell = new CredentialCell(this, type)));
    return cell;
  }

  *cells(): Generator<CredentialCell> {
    yield this.token;
    yield* this.tickets.values();
  }
}
