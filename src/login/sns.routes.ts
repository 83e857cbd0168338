import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { generalParameters } from '../dropin/parameters.js';
import type { UnroutedEndpoint } from '../gateway/gateway.routes.js';
import { AccessGuard } from '../web/access.guard.js';
import type { AppRequest } from '../web/app-request.js';
import { declare } from '../web/route-access.js';
import { sendWeChatAnswer, sendWeChatError } from '../web/wechat-shape.js';
import { SNS_ERRORS } from './rules/ask.js';
import { Sns, type SnsAnswer } from './sns.service.js';

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
  constructor(
    private readonly sns: Sns,
    private readonly guard: AccessGuard,
  ) {}

  register(instance: FastifyInstance): void {
    for (const endpoint of ENDPOINTS) {
      instance.route({
        method: 'GET',
        url: `/sns/${endpoint}`,
        exposeHeadRoute: false,
        handler: (request, reply) => this.#serve(endpoint, request, reply),
        config: declare('login', { shape: 'wechat' }),
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

  fail(_error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    sendWeChatError(request as AppRequest, reply, SNS_ERRORS.unreadable);
  }

  async #serve(endpoint: Endpoint, raw: FastifyRequest, reply: FastifyReply): Promise<void> {
    const request = raw as AppRequest;
    const answer = await this.guard.during(request, reply, this.#answer(endpoint, request));
    if (reply.sent) return;
    if ('error' in answer) {
      sendWeChatError(request, reply, answer.error);
      return;
    }
    // Whatever WeChat's own type is: it sends JSON as `text/plain` without a charset, which clients misread.
    sendWeChatAnswer(reply, answer.body);
  }

  #answer(endpoint: Endpoint, request: AppRequest): Promise<SnsAnswer> {
    // Querystring text: see create-hub.ts.
    const parameters = generalParameters(request.query as string);
    switch (endpoint) {
      case 'jscode2session':
        return this.sns.login('session', request, parameters);
      case 'oauth2/access_token':
        return this.sns.login('oauth', request, parameters);
      default:
        return this.sns.userCall(endpoint, request, parameters);
    }
  }
}

function prefixedEndpoint(request: FastifyRequest): Endpoint | undefined {
  return PREFIXED.exec(request.raw.url ?? '')?.[1] as Endpoint | undefined;
}
