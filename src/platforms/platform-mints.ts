import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { AppSettings } from '../core/app.js';
import { ANEW_ERRCODES } from '../core/platform/authorization.js';
import type { Secret } from '../core/secret.js';
import type { UpstreamFailure, UpstreamResult } from '../core/upstream.js';
import { describeFailure } from '../core/wechat-error.js';
import { Mints } from '../token-cache/mints.js';
import { WeChatClient } from '../wechat-client/wechat-client.js';
import { Authorizations } from './authorizations.js';
import { ComponentToken } from './component-token.js';
import { PlatformRecords } from './platform-records.js';
import { Reconciliation } from './reconciliation.js';

/**
 * How the tokens of platforms and of their authorizers are got: an attempt (token-cache/refresh) comes here for its call,
 * and knows nothing of tickets and authorisations.
 */
@Injectable()
export class PlatformMints implements OnModuleInit {
  constructor(
    private readonly mints: Mints,
    private readonly client: WeChatClient,
    private readonly records: PlatformRecords,
    private readonly authorizations: Authorizations,
    private readonly component: ComponentToken,
    private readonly reconciliation: Reconciliation,
  ) {}

  onModuleInit(): void {
    this.mints.provide('platform', (app) => this.#componentToken(app));
    this.mints.provide('authorizer', (app) => this.#authorizerToken(app));
  }

  async #componentToken(app: AppSettings): Promise<UpstreamResult> {
    const ticket = await this.records.lookTicket(app.appid);
    if (ticket === undefined) {
      this.reconciliation.lacksTicket(app.appid);
      return failed('no_verify_ticket');
    }
    return this.client.fetchToken(app, { proof: { kind: 'ticket', ticket: ticket.value } });
  }

  async #authorizerToken(app: AppSettings): Promise<UpstreamResult> {
    const { appid, platform = '' } = app;
    const known = await this.records.look(platform, appid);
    if (known?.code !== undefined) await this.authorizations.exchangePending(platform, appid);
    const authorization = this.records.authorization(platform, appid);
    const refreshToken = authorization?.refreshToken;
    if (refreshToken === undefined) {
      this.reconciliation.want(platform);
      return failed('no_refresh_token');
    }
    const componentToken = await this.component.of(platform);
    if (componentToken === undefined) return failed('no_component_token');
    const first = await this.#ask(app, componentToken, refreshToken);
    if (!('instead' in first)) return first.result;
    return (await this.#ask(app, componentToken, first.instead)).result;
  }

  /** `instead`: WeChat refuses this refresh token, and another one is known. */
  async #ask(
    app: AppSettings,
    componentToken: Secret,
    refreshToken: Secret,
  ): Promise<
    { readonly result: UpstreamResult } | { readonly result: UpstreamResult; readonly instead: Secret }
  > {
    const { appid, platform = '' } = app;
    const proof = { kind: 'authorisation', componentToken, refreshToken } as const;
    const result = await this.client.fetchToken(app, { proof });
    if (result.ok) {
      await this.authorizations.tokenGot(platform, appid, refreshToken, result.grant.refreshToken);
      return { result };
    }
    const { errcode } = result.error;
    if (this.component.foundDead(platform, componentToken, result.error))
      return { result: failed('no_component_token') };
    if (errcode === undefined || !ANEW_ERRCODES.has(errcode)) return { result };
    const wasRefused = this.records.authorization(platform, appid)?.refused !== undefined;
    const instead = await this.authorizations.tokenRefused(platform, appid, refreshToken, errcode);
    if (instead !== undefined) return { result, instead };
    this.reconciliation.want(platform, wasRefused);
    return { result };
  }
}

function failed(failure: UpstreamFailure): UpstreamResult {
  return { ok: false, error: describeFailure(failure, '') };
}
