import { RouteConfig } from '@nestjs/platform-fastify';
import type { Act } from '../core/access/client.js';
import { declare, type RouteAccess } from './route-access.js';

const acts = new WeakMap<object, Act>();
const open = new WeakSet<object>();

/**
 * What a caller needs in `may` to use this route. The app is the route's `:appid`, where it has one.
 * A route with neither this nor {@link Open} stops the start (web/route-access.ts).
 */
export function May(act: Act, rest: Pick<RouteAccess, 'tellsOwnDeed'> = {}): MethodDecorator {
  return (target, name, descriptor) => {
    if (typeof descriptor.value === 'function') acts.set(descriptor.value, act);
    RouteConfig(declare(act, rest))(target, name, descriptor);
  };
}

/** A route without credentials: the probes. */
export function Open(): MethodDecorator {
  return (target, name, descriptor) => {
    if (typeof descriptor.value === 'function') open.add(descriptor.value);
    RouteConfig(declare('open'))(target, name, descriptor);
  };
}

export function actOf(handler: object): Act | undefined {
  return acts.get(handler);
}

export function isOpen(handler: object): boolean {
  return open.has(handler);
}
