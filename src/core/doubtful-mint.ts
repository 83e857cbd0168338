import type { CredentialState } from './credential.js';

/**
 * A mint through /cgi-bin/token whose answer was lost (time-out, cut connection, broken answer) may have happened all
 * the same. Then the token that is held works for 5 more minutes and is dead from then on, and nobody was told. Pure.
 *
 * Nothing comes of it where a retry succeeds within these minutes, or where the token ends then anyway, as it does
 * when it is renewed 300 s ahead. It matters after a mint in the middle of a life (on a report, by an admin, far ahead
 * of the end) while every retry fails:
 *
 * - for the first 5 minutes the hub vouches for the token until their end and no longer;
 * - from then on it asks WeChat whether the token is alive, with each failed attempt, at most once in 30 s. Dead: it
 *   is served no more. Alive: no mint happened that is older than 5 minutes, and the next question comes in a minute.
 *   No answer: nothing is known, the token stays, and is vouched for a minute at a time.
 */

/** After a mint through /cgi-bin/token the token before works for 5 more minutes ("AccessToken" page). */
export const TOKEN_OVERLAP_MS = 5 * 60_000;

/** How long a token is vouched for from one question to the next, ms. */
export const DOUBTFUL_VOUCH_MS = 60_000;

/** Whether the token that is held may have been dead for a while without the hub's knowing. */
export function isToBeProbed({ held, doubtfulSince }: CredentialState, now: number): boolean {
  if (held === undefined || doubtfulSince === undefined || now >= held.expiresAt) return false;
  return now >= doubtfulSince + TOKEN_OVERLAP_MS;
}

/** No later than this can the hub promise anything of the token that is held, epoch ms; Infinity: no doubt. */
export function undoubtedUntil(doubtfulSince: number | undefined, now: number): number {
  if (doubtfulSince === undefined) return Number.POSITIVE_INFINITY;
  return Math.max(doubtfulSince + TOKEN_OVERLAP_MS, now + DOUBTFUL_VOUCH_MS);
}

/** WeChat took the token at `askedAt`: of the lost mints only those of the last 5 minutes may still end it. */
export function provedAlive(state: CredentialState, askedAt: number): CredentialState {
  const { doubtfulSince } = state;
  if (doubtfulSince === undefined) return state;
  return { ...state, doubtfulSince: Math.max(doubtfulSince, askedAt - TOKEN_OVERLAP_MS + DOUBTFUL_VOUCH_MS) };
}

/** WeChat refused the token: its end has come. */
export function provedDead(state: CredentialState, now: number): CredentialState {
  const { held } = state;
  if (held === undefined) return state;
  return {
    ...state,
    held: { ...held, expiresAt: Math.min(held.expiresAt, now) },
    doubtfulSince: undefined,
  };
}
