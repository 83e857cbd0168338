import type { TicketType, WrittenKind } from '../../core/app.js';

/**
 * What the gateway never forwards, and why: the one table, for the judge of targets (target.ts), for docs/gateway.md and
 * for the walk through WeChat's and WeCom's endpoints (test/wechat-endpoints.spec.ts).
 *
 * An endpoint stands here for what it takes, what it returns or what it resets. A client with `gateway` may act as the
 * app, by way of the hub; it may not get hold of what would let it act past the hub, nor end what others use.
 */
export interface NeverForwarded {
  /** In lower case: this path and whatever stands under it; with `*` at its end, whatever begins so. */
  readonly path: string;
  /** A secret that must be in the call: the hub puts none in, and a hub key would be sent in its place. */
  readonly takes?: string;
  /** What a caller could use without the hub. */
  readonly returns?: string;
  /** What is then gone for everybody. */
  readonly resets?: string;
  /** Where the hub has it. */
  readonly instead?: string;
  /** The hub answers this one itself, under the rule of `read`. */
  readonly answered?: OwnTicket;
}

/** A ticket endpoint of one kind of app. */
export interface OwnTicket {
  /** Whose endpoint it is. */
  readonly kind: WrittenKind;
  /** `undefined`: which ticket, its parameter `type` says. */
  readonly type?: TicketType;
}

export const NEVER_FORWARDED: readonly NeverForwarded[] = [
  {
    path: '/cgi-bin/token',
    takes: 'AppSecret',
    returns: 'access_token',
    instead: '/v1/apps/{appid}/token',
  },
  {
    path: '/cgi-bin/stable_token',
    takes: 'AppSecret',
    returns: 'access_token',
    resets: 'access_token (force_refresh)',
    instead: '/v1/apps/{appid}/token',
  },
  {
    path: '/cgi-bin/clear_quota*',
    takes: 'AppSecret (v2)',
    resets: 'quota of all endpoints',
    instead: '/admin/apps/{appid}/quota/clear',
  },
  {
    path: '/cgi-bin/openapi/quota/clear',
    resets: 'quota of an endpoint',
    instead: '/admin/apps/{appid}/quota/clear',
  },
  {
    path: '/cgi-bin/openapi/rid/get',
    returns: 'access_token (in the request that it shows)',
    instead: '/admin/apps/{appid}/rid/{rid}',
  },
  {
    path: '/cgi-bin/component/*',
    takes: 'component_appsecret',
    returns: 'component_access_token, authorizer_access_token, authorizer_refresh_token',
  },
  {
    path: '/sns/*',
    takes: 'AppSecret, login code',
    returns: 'session_key, access_token of users',
    instead: '/v1/apps/{appid}/login',
  },
  {
    path: '/cgi-bin/ticket/getticket',
    returns: 'jsapi_ticket, wx_card ticket',
    instead: '/v1/apps/{appid}/tickets/{type}',
    answered: { kind: 'wechat' },
  },
  {
    path: '/cgi-bin/gettoken',
    takes: 'corpsecret',
    returns: 'access_token',
    instead: '/v1/apps/{appid}/token',
  },
  {
    path: '/cgi-bin/service/*',
    takes: 'suite_secret, provider_secret, permanent_code',
    returns: 'suite_access_token, provider_access_token, permanent_code, access_token of customers',
  },
  {
    path: '/cgi-bin/corpgroup/corp/gettoken',
    returns: 'access_token of another corporation',
  },
  {
    path: '/cgi-bin/get_jsapi_ticket',
    returns: 'jsapi_ticket',
    instead: '/v1/apps/{appid}/tickets/{type}',
    answered: { kind: 'wecom', type: 'jsapi' },
  },
  {
    path: '/cgi-bin/ticket/get',
    returns: 'agent_config ticket',
    instead: '/v1/apps/{appid}/tickets/{type}',
    answered: { kind: 'wecom' },
  },
];

const NEVER = new RegExp(`^(?:${NEVER_FORWARDED.map(({ path }) => sourceOf(path)).join('|')})`);

function sourceOf(path: string): string {
  if (path.endsWith('/*')) return `${path.slice(0, -2)}(?:/|$)`;
  return path.endsWith('*') ? path.slice(0, -1) : `${path}(?:/|$)`;
}

/** The row of a path in lower case, which must have one reading (target.ts). */
export function neverForwarded(path: string): NeverForwarded | undefined {
  // Nearly always there is none.
  if (!NEVER.test(path)) return undefined;
  return NEVER_FORWARDED.find((row) => new RegExp(`^${sourceOf(row.path)}`).test(path));
}

/** For the caller: why not, and what to do. */
export function whyNever({ path, takes, returns, resets, instead }: NeverForwarded): string {
  const why = [
    takes === undefined ? '' : `takes: ${takes}`,
    returns === undefined ? '' : `returns: ${returns}`,
    resets === undefined ? '' : `resets: ${resets}`,
  ].filter((part) => part !== '');
  const where = instead === undefined ? '' : ` The hub has it at ${instead}.`;
  return `The gateway never forwards ${path} (${why.join('; ')}); nothing was sent, and no key of yours left the hub.${where}`;
}
