import type { FastifyReply } from 'fastify';
import type { AppKindName } from '../core/app.js';
import { deniedError, type DropInError } from '../core/dropin.js';
import type { Denied } from '../access-guard/access-verdict.js';
import type { AppRequest } from './app-request.js';
import type { ReadyAnswer } from './send-problem.js';

/** co-wechat-api parses `application/json` and `text/plain` and nothing else. */
const CONTENT_TYPE = 'application/json; charset=utf-8';

/** An error of WeChat's shape, with HTTP status 200: most SDKs lose the errcode otherwise (WECHAT.md). */
export function sendWeChatError(request: AppRequest, reply: FastifyReply, error: DropInError): void {
  request.leavesUnadmitted = 'refusal';
  sendWeChatAnswer(reply, JSON.stringify(error));
}

/** @param json as {@link wechatAnswer} */
export function sendWeChatAnswer(reply: FastifyReply, json: string): void {
  const { status, headers, body } = wechatAnswer(json);
  void reply.status(status).headers(headers).send(body);
}

/** A ticket as WeChat and WeCom give it. JSON. */
export function wechatTicket(ticket: string, expiresInSeconds: number): string {
  return JSON.stringify({ errcode: 0, errmsg: 'ok', ticket, expires_in: expiresInSeconds });
}

/** @param body JSON */
export function wechatAnswer(body: string): ReadyAnswer {
  return { status: 200, headers: { 'content-type': CONTENT_TYPE, 'cache-control': 'no-store' }, body };
}

/** A caller that shows no key is known by its address: it is told that, and which one was seen. */
export function wechatDenialOf(
  { reason, cause, address }: Denied,
  kind: AppKindName = 'wechat',
): DropInError {
  return deniedError(cause === 'no_key' ? 'ip_not_allowed' : reason, address, cause, kind);
}
