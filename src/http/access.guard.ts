import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { AccessRequest } from '../access-guard/access-request.js';
import { AccessService } from '../access-guard/access.service.js';
import type { Denied, Granted } from '../access-guard/access-verdict.js';
import type { Act } from '../core/access/client.js';
import type { Actor } from '../events/hub-events.js';
import { TokenCache } from '../token-cache/token-cache.service.js';
import { HubException } from './hub-exception.js';
import { actOf, isOpen } from './may.decorator.js';

export interface AppRequest extends FastifyRequest {
  params: { appid: string };
  /** What the guard found; absent on routes without credentials. */
  verdict?: Granted | Denied;
}

/**
 * Asks AccessService before any route of the callers' port runs, and turns a denial into the contract's error.
 * A route that says neither what it takes nor that it is open is denied.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly access: AccessService,
    private readonly cache: TokenCache,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const handler = context.getHandler();
    const act = actOf(handler);
    if (act === undefined) {
      if (isOpen(handler)) return true;
      throw new HubException('HUB_NOT_GRANTED', 'This is granted to nobody.');
    }
    this.admit(context.switchToHttp().getRequest<AppRequest>(), act);
    return true;
  }

  /**
   * Lets the request pass, and counts it: once per request.
   * @throws {HubException}
   */
  admit(request: AppRequest, act: Act): void {
    const verdict = this.access.check(accessRequestOf(request), act, request.params.appid, this.cache);
    request.verdict = verdict;
    if (!verdict.ok) throw denialOf(verdict);
  }

  /**
   * For a request that was admitted, then waited: whether it still is. A reload takes effect at once, also on those
   * who wait. Does not count as another request.
   * @throws {HubException}
   */
  checkAgain(request: AppRequest, act: Act): void {
    const denied = this.access.checkAgain(accessRequestOf(request), act, request.params.appid);
    if (denied !== undefined) throw denialOf(denied);
  }
}

/** Who sent a request that was admitted, for events. */
export function actorOf({ verdict, id }: AppRequest): Actor | undefined {
  if (verdict?.ok !== true) return undefined;
  return { clientId: verdict.client.id, keyId: verdict.key?.id, address: verdict.address, requestId: id };
}

export function accessRequestOf(request: FastifyRequest): AccessRequest {
  const { headers, socket } = request.raw;
  const forwarded = headers['x-forwarded-for'];
  return {
    socketAddress: socket.remoteAddress ?? '',
    xForwardedFor: Array.isArray(forwarded) ? forwarded.join(', ') : forwarded,
    authorization: headers.authorization,
    key: undefined,
    requestId: request.id,
  };
}

export function notGranted(): HubException {
  return new HubException('HUB_NOT_GRANTED', 'No such app, or this client is not granted it or the act.');
}

function denialOf(denied: Denied): HubException {
  switch (denied.reason) {
    case 'unauthenticated':
      return new HubException(
        'HUB_UNAUTHENTICATED',
        'Send a key of a client entry that is not expired: Authorization: Bearer <key>.',
      );
    case 'ip_not_allowed':
      return new HubException(
        'HUB_IP_NOT_ALLOWED',
        `The address ${denied.address} is not one that the client entry accepts. Behind a proxy, HUB_TRUSTED_PROXIES must name it.`,
      );
    case 'not_granted':
      return notGranted();
    case 'rate_limited':
      return new HubException('HUB_RATE_LIMITED', 'Too many requests from this client and address.', {
        retryAfterSeconds: denied.retryAfterSeconds,
      });
    default:
      return unreachable(denied);
  }
}

/** The compiler holds that no reason is forgotten; at run time an unknown one would still be denied. */
function unreachable(_denied: never): HubException {
  return notGranted();
}
