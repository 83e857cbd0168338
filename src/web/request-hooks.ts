import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RequestMetrics } from '../metrics/request-metrics.js';
import type { Readiness } from './readiness.js';
import type { AccessLog } from './access-log.js';
import { refuseWithoutHost } from './broken-requests.js';
import { dropRest } from './drop-rest.js';

const UNMATCHED = 'unmatched';

/** What every request on the callers' port goes through, beside its route: id, draining, metrics, access log. */
export function installRequestHooks(
  instance: FastifyInstance,
  metrics: RequestMetrics,
  accessLog: AccessLog,
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
    accessLog.record(request, reply, route);
    done();
  });
  instance.addHook('onClose', (_instance, done: () => void) => {
    accessLog.drain();
    done();
  });
}
