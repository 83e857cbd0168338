import { readText } from './read-text.js';

/** What fetchWechat needs to know of a request and its answer. No state. */

/** Which of them comes when is not defined: superseded, malformed, past its life (the token is dead in each case). */
const DEAD_TOKEN_ERRCODES: ReadonlySet<unknown> = new Set([40001, 40014, 42001]);

/** WeChat's errors are some 100 bytes; what is longer is a download and not looked into. */
const LONGEST_LOOK_BYTES = 64 * 1024;

/**
 * `base` + `path` with the token in the query, in place of one that is there. The rest of the query stays byte for
 * byte: some of WeChat's parameters are signed.
 * @throws {TypeError} where the path does not begin with a slash.
 */
export function wechatUrlOf(base: string, path: string, token: string): string {
  if (!path.startsWith('/')) throw new TypeError('path: a slash is expected at its beginning');
  const [beforeFragment = ''] = path.split('#', 1);
  const mark = beforeFragment.indexOf('?');
  const pathname = mark < 0 ? beforeFragment : beforeFragment.slice(0, mark);
  const query = mark < 0 ? '' : beforeFragment.slice(mark + 1);
  const others = query
    .split('&')
    .filter((pair) => pair !== '' && !new URLSearchParams(pair).has('access_token'));
  return `${base}${pathname}?${[`access_token=${encodeURIComponent(token)}`, ...others].join('&')}`;
}

/** Whether a body can be sent a second time: not one that is used up by being read. */
export function canSendAgain(body: unknown): boolean {
  return (
    body === undefined ||
    body === null ||
    typeof body === 'string' ||
    body instanceof URLSearchParams ||
    body instanceof FormData ||
    body instanceof Blob ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body)
  );
}

/**
 * The errcode, where WeChat answers that the token is dead. Looks at a copy, and only at JSON (which WeChat sometimes
 * calls text/plain) of up to 64 KiB: the answer itself stays unread for the caller.
 */
export async function deadTokenErrcode(response: Response): Promise<number | undefined> {
  const type = response.headers.get('content-type') ?? '';
  if (!/^\s*(text\/plain|[^;]*json)/i.test(type)) return undefined;
  if (Number(response.headers.get('content-length') ?? 0) > LONGEST_LOOK_BYTES) return undefined;
  const text = await readText(response.clone().body, LONGEST_LOOK_BYTES);
  if (text?.includes('errcode') !== true) return undefined;
  try {
    const { errcode } = JSON.parse(text) as { errcode?: unknown };
    return DEAD_TOKEN_ERRCODES.has(errcode) ? (errcode as number) : undefined;
  } catch {
    return undefined;
  }
}
