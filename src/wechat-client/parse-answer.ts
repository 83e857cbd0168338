import { isObject } from '../core/json.js';
import type { AppKindName } from '../core/app.js';
import { classify } from '../core/kinds/kinds.js';
import { scrub } from '../core/scrub.js';
import { Secret } from '../core/secret.js';
import type { UpstreamError, UpstreamFailure, UpstreamResult } from '../core/upstream.js';
import { describeFailure, isDeadTokenErrcode, type UpstreamEndpoint } from '../core/wechat-error.js';
import type { ProbeResult } from './wechat-client.js';

/**
 * A life beyond this is no life of a token but a broken answer. WeChat: 7200 s "at present" (getAccessToken), so there
 * is room for a change of mind.
 */
const LONGEST_LIFE_SECONDS = 30 * 86_400;
/**
 * WeChat: reserve at least 512 characters (getStableAccessToken); 136 to 190 URL-safe ones have been seen. What is
 * not printable ASCII cannot be a token: it goes into URLs as it is.
 */
const TOKEN = /^[\x21-\x7e]{1,4096}$/;

/**
 * What the answer of a token endpoint grants, or why it grants nothing. Pure; never throws.
 *
 * - Only status 200 is WeChat's. An errcode other than 0 wins over whatever stands beside it.
 * - `expires_in`: a whole number of seconds from 1 to 30 days, also as a string of digits.
 *
 * @param sentAt when the call was sent, on the hub's clock (epoch ms).
 * @param secrets what must not reappear in an error, besides what the answer itself holds.
 * @param kind of the app: whose errcodes they are
 */
export function parseTokenAnswer(
  status: number,
  body: string,
  sentAt: number,
  secrets: readonly string[] = [],
  kind: AppKindName = 'wechat',
): UpstreamResult {
  // A platform's own token goes with the call for an authorizer's: that one may be dead.
  const endpoint = kind === 'authorizer' ? 'probe' : 'token';
  return parseGrant(TOKEN_FIELDS[kind], endpoint, status, body, sentAt, secrets, kind);
}

/** As {@link parseTokenAnswer}, for a ticket. */
export function parseTicketAnswer(
  status: number,
  body: string,
  sentAt: number,
  secrets: readonly string[] = [],
  kind: AppKindName = 'wechat',
): UpstreamResult {
  return parseGrant('ticket', 'ticket', status, body, sentAt, secrets, kind);
}

/** What the answer of getcallbackip says of the token that was sent. Only an answer with the list says "alive". */
export function parseProbeAnswer(
  status: number,
  body: string,
  secrets: readonly string[] = [],
  kind: AppKindName = 'wechat',
): ProbeResult {
  const answer = parseAnswer('probe', status, body, secrets, kind);
  if (!answer.ok) {
    const { errcode } = answer.error;
    if (errcode === undefined) return answer.error;
    if (isDeadTokenErrcode(errcode)) return 'dead';
    // What the merchant has not granted to the platform is refused to a token that lives.
    return kind === 'authorizer' && NOT_GRANTED.has(errcode) ? 'alive' : answer.error;
  }
  const list = kind === 'platform' ? answer.fields.list : answer.fields.ip_list;
  return Array.isArray(list) ? 'alive' : describeFailure('no_token', 'no ip_list');
}

/** "api unauthorized", "api is unauthorized to component", "function category is not authorized". */
const NOT_GRANTED: ReadonlySet<number> = new Set([48001, 61007, 61017]);

/** The fields of an answer that is neither a grant nor an error; an `errcode` of 0 among them. */
export function parsePlainAnswer(
  endpoint: UpstreamEndpoint,
  status: number,
  body: string,
  secrets: readonly string[] = [],
  kind: AppKindName = 'wechat',
): Answer {
  return parseAnswer(endpoint, status, body, secrets, kind);
}

const TOKEN_FIELDS = {
  wechat: 'access_token',
  wecom: 'access_token',
  platform: 'component_access_token',
  authorizer: 'authorizer_access_token',
} as const;
/** What an answer may hold that must not reappear in an error. */
const SECRET_FIELDS = [
  ...new Set(Object.values(TOKEN_FIELDS)),
  'ticket',
  'authorizer_refresh_token',
] as const;

function parseGrant(
  field: (typeof SECRET_FIELDS)[number],
  endpoint: UpstreamEndpoint,
  status: number,
  body: string,
  sentAt: number,
  secrets: readonly string[],
  kind: AppKindName,
): UpstreamResult {
  const answer = parseAnswer(endpoint, status, body, secrets, kind);
  if (!answer.ok) return answer;
  const value = answer.fields[field];
  if (value === undefined) return refused('no_token', `no ${field}`);
  if (typeof value !== 'string' || !TOKEN.test(value)) return refused('no_token', `${field} is malformed`);
  const seconds = wholeNumber(answer.fields.expires_in);
  if (seconds === undefined || seconds < leastSeconds(kind) || seconds > LONGEST_LIFE_SECONDS) {
    return refused('bad_expires_in', expiryDetail(answer.fields.expires_in, seconds));
  }
  const grant = { value: new Secret(value), lifeMs: Math.max(1, seconds * 1000), sentAt };
  const { authorizer_refresh_token: refreshToken } = answer.fields;
  if (kind !== 'authorizer' || typeof refreshToken !== 'string' || !TOKEN.test(refreshToken))
    return { ok: true, grant };
  return { ok: true, grant: { ...grant, refreshToken: new Secret(refreshToken) } };
}

/** WeCom gives the same token to its end: in its last second that is one with 0 seconds left. */
function leastSeconds(kind: AppKindName): number {
  return kind === 'wecom' ? 0 : 1;
}

type Fields = Readonly<Record<string, unknown>>;
interface Refusal {
  readonly ok: false;
  readonly error: UpstreamError;
}
type Answer = { readonly ok: true; readonly fields: Fields } | Refusal;

/** The fields of an answer that is one, and no error. */
function parseAnswer(
  endpoint: UpstreamEndpoint,
  status: number,
  body: string,
  secrets: readonly string[],
  kind: AppKindName,
): Answer {
  if (status !== 200) return refused('http_status', `HTTP ${status}`);
  const text = body.replace(/^\uFEFF/, '').trim();
  if (text === '') return refused('not_json', 'the body is blank');
  const json = parseJson(text);
  if (!json.ok) return refused('not_json', text.startsWith('<') ? 'it looks like HTML or XML' : '');
  if (!isObject(json.value)) return refused('no_token', 'it is JSON, but not an object');
  const fields = json.value;
  const errcode = fields.errcode ?? 0;
  const code = wholeNumber(errcode);
  if (code === undefined) return refused('no_token', 'errcode is not a number');
  if (code !== 0) {
    const errmsg = typeof fields.errmsg === 'string' ? fields.errmsg : '';
    const own = SECRET_FIELDS.map((field) => fields[field]).filter(isString);
    return { ok: false, error: classify(kind, code, scrub(errmsg, [...secrets, ...own]), endpoint) };
  }
  return { ok: true, fields };
}

function refused(failure: UpstreamFailure, detail: string): Refusal {
  return { ok: false, error: describeFailure(failure, detail) };
}

function parseJson(text: string): { readonly ok: true; readonly value: unknown } | { readonly ok: false } {
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch {
    return { ok: false };
  }
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

/** A JSON integer, or a string of digits: proxies and mocks of WeChat quote numbers. */
function wholeNumber(value: unknown): number | undefined {
  if (typeof value === 'string' && /^-?\d{1,12}$/.test(value)) return Number(value);
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

/** Names a number; of anything else only the kind, as it could be anything. */
function expiryDetail(value: unknown, seconds: number | undefined): string {
  if (seconds !== undefined) return `${seconds} seconds`;
  return value === undefined ? 'missing' : 'not a whole number';
}
