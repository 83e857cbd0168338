import { etagOf } from '../core/token-answer.js';

/** RFC 9110 and RFC 7240 as far as the token routes use them. Pure. */

const LONGEST_WAIT_SECONDS = 55;

/** Whether an `If-None-Match` header names this version. Weak comparison, as RFC 9110 asks of If-None-Match. */
export function matchesVersion(ifNoneMatch: string | undefined, version: number): boolean {
  if (ifNoneMatch === undefined) return false;
  const etag = etagOf(version);
  if (ifNoneMatch === etag) return true;
  return ifNoneMatch.split(',').some((part) => {
    const tag = part.trim();
    return tag === '*' || tag === etag || tag === `W/${etag}`;
  });
}

/**
 * The `wait` preference (RFC 7240) in seconds, at most 55, so that an answer comes before the idle time-out of usual
 * proxies (60 s). Anything that is not a whole number is no preference: RFC 7240 says to ignore it.
 */
export function preferredWaitSeconds(prefer: string | string[] | undefined): number {
  if (prefer === undefined) return 0;
  const header = Array.isArray(prefer) ? prefer.join(',') : prefer;
  for (const part of header.split(/[,;]/)) {
    const match = /^\s*wait\s*=\s*"?(\d{1,6})"?\s*$/i.exec(part);
    if (match?.[1] !== undefined) return Math.min(Number(match[1]), LONGEST_WAIT_SECONDS);
  }
  return 0;
}
