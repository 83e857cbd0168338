import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { Act } from '../core/access/client.js';
import type { AccessGuard } from './access.guard.js';
import type { AppRequest } from './app-request.js';
import type { ProblemFilter } from './problem.filter.js';

/** A route of a controller, as Fastify sees it, and the method that answers it. */
export interface HotRoute {
  /** As declared: `/v1/apps/:appid/token`. */
  readonly url: string;
  readonly act: Act;
  /** Throws, or rejects with, what the problem filter is to write. */
  answer(request: AppRequest, reply: FastifyReply): Promise<void> | void;
}

/**
 * Takes one GET route out of Nest's pipeline: Fastify calls the guard and the controller's method directly.
 *
 * - Why: execution context, guards consumer and a promise per request cost more than everything that the hub itself
 *   does for a token (bench/README.md has the numbers), and the hot route uses none of them.
 * - How: the route stays declared on its controller, where Nest finds, documents and registers it like any other;
 *   only the handler is exchanged, as Fastify's `onRoute` hook allows. So there is one route, one guard, one writer
 *   of errors, and without this everything would still work, only slower.
 * - Trap: a global guard, pipe, interceptor or filter that somebody adds to Nest does not run here.
 *
 * Call it before the application is initialised. Fails the start if no controller declares the route.
 */
export function shortenRoute(
  instance: FastifyInstance,
  route: HotRoute,
  guard: AccessGuard,
  problems: ProblemFilter,
): void {
  const handler = (raw: FastifyRequest, reply: FastifyReply): void => {
    const request = raw as AppRequest;
    if (request.params.appid === '') {
      // An empty parameter is no such path: so Nest's adapter has it for its routes.
      reply.callNotFound();
      return;
    }
    try {
      guard.admit(request, route.act);
      const waiting = route.answer(request, reply);
      if (waiting === undefined) return;
      guard.during(request, reply, waiting).catch((error: unknown) => {
        problems.write(error, request, reply);
      });
    } catch (error) {
      problems.write(error, request, reply);
    }
  };
  let found = false;
  instance.addHook('onRoute', (options: RouteOptions) => {
    if (options.url !== route.url) return;
    found ||= options.method === 'GET';
    // HEAD comes by itself with each GET.
    if (options.method === 'GET' || options.method === 'HEAD') options.handler = handler;
  });
  instance.addHook('onReady', (done) => {
    done(found ? undefined : new Error(`no controller declares GET ${route.url}`));
  });
}
