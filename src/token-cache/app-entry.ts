import type { AppSettings } from '../core/app.js';
import { UNTRIED, type CredentialState } from '../core/credential.js';
import type { ForceHistory } from '../core/force-budget.js';
import type { RefreshEnded } from '../events/hub-events.js';
import type { LaneTicket } from './upstream-lanes.js';

/** An attempt that has begun, from its place in the queue to its end. */
export interface UnderWay {
  readonly forced: boolean;
  readonly lane: LaneTicket;
  /** Ends when the outcome is known and stored; never rejects. `undefined`: the app was removed meanwhile. */
  readonly done: Promise<RefreshEnded | undefined>;
}

/** What one process holds of one app. Owned by TokenCache, which alone changes it. */
export class AppEntry {
  state: CredentialState = UNTRIED;
  /** Epoch ms on the hub's clock; `undefined` until the store was asked at the start. */
  nextAttemptAt: number | undefined;
  underWay: UnderWay | undefined;
  /** Set by a reload that changed the credentials under a call: its answer is not the last word. */
  attemptAgain = false;
  /** Whether an attempt of this process has ended, or the store held a token that is not due. */
  settledOnce = false;
  removed = false;
  forced: ForceHistory = [];
  /** When an admin last asked for an attempt beside the schedule. */
  askedAt = Number.NEGATIVE_INFINITY;

  #wakers = new Set<() => void>();

  constructor(public app: AppSettings) {}

  /** Runs `waker` once, when the outcome of an attempt is known, the token changes or the app is removed. */
  onNextChange(waker: () => void): () => void {
    this.#wakers.add(waker);
    return () => this.#wakers.delete(waker);
  }

  wake(): void {
    const wakers = this.#wakers;
    this.#wakers = new Set();
    for (const waker of wakers) waker();
  }

  get waiting(): number {
    return this.#wakers.size;
  }
}
