import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';

/** Methods whose routes read a body. */
const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * How long a body that Fastify reads may take to arrive. Node has one limit for a whole server, and that one must let
 * the gateway's uploads pass, which are taken over before Fastify would read them; small bodies get the short limit
 * that slow senders (slowloris) are owed. Routes that read no body cost nothing by this.
 */
export function limitArrival(instance: FastifyInstance, limitMs: number): void {
  const limit = (
    request: FastifyRequest,
    _reply: FastifyReply,
    _payload: unknown,
    done: (error: null) => void,
  ): void => {
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
    done(null);
  };
  instance.addHook('onRoute', (options: RouteOptions) => {
    const methods = Array.isArray(options.method) ? options.method : [options.method];
    if (!methods.some((method) => WITH_BODY.has(method))) return;
    const own = options.preParsing ?? [];
    options.preParsing = [limit, ...(Array.isArray(own) ? own : [own])];
  });
}

function timedOut(): Error {
  return Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
}
