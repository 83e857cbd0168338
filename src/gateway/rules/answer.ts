import type { ReportOutcome } from '../../core/report.js';
import { isDeadTokenErrcode } from '../../core/wechat-error.js';
import { headerOf } from './headers.js';

/** Answers about a dead token have some 200 bytes; what is longer is no such answer. */
export const LARGEST_LOOKED_INTO_BYTES = 64 * 1024;

/** How an answer goes on from its first bytes. */
export type Course =
  /** It may say that the token is dead: held back until it is there, or is longer than such answers are. */
  | 'plain'
  /** It must be unpacked to be understood: held back likewise. */
  | 'packed'
  /** It says something else: passed on as it comes. */
  | 'streams';

/**
 * By bytes and size, never by a label: WeChat and what stands before it dress the same answer in `text/html`, `plain/text`,
 * `application/json:UTF-8`, no type at all, and in any status.
 *
 * @param start the first bytes; at least one
 * @param isPacked by its bytes, or as the answer says of itself
 */
export function courseOf(
  status: number,
  headers: readonly string[],
  start: Uint8Array,
  isPacked: boolean,
): Course {
  if (isPacked) return 'packed';
  // A part of something: what it begins with is no beginning.
  if (status === 206) return 'streams';
  const length = headerOf(headers, 'content-length');
  if (length !== undefined && Number(length) > LARGEST_LOOKED_INTO_BYTES) return 'streams';
  return mayBeginObject(start) ? 'plain' : 'streams';
}

/** Whether these first bytes can begin a JSON object: blanks, byte order marks, NULs of UTF-16, `{`. */
export function mayBeginObject(bytes: Uint8Array): boolean {
  for (const [at, byte] of bytes.entries()) {
    if (byte === 0x7b || byte === 0xef) return true;
    const isMark = at < 2 && (byte === 0xfe || byte === 0xff);
    if (!isMark && byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d && byte !== 0)
      return false;
  }
  return true;
}

/** The numbers of all of them, so that nearly every answer is known for another one without being parsed. */
const DEAD_TOKEN_DIGITS = /40001|40014|42001/;

/**
 * On errcode alone: words vary. A number, or digits in quotes as proxies and mocks of WeChat write them.
 *
 * @param body its bytes as Latin-1, in whatever encoding it is
 */
export function saysTokenIsDead(body: string): boolean {
  const text = body.includes('\0') ? body.replaceAll('\0', '') : body;
  if (!DEAD_TOKEN_DIGITS.test(text)) return false;
  const refusal = refusalIn(text);
  return refusal !== undefined && isDeadTokenErrcode(refusal.errcode);
}

/** The words of a refusal with this errcode; `undefined`: the answer is none. @param body as of {@link saysTokenIsDead} */
export function refusedWith(errcode: number, body: string): string | undefined {
  if (!body.includes(String(errcode))) return undefined;
  const refusal = refusalIn(body);
  return refusal?.errcode === errcode ? refusal.errmsg : undefined;
}

function refusalIn(text: string): { readonly errcode: number; readonly errmsg: string } | undefined {
  try {
    // Byte order marks of UTF-8 and UTF-16.
    const parsed: unknown = JSON.parse(text.replace(/^(?:\u00EF\u00BB\u00BF|\u00FE\u00FF|\u00FF\u00FE)/, ''));
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const { errcode, errmsg } = parsed as { errcode?: unknown; errmsg?: unknown };
    if (typeof errcode !== 'number' && typeof errcode !== 'string') return undefined;
    return { errcode: Number(errcode), errmsg: typeof errmsg === 'string' ? errmsg : '' };
  } catch {
    return undefined;
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
