import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ClientKeys } from '../access-guard/client-keys.js';
import { Clock } from '../clock/clock.js';
import { HubEnvironment } from '../config/environment/environment.js';
import { FairShares } from '../core/fair-shares.js';
import { TRANSPARENT_ERRORS, transparentErrorOf } from './rules/errors.js';
import { accessTokenOf, splitTarget } from './rules/query.js';
import { whyNever, type OwnTicket } from './rules/never-forwarded.js';
import { isGrantedPath, judgeTarget, type TargetVerdict } from './rules/target.js';
import { HubEvents } from '../events/hub-events.js';
import { AccessGuard } from '../web/access.guard.js';
import { accessRequestOf, actorOf, type AppRequest } from '../web/app-request.js';
import { isGone, whileThere } from '../web/caller.js';
import { HubException } from '../web/hub-exception.js';
import { ProblemFilter } from '../web/problem.filter.js';
import { asHubException } from '../web/problem.js';
import { unavailable } from '../web/unavailable.js';
import { RequestMetrics } from '../metrics/request-metrics.js';
import { TokenReports } from '../token-cache/token-reports.service.js';
import { ServedTokens } from '../token-cache/served-tokens.js';
import { TicketCache } from '../token-cache/ticket-cache.service.js';
import { TokenCache } from '../token-cache/token-cache.service.js';
import { tooLarge } from './call/failures.js';
import { GatewayCall } from './call/gateway-call.js';
import type { GatewayParts, Order } from './call/gateway-order.js';
import { GatewayUpstream } from './gateway-upstream.js';
import { wechatErrorOf } from './transparent-answers.js';
import { sendWeChatError, wechatDenialOf } from '../web/wechat-shape.js';
import { KeyCheck, KeyWouldLeave } from './key-check.js';
import { answerTicket } from './own-tickets.js';
import { RefusedAddresses } from './refused-addresses.js';
import { announcedLength, LARGEST_UPLOAD_BYTES, MOST_HELD_BYTES } from './call/upload.js';

/** What is in front of the path at WeChat: `/v1/apps/{appid}/wechat`. */
const EXPLICIT = /^\/v1\/apps\/[A-Za-z0-9_-]+\/wechat(?=\/)/;

/**
 * WeChat calls through the hub (CONTRACT, "Gateway"), in two forms that differ in how the app is named and in the
 * shape of errors. Walk: access -> target -> size -> token -> {@link GatewayCall}.
 */
@Injectable()
export class Gateway {
  readonly #parts: GatewayParts;
  readonly #keys: KeyCheck;

  constructor(
    keys: ClientKeys,
    private readonly guard: AccessGuard,
    private readonly problems: ProblemFilter,
    private readonly served: ServedTokens,
    private readonly tickets: TicketCache,
    private readonly events: HubEvents,
    upstream: GatewayUpstream,
    cache: TokenCache,
    tokenReports: TokenReports,
    clock: Clock,
    environment: HubEnvironment,
    metrics: RequestMetrics,
  ) {
    const timeoutMs = environment.gatewayTimeoutMs;
    const heldBytes = new FairShares({ most: MOST_HELD_BYTES });
    metrics.addGauge('wxhub_gateway_calls_under_way', 'Calls through the gateway of now.', () => {
      return upstream.callsUnderWay;
    });
    metrics.addGauge('wxhub_gateway_held_bytes', 'Bytes of request bodies that the gateway holds.', () => {
      return heldBytes.taken;
    });
    this.#keys = new KeyCheck(keys);
    const refused = new RefusedAddresses(tickets, clock, events);
    this.#parts = { cache, tokenReports, upstream, heldBytes, refused, clock, events, timeoutMs };
  }

  /** `/v1/apps/{appid}/wechat/{path}?{query}`. Errors are problem documents. */
  explicit(request: AppRequest, reply: FastifyReply): void {
    const fail = (error: unknown): void => {
      this.problems.write(error, request, reply);
    };
    try {
      const { path, query } = splitTarget(request.raw.url ?? '');
      const inFront = EXPLICIT.exec(path)?.[0];
      const target = judgeTarget(inFront === undefined ? '' : path.slice(inFront.length));
      const own = ownTicketOf(target, request, path);
      if (own !== undefined) {
        this.guard.admit(request, 'read');
        answerTicket(request, reply, query, own, this.tickets, this.guard).catch(fail);
        return;
      }
      this.guard.admit(request, 'gateway');
      this.#take(request, reply, target, query, fail);
    } catch (error) {
      fail(error);
    }
  }

  /**
   * Any other path with the access_token of an app in its query. Errors have WeChat's shape. Logins (`/sns/…`) are told
   * why they are not forwarded, whatever they carry: theirs is a token of a user, or a hub key in the place of the AppSecret.
   *
   * @returns `false`: no such request; somebody else answers it
   */
  transparent(request: AppRequest, reply: FastifyReply): boolean {
    const { path, query } = splitTarget(request.raw.url ?? '');
    const token = accessTokenOf(query);
    const target = judgeTarget(path);
    if (isLogin(target)) {
      sendWeChatError(request, reply, transparentErrorOf('HUB_NOT_GRANTED', whyNever(target.row)));
      return true;
    }
    if (token === undefined) return false;
    const fail = (error: unknown): void => {
      this.#failTransparent(error, request, reply);
    };
    try {
      const appid = this.served.appOf(token);
      if (appid === undefined) {
        this.guard.tellNotServed(request, 'gateway');
        sendWeChatError(request, reply, TRANSPARENT_ERRORS.notServed);
        return true;
      }
      // What follows does not care in which form the app was named.
      request.params.appid = appid;
      const ask = { request: accessRequestOf(request), act: 'gateway', appid, proof: 'key' } as const;
      const verdict = this.guard.examine(request, ask);
      if (verdict.ok) this.#take(request, reply, target, query, fail);
      else sendWeChatError(request, reply, wechatDenialOf(verdict, this.tickets.kindOf(appid)));
    } catch (error) {
      fail(error);
    }
    return true;
  }

  /** @throws {HubException} */
  #take(
    request: AppRequest,
    reply: FastifyReply,
    target: TargetVerdict,
    query: string | undefined,
    fail: Order['fail'],
  ): void {
    if (!target.ok && target.why === 'malformed') throw malformed();
    const { verdict } = request;
    const patterns = verdict?.ok === true ? verdict.client.gatewayPaths : [];
    if (!target.ok || !isGrantedPath(target.path, patterns)) {
      this.#tellDenied(request, 'path_not_granted');
      const why = target.ok
        ? 'The gatewayPaths of this client do not allow this path.'
        : whyNever(target.row);
      throw new HubException('HUB_NOT_GRANTED', why);
    }
    const { rawHeaders } = request.raw;
    this.#lookFor(request, () => {
      this.#keys.head(request.raw.url ?? '', rawHeaders);
    });
    // A server may cut a query there, or not: two readings.
    if (query?.includes('#') === true) throw malformed();
    if ((announcedLength(request.raw) ?? 0) > LARGEST_UPLOAD_BYTES) throw tooLarge();
    const { appid } = request.params;
    const startedAt = this.#parts.clock.now();
    const order: Order = {
      request,
      reply,
      appid,
      path: target.path,
      query,
      startedAt,
      fail,
      lookInto: (body) => {
        this.#lookFor(request, () => {
          this.#keys.body(body, rawHeaders);
        });
      },
      checkAgain: () => {
        this.guard.confirm(request);
      },
    };
    const reading = this.#parts.cache.read(appid, startedAt);
    if (reading?.kind === 'held') void this.#start(order).run(reading.held.value);
    else this.#cold(order).catch(fail);
  }

  /** Operators are told when a key was about to leave. @throws what `look` throws */
  #lookFor(request: AppRequest, look: () => void): void {
    try {
      look();
    } catch (error) {
      if (error instanceof KeyWouldLeave) this.#tellDenied(request, 'key_would_leave');
      throw error;
    }
  }

  #tellDenied(request: AppRequest, reason: 'path_not_granted' | 'key_would_leave'): void {
    const actor = actorOf(request);
    const { appid } = request.params;
    if (actor === undefined) return;
    this.events.emit('requestDenied', { reason, act: 'gateway', ...actor, appid });
  }

  #start(order: Order): GatewayCall {
    return this.#parts.upstream.begin(order.appid, (holder) => new GatewayCall(this.#parts, order, holder));
  }

  /** No valid token: the result of the attempt under way, as for GET token. */
  async #cold(order: Order): Promise<void> {
    const { cache } = this.#parts;
    const { appid, reply } = order;
    if (cache.read(appid)?.kind === 'pending') {
      await whileThere(reply, (gone) => cache.settled(appid, gone));
      if (isGone(reply)) return;
      order.checkAgain();
    }
    const reading = cache.read(appid);
    if (reading?.kind !== 'held') throw unavailable(reading);
    await this.#start(order).run(reading.held.value);
  }

  #failTransparent(error: unknown, request: AppRequest, reply: FastifyReply): void {
    if (reply.sent || isGone(reply)) return;
    const exception = asHubException(error);
    if (exception.code === 'HUB_INTERNAL') {
      this.events.emit('troubleSeen', { where: `request ${request.id}`, error });
    }
    const kind = this.tickets.kindOf(request.params.appid);
    sendWeChatError(request, reply, wechatErrorOf(exception, kind));
  }
}

type Never = Extract<TargetVerdict, { readonly why: 'never' }>;

/** GET and no other spelling: the hub's own ticket. */
function ownTicketOf(target: TargetVerdict, { method }: AppRequest, path: string): OwnTicket | undefined {
  if (target.ok || target.why !== 'never' || (method !== 'GET' && method !== 'HEAD')) return undefined;
  return path.endsWith(`/wechat${target.row.path}`) ? target.row.answered : undefined;
}

function isLogin(target: TargetVerdict): target is Never {
  return !target.ok && target.why === 'never' && target.row.path === '/sns/*';
}

function malformed(): HubException {
  return new HubException(
    'HUB_BAD_REQUEST',
    'The gateway forwards plain paths only: letters, digits and - . _ ~ between single slashes, no escapes.',
  );
}
