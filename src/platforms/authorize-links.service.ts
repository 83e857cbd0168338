import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { isObject } from '../core/json.js';
import { Secret } from '../core/secret.js';
import { DurableRecords } from '../token-cache/durable-records.js';
import { TokenCache } from '../token-cache/token-cache.service.js';
import { HubException } from '../web/hub-exception.js';
import { unavailable } from '../web/unavailable.js';
import { PlatformUpstream } from '../wechat-client/platform-upstream.js';
import { Authorizations } from './authorizations.js';
import { ComponentToken } from './component-token.js';

/** WeChat's page is open for as long as the pre_auth_code counts (1800 s); its callback comes right after, ms. */
const LINK_LIFE_MS = 2 * 1_800_000;

export interface LinkRequest {
  readonly redirectUri: string;
  /** WeChat's: 1 official accounts, 2 mini programs, 3 both, and more. */
  readonly authType: number | undefined;
  /** Where browsers reach the hub, without a slash at the end. */
  readonly hubUrl: string;
}

/**
 * Links by which a merchant authorises a platform, and the callbacks that they lead to. Where a callback goes on to is
 * said by the link alone, which a state in it names; a state works once, on whichever replica.
 */
@Injectable()
export class AuthorizeLinks {
  constructor(
    private readonly records: DurableRecords,
    private readonly cache: TokenCache,
    private readonly upstream: PlatformUpstream,
    private readonly component: ComponentToken,
    private readonly authorizations: Authorizations,
    private readonly clock: Clock,
  ) {}

  /** @throws {HubException} */
  async make(platform: string, { redirectUri, authType, hubUrl }: LinkRequest): Promise<string> {
    const app = this.cache.get(platform);
    const token = await this.component.of(platform);
    if (app === undefined || token === undefined) throw unavailable(this.cache.read(platform));
    const answer = await this.upstream.preAuthCode(app, token);
    if (!answer.ok) {
      this.component.foundDead(platform, token, answer.error);
      throw new HubException('HUB_UPSTREAM_FAILED', 'WeChat gave no code for the link.', {
        upstream: answer.error,
      });
    }
    const state = randomBytes(24).toString('base64url');
    const until = this.clock.wallNow() + LINK_LIFE_MS;
    await this.#forgetOld(platform);
    await this.records.write(linksOf(platform), state, JSON.stringify({ redirectUri, until }), 0);
    const callback = `${hubUrl}/platforms/${platform}/authorized?state=${state}`;
    const query = new URLSearchParams({
      component_appid: platform,
      pre_auth_code: answer.value,
      redirect_uri: callback,
      ...(authType === undefined ? {} : { auth_type: String(authType) }),
    });
    return `https://mp.weixin.qq.com/cgi-bin/componentloginpage?${query.toString()}`;
  }

  /** A merchant comes back. @returns where to send it. @throws {HubException} */
  async callback(platform: string, state: string, code: string): Promise<string> {
    const redirectUri = /^[A-Za-z0-9_-]{32}$/.test(state) ? await this.#redeem(platform, state) : undefined;
    if (redirectUri === undefined)
      throw new HubException(
        'HUB_BAD_REQUEST',
        'This link is not one of the hub, is too old, or was used before: ask for another one.',
      );
    const outcome = await this.authorizations.exchange(platform, new Secret(code));
    if (!outcome.ok && outcome.kind === 'refused')
      throw new HubException('HUB_LOGIN_REFUSED', 'WeChat does not take the code of this authorisation.', {
        upstream: outcome.error,
      });
    // Where it is not known what became of the code, the event that WeChat pushes has it as well.
    return redirectUri;
  }

  async #redeem(platform: string, state: string): Promise<string | undefined> {
    const record = await this.records.read(linksOf(platform), state);
    if (record?.value === undefined) return undefined;
    if (!(await this.records.delete(linksOf(platform), state, record.version)).written) return undefined;
    const link = readLink(record.value);
    return link !== undefined && this.clock.wallNow() < link.until ? link.redirectUri : undefined;
  }

  async #forgetOld(platform: string): Promise<void> {
    const now = this.clock.wallNow();
    for (const [state, { version, value }] of await this.records.list(linksOf(platform))) {
      const link = value === undefined ? undefined : readLink(value);
      if (link === undefined || link.until <= now)
        await this.records.delete(linksOf(platform), state, version);
    }
  }
}

function linksOf(platform: string): string {
  return `platform-links.${platform}`;
}

function readLink(text: string): { readonly redirectUri: string; readonly until: number } | undefined {
  try {
    const read: unknown = JSON.parse(text);
    if (!isObject(read) || typeof read.redirectUri !== 'string' || typeof read.until !== 'number')
      return undefined;
    return { redirectUri: read.redirectUri, until: read.until };
  } catch {
    return undefined;
  }
}
