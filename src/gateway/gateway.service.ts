import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { AccessService } from '../access-guard/access.service.js';
import { Clock } from '../clock/clock.js';
import { HubEnvironment } from '../config/environment.js';
import { unavailableError } from '../core/dropin.js';
import { TRANSPARENT_ERRORS, transparentErrorOf } from '../core/gateway/errors.js';
import { accessTokenOf, splitTarget } from '../core/gateway/query.js';
import { ownWords } from '../core/upstream.js';
import { judgeTarget } from '../core/gateway/target.js';
import { HubEvents, notServed } from '../events/hub-events.js';
import { AccessGuard } from '../web/access.guard.js';
import { accessRequestOf, actorOf, type AppRequest } from '../web/app-request.js';
import { HubException } from '../web/hub-exception.js';
import { ProblemFilter } from '../web/problem.filter.js';
import { asHubException } from '../web/problem.js';
import { unavailable } from '../web/unavailable.js';
import { sendWeChatError, wechatDenialOf } from '../web/wechat-shape.js';
import { TokenReports } from '../token-cache/token-reports.service.js';
import { ServedTokens } from '../token-cache/served-tokens.js';
import { TokenCache } from '../token-cache/token-cache.service.js';
import { GatewayCall, tooLarge } from './gateway-call.js';
import type { GatewayParts, Order } from './gateway-order.js';
import { GatewayUpstream } from './gateway-upstream.js';
import { HeldBytes } from './held-bytes.js';
import { announcedLength, LARGEST_UPLOAD_BYTES } from './upload.js';

/** What is in front of the path at WeChat: `/v1/apps/{appid}/wechat`. */
const EXPLICIT = /^\/v1\/apps\/[A-Za-z0-9_-]+\/wechat(?=\/)/;

/**
 * WeChat calls through the hub (CONTRACT, "Gateway"), in two forms that differ in how the app is named and in the
 * shape of errors. Walk: access -> target -> size -> token -> {@link GatewayCall}.
 */
@Injectable()
export class Gateway {
  readonly #parts: GatewayParts;

  constructor(
    private readonly access: AccessService,
    private readonly guard: AccessGuard,
    private readonly problems: ProblemFilter,
    private readonly served: ServedTokens,
    private readonly events: HubEvents,
    upstream: GatewayUpstream,
    cache: TokenCache,
    tokenReports: TokenReports,
    clock: Clock,
    environment: HubEnvironment,
  ) {
    const timeoutMs = environment.gatewayTimeoutMs;
    const heldBytes = new HeldBytes();
    this.#parts = { cache, tokenReports, upstream, heldBytes, clock, events, timeoutMs };
  }

  /** `/v1/apps/{appid}/wechat/{path}?{query}`. Errors are problem documents. */
  explicit(request: AppRequest, reply: FastifyReply): void {
    const fail = (error: unknown): void => {
      this.problems.write(error, request, reply);
    };
    try {
      this.guard.admit(request, 'gateway');
      const { path, query } = splitTarget(request.raw.url ?? '');
      const inFront = EXPLICIT.exec(path)?.[0];
      if (inFront === undefined) throw refusedTarget('malformed');
      this.#take(request, reply, path.slice(inFront.length), query, fail);
    } catch (error) {
      fail(error);
    }
  }

  /**
   * Any other path with the access_token of an app in its query. Errors have WeChat's shape.
   * @returns `false`: no such request; somebody else answers it
   */
  transparent(request: AppRequest, reply: FastifyReply): boolean {
    const { path, query } = splitTarget(request.raw.url ?? '');
    const token = accessTokenOf(query);
    if (token === undefined) return false;
    const fail = (error: unknown): void => {
      this.#failTransparent(error, request, reply);
    };
    try {
      const appid = this.served.appOf(token);
      if (appid === undefined) {
        const address = this.access.addressOf(accessRequestOf(request));
        this.events.emit('requestDenied', notServed('gateway', address, request.id));
        sendWeChatError(request, reply, TRANSPARENT_ERRORS.notServed);
        return true;
      }
      // What follows does not care in which form the app was named.
      request.params.appid = appid;
      const ask = { request: accessRequestOf(request), act: 'gateway', appid, proof: 'key' } as const;
      const verdict = this.guard.examine(request, ask);
      if (verdict.ok) this.#take(request, reply, path, query, fail);
      else sendWeChatError(request, reply, wechatDenialOf(verdict));
    } catch (error) {
      fail(error);
    }
    return true;
  }

  /** @throws {HubException} */
  #take(
    request: AppRequest,
    reply: FastifyReply,
    wanted: string,
    query: string | undefined,
    fail: Order['fail'],
  ): void {
    const { verdict } = request;
    const patterns = verdict?.ok === true ? verdict.client.gatewayPaths : [];
    const target = judgeTarget(wanted, patterns);
    if (!target.ok) {
      if (target.why !== 'malformed') this.#tellDenied(request);
      throw refusedTarget(target.why);
    }
    // A server may cut a query there, or not: two readings.
    if (query?.includes('#') === true) throw refusedTarget('malformed');
    if ((announcedLength(request.raw) ?? 0) > LARGEST_UPLOAD_BYTES) throw tooLarge();
    const { appid } = request.params;
    const order: Order = {
      request,
      reply,
      appid,
      path: target.path,
      query,
      startedAt: this.#parts.clock.now(),
      fail,
      checkAgain: () => {
        this.guard.confirm(request);
      },
    };
    const reading = this.#parts.cache.read(appid);
    if (reading?.kind === 'held') void this.#start(order).run(reading.held.value);
    else this.#cold(order).catch(fail);
  }

  #tellDenied(request: AppRequest): void {
    const actor = actorOf(request);
    const { appid } = request.params;
    if (actor === undefined) return;
    this.events.emit('requestDenied', { reason: 'path_not_granted', act: 'gateway', ...actor, appid });
  }

  #start(order: Order): GatewayCall {
    return this.#parts.upstream.begin(order.appid, () => new GatewayCall(this.#parts, order));
  }

  /** No valid token: the result of the attempt under way, as for GET token. */
  async #cold(order: Order): Promise<void> {
    const { cache } = this.#parts;
    const { appid, reply } = order;
    if (cache.read(appid)?.kind === 'pending') {
      await cache.settled(appid);
      if (reply.raw.destroyed) return;
      order.checkAgain();
    }
    const reading = cache.read(appid);
    if (reading?.kind !== 'held') throw unavailable(reading);
    await this.#start(order).run(reading.held.value);
  }

  #failTransparent(error: unknown, request: AppRequest, reply: FastifyReply): void {
    if (reply.sent || reply.raw.destroyed) return;
    const { code, detail, details } = asHubException(error);
    if (code === 'HUB_INTERNAL') this.events.emit('troubleSeen', { where: `request ${request.id}`, error });
    if (code === 'HUB_TOKEN_UNAVAILABLE') {
      const { upstream } = details;
      const why = upstream === undefined ? undefined : ownWords(upstream);
      sendWeChatError(request, reply, unavailableError('token', why));
    } else {
      sendWeChatError(request, reply, transparentErrorOf(code, detail));
    }
  }
}

function refusedTarget(why: 'forbidden' | 'not_granted' | 'malformed'): HubException {
  switch (why) {
    case 'forbidden':
      return new HubException(
        'HUB_NOT_GRANTED',
        'The gateway forwards nothing that takes an AppSecret or clears a quota; tokens are at /v1/apps/{appid}/token.',
      );
    case 'not_granted':
      return new HubException('HUB_NOT_GRANTED', 'The gatewayPaths of this client do not allow this path.');
    case 'malformed':
      return new HubException(
        'HUB_BAD_REQUEST',
        'The gateway forwards plain paths only: letters, digits and - . _ ~ between single slashes, no escapes.',
      );
  }
}
