import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DROP_IN_ERRORS } from '../core/dropin.js';
import type { UnroutedEndpoint } from '../gateway/gateway.routes.js';
import { accessRequestOf, type AppRequest } from '../http/access.guard.js';
import { sendReady } from '../http/send-ready.js';
import { DropIn, type DropInAnswer } from './drop-in.service.js';
import { jsonObject, parametersOf } from './parameters.js';

/** co-wechat-api parses `application/json` and `text/plain` and nothing else. */
const CONTENT_TYPE = 'application/json; charset=utf-8';
const BODY_LIMIT_BYTES = 16 * 1024;

/** After whatever path the SDK's base URL has, a doubled slash included: the rest decides. */
const PREFIXED = /^\/(?:[^?#]*\/)?cgi-bin\/(token|stable_token|ticket\/getticket)(?=\?|$)/;

type Endpoint = 'token' | 'stable_token' | 'ticket/getticket';

/**
 * The drop-in endpoints on the callers' port. Registered on Fastify itself rather than as Nest controllers, for their
 * own reading of bodies: WeChat takes JSON under any Content-Type, and errors before the handler (a body too large)
 * must have WeChat's shape too.
 */
@Injectable()
export class DropInRoutes implements UnroutedEndpoint {
  constructor(private readonly dropIn: DropIn) {}

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
      for (const endpoint of ['token', 'stable_token', 'ticket/getticket'] as const) {
        const handler = (request: FastifyRequest, reply: FastifyReply) =>
          this.#serve(endpoint, request, reply);
        // Each a route of its own: what watches over the arrival of bodies (http/arrival-limit.ts) is not for GET.
        for (const method of METHODS[endpoint]) {
          scope.route({ method, url: `/cgi-bin/${endpoint}`, handler });
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

  fail(_error: unknown, _request: FastifyRequest, reply: FastifyReply): void {
    answerError(reply, DROP_IN_ERRORS.notJson);
  }

  #serve(endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply): Promise<void> | undefined {
    const caller = accessRequestOf(request);
    switch (endpoint) {
      case 'token':
        return answer(
          request,
          reply,
          this.dropIn.token(reply, caller, parametersOf(request.query as string, textOf(request))),
        );
      case 'stable_token':
        if (request.method === 'POST') {
          return answer(request, reply, this.dropIn.token(reply, caller, jsonObject(textOf(request) ?? '')));
        }
        answerError(reply, DROP_IN_ERRORS.postNeeded);
        return undefined;
      case 'ticket/getticket':
        return answer(
          request,
          reply,
          this.dropIn.ticket(reply, caller, parametersOf(request.query as string, undefined) ?? {}),
        );
    }
  }
}

const METHODS: Readonly<Record<Endpoint, string[]>> = {
  token: ['GET', 'POST'],
  stable_token: ['GET', 'POST'],
  'ticket/getticket': ['GET'],
};

function prefixedEndpoint(request: FastifyRequest): Endpoint | undefined {
  return PREFIXED.exec(request.raw.url ?? '')?.[1] as Endpoint | undefined;
}

function textOf(request: FastifyRequest): string | undefined {
  return typeof request.body === 'string' ? request.body : undefined;
}

/** Without a promise where the answer is at hand, as it is but for cold starts: see bench/README.md. */
function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  result: DropInAnswer | Promise<DropInAnswer>,
): Promise<void> | undefined {
  if (result instanceof Promise) return result.then((awaited) => send(request, reply, awaited));
  send(request, reply, result);
  return undefined;
}

function send(request: FastifyRequest, reply: FastifyReply, { body, ready, verdict }: DropInAnswer): void {
  if (verdict !== undefined) (request as AppRequest).verdict = verdict;
  if (ready === true) sendReady(reply, body);
  else void reply.header('content-type', CONTENT_TYPE).header('cache-control', 'no-store').send(body);
}

function answerError(reply: FastifyReply, error: { errcode: number; errmsg: string }): void {
  void reply
    .status(200)
    .header('content-type', CONTENT_TYPE)
    .header('cache-control', 'no-store')
    .send(JSON.stringify(error));
}
