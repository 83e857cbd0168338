import type { Secret } from '../../core/secret.js';

/** A token as calls need it, made once per token. */
export interface TokenSpellings {
  /** As a query has it. */
  readonly encoded: string;
  /** What must not go back to a caller, in headers and as bytes. */
  readonly secrets: readonly string[];
  readonly bytes: readonly Buffer[];
}

const known = new WeakMap<Secret, TokenSpellings>();

export function spellingsOf(token: Secret): TokenSpellings {
  let spellings = known.get(token);
  if (spellings === undefined) {
    const value = token.reveal();
    const encoded = encodeURIComponent(value);
    const secrets = encoded === value ? [value] : [value, encoded];
    spellings = { encoded, secrets, bytes: secrets.map((secret) => Buffer.from(secret)) };
    known.set(token, spellings);
  }
  return spellings;
}
