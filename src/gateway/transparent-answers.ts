import type { FastifyReply } from 'fastify';
import type { Denied } from '../access-guard/access-verdict.js';
import { deniedError, unavailableError, type DropInError } from '../core/dropin.js';
import type { HubException } from '../http/hub-exception.js';
import { KeyWouldLeave } from './key-check.js';
import { transparentErrorOf } from './rules/errors.js';

/** The errors of the transparent form: HTTP 200 and WeChat's shape, as SDKs read them. */
export function wechatErrorOf(exception: HubException): DropInError {
  const { code, detail, details } = exception;
  if (exception instanceof KeyWouldLeave) return { errcode: 40125, errmsg: `invalid appsecret: ${detail}` };
  if (code !== 'HUB_TOKEN_UNAVAILABLE') return transparentErrorOf(code, detail);
  const { upstream } = details;
  return unavailableError(
    'token',
    upstream === undefined ? undefined : `${upstream.errmsg}; ${upstream.hint}`,
  );
}

/** A caller that shows no key is known by its address: it is told that, and which one was seen. */
export function wechatDenialOf({ reason, cause, address }: Denied): DropInError {
  return deniedError(cause === 'no_key' ? 'ip_not_allowed' : reason, address);
}

export function sendWeChatError(reply: FastifyReply, error: DropInError): void {
  void reply
    .status(200)
    .header('content-type', 'application/json; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(JSON.stringify(error));
}
