import type { IncomingMessage } from 'node:http';
import type { Answer } from '../answer.js';
import { addressOf, field, type ApiCall, type Target } from '../api-call.js';
import type { WeChatModel } from '../wechat-model.js';

/** As seen in real answers. */
const WECOM_JSON = 'application/json; charset=UTF-8';

/** WeCom's own endpoints for tokens and tickets; `undefined`: none of them. */
export function wecomCall(model: WeChatModel, req: IncomingMessage, target: Target): ApiCall | undefined {
  const { wecom } = model;
  const { query } = target;
  const ip = addressOf(req);
  const accessToken = field(query, 'access_token');
  const ticket = (endpoint: 'get_jsapi_ticket' | 'ticket_get', type: 'jsapi' | 'agent_config' | undefined) =>
    ({
      endpoint,
      appid: model.validity(accessToken ?? '')?.appid ?? '',
      forced: false,
      act: () => wecomAnswer(wecom.ticket(accessToken, type, ip)),
    }) as const;
  switch (target.path) {
    case '/cgi-bin/gettoken': {
      const corpid = field(query, 'corpid');
      const secret = field(query, 'corpsecret');
      return {
        endpoint: 'gettoken',
        appid: wecom.appidOf(corpid, secret),
        forced: false,
        act: () => wecomAnswer(wecom.gettoken(corpid, secret, ip)),
      };
    }
    case '/cgi-bin/get_jsapi_ticket':
      return ticket('get_jsapi_ticket', 'jsapi');
    case '/cgi-bin/ticket/get':
      return ticket('ticket_get', field(query, 'type') === 'agent_config' ? 'agent_config' : undefined);
    default:
      return undefined;
  }
}

/** Errors stand in headers too. */
export function wecomAnswer(body: object): Answer {
  const { errcode, errmsg } = body as { errcode: number; errmsg: string };
  const headers: Record<string, string> =
    errcode === 0 ? {} : { 'error-code': String(errcode), 'error-msg': errmsg };
  return { kind: 'json', body: { ...body }, contentType: WECOM_JSON, headers };
}
