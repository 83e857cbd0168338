import type { Algorithm } from './header.js';
import { isObject } from '../../core/json.js';

/** A public key of an issuer, of a kind that the hub takes. */
export interface PublicKey {
  readonly kid: string | undefined;
  readonly alg: Algorithm;
  /** What makes the key, and nothing else that stood beside it. */
  readonly jwk: Readonly<Record<string, string>>;
}

/** An issuer has a few, more during a rotation. */
const MOST_KEYS = 100;

/** Base64url of 2048 and of 8192 bits: shorter keys are too weak (RFC 7518, 3.3), longer ones cost too much time. */
const MODULUS = /^[A-Za-z0-9_-]{342,1366}$/;
/** From 3 on. */
const EXPONENT = /^(?!AQ$)[A-Za-z0-9_-]{2,6}$/;
/** 32 bytes. */
const COORDINATE = /^[A-Za-z0-9_-]{43}$/;

/** The keys of a JWK set (RFC 7517) that the hub takes; `undefined`: this is no such set. */
export function readKeySet(value: unknown): readonly PublicKey[] | undefined {
  if (!isObject(value) || !Array.isArray(value.keys)) return undefined;
  return value.keys.slice(0, MOST_KEYS).flatMap((jwk) => readKey(jwk) ?? []);
}

/**
 * `undefined`: a key of another kind, or for something else. A key is good for one algorithm, that of its kind, whatever
 * a token says.
 */
function readKey(value: unknown): PublicKey | undefined {
  if (!isObject(value)) return undefined;
  const { kid, use, alg, key_ops: operations } = value;
  if (kid !== undefined && typeof kid !== 'string') return undefined;
  if (use !== undefined && use !== 'sig') return undefined;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return undefined;
  const key = kindOf(value);
  if (key === undefined || !fits(alg, key.alg)) return undefined;
  return { kid, ...key };
}

/** RFC 9864 calls EdDSA with this curve `Ed25519`. */
function fits(named: unknown, alg: Algorithm): boolean {
  return named === undefined || named === alg || (alg === 'EdDSA' && named === 'Ed25519');
}

function kindOf({
  kty,
  crv,
  n,
  e,
  x,
  y,
}: Readonly<Record<string, unknown>>): Omit<PublicKey, 'kid'> | undefined {
  if (kty === 'RSA' && isLike(MODULUS, n) && isLike(EXPONENT, e)) return { alg: 'RS256', jwk: { kty, n, e } };
  if (kty === 'EC' && crv === 'P-256' && isLike(COORDINATE, x) && isLike(COORDINATE, y))
    return { alg: 'ES256', jwk: { kty, crv, x, y } };
  if (kty === 'OKP' && crv === 'Ed25519' && isLike(COORDINATE, x))
    return { alg: 'EdDSA', jwk: { kty, crv, x } };
  return undefined;
}

function isLike(form: RegExp, value: unknown): value is string {
  return typeof value === 'string' && form.test(value);
}

/**
 * The key that a token was signed with, by its name; a token that names none is the issuer's if it has only one key for
 * that algorithm.
 */
export function keyFor<K extends Pick<PublicKey, 'kid' | 'alg'>>(
  keys: readonly K[],
  { alg, kid }: Pick<PublicKey, 'kid' | 'alg'>,
): K | undefined {
  const fitting = keys.filter((key) => key.alg === alg && (kid === undefined || key.kid === kid));
  return kid === undefined && fitting.length > 1 ? undefined : fitting[0];
}
