import { Body, Controller, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { isObject } from '../core/json.js';
import { Secret } from '../core/secret.js';
import { TokenReports } from '../token-cache/token-reports.service.js';
import { TokenCache } from '../token-cache/token-cache.service.js';
import { actorOf, type AppRequest } from '../web/app-request.js';
import { isGone, whileThere } from '../web/caller.js';
import { HubException } from '../web/hub-exception.js';
import { May } from '../web/may.decorator.js';
import { ReportAnswer, ReportBody } from './report.openapi.js';
import { APPID_SCHEMA, ApiProblems, GUARD_PROBLEMS } from './token.openapi.js';
import { unavailable } from '../web/unavailable.js';

/** WeChat's tokens are at most 4096 characters where the hub takes them; what is longer was never one. */
const LONGEST_TOKEN = 4096;

/** "WeChat told me that this token is no good": the passive refresh that WeChat's own advice asks central servers for. */
@Controller()
@ApiTags('callers')
@ApiBearerAuth()
export class ReportController {
  constructor(
    private readonly cache: TokenCache,
    private readonly tokenReports: TokenReports,
  ) {}

  @Post('v1/apps/:appid/token/reject')
  @HttpCode(200)
  @May('report')
  @ApiOperation({ summary: 'Report that WeChat refused a token', operationId: 'rejectToken' })
  @ApiParam({ name: 'appid', schema: APPID_SCHEMA })
  @ApiBody({ type: ReportBody })
  @ApiResponse({ status: 200, description: 'The token to use from now on', type: ReportAnswer })
  @ApiProblems(...GUARD_PROBLEMS, 'HUB_TOO_LARGE', 'HUB_TOKEN_UNAVAILABLE')
  async reject(
    @Req() request: AppRequest,
    @Res() reply: FastifyReply,
    @Param('appid') appid: string,
    @Body() body: unknown,
  ): Promise<void> {
    const { token, errcode } = reportOf(body);
    let outcome = await this.tokenReports.report(appid, token, {
      by: 'client',
      errcode,
      ...actorOf(request),
    });
    if (outcome === undefined) {
      // No valid token: as for GET, the result of an attempt under way, and that is then another one.
      if (this.cache.read(appid)?.kind === 'pending') {
        await whileThere(reply, (gone) => this.cache.settled(appid, gone));
      }
      outcome = 'superseded';
    }
    if (isGone(reply)) return;
    const reading = this.cache.read(appid);
    if (reading?.kind !== 'held') throw unavailable(reading);
    void reply
      .header('content-type', 'application/json; charset=utf-8')
      .header('cache-control', 'no-store')
      .header('etag', reading.ready.etag)
      .send(`${reading.ready.fields(reading.expiresInSeconds)},"outcome":"${outcome}"}`);
  }
}

function reportOf(body: unknown): { readonly token: Secret; readonly errcode: number | undefined } {
  if (isObject(body)) {
    const { access_token: token, errcode } = body;
    const goodToken = typeof token === 'string' && token.length > 0 && token.length <= LONGEST_TOKEN;
    if (goodToken && isErrcode(errcode)) return { token: new Secret(token), errcode };
  }
  throw new HubException(
    'HUB_BAD_REQUEST',
    'The body is {"access_token": "the token that WeChat refused", "errcode": 40001}; errcode may be left out.',
  );
}

function isErrcode(value: unknown): value is number | undefined {
  return value === undefined || Number.isInteger(value);
}
