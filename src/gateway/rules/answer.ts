import type { ReportOutcome } from '../../core/report.js';
import { isDeadTokenErrcode } from '../../core/wechat-error.js';
import { headerOf } from './headers.js';

/** Answers about a dead token have some 200 bytes; what is longer is no such answer. */
export const LARGEST_LOOKED_INTO_BYTES = 64 * 1024;

/** WeChat's errors are JSON; some endpoints for media say `text/plain` of them. */
const MAY_BE_JSON = /^\s*(?:application\/(?:[\w.+-]*\+)?json|text\/(?:json|plain|javascript))\s*(?:;|$)/i;

/**
 * Whether an answer is held back until it is known whether it says that the token is dead: status 200, JSON by its
 * type or of no type, and small as far as is known. Everything else streams at once.
 */
export function isLookedInto(status: number, headers: readonly string[]): boolean {
  if (status !== 200) return false;
  const coding = headerOf(headers, 'content-encoding');
  if (coding !== undefined && codingOf(coding) === undefined) return false;
  const type = headerOf(headers, 'content-type');
  if (type !== undefined && !MAY_BE_JSON.test(type)) return false;
  const length = headerOf(headers, 'content-length');
  return length === undefined || Number(length) <= LARGEST_LOOKED_INTO_BYTES;
}

export type ContentCoding = 'identity' | 'gzip' | 'deflate' | 'br';

/** The coding of a body, where it is one that the hub can undo. */
export function codingOf(contentEncoding: string | undefined): ContentCoding | undefined {
  switch (contentEncoding?.trim().toLowerCase()) {
    case undefined:
    case '':
    case 'identity':
      return 'identity';
    case 'gzip':
    case 'x-gzip':
      return 'gzip';
    case 'deflate':
      return 'deflate';
    case 'br':
      return 'br';
    default:
      return undefined;
  }
}

/** Whether these first bytes can begin a JSON object: blanks, a byte order mark, `{`. Else nothing is held back. */
export function mayBeginObject(bytes: Uint8Array): boolean {
  for (const byte of bytes) {
    if (byte === 0x7b || byte === 0xef) return true;
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return false;
  }
  return true;
}

/** The numbers of all of them, in whatever encoding of text, so that nearly every answer is known for another one without being parsed. */
export const DEAD_TOKEN_DIGITS = /40001|40014|42001/;

/** On errcode alone: words vary. A number, or digits in quotes as proxies and mocks of WeChat write them. */
export function saysTokenIsDead(body: string): boolean {
  if (!DEAD_TOKEN_DIGITS.test(body)) return false;
  try {
    const parsed: unknown = JSON.parse(body.replace(/^\uFEFF/, ''));
    if (typeof parsed !== 'object' || parsed === null) return false;
    const { errcode } = parsed as { errcode?: unknown };
    return (
      (typeof errcode === 'number' || typeof errcode === 'string') && isDeadTokenErrcode(Number(errcode))
    );
  } catch {
    return false;
  }
}

/**
 * Whether the call is made a second time after its token was reported dead.
 *
 * - Another token is there: yes.
 * - WeChat insists on the same one: yes, it has just vouched for it.
 * - The same one and nobody could ask WeChat, or no token at all: no, the first answer is the answer.
 */
export function repeatsAfter(outcome: ReportOutcome | undefined, hasOtherToken: boolean): boolean {
  return hasOtherToken || outcome === 'confirmed';
}
