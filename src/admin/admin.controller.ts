import { Body, Controller, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Clock } from '../clock/clock.js';
import { AppsConfig } from '../config/apps-config.service.js';
import { describeReload } from '../core/audit/describe-reload.js';
import { HubEvents, type Actor, type AdminActed } from '../events/hub-events.js';
import { grantsApp } from '../core/access/decision.js';
import { actorOf, notGranted, type AppRequest } from '../http/access.guard.js';
import { HubException } from '../http/hub-exception.js';
import { May } from '../http/may.decorator.js';
import { ApiProblems, GUARD_PROBLEMS } from '../http/token.openapi.js';
import { TokenCache, type AppStatus } from '../token-cache/token-cache.service.js';
import { AppListAnswer, AppStatusAnswer, RefreshAnswer, RefreshBody, ReloadAnswer } from './admin.openapi.js';
import { describeStatus } from './app-status.js';

@Controller('admin')
@ApiTags('admin')
@ApiBearerAuth()
@ApiProblems(...GUARD_PROBLEMS)
export class AdminController {
  constructor(
    private readonly config: AppsConfig,
    private readonly cache: TokenCache,
    private readonly clock: Clock,
    private readonly events: HubEvents,
  ) {}

  @Post('reload')
  @HttpCode(200)
  @May('admin')
  @ApiOperation({ summary: 'Read apps.yaml again; all or nothing', operationId: 'reload' })
  @ApiResponse({ status: 200, description: 'What the reload changed', type: ReloadAnswer })
  @ApiProblems('HUB_TOO_LARGE', 'HUB_CONFIG_INVALID')
  async reload(@Req() request: AppRequest): Promise<ReloadAnswer> {
    const outcome = await this.config.reload('admin');
    const detail = describeReload(outcome);
    this.#audit(request, { act: 'reload', appid: undefined, outcome: outcome.ok ? 'ok' : 'refused', detail });
    if (!outcome.ok) {
      throw new HubException(
        'HUB_CONFIG_INVALID',
        `The file has ${outcome.problems.length} problem(s); the running configuration stays.`,
        { members: { problems: outcome.problems } },
      );
    }
    const { added, changed, removed, unchanged } = outcome;
    return { added, changed, removed, unchanged };
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
      if (status !== undefined) apps.push(describeStatus(status, this.clock));
    }
    return { apps };
  }

  @Get('apps/:appid')
  @May('admin')
  @ApiOperation({ summary: 'The state of one app', operationId: 'getApp' })
  @ApiResponse({ status: 200, description: 'Its state', type: AppStatusAnswer })
  one(@Param('appid') appid: string): AppStatusAnswer {
    return describeStatus(this.#statusOf(appid), this.clock);
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
    const force = forceOf(body);
    const asked = await this.cache.requestRefresh(appid, force);
    if (asked === undefined) throw notGranted();
    const act = force ? 'force_refresh' : 'refresh';
    if (!asked.accepted) {
      const retryAfterSeconds = Math.max(1, Math.ceil(asked.retryAfterMs / 1000));
      this.#audit(request, { act, appid, outcome: 'too_early' });
      throw new HubException('HUB_RATE_LIMITED', `Too early; again in ${retryAfterSeconds} s.`, {
        retryAfterSeconds,
      });
    }
    const ended = await asked.ended;
    this.#audit(request, {
      act,
      appid,
      outcome: ended?.outcome ?? 'not_tried',
      errcode: ended?.error?.errcode,
    });
    if (ended?.outcome === 'failed') throw this.#refused(appid, ended.error);
    return this.#refreshed(appid);
  }

  #refreshed(appid: string): RefreshAnswer {
    const reading = this.cache.read(appid);
    const status = describeStatus(this.#statusOf(appid), this.clock);
    if (reading?.kind !== 'held') throw this.#refused(appid, undefined);
    return { ...status, version: reading.held.version, expires_in: reading.expiresInSeconds };
  }

  #refused(appid: string, upstream: HubException['details']['upstream']): HubException {
    const why = upstream === undefined ? 'no attempt could be made' : `${upstream.errmsg}; ${upstream.hint}`;
    const reading = this.cache.read(appid);
    if (reading?.kind === 'held') {
      return new HubException('HUB_UPSTREAM_FAILED', `The token that is held stays in use: ${why}`, {
        upstream,
      });
    }
    return new HubException('HUB_TOKEN_UNAVAILABLE', `The hub holds no valid token of this app: ${why}`, {
      upstream,
      retryAfterSeconds: reading?.kind === 'unavailable' ? reading.retryAfterSeconds : 1,
    });
  }

  #statusOf(appid: string): AppStatus {
    const status = this.cache.status(appid);
    // The guard has just found it in the configuration: removed by a reload in between.
    if (status === undefined) throw notGranted();
    return status;
  }

  #audit(request: AppRequest, act: Omit<AdminActed, keyof Actor>): void {
    const actor = actorOf(request);
    if (actor !== undefined) this.events.emit('adminActed', { ...act, ...actor });
  }
}

function forceOf(body: unknown): boolean {
  if (body === undefined || body === null) return false;
  const isObject = typeof body === 'object' && !Array.isArray(body);
  const force: unknown = isObject ? (body as { force?: unknown }).force : undefined;
  const known = isObject && Object.keys(body).every((key) => key === 'force');
  if (!known || (force !== undefined && typeof force !== 'boolean')) {
    throw new HubException('HUB_BAD_REQUEST', 'The body is {"force": true} or {"force": false}, or empty.');
  }
  return force ?? false;
}
