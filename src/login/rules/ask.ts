import { isObject } from '../../core/json.js';
import type { LoginKind } from './outcome.js';

/** WeChat's codes have some 32 characters. Longer ones are none. */
const LONGEST_CODE = 512;

/** Whether it can be a code at all: it goes into a URL, so anything printable will do. */
export function isCode(code: unknown): code is string {
  return typeof code === 'string' && code.length <= LONGEST_CODE && /^[\x21-\x7e]+$/.test(code);
}

/** The code in a native request's body, which is `{"code": "…"}`; `undefined`: it is not. */
export function codeIn(body: unknown): string | undefined {
  if (!isObject(body)) return undefined;
  const { code } = body;
  return isCode(code) ? code : undefined;
}

/** An error of WeChat's shape: HTTP 200 and this. */
export interface SnsError {
  readonly errcode: number;
  readonly errmsg: string;
}

export const SNS_ERRORS = {
  unreadable: { errcode: -1, errmsg: 'system error: the request could not be read' },
  wrongGrantType: { errcode: 40002, errmsg: 'invalid grant_type: it must be authorization_code' },
  noAppid: { errcode: 41002, errmsg: 'appid missing' },
  noSecret: { errcode: 41004, errmsg: "appsecret missing: the client's hub key goes here" },
  noCode: { errcode: 41008, errmsg: 'missing code' },
  noCodeAtAll: { errcode: 40029, errmsg: 'invalid code: WeChat gives no such codes' },
  spent: {
    errcode: 40163,
    errmsg:
      'code been used: it has been sent to WeChat already, by another client or for another kind of login',
  },
  keyLeaves: {
    errcode: 40125,
    errmsg: 'invalid appsecret: a hub key stands where WeChat would have got it; nothing was sent',
  },
  tooMany: {
    errcode: 45011,
    errmsg: 'api minute-quota reach limit: too many logins are under way at the hub; again in a second',
  },
} as const satisfies Record<string, SnsError>;

export interface LoginAsk {
  readonly appid: string;
  /** The client's hub key. */
  readonly secret: string;
  readonly code: string;
}

export type LoginAskResult =
  { readonly ok: true; readonly ask: LoginAsk } | { readonly ok: false; readonly error: SnsError };

const CODE_NAME: Readonly<Record<LoginKind, string>> = { session: 'js_code', oauth: 'code' };

/**
 * The parameters of /sns/jscode2session and /sns/oauth2/access_token. All others are left out, an `access_token`, which
 * several SDKs append, among them. In WeChat's order.
 */
export function readLoginAsk(kind: LoginKind, parameters: Readonly<Record<string, unknown>>): LoginAskResult {
  const { appid, secret, grant_type: grantType } = parameters;
  const code = parameters[CODE_NAME[kind]];
  if (!isText(appid)) return refused(SNS_ERRORS.noAppid);
  if (!isText(secret)) return refused(SNS_ERRORS.noSecret);
  if (!isText(code)) return refused(SNS_ERRORS.noCode);
  if (grantType !== 'authorization_code') return refused(SNS_ERRORS.wrongGrantType);
  return isCode(code) ? { ok: true, ask: { appid, secret, code } } : refused(SNS_ERRORS.noCodeAtAll);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function refused(error: SnsError): LoginAskResult {
  return { ok: false, error };
}
