import { Controller, Get, Req, Res } from '@nestjs/common';
import { RequestMetrics } from '../metrics/request-metrics.js';
import type { HeldToken } from '../token-cache/reading.js';
import { TokenCache } from '../token-cache/token-cache.service.js';
import { AccessGuard, type AppRequest } from './access.guard.js';
import { isGone, whileThere } from './caller.js';
import { matchesVersion, preferredWaitSeconds } from './conditional.js';
import { May } from './may.decorator.js';
import { sendReady } from './send-ready.js';
import { ApiTokenRoute } from './token.openapi.js';
import { Turns } from './turns.js';
import { unavailable } from './unavailable.js';
import type { FastifyReply } from 'fastify';

export const TOKEN_ROUTE = '/v1/apps/:appid/token';

/**
 * GET /v1/apps/{appid}/token: the hot route. While a token is held it is one map look-up and one string, sent through
 * the raw reply: a serialiser, an interceptor or a pipe here would halve the request rate (bench/README.md).
 */
@Controller()
export class TokenController {
  readonly #turns = new Turns();

  constructor(
    private readonly cache: TokenCache,
    private readonly guard: AccessGuard,
    private readonly metrics: RequestMetrics,
  ) {}

  @Get(TOKEN_ROUTE)
  @May('read')
  @ApiTokenRoute()
  read(@Req() request: AppRequest, @Res() reply: FastifyReply): Promise<void> | void {
    const reading = this.cache.read(request.params.appid);
    if (reading?.kind !== 'held') return this.#cold(request, reply);
    const ifNoneMatch = request.headers['if-none-match'];
    if (ifNoneMatch === undefined || !matchesVersion(ifNoneMatch, reading.ready.version)) {
      send(reply, reading);
      return;
    }
    const waitSeconds = preferredWaitSeconds(request.headers.prefer);
    if (waitSeconds > 0) return this.#longPoll(request, reply, reading.ready.version, waitSeconds);
    notModified(reply, reading);
  }

  /** No valid token: the result of the attempt under way, or 503 at once. Never starts an attempt. */
  async #cold(request: AppRequest, reply: FastifyReply): Promise<void> {
    const { appid } = request.params;
    if (this.cache.read(appid)?.kind === 'pending') {
      await whileThere(reply, (gone) => this.cache.settled(appid, gone));
      if (isGone(reply)) return;
      // Whoever waited may have lost the right meanwhile: a reload takes effect at once.
      this.guard.checkAgain(request, 'read');
    }
    const reading = this.cache.read(appid);
    if (reading?.kind !== 'held') throw unavailable(reading);
    send(reply, reading);
  }

  async #longPoll(
    request: AppRequest,
    reply: FastifyReply,
    version: number,
    waitSeconds: number,
  ): Promise<void> {
    const { appid } = request.params;
    this.metrics.longPolls += 1;
    await whileThere(reply, (gone) => this.cache.newerThan(appid, version, waitSeconds * 1000, gone));
    await this.#turns.next();
    this.metrics.longPolls -= 1;
    if (isGone(reply)) return;
    this.guard.checkAgain(request, 'read');
    const reading = this.cache.read(appid);
    if (reading?.kind !== 'held') throw unavailable(reading);
    reply.raw.setHeader('preference-applied', `wait=${waitSeconds}`);
    if (reading.ready.version !== version) send(reply, reading);
    else notModified(reply, reading);
  }
}

function send(reply: FastifyReply, { ready, expiresInSeconds }: HeldToken): void {
  sendReady(reply, ready.body(expiresInSeconds), ready.etag);
}

function notModified(reply: FastifyReply, { ready }: HeldToken): void {
  void reply.status(304).header('cache-control', 'no-store').header('etag', ready.etag).send();
}
