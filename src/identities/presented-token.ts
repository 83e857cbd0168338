import type { TokenFlaw } from '../core/access/identity.js';
import { claimedIssuer } from './rules/claims.js';
import { judgeHeader, type TokenHeader } from './rules/header.js';

/** RFC 9110 section 11.4. No key of a client has a dot. */
const BEARER_TOKEN = /^bearer +([^\s.]*\.\S*)$/i;

/**
 * The token in an `Authorization` header, whatever it is worth; `undefined`: there is none, but perhaps a key. Asked for
 * each request.
 */
export function tokenIn(authorization: string | undefined): string | undefined {
  if (authorization?.includes('.') !== true) return undefined;
  return BEARER_TOKEN.exec(authorization)?.[1];
}

/** Longer ones hold what the hub has no use for, and cost time. Characters. */
const LONGEST_TOKEN = 8192;

/** RFC 7515, 7.1. */
const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;

/** What a token says before anything of it is proved. */
export interface PresentedToken extends TokenHeader {
  readonly issuer: string;
}

/** A token's own words; a flaw where they are not worth the look for a key. */
export function readToken(text: string): PresentedToken | TokenFlaw {
  if (text.length > LONGEST_TOKEN) return 'malformed_token';
  const [header, claims] = decode(text);
  if (header === undefined) return 'malformed_token';
  const judged = judgeHeader(header);
  if (typeof judged === 'string') return judged;
  const issuer = claimedIssuer(claims);
  return issuer === undefined ? 'malformed_token' : { ...judged, issuer };
}

function decode(text: string): readonly [header: unknown, claims: unknown] | readonly [] {
  // A token without algorithm has no third part: it is to be told as what it is.
  const isUnsigned = text.endsWith('.');
  const parts = COMPACT.exec(isUnsigned ? `${text}AA` : text);
  if (parts === null) return [];
  const [header = '', claims = '', signature = ''] = parts.slice(1);
  if (![header, claims, signature].every(isCanonical)) return [];
  return [parse(header), parse(claims)];
}

/** One token has one text: bits that no byte has room for are zero. */
function isCanonical(part: string): boolean {
  return Buffer.from(part, 'base64url').toString('base64url') === part;
}

/** JSON of UTF-8; `undefined`: it is none. */
function parse(part: string): unknown {
  try {
    return JSON.parse(utf8.decode(Buffer.from(part, 'base64url')));
  } catch {
    return undefined;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
