import type { AppKindName } from './app.js';
import type { Secret } from './secret.js';

/** A token or ticket that WeChat granted in answer to one call. */
export interface Grant {
  readonly value: Secret;
  /** Milliseconds, counted from {@link sentAt}. Positive. */
  readonly lifeMs: number;
  /** When the call was sent, on the hub's clock: WeChat cannot have begun to count earlier. */
  readonly sentAt: number;
  /** Of an authorizer: what its next token is to be asked for with. */
  readonly refreshToken?: Secret | undefined;
}

/** What a failed call means for the next attempt. */
export type UpstreamErrorClass =
  /** Worth trying again soon: busy, time-outs, cut connections, broken answers. */
  | 'transient'
  /** Answered alike until a person changes something: wrong AppSecret, address not on the whitelist, frozen. */
  | 'configuration'
  /** A quota of WeChat's is used up. */
  | 'quota';

export interface UpstreamError {
  readonly class: UpstreamErrorClass;
  /** A word for metrics and logs, of a closed set: WeChat's errcode in digits, or how the call failed without one. */
  readonly reason: UpstreamFailure | `${number}`;
  /** Only where WeChat sent one. */
  readonly errcode: number | undefined;
  /** By whose table the errcode was read, where that is not WeChat's. */
  readonly kind?: Exclude<AppKindName, 'wechat'>;
  /** WeChat's own words or the hub's, free of secrets, at most 300 characters. */
  readonly errmsg: string;
  /** What an operator can do about it. */
  readonly hint: string;
  /** Not before so many milliseconds, where WeChat documents a wait of its own. */
  readonly notBeforeMs: number | undefined;
  /**
   * Whether WeChat may have acted on the call although no usable answer came: true for a time-out, a cut
   * connection or a broken answer; false where it answered with an errcode or was never reached.
   */
  readonly mayHaveActed: boolean;
}

export const UPSTREAM_FAILURES = [
  'timeout',
  'unreachable',
  'cut_off',
  'too_large',
  'http_status',
  'not_json',
  'no_token',
  'bad_expires_in',
  /** A ticket was due while the app had no valid token to ask with. */
  'no_access_token',
  /** apps.yaml says where the AppSecret is, and it cannot be had from there: nobody was asked. */
  'no_secret',
  /** The app has no token: it only logs users in. */
  'login_only',
  /** WeChat has pushed no ticket of the platform yet, or none that still counts. */
  'no_verify_ticket',
  /** WeChat's pushes to a platform have stopped. */
  'pushes_silent',
  /** An authorizer's token was due while its platform had no valid token of its own. */
  'no_component_token',
  /** The authorisation of an account has no refresh token that could be used. */
  'no_refresh_token',
  'internal',
] as const;
export type UpstreamFailure = (typeof UPSTREAM_FAILURES)[number];

/** Failures in which WeChat was not reached. */
export const NEVER_ASKED: ReadonlySet<UpstreamFailure> = new Set([
  'unreachable',
  'no_access_token',
  'no_secret',
  'login_only',
  'no_verify_ticket',
  'pushes_silent',
  'no_component_token',
  'no_refresh_token',
]);

export type UpstreamResult =
  { readonly ok: true; readonly grant: Grant } | { readonly ok: false; readonly error: UpstreamError };

/**
 * What a caller is told of a refusal: the errcode and the hub's own words. What WeChat wrote beside it may quote what it
 * was sent, and is for operators.
 */
export function ownWords({ errcode, errmsg, hint }: UpstreamError): string {
  return errcode === undefined ? `${errmsg}; ${hint}` : `WeChat refused with errcode ${errcode}. ${hint}`;
}
