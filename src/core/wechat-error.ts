import { scrub } from './scrub.js';
import {
  NEVER_ASKED,
  type UpstreamError,
  type UpstreamErrorClass,
  type UpstreamFailure,
} from './upstream.js';
import { addressesIn } from './whitelist.js';

/** What was called. The same errcode means another thing where the AppSecret goes and where a token goes. */
export type UpstreamEndpoint = 'token' | 'ticket' | 'probe';

export interface ErrcodeRow {
  readonly class: UpstreamError['class'];
  /** For the operator; made from errmsg where that says something that no errcode does. */
  readonly hint: string | ((errmsg: string) => string);
  readonly notBeforeMs?: number;
}

/** What the errcodes of a token endpoint mean, and those of the calls that the hub makes with a token. */
export type ErrcodeTable = Readonly<Record<number, ErrcodeRow>>;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Where people find AppSecret and whitelist since the consoles moved [O]: WECHAT.md, "Hosts and the IP whitelist". */
const CONSOLES =
  'official accounts: developers.weixin.qq.com/platform, basic information, developer key; ' +
  'mini programs: mp.weixin.qq.com, development management, development settings';
const WRONG_SECRET =
  'The AppSecret is wrong or was reset. Put the current one where apps.yaml points for this app, and reload the hub, ' +
  `or restart it where that is an environment variable (${CONSOLES}).`;
const ACCOUNT_NOTICES = "Look for notices in the account's console, and ask WeChat to lift it.";
const BAD_REQUEST =
  'WeChat did not get what the hub sends. Look at HUB_WECHAT_BASE_URL, and whether a proxy in between rewrites requests.';
const CONSENT =
  "An administrator's consent to the calling address is pending. WeChat has asked them in WeChat: let them confirm it.";
const NO_RIGHT =
  'The account has no right to this API. jsapi tickets need a verified official account, wx_card tickets one that may ' +
  'issue cards: get the right, or take the ticket out of `tickets` in apps.yaml.';

/**
 * What WeChat's errcodes mean for the hub. Decided on errcode alone: the wording of errmsg varies.
 *
 * Sources: [T] the error tables of getAccessToken and getStableAccessToken, [G] the global error codes
 * (doc/oplatform/developers/errCode), all on developers.weixin.qq.com; WECHAT.md has the readings.
 */
export const ERRCODE_ROWS: ErrcodeTable = {
  // [T] system busy
  [-1]: { class: 'transient', hint: 'WeChat is busy. The hub tries again by itself.' },
  // [T][G] "api minute-quota reach limit, must slower, retry next minute"
  45011: {
    class: 'quota',
    hint: 'Too many calls in this minute. The hub goes on in the next one; find out who else calls for this app.',
    notBeforeMs: MINUTE,
  },
  // [T][G] "reach max api daily quota limit". Forced refreshes: the 21st of a day [C]
  45009: {
    class: 'quota',
    hint:
      "The day's quota is used up. It comes back at midnight in Beijing; at once by POST /admin/apps/{appid}/quota/clear " +
      "(WeChat's clear_quota/v2, which needs no token; 10 a month). Forced refreshes (20 a day) do not come back by " +
      'that. Find out who else fetches tokens for this app.',
  },
  // [T] invalid appsecret
  40125: { class: 'configuration', hint: WRONG_SECRET },
  // [T][G] here: "AppSecret wrong when fetching access_token"; its other meaning is DEAD_TOKEN
  40001: { class: 'configuration', hint: WRONG_SECRET },
  // [T] invalid appid; checked before anything else
  40013: { class: 'configuration', hint: 'WeChat knows no such appid. Correct it in apps.yaml.' },
  // [T] appid missing, appsecret missing
  41002: { class: 'configuration', hint: BAD_REQUEST },
  41004: { class: 'configuration', hint: BAD_REQUEST },
  // [T] invalid grant_type; [G] require POST method, data format error
  40002: { class: 'configuration', hint: BAD_REQUEST },
  43002: { class: 'configuration', hint: BAD_REQUEST },
  47001: { class: 'configuration', hint: BAD_REQUEST },
  // [G] the appid belongs to a third-party platform, which has a token of its own kind
  61024: {
    class: 'configuration',
    hint:
      'The app is managed by a third-party platform. Its tokens come from that platform: name it under `platforms`, or ' +
      'take the appid out of apps.yaml.',
  },
  // [T] "IP whitelist": the calling address is not on it
  40164: { class: 'configuration', hint: whitelistHint },
  // [G] "access clientip is not registered, not in ip-white-list", also of WeChat shops (commErrCode of doc/store)
  61004: { class: 'configuration', hint: whitelistHint },
  45035: { class: 'configuration', hint: whitelistHint },
  // [G] "api unauthorized": what an unverified official account gets for a ticket
  48001: { class: 'configuration', hint: NO_RIGHT },
  // [G] "user unauthorized", "api is unauthorized to component"
  50001: { class: 'configuration', hint: NO_RIGHT },
  61007: { class: 'configuration', hint: NO_RIGHT },
  // [T] AppSecret frozen
  40243: {
    class: 'configuration',
    hint: `The AppSecret is frozen. Unfreeze it where it is shown (${CONSOLES}); that takes 10 minutes.`,
  },
  // [T] the account may not use the token API
  50004: {
    class: 'configuration',
    hint: `WeChat forbids this account to fetch tokens. ${ACCOUNT_NOTICES}`,
  },
  // [T] account frozen
  50007: { class: 'configuration', hint: `The account is frozen. ${ACCOUNT_NOTICES}` },
  // [G] user limited: frozen or cancelled
  50002: {
    class: 'configuration',
    hint: `The account is restricted. ${ACCOUNT_NOTICES}`,
  },
  // [G] "api forbidden for irregularities"
  48004: {
    class: 'configuration',
    hint: `The API is blocked for irregularities. ${ACCOUNT_NOTICES}`,
  },
  // [T] this address waits for an administrator's consent; this call needs one
  89501: { class: 'configuration', hint: CONSENT },
  89503: { class: 'configuration', hint: CONSENT },
  // [T] refused once: not for an hour; refused twice: not for 24 hours
  89507: {
    class: 'configuration',
    hint: 'An administrator refused the address. WeChat takes no call from it for an hour; agree with them first.',
    notBeforeMs: HOUR,
  },
  89506: {
    class: 'configuration',
    hint: 'An administrator refused the address twice. WeChat takes no call from it for 24 hours; agree with them first.',
    notBeforeMs: 24 * HOUR,
  },
};

const UNKNOWN: ErrcodeRow = {
  class: 'transient',
  hint: "An errcode that the hub does not know. It tries again; look it up among WeChat's global error codes.",
};

/** [G] superseded, malformed, past its life: which comes when is not defined, so they are treated alike. */
const DEAD_TOKEN_ERRCODES: ReadonlySet<number> = new Set([40001, 40014, 42001]);
const DEAD_TOKEN: ErrcodeRow = {
  class: 'transient',
  hint: 'The token is dead at WeChat. The hub asks again with the next one; does something else fetch tokens for this app?',
};

/** Whether a call *that carried a token* was told that the token is dead. Never ask it about a token endpoint. */
export function isDeadTokenErrcode(errcode: number): boolean {
  return DEAD_TOKEN_ERRCODES.has(errcode);
}

/** The meaning of an errcode of WeChat's other than 0. `errmsg`: scrubbed of secrets by the caller ({@link scrub}). */
export function classifyErrcode(
  errcode: number,
  errmsg: string,
  endpoint: UpstreamEndpoint = 'token',
): UpstreamError {
  return classifyBy(ERRCODE_ROWS, errcode, errmsg, endpoint);
}

/** The same by the table of a kind of app. */
export function classifyBy(
  table: ErrcodeTable,
  errcode: number,
  errmsg: string,
  endpoint: UpstreamEndpoint,
): UpstreamError {
  const dead = endpoint !== 'token' && isDeadTokenErrcode(errcode);
  const row = dead ? DEAD_TOKEN : (table[errcode] ?? UNKNOWN);
  const words = scrub(errmsg);
  return {
    class: row.class,
    reason: `${errcode}`,
    errcode,
    errmsg: words,
    hint: typeof row.hint === 'string' ? row.hint : row.hint(words),
    notBeforeMs: row.notBeforeMs,
    mayHaveActed: false,
  };
}

/** Where an address is to be put. */
export const ON_WHITELIST = `on the app's IP whitelist (${CONSOLES}). An edit takes minutes to work.`;

/** e.g. `invalid ip 118.190.42.90 ipv6 ::ffff:118.190.42.90, not in whitelist rid: …` [P] */
function whitelistHint(errmsg: string): string {
  const seen = addressesIn(errmsg).join(' and ');
  return `Put ${seen === '' ? "the hub's outgoing address (WeChat named none)" : seen} ${ON_WHITELIST}`;
}

/** What each failure without an errcode is, and what to do about it. */
interface FailureRow {
  readonly what: string;
  readonly hint: string;
  /** Default: `transient`. */
  readonly class?: UpstreamErrorClass;
}

const FAILURES: Readonly<Record<UpstreamFailure, FailureRow>> = {
  timeout: {
    what: 'WeChat did not answer in time',
    hint: 'If it goes on: does a firewall drop the way out to WeChat? HUB_WECHAT_TIMEOUT_MS is the limit of one call.',
  },
  unreachable: {
    what: 'WeChat could not be reached',
    hint: 'Check DNS, the way out (firewall, NAT) and HUB_WECHAT_BASE_URL.',
  },
  cut_off: {
    what: 'the connection was cut before the answer was complete',
    hint: 'The hub tries again. If it goes on: look at proxies and NAT gateways on the way out.',
  },
  too_large: {
    what: 'the answer is too large to be one of WeChat',
    hint: 'Does HUB_WECHAT_BASE_URL lead to WeChat? Is there a proxy in between?',
  },
  http_status: {
    what: 'the HTTP status is not the 200 that WeChat always sends',
    hint: 'Is there a proxy in between, or does HUB_WECHAT_BASE_URL lead elsewhere? Redirects are not followed.',
  },
  not_json: {
    what: 'the answer is not JSON',
    hint: 'Is there a proxy or a captive portal in between? Does HUB_WECHAT_BASE_URL lead to WeChat?',
  },
  no_token: {
    what: 'the answer lacks what was asked for',
    hint: 'The hub tries again. If it goes on: does HUB_WECHAT_BASE_URL lead to WeChat?',
  },
  bad_expires_in: {
    what: 'the answer has no usable expires_in',
    hint: 'The hub tries again. If it goes on: does HUB_WECHAT_BASE_URL lead to WeChat?',
  },
  login_only: {
    class: 'configuration',
    what: 'the app only logs users in and has no access_token',
    hint: 'If it is to have one, change its tokenApi in apps.yaml.',
  },
  no_secret: {
    class: 'configuration',
    what: 'there is no AppSecret to ask with',
    hint: 'Put it where apps.yaml says that it is.',
  },
  no_access_token: {
    what: 'the app has no valid access_token to ask with',
    hint: "The ticket follows by itself as soon as the app's token is there; look at the token's error.",
  },
  no_verify_ticket: {
    what: 'no ticket of the platform has come from WeChat',
    hint:
      'WeChat pushes one every 10 minutes to https://<hub>/platforms/{appid}/push. Is that the address for authorisation ' +
      'events at open.weixin.qq.com, and do its token and AES key stand in apps.yaml?',
  },
  pushes_silent: {
    class: 'configuration',
    what: 'WeChat has pushed no ticket of the platform for half an hour',
    hint:
      'The last one is good for 12 hours, then nothing of the platform works. Do pushes still arrive at ' +
      'https://<hub>/platforms/{appid}/push, and are they refused there (the log has each)?',
  },
  no_component_token: {
    what: 'the platform has no valid token of its own to ask with',
    hint: "The account's token follows by itself as soon as the platform's is there; look at the platform's error.",
  },
  no_refresh_token: {
    class: 'configuration',
    what: "no refresh token of the account's authorisation is known",
    hint:
      'The hub looks for it in the list that WeChat keeps. If it goes on: have the administrator of the account authorise ' +
      'the platform anew.',
  },
  internal: {
    what: 'the hub failed to make the call',
    hint: 'This is a defect of the hub: please report it with the log.',
  },
};

export const DNS_CODE = /^(ENOTFOUND|EAI_[A-Z]+|ENODATA)$/;
export const TLS_CODE = /CERT|SSL|TLS|SIGNATURE|EPROTO/;

/**
 * A failure without an errcode.
 *
 * @param detail one line of the hub's own words or an error code, never a foreign error's text.
 * @param mayHaveActed where the caller knows better than that only {@link NEVER_ASKED} excludes it.
 */
export function describeFailure(
  failure: UpstreamFailure,
  detail: string,
  mayHaveActed = !NEVER_ASKED.has(failure),
): UpstreamError {
  const { what, hint, class: errorClass = 'transient' } = FAILURES[failure];
  return {
    class: errorClass,
    reason: failure,
    errcode: undefined,
    errmsg: scrub(detail === '' ? what : `${what}: ${detail}`),
    hint: failure === 'unreachable' ? unreachableHint(detail, hint) : hint,
    notBeforeMs: undefined,
    mayHaveActed,
  };
}

function unreachableHint(code: string, otherwise: string): string {
  if (code.startsWith('PROXY_'))
    return 'The proxy of HUB_OUTBOUND_PROXY refuses or is not there. Check host, port, user and password, and whether it lets CONNECT through to WeChat.';
  if (DNS_CODE.test(code))
    return 'The name of the upstream is not resolved. Check DNS and HUB_WECHAT_BASE_URL.';
  if (TLS_CODE.test(code)) {
    return "The upstream's certificate or TLS is refused. If a proxy intercepts TLS, exempt WeChat, or name its CA in NODE_EXTRA_CA_CERTS.";
  }
  return otherwise;
}
