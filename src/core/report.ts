import type { TokenApi } from './app.js';
import { answeredFailureAt, FAILING_APART_MS, isFailing } from './attempt-outcome.js';
import { isValid, type CredentialState } from './credential.js';
import { TOKEN_FAMILIES } from './kinds/token-families.js';
import type { Secret } from './secret.js';

/**
 * "WeChat told me that this token is no good": what the hub does about it. Pure.
 *
 * - Compare first: a report of anything but the current token costs WeChat nothing, so that a caller with an old or
 *   invented token can cause nothing, and of many reports of the same death only the first one asks.
 * - Ask before a mint: a `token` app's token is probed, so that a false report ends no good token.
 * - Who lies is slowed down alone.
 */
export type ReportDecision =
  /** The hub already holds another token. */
  | { readonly kind: 'superseded' }
  /** It is the current one: ask WeChat. */
  | { readonly kind: 'ask' }
  /** It is the current one, and WeChat is not asked now. */
  | { readonly kind: 'throttled' }
  /** The hub holds no valid token at all. */
  | { readonly kind: 'unavailable' };

/** On reports, and because an SDK asks again, WeChat is asked about an app at most once in this time, ms. */
export const ASK_APART_MS = 5000;

/** On reports, a `token` app is minted at most once in this time, ms. */
export const MINT_APART_MS = 60_000;

/**
 * @param askedAt when WeChat was last asked because of a report, or since an SDK asked again; epoch ms on the hub's
 * clock, -Infinity: never
 * @param notBefore of the one who reports, because of what they reported before: {@link notBeforeAfter} */
export function decideReport(
  state: CredentialState,
  reported: Secret,
  tokenApi: TokenApi,
  askedAt: number,
  notBefore: number,
  now: number,
): ReportDecision {
  if (!isValid(state.held, now)) return { kind: 'unavailable' };
  if (!state.held.value.equals(reported)) return { kind: 'superseded' };
  if (now < notBefore) return { kind: 'throttled' };
  // While calls for a token fail, the schedule keeps its own pace and reports do not quicken it; a probe is no such call.
  if (isFailing(state, now) && TOKEN_FAMILIES[tokenApi].isCheckedBy === 'call') return { kind: 'throttled' };
  return { kind: now >= askedAt + ASK_APART_MS ? 'ask' : 'throttled' };
}

/**
 * When a `token` that proved dead may be minted anew, epoch ms.
 * @param mintedAt when a report last had it minted; -Infinity: never
 */
export function mintNotBefore(state: CredentialState, mintedAt: number): number {
  // Calls for a token that fail keep their pace, whatever they are made for.
  const failedAt = state.failures > 0 ? state.attemptedAt : answeredFailureAt(state);
  return Math.max(mintedAt + MINT_APART_MS, (failedAt ?? Number.NEGATIVE_INFINITY) + FAILING_APART_MS);
}

/** So many false reports in a row cost nothing: WeChat's 40001 may have been about something else … */
const FREE_LIES = 3;
/** … and each further one in a row doubles this, ms, up to {@link LONGEST_PENALTY_MS}. */
const PENALTY_MS = 10_000;
const LONGEST_PENALTY_MS = 10 * 60_000;

/** Until when reports of somebody about an app cause nothing, after so many false ones in a row. Epoch ms. */
export function notBeforeAfter(falseReports: number, now: number): number {
  const counted = falseReports - FREE_LIES;
  if (counted <= 0) return Number.NEGATIVE_INFINITY;
  return now + Math.min(PENALTY_MS * 2 ** Math.min(counted - 1, 20), LONGEST_PENALTY_MS);
}

export type ReportOutcome = 'superseded' | 'refreshed' | 'confirmed' | 'throttled';
