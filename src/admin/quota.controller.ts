import { Controller, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { AppRequest } from '../web/app-request.js';
import { May } from '../web/may.decorator.js';
import { ApiProblems, GUARD_PROBLEMS } from '../http/token.openapi.js';
import { admitted } from './admitted.js';
import { QuotaAnswer, QuotaClearAnswer, RidAnswer } from './admin.openapi.js';
import { QuotaActs } from './quota-acts.js';

/** What WeChat says of an app's quotas and of its refused calls. */
@Controller('admin/apps/:appid')
@ApiTags('admin')
@ApiBearerAuth()
@ApiProblems(...GUARD_PROBLEMS)
export class QuotaController {
  constructor(private readonly acts: QuotaActs) {}

  @Get('quota')
  @May('admin')
  @ApiOperation({ summary: 'The quota of one of WeChat’s endpoints', operationId: 'getQuota' })
  @ApiQuery({ name: 'path', example: '/cgi-bin/message/custom/send' })
  @ApiResponse({ status: 200, description: 'As WeChat says', type: QuotaAnswer })
  @ApiProblems('HUB_UPSTREAM_FAILED', 'HUB_TOKEN_UNAVAILABLE')
  quota(@Req() request: AppRequest, @Param('appid') appid: string): Promise<Record<string, unknown>> {
    // The text of the query: see create-hub.ts.
    const path = new URLSearchParams(request.query as string).get('path');
    return this.acts.quota(admitted(request), appid, path);
  }

  @Post('quota/clear')
  @HttpCode(200)
  @May('admin')
  @ApiOperation({ summary: 'Clear all quotas of the app, ten times a month', operationId: 'clearQuota' })
  @ApiResponse({ status: 200, description: 'Cleared', type: QuotaClearAnswer })
  @ApiProblems('HUB_TOO_LARGE', 'HUB_UPSTREAM_FAILED')
  clear(@Req() request: AppRequest, @Param('appid') appid: string): Promise<QuotaClearAnswer> {
    return this.acts.clear(admitted(request), appid);
  }

  @Get('rid/:rid')
  @May('admin')
  @ApiOperation({ summary: 'A refused call, by the rid in its errmsg', operationId: 'getRid' })
  @ApiResponse({ status: 200, description: 'Tokens and secrets taken out', type: RidAnswer })
  @ApiProblems('HUB_UPSTREAM_FAILED', 'HUB_TOKEN_UNAVAILABLE')
  rid(
    @Req() request: AppRequest,
    @Param('appid') appid: string,
    @Param('rid') rid: string,
  ): Promise<RidAnswer> {
    return this.acts.rid(admitted(request), appid, rid);
  }
}
