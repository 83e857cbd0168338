import { Secret } from './secret.js';

/** Whose account an app is, and so by which rules it lives: core/kinds/kinds.ts. */
export const APP_KINDS = ['wechat', 'wecom', 'platform', 'authorizer'] as const;
export type AppKindName = (typeof APP_KINDS)[number];

/** What apps.yaml may say. A third-party platform has a section of its own, and its authorizers come by themselves. */
export const WRITTEN_KINDS = ['wechat', 'wecom'] as const satisfies readonly AppKindName[];
export type WrittenKind = (typeof WRITTEN_KINDS)[number];

/**
 * The families of access_token, by the endpoint that gives them. They are kept apart: a call to one never touches
 * another's token. `gettoken` is WeCom's, the last two are a third-party platform's. How each behaves:
 * core/kinds/token-families.ts.
 */
export const TOKEN_APIS = [
  'stable_token',
  'token',
  'gettoken',
  'component_token',
  'authorizer_token',
] as const;
export type TokenApi = (typeof TOKEN_APIS)[number];

/** What apps.yaml may say of an app of WeChat. `none`: it only logs users in, and no token of it is ever fetched. */
export const APP_TOKEN_APIS = ['stable_token', 'token', 'none'] as const;

/** What is shown of an app of any kind. */
export const SHOWN_TOKEN_APIS = [...TOKEN_APIS, 'none'] as const;
export type AppTokenApi = (typeof SHOWN_TOKEN_APIS)[number];

/** Of all kinds of app; which of them an app has, its kind says. */
export const TICKET_TYPES = ['jsapi', 'wx_card', 'agent_config'] as const;
export type TicketType = (typeof TICKET_TYPES)[number];

/** What the hub accepts as an appid. WeChat's own ids (`wx` + 16 hex digits) are a part of this. */
export const APPID_PATTERN = /^[A-Za-z0-9_-]{2,64}$/;

/** One account that the hub serves, as apps.yaml has it with the defaults filled in. */
export interface AppSettings {
  readonly kind: AppKindName;
  /** Of `wecom`: the hub's own name for the agent. */
  readonly appid: string;
  /** Whose file of a folder names it; `undefined`: the hub has one file. */
  readonly tenant?: string | undefined;
  /** For people; has no effect. */
  readonly name: string | undefined;
  /** {@link NO_SECRET} where apps.yaml says where the AppSecret is, and none was ever had from there. */
  readonly secret: Secret;
  readonly tokenApi: TokenApi;
  /** The app only logs users in (`tokenApi: none` in apps.yaml): no token is ever fetched, and {@link tokenApi} is moot. */
  readonly loginOnly?: boolean;
  /** `wecom`, always there: the corporation that the agent belongs to. */
  readonly corpid?: string | undefined;
  /** `wecom`: for people, and for pages that call wx.agentConfig. */
  readonly agentId?: number | undefined;
  /** `authorizer`, always there: the platform that the account has authorised. */
  readonly platform?: string | undefined;
  /** `authorizer`: which authorisation of the account it is; another one may end the tokens of the one before. */
  readonly authorisation?: number | undefined;
  /** Where this app's upstream is, without a slash at the end; `undefined`: where its kind's is. */
  readonly baseUrl?: string | undefined;
  /** `token`: how long before expiry a new one is minted; `gettoken`: how long before it is asked for. Seconds, 1..7200. */
  readonly refreshAheadSeconds: number;
  /** `stable_token`: WeChat is asked at least once in so many seconds. 5..3600. */
  readonly reconcileSeconds: number;
  /** Tickets that are kept warm beside the token. */
  readonly tickets: readonly TicketType[];
}

/** As apps.yaml has it. */
export function tokenApiOf({ tokenApi, loginOnly }: AppSettings): AppTokenApi {
  return loginOnly === true ? 'none' : tokenApi;
}

/** An AppSecret is never empty: WeChat is not asked with this one. */
export const NO_SECRET = new Secret('');

export const APP_DEFAULTS = {
  kind: 'wechat',
  tokenApi: 'stable_token',
  /** The old token outlives a mint by 300 s: minting so long before its end never leaves a gap. */
  refreshAheadSeconds: 300,
  /** WeChat's advice for stable_token: call at least once every 5 minutes and overwrite what is held. */
  reconcileSeconds: 300,
  tickets: [],
} as const satisfies Pick<
  AppSettings,
  'kind' | 'tokenApi' | 'refreshAheadSeconds' | 'reconcileSeconds' | 'tickets'
>;

export function sameApp(a: AppSettings, b: AppSettings): boolean {
  return (
    sameCredentials(a, b) &&
    a.tenant === b.tenant &&
    a.name === b.name &&
    a.agentId === b.agentId &&
    a.refreshAheadSeconds === b.refreshAheadSeconds &&
    a.reconcileSeconds === b.reconcileSeconds &&
    a.tickets.length === b.tickets.length &&
    a.tickets.every((ticket) => b.tickets.includes(ticket))
  );
}

/** Whether a token fetched by the one's settings is what the other's settings would fetch. */
export function sameCredentials(a: AppSettings, b: AppSettings): boolean {
  return (
    a.appid === b.appid &&
    a.kind === b.kind &&
    a.corpid === b.corpid &&
    a.platform === b.platform &&
    a.authorisation === b.authorisation &&
    a.baseUrl === b.baseUrl &&
    a.tokenApi === b.tokenApi &&
    (a.loginOnly ?? false) === (b.loginOnly ?? false) &&
    a.secret.equals(b.secret)
  );
}
