import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { HubEnvironment } from '../config/environment/environment.js';
import { APPID_PATTERN, type AppSettings } from '../core/app.js';
import { isObject } from '../core/json.js';
import { Secret } from '../core/secret.js';
import type { UpstreamError } from '../core/upstream.js';
import { describeFailure } from '../core/wechat-error.js';
import { HttpExchange } from './http-exchange.js';
import { requestOf } from './http-wechat-client.js';
import type { KindCall } from './kinds/kind-calls.js';
import { componentCall } from './kinds/platform-calls.js';
import { parsePlainAnswer } from './parse-answer.js';

export type PlatformAnswer<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: UpstreamError };

type Fields = Readonly<Record<string, unknown>>;

/** An account that has authorised the platform, as WeChat's list has it. */
export interface ListedAuthorizer {
  readonly appid: string;
  /** `undefined`: the code of the authorisation was never exchanged. */
  readonly refreshToken: Secret | undefined;
  /** Epoch seconds by WeChat's clock; `undefined`: it did not say. */
  readonly authorisedAt: number | undefined;
}

export interface AuthorizerPage {
  readonly total: number;
  readonly listed: readonly ListedAuthorizer[];
}

/** What a code of an authorisation is exchanged for. */
export interface Exchanged {
  readonly appid: string;
  readonly refreshToken: Secret;
}

/** WeChat gives up to 500 at a time; so many stay well within the bound of one answer. */
export const LIST_PAGE = 200;

/**
 * The hub's own calls to /cgi-bin/component but for those that bring tokens, which are any app's (HttpWeChatClient). One
 * call each, bounded, and each outcome is a value.
 */
@Injectable()
export class PlatformUpstream implements OnApplicationShutdown {
  readonly #exchange: HttpExchange;
  readonly #prefix: string;

  constructor(environment: HubEnvironment, clock: Clock) {
    const { origin, pathname } = new URL(environment.wechatBaseUrl);
    this.#prefix = pathname.replace(/\/+$/, '');
    this.#exchange = new HttpExchange(origin, environment.wechatTimeoutMs, clock, environment.outboundProxy);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#exchange.close();
  }

  /** "api_start_push_ticket": from then on tickets are pushed. */
  async startTickets({ appid, secret }: AppSettings): Promise<PlatformAnswer<undefined>> {
    const component_secret = secret.reveal();
    const answer = await this.#call(
      {
        path: '/cgi-bin/component/api_start_push_ticket',
        body: { component_appid: appid, component_secret },
        secrets: [component_secret],
      },
      'token',
    );
    return answer.ok ? { ok: true, value: undefined } : answer;
  }

  /** "api_create_preauthcode" */
  async preAuthCode({ appid }: AppSettings, token: Secret): Promise<PlatformAnswer<string>> {
    const answer = await this.#call(
      componentCall('api_create_preauthcode', token, { component_appid: appid }),
    );
    if (!answer.ok) return answer;
    const { pre_auth_code: code } = answer.value;
    return typeof code === 'string' && code !== '' ? { ok: true, value: code } : lacking('pre_auth_code');
  }

  /** "api_query_auth": a code is good for once. */
  async exchange({ appid }: AppSettings, token: Secret, code: Secret): Promise<PlatformAnswer<Exchanged>> {
    const body = { component_appid: appid, authorization_code: code.reveal() };
    const answer = await this.#call(componentCall('api_query_auth', token, body, code));
    if (!answer.ok) return answer;
    const value = exchangedIn(answer.value);
    return value === undefined ? lacking('authorization_info') : { ok: true, value };
  }

  /** "api_get_authorizer_list", {@link LIST_PAGE} from `offset` on. */
  async list({ appid }: AppSettings, token: Secret, offset: number): Promise<PlatformAnswer<AuthorizerPage>> {
    const body = { component_appid: appid, offset, count: LIST_PAGE };
    const answer = await this.#call(componentCall('api_get_authorizer_list', token, body));
    if (!answer.ok) return answer;
    const { total_count: total, list } = answer.value;
    if (typeof total !== 'number' || !Array.isArray(list)) return lacking('list');
    return { ok: true, value: { total, listed: list.flatMap(readListed) } };
  }

  /** Any other call of the platform's. @param body what the caller sent, an object */
  other(api: string, token: Secret, body: Fields): Promise<PlatformAnswer<Fields>> {
    return this.#call(componentCall(api, token, body));
  }

  async #call(call: KindCall, endpoint: 'token' | 'probe' = 'probe'): Promise<PlatformAnswer<Fields>> {
    try {
      const outcome = await this.#exchange.call(requestOf(this.#prefix, call));
      if (!outcome.ok) return outcome;
      const answer = parsePlainAnswer(endpoint, outcome.status, outcome.body, call.secrets, 'platform');
      return answer.ok ? { ok: true, value: answer.fields } : answer;
    } catch (error) {
      // The kind of error, not its text: that could quote the request.
      return { ok: false, error: describeFailure('internal', error instanceof Error ? error.name : '') };
    }
  }
}

/** What an answer of "api_query_auth" brings. */
export function exchangedIn(answer: Fields): Exchanged | undefined {
  const info: Fields = isObject(answer.authorization_info) ? answer.authorization_info : {};
  const { authorizer_appid: appid, authorizer_refresh_token: refreshToken } = info;
  if (typeof appid !== 'string' || !APPID_PATTERN.test(appid)) return undefined;
  if (typeof refreshToken !== 'string' || refreshToken === '') return undefined;
  return { appid, refreshToken: new Secret(refreshToken) };
}

function lacking(field: string): PlatformAnswer<never> {
  return { ok: false, error: describeFailure('no_token', `no ${field}`) };
}

function readListed(entry: unknown): ListedAuthorizer[] {
  if (!isObject(entry) || typeof entry.authorizer_appid !== 'string') return [];
  if (!APPID_PATTERN.test(entry.authorizer_appid)) return [];
  const { authorizer_appid: appid, refresh_token: refreshToken, auth_time: at } = entry;
  return [
    {
      appid,
      refreshToken:
        typeof refreshToken === 'string' && refreshToken !== '' ? new Secret(refreshToken) : undefined,
      authorisedAt: typeof at === 'number' && Number.isFinite(at) ? at : undefined,
    },
  ];
}
