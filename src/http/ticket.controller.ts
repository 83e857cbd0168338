import { randomBytes } from 'node:crypto';
import { Body, Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Clock } from '../clock/clock.js';
import { TICKET_TYPES, type TicketType } from '../core/app.js';
import { TicketCache } from '../token-cache/ticket-cache.service.js';
import { TokenCache } from '../token-cache/token-cache.service.js';
import type { AppRequest } from '../web/app-request.js';
import { whileThere } from '../web/caller.js';
import { etagOf } from '../core/token-answer.js';
import { matchesVersion } from './conditional.js';
import { HubException } from '../web/hub-exception.js';
import { jssdkSignature, signableUrl } from './jssdk-signature.js';
import { May } from '../web/may.decorator.js';
import { SignatureAnswer, SignatureBody, TicketAnswer } from './ticket.openapi.js';
import { APPID_SCHEMA, ApiProblems, ETAG_HEADER, GUARD_PROBLEMS } from './token.openapi.js';
import { noSuchTicket, unavailable } from '../web/unavailable.js';

/** Tickets, and the JS-SDK signatures made from them. */
@Controller()
@ApiTags('callers')
@ApiBearerAuth()
@ApiParam({ name: 'appid', schema: APPID_SCHEMA })
export class TicketController {
  constructor(
    private readonly tickets: TicketCache,
    private readonly cache: TokenCache,
    private readonly clock: Clock,
  ) {}

  @Get('v1/apps/:appid/tickets/:type')
  @May('read')
  @ApiOperation({ summary: 'A ticket of the app', operationId: 'getTicket' })
  @ApiParam({ name: 'type', enum: TICKET_TYPES })
  @ApiResponse({ status: 200, description: 'The ticket', type: TicketAnswer, headers: ETAG_HEADER })
  @ApiResponse({ status: 304, description: 'The ticket is still of that version', headers: ETAG_HEADER })
  @ApiProblems(...GUARD_PROBLEMS, 'HUB_NOT_FOUND', 'HUB_TOKEN_UNAVAILABLE')
  async ticket(
    @Req() request: AppRequest,
    @Res() reply: FastifyReply,
    @Param('appid') appid: string,
    @Param('type') type: string,
  ): Promise<void> {
    const { held, expiresInSeconds } = await this.#read(reply, appid, this.#typeOf(appid, type));
    reply.header('cache-control', 'no-store').header('etag', etagOf(held.version));
    if (matchesVersion(request.headers['if-none-match'], held.version)) {
      void reply.status(304).send();
      return;
    }
    const ticket: TicketAnswer = {
      ticket: held.value.reveal(),
      expires_in: expiresInSeconds,
      version: held.version,
    };
    void reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(ticket));
  }

  @Post('v1/apps/:appid/jssdk-signature')
  @HttpCode(200)
  @May('read')
  @ApiOperation({ summary: 'Sign a page for the JS-SDK', operationId: 'signPage' })
  @ApiBody({ type: SignatureBody })
  @ApiResponse({ status: 200, description: 'What wx.config takes', type: SignatureAnswer })
  @ApiProblems(...GUARD_PROBLEMS, 'HUB_TOO_LARGE', 'HUB_TOKEN_UNAVAILABLE')
  async sign(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('appid') appid: string,
    @Body() body: unknown,
  ): Promise<SignatureAnswer> {
    const url = signableUrl((body as { url?: unknown } | undefined)?.url);
    if (url === undefined) {
      throw new HubException(
        'HUB_BAD_REQUEST',
        'The body is {"url": "https://…"}, the URL of the page itself.',
      );
    }
    const { type = 'jsapi' } = body as { type?: unknown };
    if (type !== 'jsapi' && type !== 'agent_config') {
      throw new HubException(
        'HUB_BAD_REQUEST',
        'type is jsapi, or for wx.agentConfig of WeCom agent_config.',
      );
    }
    const { held } = await this.#read(reply, appid, this.#typeOf(appid, type));
    const timestamp = Math.floor(this.clock.wallNow() / 1000);
    const nonceStr = randomBytes(12).toString('base64url').replace(/[-_]/g, '0');
    const app = this.cache.entry(appid)?.app;
    return {
      // What the page hands to wx.config: the hub's own name of an agent means nothing there.
      appId: app?.corpid ?? appid,
      ...(type === 'agent_config' && app?.agentId !== undefined && { agentId: app.agentId }),
      timestamp,
      nonceStr,
      signature: jssdkSignature(held.value, nonceStr, timestamp, url),
    };
  }

  #typeOf(appid: string, name: string): TicketType {
    const type = this.tickets.typeOf(appid, name);
    if (type === undefined) throw noSuchTicket(this.tickets.kindOf(appid));
    return type;
  }

  async #read(reply: FastifyReply, appid: string, type: TicketType) {
    const reading = await whileThere(reply, (gone) => this.tickets.read(appid, type, gone));
    if (reading?.kind !== 'held') throw unavailable(reading, 'ticket');
    return reading;
  }
}
