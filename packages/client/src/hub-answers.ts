import { HubError, type HubErrorDetails, type WechatRefusal } from './hub-error.js';
import type { HubResponse } from './transport.js';

/** What the hub's answers say: from unknown bodies to values. Pure. */

export type ReportOutcome = 'superseded' | 'refreshed' | 'confirmed' | 'throttled';

export interface TokenAnswer {
  readonly token: string;
  readonly version: number;
  readonly lifeMs: number;
}

export interface TicketAnswer {
  readonly ticket: string;
  readonly version: number;
  readonly lifeMs: number;
}

/** As `wx.config` takes them. */
export interface JssdkSignature {
  readonly appId: string;
  readonly timestamp: number;
  readonly nonceStr: string;
  readonly signature: string;
}

export function parseToken(body: unknown): TokenAnswer {
  const { access_token: token, expires_in: seconds, version } = membersOf(body);
  return { token: text(token), version: count(version), lifeMs: count(seconds) * 1000 };
}

export function parseReport(body: unknown): TokenAnswer & { readonly outcome: ReportOutcome } {
  const { outcome } = membersOf(body);
  switch (outcome) {
    case 'superseded':
    case 'refreshed':
    case 'confirmed':
    case 'throttled':
      return { ...parseToken(body), outcome };
    default:
      throw badAnswer();
  }
}

export function parseTicket(body: unknown): TicketAnswer {
  const { ticket, expires_in: seconds, version } = membersOf(body);
  return { ticket: text(ticket), version: count(version), lifeMs: count(seconds) * 1000 };
}

export function parseSignature(body: unknown): JssdkSignature {
  const { appId, timestamp, nonceStr, signature } = membersOf(body);
  return {
    appId: text(appId),
    timestamp: count(Number(timestamp)),
    nonceStr: text(nonceStr),
    signature: text(signature),
  };
}

/** The body of a 200. @throws {HubError} */
export function parseJson(response: HubResponse): unknown {
  const body = json(response.body);
  if (body === undefined) throw badAnswer();
  return body;
}

export function badAnswer(): HubError {
  return new HubError(
    'HUB_BAD_ANSWER',
    'The answer is not of the documented form; does hubUrl lead to the hub?',
    {
      status: 200,
    },
  );
}

/**
 * Any answer but a success.
 * @param scrub takes secrets out of text.
 * @param now epoch milliseconds by the wall clock, for a Retry-After that is a date.
 */
export function errorOf(response: HubResponse, scrub: (text: string) => string, now: number): HubError {
  const { status } = response;
  const problem = json(response.body);
  const { code, detail, title, requestId, wechat } = isObject(problem) ? problem : {};
  const details: HubErrorDetails = {
    status,
    requestId: scrubbed(requestId ?? response.header('x-request-id'), scrub),
    retryAfterMs: retryAfterMs(response.header('retry-after'), now),
    wechat: refusalOf(wechat, scrub),
  };
  if (typeof code === 'string' && /^HUB_[A-Z_]{1,60}$/.test(code)) {
    return new HubError(code, scrubbed(detail ?? title, scrub) ?? code, details);
  }
  const what =
    status >= 300 && status < 400 ? 'a redirect, which is not followed' : 'no problem document of the hub';
  return new HubError('HUB_BAD_ANSWER', `HTTP ${status}: ${what}; does hubUrl lead to the hub?`, details);
}

/** Delay seconds or an HTTP date (RFC 9110 section 10.2.3). */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

function refusalOf(wechat: unknown, scrub: (text: string) => string): WechatRefusal | undefined {
  if (!isObject(wechat) || typeof wechat.errcode !== 'number') return undefined;
  return { errcode: wechat.errcode, errmsg: scrubbed(wechat.errmsg, scrub) ?? '' };
}

function scrubbed(value: unknown, scrub: (text: string) => string): string | undefined {
  return typeof value === 'string' ? scrub(value.slice(0, 2000)) : undefined;
}

function json(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

function membersOf(body: unknown): Record<string, unknown> {
  if (!isObject(body)) throw badAnswer();
  return body;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  if (typeof value !== 'string' || value === '') throw badAnswer();
  return value;
}

function count(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) throw badAnswer();
  return value;
}
