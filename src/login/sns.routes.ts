import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { generalParameters } from '../dropin/parameters.js';
import type { UnroutedEndpoint } from '../gateway/gateway.routes.js';
import { accessRequestOf, type AppRequest } from '../http/access.guard.js';
import { Sns, type SnsAnswer } from './sns.service.js';

/** Whatever WeChat's own type is: it sends JSON as `text/plain` without a charset, which clients misread. */
const CONTENT_TYPE = 'application/json; charset=utf-8';

const ENDPOINTS = [
  'jscode2session',
  'oauth2/access_token',
  'oauth2/refresh_token',
  'userinfo',
  'auth',
] as const;
type Endpoint = (typeof ENDPOINTS)[number];

/** After whatever path the SDK's base URL has, as for the drop-in's tokens. */
const PREFIXED = new RegExp(`^/(?:[^?#]*/)?sns/(${ENDPOINTS.join('|')})(?=\\?|$)`);

/**
 * The drop-in's logins on the callers' port. Registered on Fastify itself: they are GET, have no body and errors of
 * WeChat's shape. Never by HEAD, which would use a code up for nothing.
 */
@Injectable()
export class SnsRoutes implements UnroutedEndpoint {
  constructor(private readonly sns: Sns) {}

  register(instance: FastifyInstance): void {
    for (const endpoint of ENDPOINTS) {
      instance.route({
        method: 'GET',
        url: `/sns/${endpoint}`,
        exposeHeadRoute: false,
        handler: (request, reply) => this.#serve(endpoint, request, reply),
      });
    }
  }

  /** The same endpoints behind a path prefix, for SDKs whose base URL has one. */
  takes(request: FastifyRequest): boolean {
    return request.method === 'GET' && prefixedEndpoint(request) !== undefined;
  }

  answer(request: FastifyRequest, reply: FastifyReply): Promise<void> | undefined {
    const endpoint = prefixedEndpoint(request);
    return endpoint === undefined ? undefined : this.#serve(endpoint, request, reply);
  }

  fail(_error: unknown, _request: FastifyRequest, reply: FastifyReply): void {
    write(reply, JSON.stringify({ errcode: -1, errmsg: 'system error: the request could not be read' }));
  }

  async #serve(endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { body, verdict } = await this.#answer(endpoint, request);
    if (verdict !== undefined) (request as AppRequest).verdict = verdict;
    write(reply, body);
  }

  #answer(endpoint: Endpoint, request: FastifyRequest): Promise<SnsAnswer> {
    const caller = accessRequestOf(request);
    // Querystring text: see create-hub.ts.
    const parameters = generalParameters(request.query as string);
    switch (endpoint) {
      case 'jscode2session':
        return this.sns.login('session', caller, parameters);
      case 'oauth2/access_token':
        return this.sns.login('oauth', caller, parameters);
      default:
        return this.sns.userCall(endpoint, caller, parameters);
    }
  }
}

function prefixedEndpoint(request: FastifyRequest): Endpoint | undefined {
  return PREFIXED.exec(request.raw.url ?? '')?.[1] as Endpoint | undefined;
}

function write(reply: FastifyReply, body: string): void {
  void reply.status(200).header('content-type', CONTENT_TYPE).header('cache-control', 'no-store').send(body);
}
