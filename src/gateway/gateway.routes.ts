import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { AppRequest } from '../web/app-request.js';
import { declare } from '../web/route-access.js';
import { Gateway } from './gateway.service.js';

/** Not TRACE: its answer is the request, token included. CONNECT never comes here. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

const EXPLICIT_ROUTE = '/v1/apps/:appid/wechat/*';
const TRANSPARENT_ROUTE = '/*';
const OTHER_BODY_LIMIT_BYTES = 16 * 1024;

/**
 * Answers requests that no route is for, before the transparent form looks at them: paths that cannot be routes
 * because they begin with anything.
 */
export interface UnroutedEndpoint {
  /** Whether this request is its own, by method and URL; the body has not come yet. */
  takes(request: FastifyRequest): boolean;
  /** `request.body`: the text of the body, `undefined` where there is none. */
  answer(request: FastifyRequest, reply: FastifyReply): Promise<void> | void;
  /** The body is larger than 16 KiB or could not be read, or `answer` threw. */
  fail(error: unknown, request: FastifyRequest, reply: FastifyReply): void;
}

/**
 * The gateway on the callers' port. The requests are taken over in the first hook, before Fastify would read their
 * bodies, and never come back. Everything that no route is for comes through here too: what is not the gateway's goes
 * on to Nest's 404.
 */
@Injectable()
export class GatewayRoutes {
  readonly #unrouted: UnroutedEndpoint[] = [];

  constructor(private readonly gateway: Gateway) {}

  /** Before {@link register}. The first that takes a request has it. */
  addUnrouted(endpoint: UnroutedEndpoint): void {
    this.#unrouted.push(endpoint);
  }

  register(instance: FastifyInstance): void {
    void instance.register((scope, _options, done) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser(
        '*',
        { parseAs: 'string', bodyLimit: OTHER_BODY_LIMIT_BYTES },
        (_request, body, parsed) => {
          parsed(null, body);
        },
      );
      scope.setErrorHandler((error, request, reply) => {
        this.#endpointOf(request)?.fail(error, request, reply);
      });
      scope.route({ ...this.#explicit(), method: METHODS, url: EXPLICIT_ROUTE, config: declare('gateway') });
      const config = declare('gateway', { shape: 'wechat' });
      scope.route({ ...this.#transparent(), method: METHODS, url: TRANSPARENT_ROUTE, config });
      done();
    });
  }

  #explicit(): Pick<RouteOptions, 'onRequest' | 'handler'> {
    return {
      // `done` is never called: nothing of Fastify's comes after this.
      onRequest: (request, reply) => {
        this.gateway.explicit(request as AppRequest, reply);
      },
      handler: notReached,
    };
  }

  #transparent(): Pick<RouteOptions, 'onRequest' | 'handler'> {
    return {
      onRequest: (request, reply, done) => {
        if (this.#endpointOf(request) !== undefined) {
          done();
          return;
        }
        if (!this.gateway.transparent(request as AppRequest, reply)) reply.callNotFound();
      },
      handler: (request, reply) => this.#endpointOf(request)?.answer(request, reply),
    };
  }

  #endpointOf(request: FastifyRequest): UnroutedEndpoint | undefined {
    return this.#unrouted.find((endpoint) => endpoint.takes(request));
  }
}

function notReached(): never {
  throw new Error('the gateway takes its requests over before this');
}
