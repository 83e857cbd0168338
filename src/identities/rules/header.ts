import type { TokenFlaw } from '../../core/access/identity.js';
import { isObject } from '../../core/json.js';

/**
 * What may sign a token: keys of whose two halves the hub has the public one alone. No HMAC, whose secret could be the
 * text of a public key, and no `none` (RFC 8725, 2.1 and 3.1).
 */
export const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** Which key a token says it was signed with; nothing is proved by that. */
export interface TokenHeader {
  readonly alg: Algorithm;
  readonly kid: string | undefined;
}

/** `JWT`; RFC 9068 (`at+jwt`) and SPIFFE's JWT-SVID (`JOSE`) have their own. */
const TYPES: ReadonlySet<string> = new Set(['jwt', 'at+jwt', 'jose']);

/**
 * Judges a token's header.
 *
 * - `jwk`, `jku`, `x5c`, `x5u` say where a key could be had; the hub has its keys from the issuer alone and does not
 *   look at them.
 * - `crit` names what must be understood, and the hub understands nothing of the kind. `b64` changes what was signed.
 * - Tokens of other purposes (`logout+jwt`, `secevent+jwt`) say so in `typ` (RFC 8725, 3.11).
 */
export function judgeHeader(header: unknown): TokenHeader | TokenFlaw {
  if (!isObject(header)) return 'malformed_token';
  const { alg, kid, typ } = header;
  if (typeof alg !== 'string') return 'malformed_token';
  const known = ALGORITHMS.find((one) => one === alg);
  if (known === undefined) return 'refused_algorithm';
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) return 'malformed_token';
  if (kid !== undefined && typeof kid !== 'string') return 'malformed_token';
  if (typ !== undefined && !isKnownType(typ)) return 'malformed_token';
  return { alg: known, kid };
}

function isKnownType(typ: unknown): boolean {
  return typeof typ === 'string' && TYPES.has(typ.toLowerCase().replace(/^application\//, ''));
}
