import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';

/** Methods whose routes read a body. */
const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * How long the body of a request may take to arrive, on all routes but `exempt`. Node has one limit for a whole
 * server, and that one must let the gateway's uploads pass; small bodies get the short limit that slow senders
 * (slowloris) are owed. Routes that read no body cost nothing by this.
 */
export function limitArrival(instance: FastifyInstance, limitMs: number, exempt: ReadonlySet<string>): void {
  const limit = (request: FastifyRequest, _reply: FastifyReply, done: () => void): void => {
    const { raw } = request;
    if (!raw.complete) {
      const { socket } = raw;
      const timer = setTimeout(() => {
        // As Node does it when its own limit is over: answered with 408, and closed.
        if (!raw.complete) instance.server.emit('clientError', timedOut(), socket);
      }, limitMs).unref();
      raw.once('close', () => {
        clearTimeout(timer);
      });
    }
    done();
  };
  instance.addHook('onRoute', (options: RouteOptions) => {
    const methods = Array.isArray(options.method) ? options.method : [options.method];
    if (exempt.has(options.url) || !methods.some((method) => WITH_BODY.has(method))) return;
    const own = options.onRequest ?? [];
    options.onRequest = [limit, ...(Array.isArray(own) ? own : [own])];
  });
}

function timedOut(): Error {
  return Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
}
