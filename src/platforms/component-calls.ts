import { Injectable } from '@nestjs/common';
import { ClientKeys } from '../access-guard/client-keys.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { isObject } from '../core/json.js';
import { Secret } from '../core/secret.js';
import { StoreUnavailable } from '../token-cache/token-store.js';
import { TokenCache } from '../token-cache/token-cache.service.js';
import { HubException } from '../web/hub-exception.js';
import { unavailable } from '../web/unavailable.js';
import { exchangedIn, PlatformUpstream } from '../wechat-client/platform-upstream.js';
import { Authorizations } from './authorizations.js';
import { ComponentToken } from './component-token.js';

type Fields = Readonly<Record<string, unknown>>;

/** What is never sent for a caller: it takes the platform's secret, or ends what others use. */
const NEVER: Readonly<Record<string, string>> = {
  api_component_token: 'GET /v1/platforms/{appid}/token has what it would bring',
  api_start_push_ticket: 'the hub asks for it by itself',
  api_authorizer_token: 'GET /v1/apps/{authorizer}/token has what it would bring',
  clear_quota: 'it resets the quota of everybody',
};
const API = /^[A-Za-z0-9_]{1,64}(?:\/[A-Za-z0-9_]{1,64}){0,3}$/;

/** Calls of a platform's backend to /cgi-bin/component, with the platform's own token put in. */
@Injectable()
export class ComponentCalls {
  constructor(
    private readonly config: AppsConfig,
    private readonly cache: TokenCache,
    private readonly upstream: PlatformUpstream,
    private readonly component: ComponentToken,
    private readonly authorizations: Authorizations,
    private readonly keys: ClientKeys,
  ) {}

  /**
   * @param api what stands behind /cgi-bin/component/
   * @param text of the body, as it came
   * @returns WeChat's answer, refresh tokens taken out
   * @throws {HubException}
   */
  async call(platform: string, api: string, text: string): Promise<Fields> {
    const body = bodyOf(text);
    if (!API.test(api) || body === undefined)
      throw new HubException('HUB_BAD_REQUEST', 'A plain path and a JSON object are forwarded, by POST.');
    const why = Object.entries(NEVER).find(([name]) => api.toLowerCase().split('/')[0] === name)?.[1];
    if (why !== undefined)
      throw new HubException('HUB_NOT_GRANTED', `The hub never forwards ${api}: ${why}. Nothing was sent.`);
    if (this.keys.mayHold(text))
      throw new HubException(
        'HUB_BAD_REQUEST',
        'A hub key was about to leave in the body. Nothing was sent.',
      );
    const answer = await this.#ask(platform, api, { ...body, component_appid: platform }, 2);
    if (api === 'api_query_auth' && typeof body.authorization_code === 'string') {
      const brought = exchangedIn(answer);
      if (brought !== undefined)
        await this.authorizations
          .brought(platform, new Secret(body.authorization_code), brought)
          .catch((error: unknown) => {
            if (!(error instanceof StoreUnavailable)) throw error;
          });
    }
    return withoutRefreshTokens(answer) as Fields;
  }

  /** A dead token is replaced, and the call made once more. @throws {HubException} */
  async #ask(platform: string, api: string, body: Fields, tries: number): Promise<Fields> {
    const token = await this.component.of(platform);
    if (token === undefined || !this.config.current.platforms.has(platform))
      throw unavailable(this.cache.read(platform));
    const answer = await this.upstream.other(api, token, body);
    if (answer.ok) return answer.value;
    const { error } = answer;
    if (this.component.foundDead(platform, token, error) && tries > 1)
      return this.#ask(platform, api, body, tries - 1);
    // WeChat's own word is the caller's to read; of the platform's token nothing is in it.
    if (error.errcode !== undefined) return { errcode: error.errcode, errmsg: error.errmsg };
    throw new HubException('HUB_UPSTREAM_FAILED', `WeChat gave no usable answer: ${error.errmsg}`, {
      upstream: error,
    });
  }
}

/** WeChat takes an empty body for one without fields. */
function bodyOf(text: string): Fields | undefined {
  if (text.trim() === '') return {};
  try {
    const read: unknown = JSON.parse(text);
    return isObject(read) ? read : undefined;
  } catch {
    return undefined;
  }
}

function withoutRefreshTokens(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutRefreshTokens);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !name.toLowerCase().endsWith('refresh_token'))
      .map(([name, inner]) => [name, withoutRefreshTokens(inner)]),
  );
}
