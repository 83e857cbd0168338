import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { jsonObject } from '../core/json.js';
import { DROP_IN_ERRORS, type Door } from '../core/dropin.js';
import type { UnroutedEndpoint } from '../gateway/gateway.routes.js';
import { AccessGuard } from '../web/access.guard.js';
import type { AppRequest } from '../web/app-request.js';
import { declare } from '../web/route-access.js';
import { sendReady } from '../web/send-ready.js';
import { sendWeChatAnswer, sendWeChatError } from '../web/wechat-shape.js';
import { DropIn, UNHEARD, type DropInAnswer } from './drop-in.service.js';
import { generalParameters, parametersOf, queryParameters, type Parameters } from './parameters.js';

const BODY_LIMIT_BYTES = 16 * 1024;

/** After whatever path the SDK's base URL has, a doubled slash included: the rest decides. */
const PREFIXED =
  /^\/(?:[^?#]*\/)?cgi-bin\/(token|stable_token|ticket\/getticket|gettoken|get_jsapi_ticket|ticket\/get|component\/api_component_token|component\/api_authorizer_token)(?=\?|$)/;

const ENDPOINTS = [
  'token',
  'stable_token',
  'ticket/getticket',
  'gettoken',
  'get_jsapi_ticket',
  'ticket/get',
  'component/api_component_token',
  'component/api_authorizer_token',
] as const;
type Endpoint = (typeof ENDPOINTS)[number];

/**
 * The drop-in endpoints on the callers' port. Registered on Fastify itself rather than as Nest controllers, for their
 * own reading of bodies: WeChat takes JSON under any Content-Type, and errors before the handler (a body too large)
 * must have WeChat's shape too.
 */
@Injectable()
export class DropInRoutes implements UnroutedEndpoint {
  constructor(
    private readonly dropIn: DropIn,
    private readonly guard: AccessGuard,
  ) {}

  register(instance: FastifyInstance): void {
    void instance.register((scope, _options, done) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser(
        '*',
        { parseAs: 'string', bodyLimit: BODY_LIMIT_BYTES },
        (_request, body, parsed) => {
          parsed(null, body);
        },
      );
      scope.setErrorHandler((error, request, reply) => {
        this.fail(error, request, reply);
      });
      for (const endpoint of ENDPOINTS) {
        const handler = (request: FastifyRequest, reply: FastifyReply) =>
          this.#serve(endpoint, request, reply);
        // Each a route of its own: what watches over the arrival of bodies (web/arrival-limit.ts) is not for GET.
        for (const method of METHODS[endpoint]) {
          const door = DOORS[endpoint];
          const config = declare(door === 'platform' ? 'platform' : 'read', {
            shape: door === 'wecom' ? 'wecom' : 'wechat',
          });
          scope.route({ method, url: `/cgi-bin/${endpoint}`, handler, config });
        }
      }
      done();
    });
  }

  /** The same endpoints behind a path prefix, for SDKs whose base URL has one. */
  takes(request: FastifyRequest): boolean {
    const endpoint = prefixedEndpoint(request);
    return endpoint !== undefined && METHODS[endpoint].includes(request.method);
  }

  answer(request: FastifyRequest, reply: FastifyReply): Promise<void> | undefined {
    const endpoint = prefixedEndpoint(request);
    return endpoint === undefined ? undefined : this.#serve(endpoint, request, reply);
  }

  fail(_error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    sendWeChatError(request as AppRequest, reply, DROP_IN_ERRORS.notJson);
  }

  #serve(endpoint: Endpoint, raw: FastifyRequest, reply: FastifyReply): Promise<void> | undefined {
    const request = raw as AppRequest;
    const answer = this.#answerOf(endpoint, request, reply);
    // Without a promise where the answer is at hand, as it is but for cold starts: see bench/README.md.
    if (!(answer instanceof Promise)) {
      send(request, reply, answer);
      return undefined;
    }
    return this.guard.during(request, reply, answer).then((awaited) => {
      send(request, reply, awaited);
    });
  }

  #answerOf(
    endpoint: Endpoint,
    request: AppRequest,
    reply: FastifyReply,
  ): DropInAnswer | Promise<DropInAnswer> {
    const query = request.query as string;
    const ticket = (type: (parameters: Parameters) => unknown): Promise<DropInAnswer> => {
      const parameters = queryParameters(query);
      return this.dropIn.ticket(request, reply, parameters, DOORS[endpoint], type(parameters));
    };
    switch (endpoint) {
      case 'token':
        return this.dropIn.token(request, reply, parametersOf(query, textOf(request)));
      case 'stable_token':
        if (request.method !== 'POST') return { error: DROP_IN_ERRORS.postNeeded };
        return this.dropIn.token(request, reply, jsonObject(textOf(request) ?? ''));
      case 'gettoken':
        return this.dropIn.gettoken(request, reply, queryParameters(query));
      case 'component/api_component_token':
        return this.dropIn.componentToken(request, reply, jsonObject(textOf(request) ?? ''));
      case 'component/api_authorizer_token':
        return this.dropIn.authorizerToken(
          request,
          reply,
          generalParameters(query),
          jsonObject(textOf(request) ?? ''),
        );
      case 'ticket/getticket':
        return ticket(({ type }) => type);
      case 'get_jsapi_ticket':
        return ticket(() => 'jsapi');
      case 'ticket/get':
        // WeCom has one type there; jsapi has an endpoint of its own.
        return ticket(({ type }) => (type === 'agent_config' ? type : undefined));
    }
  }
}

const METHODS: Readonly<Record<Endpoint, string[]>> = {
  token: ['GET', 'POST'],
  stable_token: ['GET', 'POST'],
  'ticket/getticket': ['GET'],
  gettoken: ['GET'],
  get_jsapi_ticket: ['GET'],
  'ticket/get': ['GET'],
  'component/api_component_token': ['POST'],
  'component/api_authorizer_token': ['POST'],
};

/** Whose endpoint it is, and so whose apps it is for and whose codes it speaks. */
const DOORS: Readonly<Record<Endpoint, Door>> = {
  token: 'wechat',
  stable_token: 'wechat',
  'ticket/getticket': 'wechat',
  gettoken: 'wecom',
  get_jsapi_ticket: 'wecom',
  'ticket/get': 'wecom',
  'component/api_component_token': 'platform',
  'component/api_authorizer_token': 'platform',
};

function prefixedEndpoint(request: FastifyRequest): Endpoint | undefined {
  return PREFIXED.exec(request.raw.url ?? '')?.[1] as Endpoint | undefined;
}

function textOf(request: FastifyRequest): string | undefined {
  return typeof request.body === 'string' ? request.body : undefined;
}

function send(request: AppRequest, reply: FastifyReply, answer: DropInAnswer): void {
  if (reply.sent || answer === UNHEARD) return;
  if ('error' in answer) sendWeChatError(request, reply, answer.error);
  else if (answer.ready) sendReady(request, reply, answer.body);
  else sendWeChatAnswer(reply, answer.body);
}
