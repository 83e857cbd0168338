import type { TokenApi } from './app.js';
import { isValid, type CredentialState } from './credential.js';
import type { Secret } from './secret.js';

/**
 * "WeChat told me that this token is no good": what the hub does about it. Pure.
 *
 * Compare first: a report of anything but the current token costs WeChat nothing, so that a caller with an old or
 * invented token can cause nothing, and of many reports of the same death only the first one asks.
 */
export type ReportDecision =
  /** The hub already holds another token. */
  | 'superseded'
  /** It is the current one: ask WeChat. */
  | 'ask'
  /** It is the current one, but WeChat was asked on a report just now, or the schedule is retrying after failures. */
  | 'throttled'
  /** The hub holds no valid token at all. */
  | 'unavailable';

/** On reports, a `token` app is minted at most once in 60 s, and a `stable_token` app asked about once in 5 s. */
export const REPORTS_APART_MS: Readonly<Record<TokenApi, number>> = { token: 60_000, stable_token: 5_000 };

/**
 * How often a token is made sure of when an SDK asks again (the drop-in's repeat rule): `token` by a probe every 30 s
 * at the most, `stable_token` by a normal call every 5 s.
 */
export const CHECKS_APART_MS: Readonly<Record<TokenApi, number>> = { token: 30_000, stable_token: 5_000 };

/** After a call that failed WeChat is asked on a report only so much later (the contract's floor between token calls). */
const AFTER_FAILURE_MS = 5_000;

/** @param putOff the schedule does not retry either: it leaves the app to another replica (core/coordination.ts) */
export function decideReport(
  state: CredentialState,
  reported: Secret,
  tokenApi: TokenApi,
  lastAskedAt: number,
  putOff: boolean,
  now: number,
): ReportDecision {
  if (!isValid(state.held, now)) return 'unavailable';
  if (!state.held.value.equals(reported)) return 'superseded';
  // While attempts fail the schedule keeps its own pace; reports must not quicken it. Where it has stopped to try,
  // they are all that is left.
  const attemptedAt = state.attemptedAt ?? Number.NEGATIVE_INFINITY;
  if (state.failures > 0 && (!putOff || now - attemptedAt < AFTER_FAILURE_MS)) return 'throttled';
  return now - lastAskedAt >= REPORTS_APART_MS[tokenApi] ? 'ask' : 'throttled';
}

export type ReportOutcome = 'superseded' | 'refreshed' | 'confirmed' | 'throttled';
