import { Controller, Get, Req, Res } from '@nestjs/common';
import { RequestMetrics } from '../metrics/request-metrics.js';
import type { HeldToken } from '../token-cache/reading.js';
import { TokenCache } from '../token-cache/token-cache.service.js';
import type { AppRequest } from './app-request.js';
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
      send(request, reply, reading);
      return;
    }
    const waitSeconds = preferredWaitSeconds(request.headers.prefer);
    if (waitSeconds > 0) return this.#longPoll(request, reply, reading.ready.version, waitSeconds);
    notModified(reply, reading);
  }

  /** No valid token: the result of the attempt under way, or 503 at once. Never starts an attempt. */
  async #cold(request: AppRequest, reply: FastifyReply): Promise<void> {
    const { appid } = request.params;
    if (this.cache.read(appid)?.kind === 'pending') await this.cache.settled(appid);
    const reading = this.cache.read(appid);
    if (reading?.kind !== 'held') throw unavailable(reading);
    send(request, reply, reading);
  }

  async #longPoll(
    request: AppRequest,
    reply: FastifyReply,
    version: number,
    waitSeconds: number,
  ): Promise<void> {
    const gone = new AbortController();
    const onClose = (): void => {
      gone.abort();
    };
    reply.raw.once('close', onClose);
    this.metrics.longPolls += 1;
    await this.cache.newerThan(request.params.appid, version, waitSeconds * 1000, gone.signal);
    await this.#turns.next();
    this.metrics.longPolls -= 1;
    reply.raw.off('close', onClose);
    if (gone.signal.aborted) return;
    const reading = this.cache.read(request.params.appid);
    if (reading?.kind !== 'held') throw unavailable(reading);
    const applied = `wait=${waitSeconds}`;
    if (reading.ready.version !== version) send(request, reply, reading, ['preference-applied', applied]);
    else notModified(reply.header('preference-applied', applied), reading);
  }
}

function send(
  request: AppRequest,
  reply: FastifyReply,
  { ready, expiresInSeconds }: HeldToken,
  extra: readonly string[] = [],
): void {
  sendReady(request, reply, ready.body(expiresInSeconds), ['etag', ready.etag, ...extra]);
}

function notModified(reply: FastifyReply, { ready }: HeldToken): void {
  void reply.status(304).header('cache-control', 'no-store').header('etag', ready.etag).send();
}
