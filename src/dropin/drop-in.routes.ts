import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DROP_IN_ERRORS } from '../core/dropin.js';
import { accessRequestOf, type AppRequest } from '../http/access.guard.js';
import { sendReady } from '../http/send-ready.js';
import { DropIn, type DropInAnswer } from './drop-in.service.js';
import { jsonObject, parametersOf } from './parameters.js';

/** co-wechat-api parses `application/json` and `text/plain` and nothing else. */
const CONTENT_TYPE = 'application/json; charset=utf-8';
const BODY_LIMIT_BYTES = 16 * 1024;

/**
 * The drop-in endpoints on the callers' port. Registered on Fastify itself rather than as Nest controllers, for their
 * own reading of bodies: WeChat takes JSON under any Content-Type, and errors before the handler (a body too large)
 * must have WeChat's shape too.
 */
@Injectable()
export class DropInRoutes {
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
      scope.setErrorHandler((_error, _request, reply) => {
        answerError(reply, DROP_IN_ERRORS.notJson);
      });
      this.#routes(scope);
      done();
    });
  }

  #routes(scope: FastifyInstance): void {
    scope.route({
      method: ['GET', 'POST'],
      url: '/cgi-bin/token',
      handler: (request, reply) =>
        answer(
          request,
          reply,
          this.dropIn.token(accessRequestOf(request), parametersOf(request.query, textOf(request))),
        ),
    });
    scope.get('/cgi-bin/stable_token', (_request, reply) => {
      answerError(reply, DROP_IN_ERRORS.postNeeded);
    });
    scope.post('/cgi-bin/stable_token', (request, reply) =>
      answer(request, reply, this.dropIn.token(accessRequestOf(request), jsonObject(textOf(request) ?? ''))),
    );
    scope.get('/cgi-bin/ticket/getticket', (request, reply) =>
      answer(
        request,
        reply,
        this.dropIn.ticket(accessRequestOf(request), parametersOf(request.query, undefined) ?? {}),
      ),
    );
  }
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
