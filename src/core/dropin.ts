import type { AppKindName, WrittenKind } from './app.js';
import type { DenialCause, DenialReason } from './access/decision.js';

/**
 * The hub's side of WeChat's own protocol: errors are HTTP 200 with `{"errcode","errmsg"}`, since most SDKs lose the
 * errcode otherwise (WECHAT.md). The one table of the drop-in endpoints; `errmsg` begins with WeChat's own words, which
 * some SDKs show to people, and goes on with what to do at the hub.
 */
export interface DropInError {
  readonly errcode: number;
  readonly errmsg: string;
}

export const DROP_IN_ERRORS = {
  wrongGrantType: { errcode: 40002, errmsg: 'invalid grant_type: it must be client_credential' },
  noAppid: { errcode: 41002, errmsg: 'appid missing' },
  noSecret: { errcode: 41004, errmsg: "appsecret missing: the client's hub key goes here" },
  notGranted: {
    errcode: 40013,
    errmsg: 'invalid appid: the hub does not have it, or this client is not granted it',
  },
  noSuchKey: { errcode: 40125, errmsg: 'invalid appsecret: not a hub key that is known and not expired' },
  notServed: { errcode: 40001, errmsg: 'invalid credential: not an access_token that the hub serves' },
  postNeeded: { errcode: 43002, errmsg: 'require POST method' },
  notJson: { errcode: 47001, errmsg: 'data format error: a JSON object of at most 16 KiB is expected' },
  badTicketType: { errcode: 40097, errmsg: 'invalid args: type must be jsapi or wx_card' },
  tooMany: {
    errcode: 45011,
    errmsg: 'api minute-quota reach limit: more than requestsPerMinute of the client entry',
  },
} as const satisfies Record<string, DropInError>;

/** The same at the doors of WeCom, in its codes (path/90313). */
export const WECOM_DROP_IN_ERRORS = {
  noCorpid: { errcode: 41002, errmsg: 'corpid missing' },
  noSecret: { errcode: 41004, errmsg: "corpsecret missing: the client's hub key goes here" },
  notGranted: {
    errcode: 40013,
    errmsg: 'invalid corpid: the hub does not have it, or this client is not granted an agent of it',
  },
  noSuchKey: { errcode: 40001, errmsg: 'invalid credential: not a hub key that is known and not expired' },
  notServed: { errcode: 40014, errmsg: 'invalid access_token: not one that the hub serves' },
  badTicketType: { errcode: 40058, errmsg: 'invalid parameter: type must be agent_config' },
  tooMany: {
    errcode: 45009,
    errmsg: 'api freq out of limit: more than requestsPerMinute of the client entry',
  },
} as const satisfies Record<string, DropInError>;

/** Whose protocol an endpoint is of. */
export type Door = WrittenKind | 'platform';

/** An account that has authorised a platform is an app like any other to who calls the hub. */
export function isBehind(door: Door, kind: AppKindName | undefined): boolean {
  return kind === door || (door === 'wechat' && kind === 'authorizer');
}

/** Of a platform's endpoints, in the codes of a platform. */
export const PLATFORM_DROP_IN_ERRORS = {
  noAppid: { errcode: 41002, errmsg: 'component_appid missing' },
  noSecret: { errcode: 41004, errmsg: "component_appsecret missing: the client's hub key goes here" },
  notAuthorised: {
    errcode: 61003,
    errmsg: 'component is not authorized by this account: the hub has no such authorizer of this platform',
  },
} as const satisfies Record<string, DropInError>;

/** @param agents those that the client is granted, by their names in the hub */
export function severalAgentsError(agents: readonly string[]): DropInError {
  return {
    errcode: 40013,
    errmsg: `invalid corpid: the client is granted several agents of it; write one of their names in the hub as corpid: ${agents.join(', ')}`,
  };
}

export function deniedError(
  reason: DenialReason,
  address: string,
  cause?: DenialCause,
  kind: AppKindName = 'wechat',
): DropInError {
  const errors = kind === 'wecom' ? WECOM_DROP_IN_ERRORS : DROP_IN_ERRORS;
  switch (reason) {
    case 'unauthenticated':
      return errors.noSuchKey;
    case 'ip_not_allowed': {
      const why =
        cause === 'browser'
          ? 'the hub lets no browser in by its address alone'
          : 'the client entry at the hub does not accept this address';
      return kind === 'wecom'
        ? { errcode: 60020, errmsg: `not allow to access from your ip, from ip: ${address}: ${why}` }
        : { errcode: 40164, errmsg: `invalid ip ${address}, not in whitelist: ${why}` };
    }
    case 'not_granted':
      return errors.notGranted;
    case 'rate_limited':
      return errors.tooMany;
  }
}

/** @param why free of secrets; `undefined`: the first fetch has not ended. */
export function unavailableError(what: 'token' | 'ticket', why: string | undefined): DropInError {
  return {
    errcode: -1,
    errmsg: `system error: the hub has no valid ${what} of this app${why === undefined ? '' : `: ${why}`}`,
  };
}

export interface CredentialRequest {
  readonly appid: string;
  /** The client's hub key. */
  readonly secret: string;
  readonly forceRefresh: boolean;
}

export type CredentialRequestResult =
  | { readonly ok: true; readonly request: CredentialRequest }
  | { readonly ok: false; readonly error: DropInError };

/** The parameters of /cgi-bin/gettoken. `appid`: what stands as corpid, which may be an app's name in the hub. */
export function readCorpRequest(parameters: Readonly<Record<string, unknown>>): CredentialRequestResult {
  const { corpid, corpsecret: secret } = parameters;
  if (typeof corpid !== 'string' || corpid === '') return { ok: false, error: WECOM_DROP_IN_ERRORS.noCorpid };
  if (typeof secret !== 'string' || secret === '') return { ok: false, error: WECOM_DROP_IN_ERRORS.noSecret };
  return { ok: true, request: { appid: corpid, secret, forceRefresh: false } };
}

/** The parameters of api_component_token; the ticket that SDKs send along is theirs to have. */
export function readComponentRequest(parameters: Readonly<Record<string, unknown>>): CredentialRequestResult {
  const { component_appid: appid, component_appsecret: secret } = parameters;
  const { noAppid, noSecret } = PLATFORM_DROP_IN_ERRORS;
  if (typeof appid !== 'string' || appid === '') return { ok: false, error: noAppid };
  if (typeof secret !== 'string' || secret === '') return { ok: false, error: noSecret };
  return { ok: true, request: { appid, secret, forceRefresh: false } };
}

/** The parameters of /cgi-bin/token and /cgi-bin/stable_token, in any order; unknown ones do not matter, as at WeChat. */
export function readCredentialRequest(
  parameters: Readonly<Record<string, unknown>>,
): CredentialRequestResult {
  const { grant_type: grantType, appid, secret, force_refresh: force } = parameters;
  if (grantType !== 'client_credential') return { ok: false, error: DROP_IN_ERRORS.wrongGrantType };
  if (typeof appid !== 'string' || appid === '') return { ok: false, error: DROP_IN_ERRORS.noAppid };
  if (typeof secret !== 'string' || secret === '') return { ok: false, error: DROP_IN_ERRORS.noSecret };
  // Form-coded bodies have no booleans.
  return { ok: true, request: { appid, secret, forceRefresh: force === true || force === 'true' } };
}

/** "Asks again" (CONTRACT, "Drop-in"): the same client, address and app within so long. */
export const REPEAT_WITHIN_MS = 10_000;
