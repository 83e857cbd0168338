import { REDACTED } from './secret.js';

/** The most of a foreign text that is kept. Characters; the longest known errmsg, with its rid, has some 200. */
const LONGEST = 300;

/**
 * Text from outside, made fit for a log line: one line, no control characters, no secrets (as they are, or as a URL
 * has them, in any case of letters), at most 300 characters.
 */
export function scrub(text: string, secrets: readonly string[] = []): string {
  const line = text.replace(/\s+/g, ' ').replace(/\p{C}/gu, '').trim();
  const spellings = secrets
    .flatMap((secret) => [secret, encodeURIComponent(secret.replace(/\p{Cs}/gu, '\uFFFD'))])
    .filter((secret) => secret !== '')
    .sort((a, b) => b.length - a.length)
    .map((secret) => secret.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  // One pass, longest first: what was put in is not searched again. Before the cut, which could halve a secret.
  const clean = spellings.length === 0 ? line : line.replace(new RegExp(spellings.join('|'), 'gi'), REDACTED);
  if (clean.length <= LONGEST) return clean;
  return `${clean.slice(0, LONGEST - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
