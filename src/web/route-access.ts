import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import type { Act } from '../core/access/client.js';

/** What a route declares of who may use it; without one it cannot be registered ({@link demandDeclarations}). */
export interface RouteAccess {
  /** What a caller needs in `may`; `open`: nothing, the route gives away nothing and does nothing. */
  readonly act: Act | 'open';
  /** How a denial looks: a problem document, or `{"errcode","errmsg"}` with HTTP status 200, in WeChat's or WeCom's codes. */
  readonly shape: 'problem' | 'wechat' | 'wecom';
  /**
   * The answer goes to whoever was let in, even if the request itself took that right away: a reload by a key that the
   * new file no longer has. Only for answers that tell what the caller did.
   */
  readonly tellsOwnDeed?: boolean;
}

/** Not to be had elsewhere: a route's `config` holds one only by {@link declare}. */
const ACCESS: unique symbol = Symbol('access');

interface Declared {
  readonly [ACCESS]?: RouteAccess;
}

/** For a route's `config`. */
export function declare(act: RouteAccess['act'], rest: Partial<Omit<RouteAccess, 'act'>> = {}): object {
  const declared: Declared = { [ACCESS]: { shape: 'problem', ...rest, act } };
  return declared;
}

/**
 * What the request's route declares. `undefined`: no route is for it (404), or it broke before it had one.
 */
export function accessOf(request: FastifyRequest): RouteAccess | undefined {
  return declaredIn(request.routeOptions.config);
}

function declaredIn(config: object | undefined): RouteAccess | undefined {
  return (config as Declared | undefined)?.[ACCESS];
}

/**
 * From now on a route of this listener that does not say who may use it is a mistake that stops the start. Before any
 * route is registered.
 */
export function demandDeclarations(instance: FastifyInstance): void {
  instance.addHook('onRoute', ({ method, url, config }: RouteOptions) => {
    if (declaredIn(config) !== undefined) return;
    throw new Error(`the route ${[method].flat().join(', ')} ${url} does not declare who may use it`);
  });
}
