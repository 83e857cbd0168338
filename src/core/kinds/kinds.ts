import type { AppKindName, AppSettings, TicketType } from '../app.js';
import type { UpstreamError } from '../upstream.js';
import { classifyBy, type UpstreamEndpoint } from '../wechat-error.js';
import type { AppKind } from './app-kind.js';
import { AUTHORIZER, PLATFORM } from './platform.js';
import { WECHAT } from './wechat.js';
import { WECOM } from './wecom.js';

export const KINDS: Readonly<Record<AppKindName, AppKind>> = {
  wechat: WECHAT,
  wecom: WECOM,
  platform: PLATFORM,
  authorizer: AUTHORIZER,
};

/** The meaning of an errcode other than 0, as told to an app of that kind. `errmsg`: scrubbed of secrets by the caller. */
export function classify(
  kind: AppKindName,
  errcode: number,
  errmsg: string,
  endpoint: UpstreamEndpoint = 'token',
): UpstreamError {
  const error = classifyBy(KINDS[kind].errcodes, errcode, errmsg, endpoint);
  return kind === 'wechat' ? error : { ...error, kind };
}

/** The ticket type of that name, if apps of the kind have it. */
export function ticketTypeOf(kind: AppKindName, name: unknown): TicketType | undefined {
  return KINDS[kind].tickets.find((type) => type === name);
}

/** The part of the environment that says where upstreams are. */
export interface BaseUrls {
  readonly wechatBaseUrl: string;
  readonly wecomBaseUrl: string;
}

/** Where calls of the app go, without a slash at the end. */
export function baseUrlOf({ kind, baseUrl }: Pick<AppSettings, 'kind' | 'baseUrl'>, urls: BaseUrls): string {
  if (baseUrl !== undefined) return baseUrl;
  return kind === 'wecom' ? urls.wecomBaseUrl : urls.wechatBaseUrl;
}
