import { Body, Controller, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Clock } from '../clock/clock.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { grantsApp } from '../core/access/decision.js';
import type { AppRequest } from '../web/app-request.js';
import { notGranted } from '../web/denial.js';
import { HubException } from '../web/hub-exception.js';
import { May } from '../web/may.decorator.js';
import { ApiProblems, GUARD_PROBLEMS } from '../http/token.openapi.js';
import { TokenCache } from '../token-cache/token-cache.service.js';
import { admitted } from './admitted.js';
import { AdminActs, failingOf, forceOf } from './admin-acts.js';
import {
  AppListAnswer,
  AppStatusAnswer,
  FailingRefreshAnswer,
  FailingRefreshBody,
  RefreshAnswer,
  RefreshBody,
  SeedBody,
  ReloadAnswer,
} from './admin.openapi.js';
import { describeStatus } from './app-status.js';
import { describeHub, HubFacts } from './hub-facts.js';
import { HubAnswer } from './hub.openapi.js';
import { seedOf } from './rules/seed.js';
import { SeedActs } from './seed-acts.js';

@Controller('admin')
@ApiTags('admin')
@ApiBearerAuth()
@ApiProblems(...GUARD_PROBLEMS)
export class AdminController {
  constructor(
    private readonly config: AppsConfig,
    private readonly cache: TokenCache,
    private readonly clock: Clock,
    private readonly acts: AdminActs,
    private readonly seeds: SeedActs,
    private readonly facts: HubFacts,
  ) {}

  @Post('reload')
  @HttpCode(200)
  // Whose key the new file no longer has is told what the reload did all the same.
  @May('admin', { tellsOwnDeed: true })
  @ApiOperation({
    summary: 'Read apps.yaml again, of a folder all files, of a tenant its own; each file all or nothing',
    operationId: 'reload',
  })
  @ApiResponse({ status: 200, description: 'What the reload changed', type: ReloadAnswer })
  @ApiProblems('HUB_TOO_LARGE', 'HUB_CONFIG_INVALID')
  async reload(@Req() request: AppRequest): Promise<ReloadAnswer> {
    return this.acts.reload(admitted(request), tenantOf(request));
  }

  @Get('hub')
  @May('admin')
  @ApiOperation({
    summary: 'How the hub itself is: its store, its replicas, whose file was refused',
    operationId: 'getHub',
  })
  @ApiResponse({ status: 200, description: 'Its state', type: HubAnswer })
  hub(@Req() request: AppRequest): HubAnswer {
    return describeHub(this.facts.row(tenantOf(request), false));
  }

  @Get('apps')
  @May('admin')
  @ApiOperation({ summary: 'The state of every app that this client is granted', operationId: 'listApps' })
  @ApiResponse({ status: 200, description: 'In the order of the file', type: AppListAnswer })
  list(@Req() request: AppRequest): AppListAnswer {
    const apps: AppStatusAnswer[] = [];
    const { verdict } = request;
    if (verdict?.ok !== true) return { apps };
    for (const appid of this.cache.appids()) {
      const granted = grantsApp(verdict.client, appid, this.config.current.apps);
      const status = granted ? this.cache.status(appid) : undefined;
      // Platforms have a list of their own.
      if (status !== undefined && status.app.kind !== 'platform')
        apps.push(describeStatus(status, this.clock));
    }
    return { apps };
  }

  @Get('apps/:appid')
  @May('admin')
  @ApiOperation({ summary: 'The state of one app', operationId: 'getApp' })
  @ApiResponse({ status: 200, description: 'Its state', type: AppStatusAnswer })
  one(@Param('appid') appid: string): AppStatusAnswer {
    return describeStatus(this.acts.statusOf(appid), this.clock);
  }

  @Post('refresh')
  @HttpCode(200)
  @May('admin')
  @ApiOperation({ summary: 'Ask WeChat now for all apps that fail', operationId: 'refreshFailing' })
  @ApiBody({ type: FailingRefreshBody })
  @ApiResponse({ status: 200, description: 'What is tried from now on', type: FailingRefreshAnswer })
  @ApiProblems('HUB_BAD_REQUEST', 'HUB_TOO_LARGE')
  refreshFailing(@Req() request: AppRequest, @Body() body: unknown): FailingRefreshAnswer {
    const { verdict } = request;
    if (verdict?.ok !== true) throw notGranted();
    const sees = (appid: string): boolean => grantsApp(verdict.client, appid, this.config.current.apps);
    return this.acts.refreshFailing(admitted(request), sees, failingOf(body));
  }

  @Post('apps/:appid/refresh')
  @HttpCode(200)
  @May('admin')
  @ApiOperation({ summary: 'Ask WeChat now', operationId: 'refreshApp' })
  @ApiBody({ type: RefreshBody, required: false })
  @ApiResponse({ status: 200, description: 'Its state after that', type: RefreshAnswer })
  @ApiProblems('HUB_TOO_LARGE', 'HUB_UPSTREAM_FAILED', 'HUB_TOKEN_UNAVAILABLE')
  async refresh(
    @Req() request: AppRequest,
    @Param('appid') appid: string,
    @Body() body: unknown,
  ): Promise<RefreshAnswer> {
    return this.acts.refresh(admitted(request), appid, forceOf(body));
  }

  @Post('apps/:appid/seed')
  @HttpCode(200)
  @May('admin')
  @ApiOperation({
    summary: 'Take over the living token of a central server that the hub replaces (tokenApi: token)',
    operationId: 'seedApp',
  })
  @ApiBody({ type: SeedBody })
  @ApiResponse({ status: 200, description: 'Its state after that', type: RefreshAnswer })
  @ApiProblems('HUB_BAD_REQUEST', 'HUB_TOO_LARGE', 'HUB_UPSTREAM_FAILED', 'HUB_TOKEN_UNAVAILABLE')
  async seed(
    @Req() request: AppRequest,
    @Param('appid') appid: string,
    @Body() body: unknown,
  ): Promise<RefreshAnswer> {
    const seed = seedOf(body);
    if (seed === undefined) {
      throw new HubException(
        'HUB_BAD_REQUEST',
        'The body is {"access_token": "…", "expires_in": n}: a token, and the whole seconds that it has left (1 to 7200).',
      );
    }
    return this.seeds.seed(admitted(request), appid, seed);
  }
}

/** Of the client that asks; `undefined`: the operators'. */
function tenantOf({ verdict }: AppRequest): string | undefined {
  return verdict?.ok === true ? verdict.client.tenant : undefined;
}
