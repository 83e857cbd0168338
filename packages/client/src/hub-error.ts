/** Codes of the hub's problem documents, then those of the library itself, for want of an answer. */
export type HubErrorCode =
  | 'HUB_BAD_REQUEST'
  | 'HUB_UNAUTHENTICATED'
  | 'HUB_IP_NOT_ALLOWED'
  | 'HUB_NOT_GRANTED'
  | 'HUB_NOT_FOUND'
  | 'HUB_TOO_LARGE'
  | 'HUB_RATE_LIMITED'
  | 'HUB_INTERNAL'
  | 'HUB_UPSTREAM_FAILED'
  | 'HUB_TOKEN_UNAVAILABLE'
  /** No connection, or it was cut. */
  | 'HUB_UNREACHABLE'
  /** No answer in time. */
  | 'HUB_TIMEOUT'
  /** An answer that is not the hub's: a proxy's page, a redirect, a body of another form. */
  | 'HUB_BAD_ANSWER'
  /** The `tokenFile` cannot be read, or holds no token. */
  | 'HUB_TOKEN_FILE'
  /** `close()` was called. */
  | 'HUB_CLIENT_CLOSED';

/** What WeChat said, where it refused. */
export interface WechatRefusal {
  readonly errcode: number;
  readonly errmsg: string;
}

export interface HubErrorDetails {
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly wechat?: WechatRefusal | undefined;
}

/** Whatever goes wrong between the library and the hub. Contains neither the key nor a token. */
export class HubError extends Error {
  override readonly name = 'HubError';
  /** HTTP status; `undefined` where there was no answer. */
  readonly status: number | undefined;
  /** `X-Request-Id` of the answer: it leads to the line in the hub's log. */
  readonly requestId: string | undefined;
  /** Milliseconds until it makes sense to ask again; the library itself does not ask before. */
  readonly retryAfterMs: number | undefined;
  readonly wechat: WechatRefusal | undefined;

  constructor(
    /** A newer hub may have codes that this version does not know. */
    readonly code: HubErrorCode | (string & {}),
    message: string,
    details: HubErrorDetails = {},
  ) {
    super(message);
    this.status = details.status;
    this.requestId = details.requestId;
    this.retryAfterMs = details.retryAfterMs;
    this.wechat = details.wechat;
  }

  /** The same error for somebody who learns of it later. */
  withRetryAfter(retryAfterMs: number): HubError {
    const { status, requestId, wechat } = this;
    return new HubError(this.code, this.message, { status, requestId, wechat, retryAfterMs });
  }
}

/** Refusals by the hub's rules: they last until a person changes something, so waiting for them is of no use. */
const LASTING: ReadonlySet<string> = new Set([
  'HUB_BAD_REQUEST',
  'HUB_UNAUTHENTICATED',
  'HUB_IP_NOT_ALLOWED',
  'HUB_NOT_GRANTED',
  'HUB_NOT_FOUND',
  'HUB_CLIENT_CLOSED',
] satisfies HubErrorCode[]);

export function isLasting(error: HubError): boolean {
  return LASTING.has(error.code);
}

export function closedError(): HubError {
  return new HubError('HUB_CLIENT_CLOSED', 'This client was closed.');
}
