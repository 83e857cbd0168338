import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HubException } from './hub-exception.js';
import { asHubException, PROBLEM_CONTENT_TYPE, problemOf } from './problem.js';

/** Writes an error of /v1 and /admin. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, exception: HubException): void {
  const { retryAfterSeconds } = exception.details;
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds));
  if (exception.code === 'HUB_UNAUTHENTICATED')
    reply.header('www-authenticate', 'Bearer realm="wechat-token-hub"');
  void reply
    .status(exception.status)
    // Set by a hook already, but for what the router refuses before every hook.
    .header('x-request-id', request.id)
    .header('cache-control', 'no-store')
    .header('content-type', PROBLEM_CONTENT_TYPE)
    .send(JSON.stringify(problemOf(exception, request.id)));
}

/** Errors of the router (malformed paths, over-long segments), which come before every hook and filter. */
export function sendRouterProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  sendProblem(request, reply, asHubException(thrown));
}
