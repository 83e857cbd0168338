import { blankSpellings, blankTokenLike } from './secret-spellings.js';
import { REDACTED } from './secret.js';

/** The most of a foreign text that is kept. Characters; the longest known errmsg, with its rid, has some 200. */
const LONGEST = 300;
/** What of a text is looked at; a secret that this cut halves is beyond the other one. */
const LONGEST_READ = 8192;

/**
 * Text from outside, made fit for a log line: one line, no control characters, none of these secrets in whatever
 * spelling, nothing that looks like a token or a key of anybody's, at most 300 characters.
 */
export function scrub(text: string, secrets: readonly string[] = []): string {
  const line = text.slice(0, LONGEST_READ).replace(/\s+/g, ' ').replace(/\p{C}/gu, '').trim();
  const spellings = secrets
    .flatMap((secret) => [secret, encodeURIComponent(secret.replace(/\p{Cs}/gu, '\uFFFD'))])
    .filter((secret) => secret !== '')
    .sort((a, b) => b.length - a.length)
    .map((secret) => secret.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  // One pass, longest first: what was put in is not searched again. Before the cut, which could halve a secret.
  const exact = spellings.length === 0 ? line : line.replace(new RegExp(spellings.join('|'), 'gi'), REDACTED);
  const clean = blankTokenLike(blankSpellings(exact, secrets, REDACTED), REDACTED);
  if (clean.length <= LONGEST) return clean;
  return `${clean.slice(0, LONGEST - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
