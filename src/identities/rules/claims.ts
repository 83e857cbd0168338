import {
  identityName,
  type IssuerSettings,
  type TokenFlaw,
  type VerifiedToken,
} from '../../core/access/identity.js';
import { isObject } from '../../core/json.js';

/** By how much the clocks of the issuer and of the hub may differ. Seconds. */
export const LEEWAY_SECONDS = 30;

/** Who issued a token, as it says itself: to find the issuer by whose keys it is judged. */
export function claimedIssuer(claims: unknown): string | undefined {
  return isObject(claims) && typeof claims.iss === 'string' ? claims.iss : undefined;
}

/**
 * Judges the claims (RFC 7519) of a token whose signature is good.
 *
 * - `iss` exactly the issuer's, `aud` exactly its audience or a list that has it.
 * - `exp` and `sub` must be there; `nbf` may.
 * - From `exp` + 30 s on it is refused, and before `nbf` - 30 s.
 *
 * @param wallNow epoch ms by the wall clock
 */
export function judgeClaims(
  claims: unknown,
  issuer: IssuerSettings,
  wallNow: number,
): VerifiedToken | TokenFlaw {
  if (!isObject(claims)) return 'malformed_token';
  const { iss, aud, exp, nbf, sub } = claims;
  if (iss !== issuer.issuer) return 'unknown_issuer';
  if (aud !== issuer.audience && !(Array.isArray(aud) && aud.includes(issuer.audience)))
    return 'wrong_audience';
  if (!isSeconds(exp) || typeof sub !== 'string' || sub === '') return 'incomplete_token';
  if (nbf !== undefined && !isSeconds(nbf)) return 'incomplete_token';
  const expiresAt = (exp + LEEWAY_SECONDS) * 1000;
  if (!(wallNow < expiresAt)) return 'expired_token';
  if (nbf !== undefined && wallNow < (nbf - LEEWAY_SECONDS) * 1000) return 'early_token';
  return {
    issuer,
    subject: sub,
    proof: { id: identityName({ issuer: issuer.id, subject: sub }), expiresAt },
  };
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
