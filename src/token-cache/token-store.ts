import type { SharedFailure } from '../core/coordination.js';
import type { CredentialSlot, Held } from '../core/credential.js';

/** The store cannot be reached, or refused: it has said so itself. The message is free of secrets. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** What the store holds of one slot. */
export interface Stored {
  readonly slot: CredentialSlot;
  /** Of the write that made it so; a replica that has seen it has seen this state. Positive. */
  readonly stamp: number;
  /** `undefined`: something is there that this hub cannot read, such as a token under a key that it does not have. */
  readonly held: Held | undefined;
}

/** The right to refresh one app, given to one replica at a time. */
export interface Claim {
  /** Grows with every claim of the app; the store refuses what comes with a smaller one than it has seen. */
  readonly fence: number;
  /** The number for a token that has no predecessor. */
  readonly firstVersion: number;
  /** A call must have begun before, epoch ms on the hub's clock: later, its bound would outlive the claim. */
  readonly startBy: number;
  /** From then on another replica may have the claim. Epoch ms on the hub's clock. */
  readonly lapsesAt: number;
  /**
   * Gives the right back, if {@link TokenStore.save} has not done so. Never rejects.
   * @param failed an attempt failed: the others hear of it, and leave the app to this replica until it has tried again
   */
  release(failed?: { readonly failure: SharedFailure; readonly retryInMs: number }): Promise<void>;
}

export interface ClaimRequest {
  readonly slot: CredentialSlot;
  /** The {@link Stored.stamp} that this replica has last seen in this slot; 0: none. */
  readonly seen: number;
  /** Somebody asks (an admin, a reload): try although the attempts of another replica are failing. */
  readonly urgent: boolean;
}

export type ClaimOutcome =
  | { readonly kind: 'granted'; readonly claim: Claim }
  /** The store holds what this replica has not seen: look at it, then ask again if an attempt is still due. */
  | { readonly kind: 'changed'; readonly stored: Stored }
  /** Another replica's call is under way; its claim lapses after so many ms if nothing is heard of it. */
  | { readonly kind: 'leased'; readonly lapsesInMs: number }
  /** Another replica's attempts fail, and it keeps the pace; after so many ms it must be gone. */
  | { readonly kind: 'paused'; readonly retryInMs: number };

export type SaveOutcome =
  /** `held`: as it is stored; its version may be greater than the one that was given. */
  | { readonly saved: true; readonly held: Held; readonly stamp: number }
  /** The store holds a newer one; nothing was written. */
  | { readonly saved: false; readonly stored: Stored }
  /** There is nothing to store: its life is over, or the app was removed meanwhile. */
  | { readonly saved: false; readonly stored: undefined };

/** What other replicas did. Nothing that this process did itself comes back as news. */
export type StoreNews =
  | { readonly kind: 'changed'; readonly appid: string; readonly slot: CredentialSlot }
  | {
      readonly kind: 'failed';
      readonly appid: string;
      readonly failure: SharedFailure;
      readonly retryInMs: number;
    }
  /** The apps were removed from a replica's configuration. */
  | { readonly kind: 'removed'; readonly appids: readonly string[] }
  /** An operator asked a replica to read its configuration again. */
  | { readonly kind: 'reload' }
  /** News may have been missed, or the store may have lost some of its memory: look at everything. */
  | { readonly kind: 'missed' };

export type Announcement = Extract<StoreNews, { kind: 'removed' | 'reload' }>;

/** So many in a window of time, and so long apart; ms. */
export interface Budget {
  readonly most: number;
  readonly windowMs: number;
  readonly apartMs: number;
}

/**
 * Where tokens and tickets live beyond one process's memory, and how replicas agree on who refreshes. Callers are
 * never served from here: the cache reads it at the start, writes with each refresh, and goes on without it where it
 * fails. Every method but {@link Claim.release} rejects with {@link StoreUnavailable}, within a bound of its own.
 *
 * Times in {@link Held} are on this process's clock: a shared store translates.
 */
export abstract class TokenStore {
  /**
   * How many apps one cheap look covers, for the slow comparison with what other replicas may have written.
   * 0: nobody else writes.
   */
  abstract readonly appsPerLook: number;

  /** What the store holds of these apps: at most one credential per slot. */
  abstract load(appids: readonly string[]): Promise<ReadonlyMap<string, readonly Stored[]>>;

  /** Asks for the right to refresh. */
  abstract claim(appid: string, request: ClaimRequest): Promise<ClaimOutcome>;

  /**
   * Writes the credential unless its slot holds a newer one; saving the same again is harmless. With a claim, gives
   * it back in the same step. Without: what a replica got on its own, or what the store has lost.
   */
  abstract save(appid: string, held: Held, claim?: Claim): Promise<SaveOutcome>;

  /** The apps were removed from the configuration: their credentials go. */
  abstract remove(appids: readonly string[]): Promise<void>;

  /** Once in `apartMs` over all replicas. How long to wait, ms; 0: go ahead, and the time runs anew. */
  abstract throttle(appid: string, purpose: string, apartMs: number): Promise<number>;

  /** Spends one of WeChat's forced refreshes, unless that must wait; over all replicas. See core/force-budget.ts. */
  abstract spendForce(appid: string): Promise<{ readonly waitMs: number; readonly left: number }>;

  /**
   * Spends one of a budget of WeChat's that has a name of its own, over all replicas, unless none is left. It outlives
   * a removal of the app: WeChat goes on counting. `waitMs` 0: spent.
   */
  abstract spend(
    appid: string,
    purpose: string,
    budget: Budget,
  ): Promise<{ readonly waitMs: number; readonly left: number }>;

  /** Tells the other replicas. */
  abstract announce(news: Announcement): Promise<void>;

  /** Calls `listener` with what other replicas do. It must not throw. */
  abstract onNews(listener: (news: StoreNews) => void): void;
}
