import type { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';

/**
 * Tells, once, that it is over with the caller of one request: it has its answer, or will never have it, whatever way it
 * went. Everything that waits or holds something for a caller gives it back then.
 *
 * - The answer has left, or its connection broke off: the response closes.
 * - Trap: a response that waits behind another one of its connection (pipelining) has no socket yet, and Node emits
 *   no `close` on it when the connection goes. So the connection itself is watched as well.
 * - A caller that closed its side of the connection gets nothing more: Node then ends the other side too. It is gone from
 *   that moment on, though the connection may stand until everything that was written has been read.
 */
export class CallerWatch {
  /** Its place among those of its connection; for {@link Connection} alone. */
  place = -1;
  readonly #reply: FastifyReply;
  readonly #connection: Connection;
  #over: (() => void) | undefined;

  /** @param over called at most once, never before this returns. It must not throw. */
  constructor(reply: FastifyReply, over: () => void) {
    this.#reply = reply;
    this.#over = over;
    this.#connection = Connection.of(reply.request.raw.socket);
    if (isGone(reply)) {
      queueMicrotask(this.tell);
      return;
    }
    // Not `once`, which costs a wrapper: it is told once all the same.
    reply.raw.on('close', this.tell);
    this.#connection.add(this);
  }

  /** There is nothing left to give back. */
  forget(): void {
    this.#over = undefined;
    this.#reply.raw.off('close', this.tell);
    this.#connection.remove(this);
  }

  readonly tell = (): void => {
    const over = this.#over;
    if (over === undefined) return;
    this.#over = undefined;
    this.#connection.remove(this);
    over();
  };
}

/** Whether nothing that is sent can reach the caller any more. */
export function isGone({ raw, request }: FastifyReply): boolean {
  const { socket } = request.raw;
  return raw.destroyed || socket.destroyed || socket.readableEnded;
}

/**
 * Waits for something while the caller does: the signal ends the wait when it goes away. What then comes of it is nobody's:
 * look at {@link isGone} before answering.
 */
export async function whileThere<T>(
  reply: FastifyReply,
  wait: (gone: AbortSignal) => Promise<T>,
): Promise<T> {
  const gone = new AbortController();
  const watch = new CallerWatch(reply, () => {
    gone.abort();
  });
  try {
    return await wait(gone.signal);
  } finally {
    watch.forget();
  }
}

/** The watches of one connection: one listener of each kind, however many requests are pipelined. */
class Connection {
  static readonly #known = new WeakMap<Socket, Connection>();
  readonly #watches: CallerWatch[] = [];

  static of(socket: Socket): Connection {
    let connection = Connection.#known.get(socket);
    if (connection === undefined) {
      connection = new Connection(socket);
      Connection.#known.set(socket, connection);
    }
    return connection;
  }

  private constructor(socket: Socket) {
    const gone = (): void => {
      for (const watch of this.#watches.splice(0)) watch.tell();
    };
    socket.once('end', gone);
    socket.once('close', gone);
  }

  add(watch: CallerWatch): void {
    watch.place = this.#watches.push(watch) - 1;
  }

  remove(watch: CallerWatch): void {
    if (this.#watches[watch.place] !== watch) return;
    const last = this.#watches.pop();
    if (last === undefined || last === watch) return;
    this.#watches[watch.place] = last;
    last.place = watch.place;
  }
}
