import { scrub } from './scrub.js';
import type { UpstreamError, UpstreamFailure } from './upstream.js';
import { classifyErrcode, describeFailure } from './wechat-error.js';

const FAILURES: Readonly<Record<UpstreamFailure, true>> = {
  timeout: true,
  unreachable: true,
  cut_off: true,
  too_large: true,
  http_status: true,
  not_json: true,
  no_token: true,
  bad_expires_in: true,
  no_access_token: true,
  no_secret: true,
  internal: true,
};

/**
 * The error of a token call as another replica tells it, `undefined` where it is none. Only what happened is taken from
 * the telling; what it means (class, hint, how long to wait) is what this hub says of it. The channel is open to whoever
 * can reach Redis: none of them may keep an app from being refreshed, advise operators, or write lines into metrics.
 */
export function retoldError(told: Readonly<Record<string, unknown>>): UpstreamError | undefined {
  const { reason, errcode, errmsg, mayHaveActed } = told;
  if (typeof errmsg !== 'string' || typeof reason !== 'string') return undefined;
  if (Number.isSafeInteger(errcode) && reason === String(errcode)) {
    return { ...classifyErrcode(errcode as number, errmsg), mayHaveActed: mayHaveActed === true };
  }
  if (!isFailure(reason) || (errcode !== undefined && errcode !== null)) return undefined;
  // An error code, where there is one, stands at the end: the hint may depend on it.
  const detail = errmsg.slice(errmsg.lastIndexOf(' ') + 1);
  return { ...describeFailure(reason, detail, mayHaveActed === true), errmsg: scrub(errmsg) };
}

function isFailure(reason: string): reason is UpstreamFailure {
  return Object.hasOwn(FAILURES, reason);
}
