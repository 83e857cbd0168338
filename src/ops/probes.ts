import type { FastifyReply } from 'fastify';
import type { Readiness } from '../web/readiness.js';

const JSON_TYPE = 'application/json; charset=utf-8';

/** The process runs and its event loop turns. Depends on nothing else, so that no outage of others restarts pods. */
export function livez(reply: FastifyReply): void {
  void reply.header('content-type', JSON_TYPE).header('cache-control', 'no-store').send('{"status":"ok"}');
}

export function readyz(reply: FastifyReply, readiness: Readiness): void {
  const status = readiness.ready ? 'ready' : readiness.draining ? 'draining' : 'starting';
  void reply
    .status(readiness.ready ? 200 : 503)
    .header('content-type', JSON_TYPE)
    .header('cache-control', 'no-store')
    .send(JSON.stringify({ status }));
}
