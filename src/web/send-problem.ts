import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HubException } from './hub-exception.js';
import { asHubException, PROBLEM_CONTENT_TYPE, problemOf } from './problem.js';

/** An answer that is made and not sent yet. */
export interface ReadyAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An error of /v1 and /admin. */
export function problemAnswer(exception: HubException, requestId: string): ReadyAnswer {
  const { retryAfterSeconds } = exception.details;
  return {
    status: exception.status,
    headers: {
      // Set by a hook already, but for what the router refuses before every hook.
      'x-request-id': requestId,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-type': PROBLEM_CONTENT_TYPE,
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
      ...(exception.code === 'HUB_UNAUTHENTICATED'
        ? { 'www-authenticate': 'Bearer realm="wechat-token-hub"' }
        : {}),
    },
    body: JSON.stringify(problemOf(exception, requestId)),
  };
}

export function sendProblem(request: FastifyRequest, reply: FastifyReply, exception: HubException): void {
  const { status, headers, body } = problemAnswer(exception, request.id);
  void reply.status(status).headers(headers).send(body);
}

/** Errors of the router (malformed paths, over-long segments), which come before every hook and filter. */
export function sendRouterProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  sendProblem(request, reply, asHubException(thrown));
}
