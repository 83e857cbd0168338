import { APPID_PATTERN } from '../app.js';
import { isObject } from '../json.js';
import { Secret } from '../secret.js';

/**
 * What the hub knows of one account's authorisation of a platform: a value, kept in the store and replaced as a whole.
 * Whatever comes, in whatever order and however often, goes through the transitions here; each gives back the very
 * object where nothing changes.
 *
 * - Events carry WeChat's own time, and an older one changes nothing. So do answers to calls that were sent with a
 *   refresh token that is no more the current one: an event that came in meanwhile knows better.
 * - A refresh token is never forgotten but for another one, or because the account withdrew.
 */
export interface Authorization {
  readonly appid: string;
  readonly state: 'authorized' | 'withdrawn';
  /** When it became so: of the latest event, epoch seconds by WeChat's clock. */
  readonly at: number;
  /** `undefined`: withdrawn, or none is known yet. */
  readonly refreshToken: Secret | undefined;
  /** Another one that WeChat's list has: for when the current one is refused. */
  readonly spare: Secret | undefined;
  /** Not exchanged yet; good for once. */
  readonly code: { readonly value: Secret; readonly until: number } | undefined;
  /** The code that was used last: an event may name it after a callback has. */
  readonly usedCode: Secret | undefined;
  /** WeChat refuses the refresh token, and no other is known: it needs authorising anew. `at`: epoch ms, wall clock. */
  readonly refused: { readonly errcode: number; readonly at: number } | undefined;
  /**
   * Counts authorisations, and refresh tokens that came from elsewhere than a refresh: with each the tokens that were got
   * before may be dead.
   */
  readonly renewals: number;
  /** Whether WeChat's list had it when it was last read as a whole. */
  readonly listed: boolean;
}

/** "component is not authorized by this account", "refresh_token is invalid" */
export const ANEW_ERRCODES: ReadonlySet<number> = new Set([61003, 61023]);

/** `authorized` or `updateauthorized` was pushed: the code is to be exchanged, and brings another refresh token. */
export function authorised(
  before: Authorization | undefined,
  event: { readonly appid: string; readonly at: number; readonly code: Secret; readonly codeUntil: number },
): Authorization {
  const { appid, at, code, codeUntil } = event;
  if (before !== undefined && (at < before.at || code.equals(before.code?.value))) return before;
  const goesOn = before?.state === 'authorized';
  if (goesOn && code.equals(before.usedCode)) return { ...before, at };
  return {
    appid,
    state: 'authorized',
    at,
    refreshToken: goesOn ? before.refreshToken : undefined,
    spare: goesOn ? before.spare : undefined,
    code: { value: code, until: codeUntil },
    usedCode: before?.usedCode,
    refused: undefined,
    renewals: (before?.renewals ?? 0) + 1,
    listed: true,
  };
}

/** A code was exchanged: what it brought is the newest there can be. @param at as {@link Authorization.at}, where it is not known */
export function exchanged(
  before: Authorization | undefined,
  appid: string,
  refreshToken: Secret,
  code: Secret,
  at: number,
): Authorization {
  // An event after the one whose code this was: the account withdrew, or a newer code is to be exchanged.
  if (before?.state === 'withdrawn' && before.at >= at) return before;
  const isNewer = before?.code !== undefined && !before.code.value.equals(code);
  // An event has counted it.
  const isCounted = before?.code !== undefined && !isNewer;
  return {
    appid,
    state: 'authorized',
    at: before?.state === 'authorized' ? before.at : at,
    refreshToken,
    spare: undefined,
    code: isNewer ? before.code : undefined,
    usedCode: code,
    refused: undefined,
    renewals: (before?.renewals ?? 0) + (isCounted ? 0 : 1),
    listed: true,
  };
}

/** The code is used up, too old or wrong: what it would have brought comes from the list, or with another code. */
export function codeSpent(before: Authorization, code: Secret): Authorization {
  return code.equals(before.code?.value) ? { ...before, code: undefined, usedCode: code } : before;
}

/** `unauthorized` was pushed: nothing but who and when stays. */
export function withdrawn(
  before: Authorization | undefined,
  { appid, at }: { readonly appid: string; readonly at: number },
): Authorization {
  if (before !== undefined && (at < before.at || before.state === 'withdrawn')) return before;
  return {
    appid,
    state: 'withdrawn',
    at,
    refreshToken: undefined,
    spare: undefined,
    code: undefined,
    usedCode: before?.usedCode,
    refused: undefined,
    renewals: before?.renewals ?? 0,
    listed: false,
  };
}

/** A token was got with `used`; WeChat says that `next` is the refresh token from now on. */
export function refreshed(before: Authorization, used: Secret, next: Secret | undefined): Authorization {
  if (!used.equals(before.refreshToken)) return before;
  if ((next === undefined || next.equals(used)) && before.refused === undefined) return before;
  return { ...before, refreshToken: next ?? used, refused: undefined };
}

/** WeChat refuses `used`: the one of its list is the current one now, if there is another. @param now epoch ms, wall clock */
export function refusedAnew(
  before: Authorization,
  used: Secret,
  errcode: number,
  now: number,
): Authorization {
  if (!used.equals(before.refreshToken)) return before;
  if (before.spare !== undefined && !before.spare.equals(used))
    return { ...before, refreshToken: before.spare, spare: undefined, renewals: before.renewals + 1 };
  if (before.refused?.errcode === errcode) return before;
  return { ...before, refused: { errcode, at: before.refused?.at ?? now } };
}

/** WeChat's list has it. @param now epoch seconds by the wall clock, where WeChat does not say since when */
export function listed(
  before: Authorization | undefined,
  entry: {
    readonly appid: string;
    readonly refreshToken: Secret | undefined;
    readonly authorisedAt: number | undefined;
  },
  now: number,
): Authorization {
  const { appid, refreshToken, authorisedAt } = entry;
  const isAnew = before?.state === 'withdrawn' && (authorisedAt ?? 0) > before.at;
  if (before === undefined || isAnew) {
    const at = authorisedAt ?? now;
    const renewals = (before?.renewals ?? 0) + 1;
    const rest = { spare: undefined, code: undefined, usedCode: before?.usedCode, refused: undefined };
    return { appid, state: 'authorized', at, refreshToken, ...rest, renewals, listed: true };
  }
  // The list is known to name accounts that have withdrawn long ago.
  if (before.state === 'withdrawn') return before;
  const known = before.listed ? before : { ...before, listed: true };
  if (refreshToken === undefined || refreshToken.equals(before.refreshToken)) return known;
  if (before.refreshToken === undefined || before.refused !== undefined)
    return { ...known, refreshToken, spare: undefined, refused: undefined, renewals: known.renewals + 1 };
  return refreshToken.equals(before.spare) ? known : { ...known, spare: refreshToken };
}

/** WeChat's list was read as a whole and does not have it: told to people, and the next refresh will show. */
export function unlisted(before: Authorization): Authorization {
  return before.state === 'authorized' && before.listed ? { ...before, listed: false } : before;
}

/** One word for people. */
export function stateOf(authorization: Authorization): 'authorized' | 'needs_authorising' | 'withdrawn' {
  if (authorization.state === 'withdrawn') return 'withdrawn';
  return authorization.refused === undefined ? 'authorized' : 'needs_authorising';
}

/** As it is stored; {@link readAuthorization} reads it. @param reveal of the wrapper of secrets: the store encrypts */
export function writeAuthorization(authorization: Authorization, reveal: (secret: Secret) => string): string {
  const { refreshToken, spare, code, usedCode } = authorization;
  return JSON.stringify({
    ...authorization,
    refreshToken: refreshToken && reveal(refreshToken),
    spare: spare && reveal(spare),
    code: code && { value: reveal(code.value), until: code.until },
    usedCode: usedCode && reveal(usedCode),
  });
}

/** `undefined`: not of the form. Never throws. */
export function readAuthorization(text: string): Authorization | undefined {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(read)) return undefined;
  const { appid, state, at, refreshToken, spare, code, usedCode, refused } = read;
  if (typeof appid !== 'string' || !APPID_PATTERN.test(appid)) return undefined;
  if ((state !== 'authorized' && state !== 'withdrawn') || !isNumber(at)) return undefined;
  const refusal = isObject(refused) && isNumber(refused.errcode) && isNumber(refused.at);
  return {
    appid,
    state,
    at,
    refreshToken: secretIn(refreshToken),
    spare: secretIn(spare),
    code:
      isObject(code) && typeof code.value === 'string' && isNumber(code.until)
        ? { value: new Secret(code.value), until: code.until }
        : undefined,
    usedCode: secretIn(usedCode),
    renewals: isNumber(read.renewals) ? read.renewals : 0,
    refused: refusal ? { errcode: refused.errcode as number, at: refused.at as number } : undefined,
    listed: read.listed === true,
  };
}

function secretIn(read: unknown): Secret | undefined {
  return typeof read === 'string' && read !== '' ? new Secret(read) : undefined;
}

function isNumber(read: unknown): read is number {
  return typeof read === 'number' && Number.isFinite(read);
}
