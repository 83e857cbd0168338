import { jsonObject } from '../../core/json.js';
import { scrub } from '../../core/scrub.js';
import type { UpstreamError } from '../../core/upstream.js';
import { classifyErrcode, describeFailure } from '../../core/wechat-error.js';
import { userHint } from './user-hints.js';
import { whose } from './whose.js';

/** What a code is good for: a session of a mini program (`wx.login`), or a user's token (web login). */
export type LoginKind = 'session' | 'oauth';

/** What became of a code. */
export type LoginOutcome =
  /** `fields`: all that WeChat answered; `text`: the same as JSON. */
  | {
      readonly kind: 'granted';
      readonly fields: Readonly<Record<string, unknown>>;
      readonly text: string;
    }
  | LoginFailure;

export interface LoginFailure {
  readonly kind:
    | /** WeChat refuses the code or the user. */ 'refused'
    | /** WeChat refuses the app. */ 'app_refused'
    | /** WeChat said that it is busy. */ 'busy'
    | /** WeChat may have taken the code; no usable answer came. */ 'lost'
    | /** WeChat never saw the code. */ 'unreached';
  readonly error: UpstreamError;
}

/** A shorter one is none of WeChat's, and taking it out would spoil the words around it. Characters. */
const SHORTEST_CODE = 16;

/** What an answer must have to be one: all of them text, and not blank. */
const NEEDED: Readonly<Record<LoginKind, readonly string[]>> = {
  session: ['openid', 'session_key'],
  oauth: ['openid', 'access_token', 'refresh_token'],
};

/**
 * What WeChat's answer says. Pure; never throws. Anything but an answer of the form above, or an errcode, is `lost`:
 * the code may be used up.
 *
 * @param secret the AppSecret: it must not come back, in whatever.
 * @param code not to be repeated in an error.
 */
export function readLoginAnswer(
  kind: LoginKind,
  status: number,
  body: string,
  secret: string,
  code: string,
): LoginOutcome {
  if (status !== 200) return lost(describeFailure('http_status', `HTTP ${status}`));
  const fields = jsonObject(body);
  if (fields === undefined) return lost(describeFailure('not_json', ''));
  const errcode = wholeNumber(fields.errcode ?? 0);
  if (errcode === undefined) return lost(describeFailure('no_token', 'errcode is not a number'));
  if (errcode !== 0) {
    return refusal(errcode, fields.errmsg, code.length < SHORTEST_CODE ? [secret] : [secret, code]);
  }
  const missing = NEEDED[kind].find((name) => typeof fields[name] !== 'string' || fields[name] === '');
  if (missing !== undefined) return lost(describeFailure('no_token', `no ${missing}`));
  const text = JSON.stringify(fields);
  // Absurd, and still: an AppSecret leaves in no answer.
  return text.includes(secret)
    ? lost(describeFailure('no_token', 'a secret in it'))
    : { kind: 'granted', fields, text };
}

function refusal(errcode: number, errmsg: unknown, secrets: readonly string[]): LoginFailure {
  const error = classifyErrcode(errcode, scrub(typeof errmsg === 'string' ? errmsg : '', secrets));
  switch (whose(errcode)) {
    case 'user':
      return { kind: 'refused', error: { ...error, hint: userHint(errcode) } };
    case 'app':
      return { kind: 'app_refused', error };
    case 'busy':
      return { kind: 'busy', error: { ...error, hint: userHint(errcode) } };
  }
}

/** A call that failed without an answer. */
export function failedLogin(error: UpstreamError): LoginFailure {
  return { kind: error.mayHaveActed ? 'lost' : 'unreached', error };
}

function lost(error: UpstreamError): LoginFailure {
  return { kind: 'lost', error };
}

/** A JSON integer, or a string of digits, as proxies and mocks of WeChat write it. */
function wholeNumber(value: unknown): number | undefined {
  if (typeof value === 'string' && /^-?\d{1,12}$/.test(value)) return Number(value);
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}
