import type { FastifyReply, FastifyRequest } from 'fastify';
import { hasBody } from './upload.js';

/** How long what still comes of a request is dropped after its answer. */
const LINGER_MS = 10_000;

/**
 * Where the answer leaves before all of the request has come: what still comes is dropped for a while, and then the
 * connection is closed. To close at once would make the caller's system throw the answer away unread.
 */
export function dropRestAfterAnswer({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (!hasBody(raw)) return;
  reply.raw.once('finish', () => {
    if (raw.complete) return;
    const { socket } = raw;
    raw.resume();
    const timer = setTimeout(() => {
      if (!raw.complete) socket.destroy();
    }, LINGER_MS).unref();
    raw.once('end', () => {
      clearTimeout(timer);
    });
  });
}
