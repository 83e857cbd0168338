import type { IncomingMessage } from 'node:http';
import type { Answer } from './answer.js';
import { addressOf, field, type ApiCall, type Target } from './api-call.js';
import { parseObject, readBody } from './body.js';
import { monthOf } from './quota.js';
import type { AppState } from './simulated-app.js';
import type { WeChatModel } from './wechat-model.js';

const BODY_LIMIT = 64 * 1024;
/** Page "clearQuota" and its siblings: ten a month for an app, by whichever of them. */
const CLEARS_PER_MONTH = 10;
const DAILY_LIMIT = 10_000_000;

/** What an operator asks about quotas and refused calls. */
export async function quotaCall(
  model: WeChatModel,
  req: IncomingMessage,
  target: Target,
): Promise<ApiCall | undefined> {
  const { path, query } = target;
  switch (path) {
    case '/cgi-bin/clear_quota/v2':
      return clearBySecret(model, req, query);
    case '/cgi-bin/clear_quota':
      return byToken(model, 'quota_clear', req, query, (app, body) =>
        body.appid === app.appid
          ? cleared(model, app, () => model.clearQuota(app.appid))
          : model.error(40013),
      );
    case '/cgi-bin/openapi/quota/clear':
      return byToken(model, 'quota_clear', req, query, (app, body) =>
        onPath(model, body, (cgiPath) => cleared(model, app, () => app.pathUse.delete(cgiPath))),
      );
    case '/cgi-bin/openapi/quota/get':
      return byToken(model, 'quota_get', req, query, (app, body) =>
        onPath(model, body, (cgiPath) => quotaOf(app, cgiPath)),
      );
    case '/cgi-bin/openapi/rid/get':
      return byToken(model, 'rid_get', req, query, (app, body) => {
        const request = model.rids.find(String(body.rid), app.appid);
        return request === undefined ? model.error(76003) : { errcode: 0, errmsg: 'ok', request };
      });
    default:
      return undefined;
  }
}

/** The page's table says body, its example says query: both are taken. */
async function clearBySecret(
  model: WeChatModel,
  req: IncomingMessage,
  query: URLSearchParams,
): Promise<ApiCall> {
  const body = parseObject(await readBody(req, BODY_LIMIT)) ?? {};
  const appid = field(query, 'appid') ?? textOf(body.appid);
  const secret = field(query, 'appsecret') ?? textOf(body.appsecret);
  const act = (): object => {
    if (req.method !== 'POST') return model.error(43002);
    if (!appid) return model.error(41002);
    const app = model.findApp(appid);
    if (app === undefined) return model.error(40013);
    if (!secret) return model.error(41004);
    return model.refusalOf(app, secret, addressOf(req)) ?? cleared(model, app, () => model.clearQuota(appid));
  };
  return { endpoint: 'quota_clear', appid: appid ?? '', forced: false, act: () => json(act()) };
}

async function byToken(
  model: WeChatModel,
  endpoint: ApiCall['endpoint'],
  req: IncomingMessage,
  query: URLSearchParams,
  answer: (app: AppState, body: Readonly<Record<string, unknown>>) => object,
): Promise<ApiCall> {
  const sent = await readBody(req, BODY_LIMIT);
  const body = parseObject(sent);
  const accessToken = field(query, 'access_token');
  const act = (): object => {
    const app = model.checkAccessToken(accessToken, addressOf(req));
    if ('errcode' in app) return app;
    if (req.method !== 'POST') return model.error(43002);
    return body === undefined ? model.error(47001) : answer(app, body);
  };
  const appid = model.validity(accessToken ?? '')?.appid ?? '';
  return { endpoint, appid, forced: false, body: sent ?? '', act: () => json(act()) };
}

function onPath(
  model: WeChatModel,
  body: Readonly<Record<string, unknown>>,
  answer: (cgiPath: string) => object,
): object {
  const cgiPath = String(body.cgi_path);
  if (cgiPath.startsWith('/sns/')) return model.error(76022);
  // "check for a slash at the end, or parameters" (page "getApiQuota").
  return /^\/[a-z-]+(?:\/[A-Za-z0-9_]+)+$/.test(cgiPath) ? answer(cgiPath) : model.error(76021);
}

function cleared(model: WeChatModel, app: AppState, act: () => void): object {
  if (!app.clearsThisMonth.take(monthOf(model.now()), CLEARS_PER_MONTH)) return model.error(48006);
  act();
  return { errcode: 0, errmsg: 'ok' };
}

function quotaOf(app: AppState, cgiPath: string): object {
  const used = app.pathUse.get(cgiPath) ?? 0;
  return {
    errcode: 0,
    errmsg: 'ok',
    quota: { daily_limit: DAILY_LIMIT, used, remain: DAILY_LIMIT - used },
    rate_limit: { call_count: 10, refresh_second: 60 },
    component_rate_limit: { call_count: 10, refresh_second: 60 },
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function json(body: object): Answer {
  return { kind: 'json', body: { ...body } };
}
