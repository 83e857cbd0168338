import { addressesIn } from '../whitelist.js';
import { ERRCODE_ROWS, type ErrcodeTable } from '../wechat-error.js';
import type { AppKind } from './app-kind.js';
import { WECHAT } from './wechat.js';

const TEN_MINUTES = 600_000;

const CONSOLE = 'open.weixin.qq.com, management center, third-party platforms, development information';
const WRONG_SECRET =
  "The platform's AppSecret is wrong or was reset. Put the current one where apps.yaml points for this platform, and " +
  `reload the hub (${CONSOLE}).`;
const BAD_TICKET =
  "WeChat no longer takes the platform's ticket. The next push brings another within 10 minutes, and the hub goes on " +
  'by itself. If it does not: do pushes arrive at /platforms/{appid}/push?';
const ANEW =
  "The account's authorisation of the platform does not work any more. Have its administrator authorise the platform " +
  'anew (POST /admin/platforms/{appid}/authorize-link makes the link).';
const BAD_CODE =
  'The code of an authorisation is used up or too old. Let the merchant change the permission sets of the platform: ' +
  'another code comes with that.';

/**
 * What errcodes mean to calls to /cgi-bin/component, and to calls with the token of an authorizer; what is not here means
 * what it means to any app. The list of component codes: developers.weixin.qq.com, third-party platforms, "返回码".
 */
export const PLATFORM_ERRCODES: ErrcodeTable = {
  ...ERRCODE_ROWS,
  40001: { class: 'configuration', hint: WRONG_SECRET },
  40125: { class: 'configuration', hint: WRONG_SECRET },
  // "invalid component credential"
  40094: { class: 'configuration', hint: WRONG_SECRET },
  40013: { class: 'configuration', hint: 'WeChat knows no such platform. Correct its appid in apps.yaml.' },
  61011: { class: 'configuration', hint: 'WeChat knows no such platform. Correct its appid in apps.yaml.' },
  // "component is not authorized by this account", "refresh_token is invalid"
  61003: { class: 'configuration', hint: ANEW, notBeforeMs: TEN_MINUTES },
  61023: { class: 'configuration', hint: ANEW, notBeforeMs: TEN_MINUTES },
  // "access clientip is not registered requestIP: …"; 40090 at logins
  61004: { class: 'configuration', hint: whitelistHint },
  40090: { class: 'configuration', hint: whitelistHint },
  // "component ticket is expired", "… is invalid"
  61005: { class: 'configuration', hint: BAD_TICKET },
  61006: { class: 'configuration', hint: BAD_TICKET },
  40091: { class: 'configuration', hint: BAD_TICKET },
  61009: { class: 'configuration', hint: BAD_CODE },
  61010: { class: 'configuration', hint: BAD_CODE },
};

function whitelistHint(errmsg: string): string {
  const seen = addressesIn(errmsg).join(' and ');
  const which = seen === '' ? "the hub's outgoing address (WeChat named none)" : seen;
  return `Put ${which} on the platform's IP whitelist (${CONSOLE}). An edit takes minutes to work.`;
}

const BOTH = {
  errcodes: PLATFORM_ERRCODES,
  baseUrlVariable: 'HUB_WECHAT_BASE_URL',
  hasQuotas: false,
  addressRefusedWith: undefined,
} as const;

/** A third-party platform itself: what it has is the component_access_token, for its calls to /cgi-bin/component. */
export const PLATFORM: AppKind = {
  ...BOTH,
  name: 'platform',
  tokenApis: ['component_token'],
  tickets: [],
  ticketLooks: 1,
  logsUsersIn: false,
};

/** An account that has authorised a platform. It comes and goes while the hub runs: core/platform/joined.ts. */
export const AUTHORIZER: AppKind = {
  ...BOTH,
  name: 'authorizer',
  tokenApis: ['authorizer_token'],
  tickets: ['jsapi', 'wx_card'],
  ticketLooks: WECHAT.ticketLooks,
  logsUsersIn: true,
};
