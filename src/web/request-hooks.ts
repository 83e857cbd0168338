import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { HubEnvironment } from '../config/environment.js';
import type { Log, LogFields } from '../logging/log.js';
import type { RequestMetrics } from '../metrics/request-metrics.js';
import type { Readiness } from './readiness.js';
import type { AppRequest } from './app-request.js';
import { refuseWithoutHost } from './broken-requests.js';
import { dropRest } from './drop-rest.js';

const UNMATCHED = 'unmatched';

/** What every request on the callers' port goes through, beside its route: id, draining, metrics, access log. */
export function installRequestHooks(
  instance: FastifyInstance,
  environment: HubEnvironment,
  metrics: RequestMetrics,
  log: Log,
  readiness: Readiness,
): void {
  instance.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff');
    // Whoever keeps a connection open is told to open the next one elsewhere.
    if (readiness.draining) reply.raw.setHeader('connection', 'close');
    if (!refuseWithoutHost(request, reply)) done();
  });
  instance.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    if (!request.raw.complete) dropRest(request.raw);
    const route = request.is404 ? UNMATCHED : (request.routeOptions.url ?? UNMATCHED);
    metrics.record(route, reply.statusCode, reply.elapsedTime / 1000);
    if (logged(environment, reply.statusCode)) logRequest(log, request, reply, route);
    done();
  });
}

function logged(environment: HubEnvironment, status: number): boolean {
  if (environment.accessLog === 'errors') return status >= 400;
  return environment.accessLog === 'all';
}

/** The route's template, never the URL: what a caller puts there may be a secret. */
function logRequest(log: Log, request: FastifyRequest, reply: FastifyReply, route: string): void {
  const { verdict } = request as AppRequest;
  log.info('request', {
    requestId: request.id,
    method: request.method,
    route,
    status: reply.statusCode,
    durationMs: Math.round(reply.elapsedTime * 1000) / 1000,
    ...describeCaller(verdict),
    address: verdict?.address ?? request.socket.remoteAddress,
  });
}

function describeCaller(verdict: AppRequest['verdict']): LogFields {
  if (verdict === undefined) return {};
  if (verdict.ok) return { client: verdict.client.id, key: verdict.key?.id };
  // Not the appid that was asked for: who mixes up the fields of a form puts a key there.
  return { client: verdict.clientId, key: verdict.keyId, denied: verdict.cause };
}
