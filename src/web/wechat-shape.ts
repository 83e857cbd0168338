import type { FastifyReply } from 'fastify';
import { deniedError, type DropInError } from '../core/dropin.js';
import type { Denied } from '../access-guard/access-verdict.js';
import type { AppRequest } from './app-request.js';

/** co-wechat-api parses `application/json` and `text/plain` and nothing else. */
export const WECHAT_CONTENT_TYPE = 'application/json; charset=utf-8';

/** An error of WeChat's shape, with HTTP status 200: most SDKs lose the errcode otherwise (WECHAT.md). */
export function sendWeChatError(request: AppRequest, reply: FastifyReply, error: DropInError): void {
  request.leavesUnadmitted = 'refusal';
  void reply
    .status(200)
    .header('content-type', WECHAT_CONTENT_TYPE)
    .header('cache-control', 'no-store')
    .send(JSON.stringify(error));
}

/** A caller that shows no key is known by its address: it is told that, and which one was seen. */
export function wechatDenialOf({ reason, cause, address }: Denied): DropInError {
  return deniedError(cause === 'no_key' ? 'ip_not_allowed' : reason, address, cause);
}
