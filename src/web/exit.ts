import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Denied } from '../access-guard/access-verdict.js';
import type { HubEvents } from '../events/hub-events.js';
import { revoke, type AppRequest } from './app-request.js';
import { denialOf } from './denial.js';
import { HubException } from './hub-exception.js';
import { accessOf, type RouteAccess } from './route-access.js';
import { problemAnswer, type ReadyAnswer } from './send-problem.js';
import { wechatAnswer, wechatDenialOf } from './wechat-shape.js';

/** Headers that tell nothing of what a route was about to answer. */
const KEPT_HEADERS: ReadonlySet<string> = new Set(['x-request-id', 'connection', 'x-content-type-options']);

/**
 * The way out of a listener, past which every answer goes that is sent by `reply.send`; `sendReady` is the short way for
 * admissions that still hold. What a route forgets, it cannot forget here:
 *
 * - The request was let in, and would not be any more: the denial takes the answer's place.
 * - The route declares an act, and nobody let the request in: only an error may leave. Anything else is a bug of the
 *   route, and becomes 500.
 *
 * The gateway streams past this; its calls ask the guard themselves before they are made (`AccessGuard.confirm`).
 */
export function installExit(instance: FastifyInstance, events: HubEvents): void {
  instance.addHook('onSend', (raw, reply, payload, done) => {
    const request = raw as AppRequest;
    const access = accessOf(request);
    if (access === undefined || access.act === 'open') {
      done(null, payload);
      return;
    }
    const denied = access.tellsOwnDeed === true ? undefined : request.admission?.denialNow();
    if (denied !== undefined) {
      done(null, replace(reply, deniedAnswer(revoke(request, denied), access, request.id), payload));
    } else if (mayLeave(request, reply)) {
      done(null, payload);
    } else {
      const error = new Error(
        `${request.method} ${request.routeOptions.url ?? ''} answered without the guard`,
      );
      events.emit('troubleSeen', { where: `request ${request.id}`, error });
      const bug = new HubException('HUB_INTERNAL', 'The request id leads to the log line that says more.');
      done(null, replace(reply, problemAnswer(bug, request.id), payload));
    }
  });
}

function mayLeave(request: AppRequest, reply: FastifyReply): boolean {
  return request.admission !== undefined || request.leavesUnadmitted !== undefined || reply.statusCode >= 400;
}

/** For a request that waits and need not wait any longer. */
export function answerDenied(denied: Denied, request: AppRequest, reply: FastifyReply): void {
  const access = accessOf(request);
  if (access === undefined) return;
  const { status, headers, body } = deniedAnswer(denied, access, request.id);
  request.leavesUnadmitted = 'refusal';
  void reply.status(status).headers(headers).send(body);
}

function deniedAnswer(denied: Denied, { shape }: RouteAccess, requestId: string): ReadyAnswer {
  if (shape === 'problem') return problemAnswer(denialOf(denied), requestId);
  return wechatAnswer(JSON.stringify(wechatDenialOf(denied, shape)));
}

/** Nothing of the answer that was to leave remains, neither headers (an ETag tells the version) nor body. */
function replace(reply: FastifyReply, { status, headers, body }: ReadyAnswer, payload: unknown): string {
  for (const name of Object.keys(reply.getHeaders())) {
    if (!KEPT_HEADERS.has(name)) reply.removeHeader(name);
  }
  void reply.status(status).headers(headers);
  const stream = payload as { destroy?: unknown } | null | undefined;
  if (typeof stream?.destroy === 'function') (stream.destroy as () => void).call(stream);
  return body;
}
