import type { IncomingMessage } from 'node:http';

/** How long what still comes of a request is dropped after its answer. */
const LINGER_MS = 10_000;

/**
 * For an answer that left before all of the request had come: what still comes is dropped for a while, and then the
 * connection is closed. To close at once would make the caller's system throw the answer away unread; never to close
 * would let slow senders keep it for as long as an upload may take.
 */
export function dropRest(raw: IncomingMessage): void {
  const { socket } = raw;
  raw.resume();
  const timer = setTimeout(() => {
    if (!raw.complete) socket.destroy();
  }, LINGER_MS).unref();
  raw.once('end', () => {
    clearTimeout(timer);
  });
}
