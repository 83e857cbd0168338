import { KINDS } from './kinds/kinds.js';
import { UPSTREAM_FAILURES, type UpstreamError, type UpstreamFailure } from './upstream.js';
import { DNS_CODE, ERRCODE_ROWS, isDeadTokenErrcode, TLS_CODE } from './wechat-error.js';

/**
 * What a failure comes down to, as a word of a closed set: by it a reader's own language is found for it. WeChat's
 * errcode in digits where the hub knows it, else how the call failed.
 */
export type ErrorCause =
  | `${number}`
  | `wecom_${number}`
  | `platform_${number}`
  | UpstreamFailure
  | 'dead_token'
  | 'unknown_errcode'
  | 'unreachable_dns'
  | 'unreachable_tls';

/** Every word that {@link causeOf} can answer: who translates causes needs a text for each. */
export const ERROR_CAUSES: readonly ErrorCause[] = [
  ...Object.keys(ERRCODE_ROWS).map((errcode): ErrorCause => `${Number(errcode)}`),
  ...Object.keys(KINDS.wecom.errcodes).map((errcode): ErrorCause => `wecom_${Number(errcode)}`),
  ...Object.keys(KINDS.platform.errcodes).map((errcode): ErrorCause => `platform_${Number(errcode)}`),
  ...UPSTREAM_FAILURES,
  'dead_token',
  'unknown_errcode',
  'unreachable_dns',
  'unreachable_tls',
];

/** @param of what the failed call was for: the same errcode means another thing where a token goes. */
export function causeOf(error: UpstreamError, of: 'token' | 'ticket'): ErrorCause {
  const { errcode, reason, kind = 'wechat' } = error;
  if (errcode !== undefined) {
    if (of === 'ticket' && isDeadTokenErrcode(errcode)) return 'dead_token';
    if (!(errcode in KINDS[kind].errcodes)) return 'unknown_errcode';
    if (kind === 'wechat') return `${errcode}`;
    return kind === 'authorizer' ? `platform_${errcode}` : `${kind}_${errcode}`;
  }
  if (reason !== 'unreachable') return reason;
  // The hub's own words: "WeChat could not be reached: ENOTFOUND".
  const code = error.errmsg.split(': ').at(-1) ?? '';
  if (DNS_CODE.test(code)) return 'unreachable_dns';
  return TLS_CODE.test(code) ? 'unreachable_tls' : 'unreachable';
}
