import type { AppKindName } from '../core/app.js';
import { unavailableError, type DropInError } from '../core/dropin.js';
import { ownWords } from '../core/upstream.js';
import type { HubException } from '../web/hub-exception.js';
import { KeyWouldLeave, NotLookedThrough } from './key-check.js';
import { transparentErrorOf } from './rules/errors.js';

/** The errors of the transparent form: HTTP 200 and WeChat's shape, as SDKs read them. */
export function wechatErrorOf(exception: HubException, kind: AppKindName = 'wechat'): DropInError {
  const { code, detail, details } = exception;
  if (exception instanceof KeyWouldLeave)
    return { errcode: kind === 'wecom' ? 40001 : 40125, errmsg: `invalid secret: ${detail}` };
  if (exception instanceof NotLookedThrough)
    return { errcode: 47001, errmsg: `data format error: ${detail}` };
  if (code !== 'HUB_TOKEN_UNAVAILABLE') return transparentErrorOf(code, detail, kind);
  const { upstream } = details;
  return unavailableError('token', upstream === undefined ? undefined : ownWords(upstream));
}
