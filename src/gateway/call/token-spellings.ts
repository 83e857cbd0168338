import type { Secret } from '../../core/secret.js';

/** A token as calls need it, made once per token. */
export interface TokenSpellings {
  /** As a query has it. */
  readonly encoded: string;
  /** What must not go back to a caller. */
  readonly secrets: readonly string[];
}

const known = new WeakMap<Secret, TokenSpellings>();

export function spellingsOf(token: Secret): TokenSpellings {
  let spellings = known.get(token);
  if (spellings === undefined) {
    const value = token.reveal();
    const encoded = encodeURIComponent(value);
    spellings = { encoded, secrets: encoded === value ? [value] : [value, encoded] };
    known.set(token, spellings);
  }
  return spellings;
}
