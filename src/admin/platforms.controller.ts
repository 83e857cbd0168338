import { Body, Controller, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Clock } from '../clock/clock.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { grantsApp } from '../core/access/decision.js';
import { stateOf, type Authorization } from '../core/platform/authorization.js';
import type { PlatformSettings } from '../core/platform/platform.js';
import { ApiProblems, GUARD_PROBLEMS } from '../http/token.openapi.js';
import { AuthorizeLinks } from '../platforms/authorize-links.service.js';
import { PlatformRecords } from '../platforms/platform-records.js';
import { Platforms } from '../platforms/platforms.service.js';
import { Reconciliation } from '../platforms/reconciliation.js';
import { TokenCache } from '../token-cache/token-cache.service.js';
import type { AppRequest } from '../web/app-request.js';
import { notGranted } from '../web/denial.js';
import { HubException } from '../web/hub-exception.js';
import { May } from '../web/may.decorator.js';
import { AdminActs } from './admin-acts.js';
import { admitted } from './admitted.js';
import { AppStatusAnswer, RefreshAnswer } from './admin.openapi.js';
import { describeStatus } from './app-status.js';
import {
  AuthorizeLinkAnswer,
  AuthorizeLinkBody,
  AuthorizerListAnswer,
  PlatformListAnswer,
  type AuthorizerAnswer,
  type PlatformAnswer,
} from './platforms.openapi.js';
import { authorizeLinkOf } from './rules/authorize-link.js';

@Controller('admin/platforms')
@ApiTags('admin')
@ApiBearerAuth()
@ApiProblems(...GUARD_PROBLEMS)
export class PlatformsController {
  constructor(
    private readonly config: AppsConfig,
    private readonly cache: TokenCache,
    private readonly records: PlatformRecords,
    private readonly platforms: Platforms,
    private readonly reconciliation: Reconciliation,
    private readonly links: AuthorizeLinks,
    private readonly acts: AdminActs,
    private readonly clock: Clock,
  ) {}

  @Get()
  @May('admin')
  @ApiOperation({ summary: 'The third-party platforms of this client', operationId: 'listPlatforms' })
  @ApiResponse({ status: 200, description: 'In the order of the file', type: PlatformListAnswer })
  list(@Req() request: AppRequest): PlatformListAnswer {
    const { verdict } = request;
    if (verdict?.ok !== true) return { platforms: [] };
    const { apps, platforms } = this.config.current;
    const seen = [...platforms.values()].filter(({ appid }) => grantsApp(verdict.client, appid, apps));
    return { platforms: seen.map((platform) => this.#platform(platform)) };
  }

  @Get(':appid/authorizers')
  @May('admin')
  @ApiOperation({ summary: 'Who has authorised a platform', operationId: 'listAuthorizers' })
  @ApiResponse({ status: 200, description: 'By appid', type: AuthorizerListAnswer })
  authorizers(@Param('appid') appid: string): AuthorizerListAnswer {
    this.#known(appid);
    const all = this.records.authorizations(appid).toSorted((a, b) => (a.appid < b.appid ? -1 : 1));
    return { authorizers: all.map((authorization) => this.#authorizer(appid, authorization)) };
  }

  @Post(':appid/authorizers/:authorizer/refresh')
  @HttpCode(200)
  @May('admin')
  @ApiOperation({ summary: 'Ask WeChat for the authorizer’s token now', operationId: 'refreshAuthorizer' })
  @ApiResponse({ status: 200, description: 'Its state after that', type: RefreshAnswer })
  @ApiProblems('HUB_UPSTREAM_FAILED', 'HUB_TOKEN_UNAVAILABLE')
  async refresh(
    @Req() request: AppRequest,
    @Param('appid') appid: string,
    @Param('authorizer') authorizer: string,
  ): Promise<RefreshAnswer> {
    if (this.cache.get(authorizer)?.platform !== appid) throw notGranted();
    return this.acts.refresh(admitted(request), authorizer, false);
  }

  @Post(':appid/authorize-link')
  @HttpCode(200)
  @May('admin')
  @ApiOperation({
    summary: 'A link by which a merchant authorises the platform',
    operationId: 'authorizeLink',
  })
  @ApiBody({ type: AuthorizeLinkBody })
  @ApiResponse({ status: 200, description: 'The link, good for once', type: AuthorizeLinkAnswer })
  @ApiProblems('HUB_BAD_REQUEST', 'HUB_UPSTREAM_FAILED', 'HUB_TOKEN_UNAVAILABLE')
  async link(
    @Req() request: AppRequest,
    @Param('appid') appid: string,
    @Body() body: unknown,
  ): Promise<AuthorizeLinkAnswer> {
    this.#known(appid);
    const ask = authorizeLinkOf(body);
    if (ask === undefined)
      throw new HubException(
        'HUB_BAD_REQUEST',
        'The body is {"redirectUri": "https://…", "authType": n, "hubUrl": "https://…"}, the last two optional.',
      );
    const hubUrl = ask.hubUrl ?? `https://${request.headers.host ?? ''}`;
    return { url: await this.links.make(appid, { ...ask, hubUrl }) };
  }

  #known(appid: string): void {
    if (!this.config.current.platforms.has(appid)) throw notGranted();
  }

  #platform({ appid, tenant, name }: PlatformSettings): PlatformAnswer {
    const states = this.records.authorizations(appid).map(stateOf);
    const ticketAt = this.records.ticket(appid)?.receivedAt;
    const readAt = this.reconciliation.readAt(appid);
    const now = this.clock.wallNow() - this.clock.now();
    return {
      appid,
      ...(tenant === undefined ? {} : { tenant }),
      name: name ?? null,
      lastTicketAt: ticketAt === undefined ? null : new Date(ticketAt).toISOString(),
      silent: this.platforms.isSilent(appid),
      authorizers: states.filter((state) => state !== 'withdrawn').length,
      needAuthorising: states.filter((state) => state === 'needs_authorising').length,
      listReadAt: readAt === undefined ? null : new Date(now + readAt).toISOString(),
      token: this.#token(appid),
    };
  }

  #authorizer(platform: string, authorization: Authorization): AuthorizerAnswer {
    const { appid, at, listed, refused } = authorization;
    const isApp = this.cache.get(appid)?.platform === platform;
    return {
      appid,
      state: stateOf(authorization),
      since: new Date(at * 1000).toISOString(),
      listed,
      errcode: refused?.errcode ?? null,
      token: isApp ? this.#token(appid) : null,
    };
  }

  #token(appid: string): AppStatusAnswer | null {
    const status = this.cache.status(appid);
    return status === undefined ? null : describeStatus(status, this.clock);
  }
}
