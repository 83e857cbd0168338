import { RouteConfig } from '@nestjs/platform-fastify';
import type { Act } from '../core/access/client.js';
import { declare, type RouteAccess } from './route-access.js';

/**
 * What a caller needs in `may` to use this route. The app is the route's `:appid`, where it has one.
 * A route with neither this nor {@link Open} stops the start (web/route-access.ts).
 */
export function May(act: Act, rest: Pick<RouteAccess, 'tellsOwnDeed'> = {}): MethodDecorator {
  return RouteConfig(declare(act, rest));
}

/** A route without credentials: the probes. */
export function Open(): MethodDecorator {
  return RouteConfig(declare('open'));
}
