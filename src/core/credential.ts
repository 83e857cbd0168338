import { TOKEN_APIS, type TicketType, type TokenApi } from './app.js';
import type { Secret } from './secret.js';
import type { UpstreamError } from './upstream.js';

/** What a credential is: a token of one of the families, or a ticket of one of the types. */
export type CredentialKind = TokenApi | TicketType;

/** Where an app's credential of a kind is kept. The families of token share a slot: an app uses one of them. */
export type CredentialSlot = 'token' | TicketType;

export function slotOf(kind: CredentialKind): CredentialSlot {
  return isTokenKind(kind) ? 'token' : kind;
}

export function isTokenKind(kind: CredentialKind): kind is TokenApi {
  return TOKEN_APIS.some((api) => api === kind);
}

/**
 * A token or ticket as the hub holds it. All times are epoch milliseconds on the hub's clock, which only goes forward
 * (see Clock.now): a change of the wall clock neither shortens nor stretches a token's life.
 */
export interface Held {
  readonly value: Secret;
  /** Grows with every new token of the app; never reused. */
  readonly version: number;
  /** The families of token are never mixed in one record: WeChat keeps them fully apart. */
  readonly kind: CredentialKind;
  /** When the call that first brought this value was sent. */
  readonly issuedAt: number;
  /** When the last call that brought this value was sent. */
  readonly confirmedAt: number;
  /** The token is dead from this moment on. */
  readonly expiresAt: number;
  /** The longest life that WeChat has named for this value, ms. */
  readonly lifeMs: number;
  /**
   * `gettoken`: `expiresAt` is only the latest end there can be. The birth was not seen, and no second answer has told
   * the same end. Known to the process that asked, not to the store.
   */
  readonly endUnknown?: boolean | undefined;
  /**
   * Of the lease under which a replica got this value and the shared store took it in. Absent: got by a process on its
   * own, without a lease. Orders tokens of different replicas; see core/coordination.ts.
   */
  readonly fence?: number | undefined;
  /** Which AppSecret and token API the value was last got with; absent: not known. Says nothing about either. */
  readonly credentialsId?: string | undefined;
}

/** Another replica's attempt failed. Shown to people and callers; it changes no plan of this replica. */
export interface PeerFailure {
  /** When it was heard of, epoch ms on the hub's clock, as the next one. */
  readonly at: number;
  /** Until when the other replica is to have tried again. */
  readonly retryAt: number;
  readonly error: UpstreamError;
}

/** A mint that nobody here holds may have superseded the token that is held: core/unseen-mint.ts. */
export interface UnseenMint {
  /** No unseen call reached WeChat before. Epoch ms on the hub's clock, as the next one. */
  readonly since: number;
  /** All unseen calls had ended by then; Infinity: others may still make some. */
  readonly until: number;
}

/** What is known of one credential, and of the attempts to get it. A value: transitions return a new one. */
export interface CredentialState {
  readonly held: Held | undefined;
  /** Failed attempts of this process since the last success, whoever had it. */
  readonly failures: number;
  /** How many of the latest failures in a row were configuration errors or quotas. */
  readonly slowFailures: number;
  /** When the last call was sent. */
  readonly attemptedAt: number | undefined;
  /** Fence of the lease under which the last failed call was made; `undefined`: without a lease. */
  readonly failedUnder?: number | undefined;
  /** When the last call that succeeded was sent. */
  readonly refreshedAt: number | undefined;
  /** The last failure, kept after recovery for people to read. `at`: when it was known. */
  readonly lastError: { readonly at: number; readonly error: UpstreamError } | undefined;
  /** The last failure of another replica, until an attempt succeeds. */
  readonly peerFailure?: PeerFailure | undefined;
  /** WeChat refused the app itself where a user logged in or a quota was cleared; told to people, attempts go on. */
  readonly refusal?: PeerFailure | undefined;
  readonly unseen?: UnseenMint | undefined;
}

export const UNTRIED: CredentialState = {
  held: undefined,
  failures: 0,
  slowFailures: 0,
  attemptedAt: undefined,
  refreshedAt: undefined,
  lastError: undefined,
};

/** Never at or past its end: the very millisecond of expiry counts as expired. */
export function isValid<T extends Pick<Held, 'expiresAt'>>(held: T | undefined, now: number): held is T {
  return held !== undefined && now < held.expiresAt;
}

/** The state as people are to see it: a failure of another replica that keeps the pace for all is the app's failure. */
export function shown(state: CredentialState, now: number): CredentialState {
  return failingBy(failingBy(state, state.peerFailure, now), state.refusal, now);
}

function failingBy(state: CredentialState, failure: PeerFailure | undefined, now: number): CredentialState {
  if (failure === undefined || now >= failure.retryAt) return state;
  const { lastError, failures } = state;
  const later = lastError === undefined || failure.at >= lastError.at;
  return { ...state, failures: Math.max(failures, 1), lastError: later ? failure : lastError };
}

/** A refusal of the app is believed so long, ms: people see it, and the next login or attempt says more. */
const REFUSAL_LASTS_MS = 600_000;

/** WeChat refused the app in a call that asked for no credential of the hub's. */
export function refusedBeside(
  state: CredentialState,
  error: UpstreamError,
  now: number,
  lastsMs = Math.max(error.notBeforeMs ?? 0, REFUSAL_LASTS_MS),
): CredentialState {
  const retryAt = now + lastsMs;
  return { ...state, refusal: { at: now, retryAt, error } };
}

/** … and accepts it again. */
export function acceptedBeside(state: CredentialState): CredentialState {
  return state.refusal === undefined ? state : { ...state, refusal: undefined };
}

export type AppHealth = 'valid' | 'failing' | 'unavailable';

/** One word for people: what a caller would find, whatever is under way. @param state as {@link shown} */
export function healthOf(state: CredentialState, now: number): AppHealth {
  if (!isValid(state.held, now)) return 'unavailable';
  return state.failures > 0 ? 'failing' : 'valid';
}
