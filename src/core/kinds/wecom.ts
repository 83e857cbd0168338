import { addressesIn } from '../whitelist.js';
import type { ErrcodeTable } from '../wechat-error.js';
import type { AppKind } from './app-kind.js';

const MINUTE = 60_000;

const CONSOLE = 'work.weixin.qq.com admin console, app management, the app';
const BAD_REQUEST =
  'WeCom did not get what the hub sends. Look at HUB_WECOM_BASE_URL or the baseUrl of the app, and whether a proxy in ' +
  'between rewrites requests.';
const WRONG_SECRET =
  'The Secret is wrong or was reset. Put the current one where apps.yaml points for this app, and reload the hub, ' +
  'or restart it where that is an environment variable ' +
  `(${CONSOLE}). WeCom blocks who goes on with a wrong one, so the hub asks seldom until then.`;
const NO_RIGHT =
  'The agent has no right to this. Give it the right in the admin console, or take the ticket out of `tickets` in apps.yaml.';

/**
 * What WeCom's errcodes mean for the hub ("全局错误码", path/90313). Some have another meaning than WeChat's: 40001 is the
 * Secret, never the token of a gettoken call.
 */
export const WECOM_ERRCODES: ErrcodeTable = {
  [-1]: { class: 'transient', hint: 'WeCom is busy. The hub tries again by itself.' },
  // "不合法的secret参数". Some 2,000 wrong calls in an hour end in a block of one (staff, developer community): some
  // minutes apart they never come near, and a reload with another Secret waits for none of it.
  40001: { class: 'configuration', hint: WRONG_SECRET, notBeforeMs: 5 * MINUTE },
  40013: { class: 'configuration', hint: 'WeCom knows no such corpid. Correct it in apps.yaml.' },
  40091: {
    class: 'configuration',
    hint: "The Secret is another corporation's. Correct corpid or Secret of this app.",
    notBeforeMs: 5 * MINUTE,
  },
  41001: { class: 'configuration', hint: BAD_REQUEST },
  41002: { class: 'configuration', hint: BAD_REQUEST },
  41004: { class: 'configuration', hint: BAD_REQUEST },
  // "不合法的agentid", "无权限操作指定的应用"
  40056: { class: 'configuration', hint: NO_RIGHT },
  301002: { class: 'configuration', hint: NO_RIGHT },
  48002: { class: 'configuration', hint: NO_RIGHT },
  // Blocks of 60 s, 60 min and a day, by which limit was passed (path/90454)
  45009: {
    class: 'quota',
    hint:
      'WeCom limits the calls of this corporation or address: for a minute, an hour or a day. The hub goes on by itself; ' +
      'find out who else calls gettoken with this Secret, or with a wrong one.',
    notBeforeMs: MINUTE,
  },
  45033: { class: 'quota', hint: 'Too many calls of this corporation at a time. The hub goes on by itself.' },
  // "not allow to access from your ip"
  60020: { class: 'configuration', hint: trustedIpHint },
};

function trustedIpHint(errmsg: string): string {
  const seen = addressesIn(errmsg).join(' and ');
  return (
    `Put ${seen === '' ? "the hub's outgoing address (WeCom named none)" : seen} on the agent's list of trusted IPs ` +
    `(${CONSOLE}, trusted IP of the corporation). That takes a minute to work. Tokens are given from anywhere: only the calls are refused.`
  );
}

/** An agent of a WeCom corporation: a token for each (corpid, Secret). */
export const WECOM: AppKind = {
  name: 'wecom',
  tokenApis: ['gettoken'],
  tickets: ['jsapi', 'agent_config'],
  // 100 an hour of an agent, 400 of a corporation with all its agents (path/90454).
  ticketLooks: 24,
  errcodes: WECOM_ERRCODES,
  baseUrlVariable: 'HUB_WECOM_BASE_URL',
  // Its logins take the access_token, no Secret: they go through the gateway.
  logsUsersIn: false,
  hasQuotas: false,
  addressRefusedWith: 60020,
};
