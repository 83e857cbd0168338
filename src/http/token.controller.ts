import { Controller, Get, Req, Res } from '@nestjs/common';
import { RequestMetrics } from '../metrics/request-metrics.js';
import type { HeldToken } from '../token-cache/reading.js';
import { TokenCache } from '../token-cache/token-cache.service.js';
import type { AppRequest } from '../web/app-request.js';
import { isGone, whileThere } from '../web/caller.js';
import { matchesVersion, preferredWaitSeconds } from './conditional.js';
import { May } from '../web/may.decorator.js';
import { sendReady } from '../web/send-ready.js';
import { ApiTokenRoute } from './token.openapi.js';
import { Turns } from '../web/turns.js';
import { unavailable } from '../web/unavailable.js';
import type { FastifyReply } from 'fastify';

export const TOKEN_ROUTE = '/v1/apps/:appid/token';

/**
 * So many long polls of one client wait at a time; one more is answered at once, as if its time were up. Each costs a
 * connection and some 11 KB.
 */
const POLLS_PER_CLIENT = 2000;

/**
 * GET /v1/apps/{appid}/token: the hot route. While a token is held it is one map look-up and one string, sent through
 * the raw reply: a serialiser, an interceptor or a pipe here would halve the request rate (bench/README.md).
 */
@Controller()
export class TokenController {
  readonly #turns = new Turns();
  /** Long polls that wait now, by the id of their client. */
  readonly #polls = new Map<string, number>();

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
    const client = request.verdict?.ok === true ? request.verdict.client.id : '';
    if (waitSeconds > 0 && (this.#polls.get(client) ?? 0) < POLLS_PER_CLIENT) {
      return this.#longPoll(request, reply, reading.ready.version, waitSeconds, client);
    }
    notModified(reply, reading);
  }

  /** The same for the own token of a third-party platform. */
  @Get('/v1/platforms/:appid/token')
  @May('platform')
  @ApiTokenRoute('readPlatformToken')
  readPlatform(@Req() request: AppRequest, @Res() reply: FastifyReply): Promise<void> | void {
    return this.read(request, reply);
  }

  /** No valid token: the result of the attempt under way, or 503 at once. Never starts an attempt. */
  async #cold(request: AppRequest, reply: FastifyReply): Promise<void> {
    const { appid } = request.params;
    if (this.cache.read(appid)?.kind === 'pending') {
      await whileThere(reply, (gone) => this.cache.settled(appid, gone));
      if (isGone(reply)) return;
    }
    const reading = this.cache.read(appid);
    if (reading?.kind !== 'held') throw unavailable(reading);
    send(request, reply, reading);
  }

  /** Counts a client's long polls; what is at 0 is forgotten. */
  #count(client: string, by: 1 | -1): void {
    this.metrics.longPolls += by;
    const polls = (this.#polls.get(client) ?? 0) + by;
    if (polls > 0) this.#polls.set(client, polls);
    else this.#polls.delete(client);
  }

  async #longPoll(
    request: AppRequest,
    reply: FastifyReply,
    version: number,
    waitSeconds: number,
    client: string,
  ): Promise<void> {
    const { appid } = request.params;
    this.#count(client, 1);
    await whileThere(reply, (gone) => this.cache.newerThan(appid, version, waitSeconds * 1000, gone));
    await this.#turns.next();
    this.#count(client, -1);
    if (isGone(reply)) return;
    const reading = this.cache.read(appid);
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
