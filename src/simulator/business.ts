import type { IncomingMessage } from 'node:http';
import type { Answer } from './answer.js';
import { digestBody, type BodyDigest } from './body.js';
import { addressOf, field, type ApiCall, type Target } from './api-call.js';
import { wecomAnswer } from './wecom/wecom-calls.js';
import type { WeChatModel } from './wechat-model.js';

/** Reserved by RFC 2606: a gateway that follows the redirect finds nothing there. */
const ELSEWHERE = 'http://elsewhere.invalid/landed';
/** Paths whose calls are counted, of one app. */
const COUNTED_PATHS = 1000;
const NO_BODY: BodyDigest = { bytes: 0, sha256: '' };

/**
 * Any other path of the API. The token is judged on arrival, as the real one is; the answer comes when the body has:
 *
 * - `/cgi-bin/media/get?bytes=N`: N deterministic bytes;
 * - `/cgi-bin/redirect`: 302 to another host;
 * - `/cgi-bin/slow?ms=N`: the echo, after N ms of simulated time;
 * - everything else: an echo of what arrived, without the access_token.
 */
export function businessCall(model: WeChatModel, req: IncomingMessage, target: Target): ApiCall {
  const accessToken = field(target.query, 'access_token');
  const isOfWeCom = model.validity(accessToken ?? '')?.family === 'gettoken';
  const app = isOfWeCom
    ? model.wecom.check(accessToken, addressOf(req))
    : model.checkAccessToken(accessToken, addressOf(req));
  let body = NO_BODY;
  const call = {
    endpoint: 'business',
    appid: model.validity(accessToken ?? '')?.appid ?? '',
    forced: false,
    ready: async (): Promise<void> => {
      body = await digestBody(req);
    },
  } as const;
  if ('errcode' in app)
    return { ...call, act: () => (isOfWeCom ? wecomAnswer(app) : { kind: 'json', body: { ...app } }) };
  const echo = (): Answer => {
    const used = app.pathUse.get(target.path);
    if (used !== undefined || app.pathUse.size < COUNTED_PATHS) app.pathUse.set(target.path, (used ?? 0) + 1);
    return { kind: 'json', body: echoOf(req, target, app.appid, body) };
  };
  switch (target.path) {
    case '/cgi-bin/media/get':
      return { ...call, act: () => ({ kind: 'media', bytes: count(target.query, 'bytes', 1024) }) };
    case '/cgi-bin/redirect':
      return { ...call, act: () => ({ kind: 'redirect', location: ELSEWHERE }) };
    case '/cgi-bin/slow':
      return { ...call, act: echo, slowMs: count(target.query, 'ms', 0) };
    default:
      return { ...call, act: echo };
  }
}

/** The answer of every business endpoint that has no behaviour of its own. */
export interface Echo {
  readonly errcode: 0;
  readonly errmsg: 'ok';
  readonly appid: string;
  readonly method: string;
  readonly path: string;
  /** Without the access_token; parameters that repeat are lists. */
  readonly query: Readonly<Record<string, string | string[]>>;
  /** As it arrived, byte for byte, without the access_token. */
  readonly rawQuery: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bodyBytes: number;
  /** Hex. */
  readonly bodySha256: string;
}

function echoOf(
  req: IncomingMessage,
  target: Target,
  appid: string,
  body: BodyDigest,
): Readonly<Echo & Record<string, unknown>> {
  return {
    errcode: 0,
    errmsg: 'ok',
    appid,
    method: req.method ?? '',
    path: target.path,
    query: queryObject(target.query),
    rawQuery: target.rawQuery
      .split('&')
      .filter((pair) => !new URLSearchParams(pair).has('access_token'))
      .join('&'),
    headers: { ...req.headers },
    bodyBytes: body.bytes,
    bodySha256: body.sha256,
  };
}

function queryObject(query: URLSearchParams): Record<string, string | string[]> {
  const names = new Set(query.keys());
  names.delete('access_token');
  return Object.fromEntries(
    [...names].map((name) => {
      const [first = '', ...more] = query.getAll(name);
      return [name, more.length === 0 ? first : [first, ...more]];
    }),
  );
}

function count(query: URLSearchParams, name: string, otherwise: number): number {
  const value = Number(query.get(name) ?? otherwise);
  return Number.isSafeInteger(value) && value >= 0 ? value : otherwise;
}
