import { unavailableError, type DropInError } from '../core/dropin.js';
import { ownWords } from '../core/upstream.js';
import type { HubException } from '../web/hub-exception.js';
import { KeyWouldLeave } from './key-check.js';
import { transparentErrorOf } from './rules/errors.js';

/** The errors of the transparent form: HTTP 200 and WeChat's shape, as SDKs read them. */
export function wechatErrorOf(exception: HubException): DropInError {
  const { code, detail, details } = exception;
  if (exception instanceof KeyWouldLeave) return { errcode: 40125, errmsg: `invalid appsecret: ${detail}` };
  if (code !== 'HUB_TOKEN_UNAVAILABLE') return transparentErrorOf(code, detail);
  const { upstream } = details;
  return unavailableError('token', upstream === undefined ? undefined : ownWords(upstream));
}
