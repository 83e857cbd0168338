import {
  isTokenKind,
  type CredentialKind,
  type CredentialState,
  type Held,
  type UnseenMint,
} from './credential.js';
import { endOf } from './kinds/same-to-the-end.js';
import { ticketEnd } from './ticket-life.js';
import { unseenAfter, unseenEither } from './unseen-mint.js';
import type { Grant, UpstreamError } from './upstream.js';

/** What the outcome of a call makes of what is known of a credential. Pure. */

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
 * - `versionAfter` numbers a new token by the version before it (`undefined`: there is none).
 */
export function granted(
  state: CredentialState,
  grant: Grant,
  kind: CredentialKind,
  versionAfter: (before: number | undefined) => number,
): Granted {
  const { held } = state;
  if (held !== undefined && grant.sentAt < held.issuedAt) {
    return { state, outcome: 'outdated' };
  }
  const same = held?.kind === kind && held.value.equals(grant.value);
  const next: Held = {
    value: grant.value,
    version: same ? held.version : versionAfter(held?.version),
    kind,
    issuedAt: same ? held.issuedAt : grant.sentAt,
    confirmedAt: grant.sentAt,
    ...endAfter(held, grant, kind),
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
      peerFailure: undefined,
      refusal: undefined,
      unseen: unseenAfter(state.unseen, grant.sentAt),
    },
    outcome: same ? 'confirmed' : 'issued',
  };
}

function endAfter(
  held: Held | undefined,
  grant: Grant,
  kind: CredentialKind,
): Pick<Held, 'expiresAt' | 'endUnknown'> {
  if (kind === 'gettoken') return endOf(held, grant);
  if (isTokenKind(kind)) return { expiresAt: grant.sentAt + grant.lifeMs };
  return { expiresAt: ticketEnd(held?.kind === kind ? held : undefined, grant) };
}

/**
 * An attempt failed. What is held stays held: a failure never costs a token that is still valid.
 * @param fence of the lease under which it was made
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
    failures: Math.max(state.failures + 1, goesOnFailing(state, sentAt) ? 2 : 1),
    failedUnder: fence,
    slowFailures: error.class === 'transient' ? 0 : state.slowFailures + 1,
    attemptedAt: sentAt,
    lastError: { at: now, error },
    unseen: unseenAfterFailure(state, error, sentAt, now),
  };
}

/** Only a mint through /cgi-bin/token shortens the life of the token before it. */
export function unseenAfterFailure(
  { held, unseen }: CredentialState,
  error: UpstreamError,
  sentAt: number,
  endedAt: number,
): UnseenMint | undefined {
  if (!error.mayHaveActed || held?.kind !== 'token') return unseen;
  return unseenEither(unseen, { since: sentAt, until: endedAt });
}

/**
 * When the last call was sent, if it failed and only another replica's success has answered that: epoch ms.
 * WeChat has answered nobody here since, so the pace of failing calls still holds.
 */
export function answeredFailureAt({ failures, attemptedAt, lastError }: CredentialState): number | undefined {
  const failedLast = attemptedAt !== undefined && lastError !== undefined && lastError.at >= attemptedAt;
  return failures === 0 && failedLast ? attemptedAt : undefined;
}

/** Calls that fail are so far apart, whoever asks for them, ms (the contract's floor). */
export const FAILING_APART_MS = 5000;

/** Whether calls for the credential fail: then the schedule alone keeps their pace, and nobody who asks quickens it. */
export function isFailing(state: CredentialState, now: number): boolean {
  const answered = answeredFailureAt(state);
  return state.failures > 0 || (answered !== undefined && now < answered + FAILING_APART_MS);
}

/** A call that fails so soon after such a one is not a first failure, ms. */
const GOES_ON_MS = 10_000;

/** After another replica's failure too: it is one pace for all. */
function goesOnFailing(state: CredentialState, sentAt: number): boolean {
  const { peerFailure } = state;
  if (peerFailure !== undefined && sentAt < peerFailure.retryAt + GOES_ON_MS) return true;
  const failedAt = answeredFailureAt(state);
  return failedAt !== undefined && sentAt - failedAt < GOES_ON_MS;
}

/**
 * The app's settings were changed by a reload: what failed before says nothing about the new ones.
 * The token that is held stays.
 */
export function reconfigured(state: CredentialState): CredentialState {
  return { ...state, failures: 0, slowFailures: 0, peerFailure: undefined, refusal: undefined };
}
