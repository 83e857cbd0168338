import type { TicketType, TokenApi } from './app.js';
import type { Secret } from './secret.js';
import type { Grant, UpstreamError } from './upstream.js';

/** What a credential is: a token of one of the two families, or a ticket of one of the two types. */
export type CredentialKind = TokenApi | TicketType;

/** Where an app's credential of a kind is kept. The two families of token share a slot: an app uses one of them. */
export type CredentialSlot = 'token' | TicketType;

export function slotOf(kind: CredentialKind): CredentialSlot {
  return kind === 'stable_token' ? 'token' : kind;
}

/**
 * A token or ticket as the hub holds it. All times are epoch milliseconds on the hub's clock, which only goes forward
 * (see Clock.now): a change of the wall clock neither shortens nor stretches a token's life.
 */
export interface Held {
  readonly value: Secret;
  /** Grows with every new token of the app; never reused. */
  readonly version: number;
  /** The two families of token are never mixed in one record: WeChat keeps them fully apart. */
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
   * Of the claim under which a replica got this value and the shared store took it in. Absent: got by a process on its
   * own, without a claim. Orders tokens of different replicas; see core/coordination.ts.
   */
  readonly fence?: number | undefined;
}

/** What is known of one app's token, and of the attempts to get it. A value: transitions return a new one. */
export interface CredentialState {
  readonly held: Held | undefined;
  /** Failed attempts since the last success. */
  readonly failures: number;
  /** How many of the latest failures in a row were configuration errors or quotas. */
  readonly slowFailures: number;
  /** When the last call was sent. */
  readonly attemptedAt: number | undefined;
  /** Fence of the claim under which the last failed call was made, here or elsewhere; `undefined`: without a claim. */
  readonly failedUnder?: number | undefined;
  /** When the last call that succeeded was sent. */
  readonly refreshedAt: number | undefined;
  /** The last failure, kept after recovery for people to read. `at`: when it was known. */
  readonly lastError: { readonly at: number; readonly error: UpstreamError } | undefined;
  /**
   * When the first call since the last success was sent that may have minted a successor of the token that is held,
   * although its answer was lost; see core/doubtful-mint.ts.
   */
  readonly doubtfulSince: number | undefined;
}

export const UNTRIED: CredentialState = {
  held: undefined,
  failures: 0,
  slowFailures: 0,
  attemptedAt: undefined,
  refreshedAt: undefined,
  lastError: undefined,
  doubtfulSince: undefined,
};

/** Never at or past its end: the very millisecond of expiry counts as expired. */
export function isValid<T extends Pick<Held, 'expiresAt'>>(held: T | undefined, now: number): held is T {
  return held !== undefined && now < held.expiresAt;
}

/**
 * A ticket that WeChat still gives so long after its known end has another end than the hub thinks. For less, the
 * difference may be the time that a call takes.
 */
const TICKET_OUTLIVED_MS = 5000;
/** Such a ticket is alive now, and nobody knows for how long: it is vouched for so long, then asked about again. */
const TICKET_UNKNOWN_LIFE_MS = 60_000;

export interface Granted {
  readonly state: CredentialState;
  /**
   * `issued`: a token that was not held before; `confirmed`: the one that is held, unchanged;
   * `outdated`: the call was sent before the held token was first seen, so its answer cannot be news.
   */
  readonly outcome: 'issued' | 'confirmed' | 'outdated';
}

/**
 * WeChat granted a token.
 *
 * - What WeChat answers replaces what the hub holds; an unchanged token is a success and keeps its version.
 * - An answer to a call that was sent before the held token was first seen changes nothing: it may be older.
 * - `firstVersion` numbers a token that has no predecessor.
 */
export function granted(
  state: CredentialState,
  grant: Grant,
  kind: CredentialKind,
  firstVersion: number,
): Granted {
  const { held } = state;
  if (held !== undefined && grant.sentAt < held.issuedAt) {
    return { state, outcome: 'outdated' };
  }
  const same = held?.kind === kind && held.value.equals(grant.value);
  const next: Held = {
    value: grant.value,
    version: held === undefined ? firstVersion : same ? held.version : held.version + 1,
    kind,
    issuedAt: same ? held.issuedAt : grant.sentAt,
    confirmedAt: grant.sentAt,
    expiresAt:
      same && kind !== 'token' && kind !== 'stable_token'
        ? ticketEnd(held, grant)
        : grant.sentAt + grant.lifeMs,
    lifeMs: same ? Math.max(held.lifeMs, grant.lifeMs) : grant.lifeMs,
  };
  return {
    state: {
      ...state,
      held: next,
      failures: 0,
      slowFailures: 0,
      attemptedAt: grant.sentAt,
      refreshedAt: grant.sentAt,
      doubtfulSince: undefined,
    },
    outcome: same ? 'confirmed' : 'issued',
  };
}

/**
 * Within its life the same ticket comes back, each time with the full `expires_in` (WECHAT.md, community reports): its
 * true end is known only from the first sight of it.
 */
function ticketEnd(held: Held, grant: Grant): number {
  const outlived = grant.sentAt >= held.expiresAt + TICKET_OUTLIVED_MS;
  return outlived ? grant.sentAt + Math.min(grant.lifeMs, TICKET_UNKNOWN_LIFE_MS) : held.expiresAt;
}

/**
 * An attempt failed. What is held stays held: a failure never costs a token that is still valid.
 * @param fence of the claim under which it was made
 */
export function failed(
  state: CredentialState,
  error: UpstreamError,
  sentAt: number,
  now: number,
  fence?: number,
): CredentialState {
  return {
    ...state,
    failures: goesOnFailing(state, sentAt) ? 2 : state.failures + 1,
    failedUnder: fence,
    slowFailures: error.class === 'transient' ? 0 : state.slowFailures + 1,
    attemptedAt: sentAt,
    lastError: { at: now, error },
    doubtfulSince: doubtAfter(state, error, sentAt),
  };
}

/** Only a mint through /cgi-bin/token shortens the life of the token before it. */
export function doubtAfter(state: CredentialState, error: UpstreamError, sentAt: number): number | undefined {
  const doubtful = error.mayHaveActed && state.held?.kind === 'token';
  return state.doubtfulSince ?? (doubtful ? sentAt : undefined);
}

/**
 * When the last call was sent, if it failed and only another replica's success has answered that: epoch ms.
 * WeChat has answered nobody here since, so the pace of failing calls still holds.
 */
export function answeredFailureAt({ failures, attemptedAt, lastError }: CredentialState): number | undefined {
  const failedLast = attemptedAt !== undefined && lastError !== undefined && lastError.at >= attemptedAt;
  return failures === 0 && failedLast ? attemptedAt : undefined;
}

/** A call that fails so soon after such a one is not a first failure, ms. */
const GOES_ON_MS = 10_000;

function goesOnFailing(state: CredentialState, sentAt: number): boolean {
  const failedAt = answeredFailureAt(state);
  return failedAt !== undefined && sentAt - failedAt < GOES_ON_MS;
}

/**
 * The app's settings were changed by a reload: what failed before says nothing about the new ones.
 * The token that is held stays.
 */
export function reconfigured(state: CredentialState): CredentialState {
  return { ...state, failures: 0, slowFailures: 0 };
}

export type AppHealth = 'valid' | 'failing' | 'unavailable';

/** One word for people: what a caller would find, whatever is under way. */
export function healthOf(state: CredentialState, now: number): AppHealth {
  if (!isValid(state.held, now)) return 'unavailable';
  return state.failures > 0 ? 'failing' : 'valid';
}
