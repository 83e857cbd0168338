import type { AppSettings } from '../../core/app.js';
import {
  step,
  UNCACHED,
  type Attempt,
  type AttemptEnd,
  type CachedCredential,
  type Input,
  type StepContext,
} from '../../core/attempt.js';
import {
  shown,
  UNTRIED,
  type CredentialKind,
  type CredentialSlot,
  type CredentialState,
} from '../../core/credential.js';
import type { Secret } from '../../core/secret.js';
import type { RefreshEnded } from '../../events/hub-events.js';

/** What a cell needs to know of its app. */
export interface CellOwner {
  readonly app: AppSettings;
  /** Names the AppSecret and token API that the app has now, and gives neither away. */
  readonly credentialsId: string;
  readonly removed: boolean;
  /** The token to ask for a ticket with; `undefined`: there is no valid one. */
  tokenAt(now: number): Secret | undefined;
  /** Something that callers see has changed. */
  changed(cell: CredentialCell): void;
}

/** An attempt that has begun, from its place in the queue to its end. */
export interface UnderWay {
  readonly forced: boolean;
  /** Somebody waits for it: it goes before all that nobody waits for. */
  promote(): void;
  /** Ends when the outcome is known, stored and settled; never rejects. `undefined`: no call was made. */
  readonly done: Promise<RefreshEnded | undefined>;
}

const NOTHING: CachedCredential = { state: UNTRIED, ...UNCACHED };

/**
 * One cached credential: a token or ticket of an app as one process holds it, and those who wait for it. What is known
 * is a value that {@link become} alone replaces.
 */
export class CredentialCell {
  underWay: UnderWay | undefined;
  /** Tickets on demand: when a caller last asked, and whether the timer rests because nobody does. */
  usedAt = Number.NEGATIVE_INFINITY;
  dormant = false;
  /** WeChat refused the token that a ticket was asked for with: another is being fetched, and the ticket with it. */
  askedAgain = false;
  #cached = NOTHING;
  #nextAttemptAt: number | undefined;
  /** Made when somebody waits: most never have any, and an empty set costs 200 bytes. */
  #wakers: Set<() => void> | undefined;

  constructor(
    readonly owner: CellOwner,
    readonly slot: CredentialSlot,
  ) {}

  get cached(): CachedCredential {
    return this.#cached;
  }

  get state(): CredentialState {
    return this.#cached.state;
  }

  get attempt(): Attempt {
    return this.#cached.attempt;
  }

  /** What the app's settings have the hub fetch here. */
  get kind(): CredentialKind {
    return this.slot === 'token' ? this.owner.app.tokenApi : this.slot;
  }

  /** The only writer of what is known. */
  become(next: CachedCredential): void {
    if (next.state !== this.#cached.state) this.owner.changed(this);
    this.#cached = next;
  }

  /** Another state, with the attempt where it is. */
  know(state: CredentialState): void {
    if (state !== this.state) this.become({ ...this.#cached, state });
  }

  /** @returns present where the attempt is over */
  advance(input: Input, context: StepContext): AttemptEnd | undefined {
    const { next, end } = step(this.#cached, input, context);
    this.become(next);
    return end;
  }

  /** For people and metrics: see {@link shown}. */
  shown(now: number): CredentialState {
    return shown(this.state, now);
  }

  /** Epoch ms on the hub's clock; `undefined` until it was first decided. */
  get nextAttemptAt(): number | undefined {
    return this.#nextAttemptAt;
  }

  set nextAttemptAt(at: number | undefined) {
    this.#nextAttemptAt = at;
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

  /** Whether an answer is on its way, and worth waiting for where there is no valid credential. */
  get pending(): boolean {
    return this.#cached.attempt.phase !== 'idle';
  }
}
