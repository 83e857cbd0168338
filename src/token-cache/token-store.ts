import type { ReplicaView } from '../core/replica-view.js';
import type { LeaseTerms, Urgency } from '../core/attempt.js';
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

export interface FailedCall {
  readonly failure: SharedFailure;
  /** Until this replica tries again. */
  readonly retryInMs: number;
  /** Since the call was sent. */
  readonly sinceSentMs: number;
}

/** The right to refresh one credential, given to one replica at a time. */
export interface Lease extends LeaseTerms {
  /**
   * Gives the right back, if {@link TokenStore.save} has not done so. Never rejects.
   * @param failed an attempt failed: the others hear of it, and leave the credential to this replica until it has tried again
   */
  release(failed?: FailedCall): Promise<void>;
}

export interface LeaseRequest {
  readonly slot: CredentialSlot;
  /** The {@link Stored.stamp} that this replica has last seen in this slot; 0: none. */
  readonly seen: number;
  readonly urgency: Urgency;
  /** Names the app's AppSecret and token API: a pause after a failure with others holds nobody off. */
  readonly credentialsId: string;
}

export type LeaseOutcome =
  | { readonly kind: 'granted'; readonly lease: Lease }
  /** The store holds what this replica has not seen: look at it, then ask again if an attempt is still due. */
  | { readonly kind: 'changed'; readonly stored: Stored }
  /** Another replica's call is under way; its lease lapses after so many ms if nothing is heard of it. */
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

/** What other replicas did. Nothing that this process did itself comes back. */
export type PeerEvent =
  | { readonly kind: 'changed'; readonly appid: string; readonly slot: CredentialSlot }
  | {
      readonly kind: 'failed';
      readonly appid: string;
      readonly slot: CredentialSlot;
      readonly failure: SharedFailure;
      readonly retryInMs: number;
    }
  /** The apps were removed from a replica's configuration. */
  | { readonly kind: 'removed'; readonly appids: readonly string[] }
  /** What is known of a platform and its authorizers has changed: look at its records. */
  | { readonly kind: 'platform'; readonly appid: string }
  /** An operator asked a replica to read its configuration again. */
  | { readonly kind: 'reload' }
  /** Messages may have been missed, or the store may have lost some of its memory: look at everything. */
  | { readonly kind: 'missed' };

/** What a replica says of itself, for people to look at; nothing decides by it. Ages, since clocks differ. */
export interface ReplicaNote {
  /** The machine or pod. */
  readonly instance: string;
  readonly version: string;
  readonly upMs: number;
  /** Its last reading of apps.yaml after the start; `undefined`: there was none. */
  readonly reload: { readonly ok: boolean; readonly agoMs: number } | undefined;
  /** `undefined`: it does not say. */
  readonly view?: ReplicaView | undefined;
}

/** As {@link ReplicaNote}, from the replica of that id. */
export type HeardReplica = ReplicaNote & { readonly id: string };

export type Announcement =
  Extract<PeerEvent, { kind: 'removed' | 'reload' | 'platform' }> | ({ readonly kind: 'here' } & ReplicaNote);

/** So many in a window of time, and so long apart; ms. */
export interface Budget {
  readonly most: number;
  readonly windowMs: number;
  readonly apartMs: number;
}

/**
 * Where tokens and tickets live beyond one process's memory, and how replicas agree on who refreshes. Callers are
 * never served from here: the cache reads it at the start, writes with each refresh, and goes on without it where it
 * fails. Every method but {@link Lease.release} rejects with {@link StoreUnavailable}, within a bound of its own.
 *
 * Times in {@link Held} are on this process's clock: a shared store translates.
 */
export abstract class TokenStore {
  /**
   * How many apps one cheap look covers, for the slow comparison with what other replicas may have written.
   * 0: nobody else writes.
   */
  abstract readonly appsPerLook: number;

  /**
   * When the last command was sent that the store answered, epoch ms on the hub's clock: what was written before can
   * be known here.
   */
  abstract readonly reachedAt: number;

  /** What the store holds of these apps: at most one credential per slot. */
  abstract load(appids: readonly string[]): Promise<ReadonlyMap<string, readonly Stored[]>>;

  /** Asks for the right to refresh. */
  abstract lease(appid: string, request: LeaseRequest): Promise<LeaseOutcome>;

  /**
   * Writes the credential unless its slot holds a newer one; saving the same again is harmless. With a lease, gives
   * it back in the same step. Without: what a replica got on its own, or what the store has lost.
   */
  abstract save(appid: string, held: Held, lease?: Lease): Promise<SaveOutcome>;

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
  abstract announce(event: Announcement): Promise<void>;

  /** Calls `listener` with what other replicas do. It must not throw. */
  abstract onPeerEvent(listener: (event: PeerEvent) => void): void;
}
