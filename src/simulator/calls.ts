import type { IncomingMessage } from 'node:http';
import type { Answer } from './answer.js';
import { addressOf, field, type ApiCall, type Target } from './api-call.js';
import { parseObject, readBody } from './body.js';
import { businessCall } from './business.js';
import { componentCall } from './platforms/component-calls.js';
import { quotaCall } from './quota-calls.js';
import { snsCall } from './users/sns-calls.js';
import { wecomCall } from './wecom/wecom-calls.js';
import type { WeChatModel } from './wechat-model.js';

const CALLBACK_IPS = ['203.0.113.10', '203.0.113.11'];
/** More than any real stable_token request needs. */
const BODY_LIMIT = 64 * 1024;

/** Reads a request as far as it takes to know which endpoint and app it is for. */
export async function readCall(model: WeChatModel, req: IncomingMessage, target: Target): Promise<ApiCall> {
  switch (target.path) {
    case '/cgi-bin/token':
      return tokenCall(model, req, target.query);
    case '/cgi-bin/stable_token':
      return stableTokenCall(model, req, target.query);
    case '/cgi-bin/ticket/getticket':
      return tokenBearingCall(model, 'getticket', req, target.query, (accessToken, ip) =>
        model.ticket(accessToken, field(target.query, 'type'), ip),
      );
    case '/cgi-bin/getcallbackip':
      return tokenBearingCall(model, 'getcallbackip', req, target.query, (accessToken, ip) => {
        const app = model.checkAccessToken(accessToken, ip);
        return 'errcode' in app ? app : { ip_list: CALLBACK_IPS };
      });
    default:
      return (
        wecomCall(model, req, target) ??
        (await componentCall(model, req, target)) ??
        snsCall(model, req, target) ??
        (await quotaCall(model, req, target)) ??
        businessCall(model, req, target)
      );
  }
}

function tokenCall(model: WeChatModel, req: IncomingMessage, query: URLSearchParams): ApiCall {
  const appid = field(query, 'appid');
  const credentials = {
    grantType: field(query, 'grant_type'),
    appid,
    secret: field(query, 'secret'),
    ip: addressOf(req),
  };
  return {
    endpoint: 'token',
    appid: appid ?? '',
    forced: false,
    act: () => json(req.method === 'GET' ? model.token(credentials) : model.error(43001)),
  };
}

async function stableTokenCall(
  model: WeChatModel,
  req: IncomingMessage,
  query: URLSearchParams,
): Promise<ApiCall> {
  const call = { endpoint: 'stable_token', forced: false } as const;
  if (req.method !== 'POST') {
    return { ...call, appid: field(query, 'appid') ?? '', act: () => json(model.error(43002)) };
  }
  const body = parseObject(await readBody(req, BODY_LIMIT));
  if (body === undefined) return { ...call, appid: '', act: () => json(model.error(47001)) };
  const appid = text(body.appid);
  const forceRefresh = body.force_refresh === true;
  const credentials = {
    grantType: text(body.grant_type),
    appid,
    secret: text(body.secret),
    ip: addressOf(req),
  };
  return {
    ...call,
    appid: appid ?? '',
    forced: forceRefresh,
    act: () => json(model.stableToken({ ...credentials, forceRefresh })),
  };
}

function tokenBearingCall(
  model: WeChatModel,
  endpoint: 'getticket' | 'getcallbackip',
  req: IncomingMessage,
  query: URLSearchParams,
  answer: (accessToken: string | undefined, ip: string) => object,
): ApiCall {
  const accessToken = field(query, 'access_token');
  const appid = model.validity(accessToken ?? '')?.appid ?? '';
  const ip = addressOf(req);
  return { endpoint, appid, forced: false, act: () => json(answer(accessToken, ip)) };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function json(body: object): Answer {
  return { kind: 'json', body: { ...body } };
}
