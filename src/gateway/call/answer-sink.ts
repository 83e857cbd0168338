import type { FastifyReply } from 'fastify';

export interface AnswerHead {
  readonly status: number;
  /** Flat, names and values. */
  readonly headers: readonly string[];
}

/** Where an answer goes. */
export interface AnswerSink {
  head(head: AnswerHead): void;
  /** `false`: enough for now; `drained` is called when there is room again. */
  write(chunk: Buffer, drained: () => void): boolean;
  end(): void;
  whole(head: AnswerHead, body: Buffer): void;
}

/**
 * The caller's response, written without Fastify, whose pipeline is made for bodies that are there as a whole. Its
 * hooks for the end of a response run all the same.
 */
export class CallerSink implements AnswerSink {
  #wrote = false;

  constructor(
    private readonly reply: FastifyReply,
    /** Told when the caller is waited for (`true`), or reads again. */
    private readonly waiting: (forCaller: boolean) => void,
    /** Whether the connection is to be closed after this answer. */
    private readonly closing: () => boolean,
  ) {}

  /** The head leaves at once: with what of the body came together with it, or else alone. */
  head(head: AnswerHead): void {
    this.#writeHead(head);
    process.nextTick(() => {
      if (!this.#wrote) this.reply.raw.flushHeaders();
    });
  }

  write(chunk: Buffer, drained: () => void): boolean {
    const { raw } = this.reply;
    this.#wrote = true;
    if (raw.write(chunk)) return true;
    this.waiting(true);
    raw.once('drain', () => {
      this.waiting(false);
      drained();
    });
    return false;
  }

  end(): void {
    this.#wrote = true;
    this.reply.raw.end();
  }

  whole(head: AnswerHead, body: Buffer): void {
    this.#wrote = true;
    this.#writeHead(head);
    this.reply.raw.end(body);
  }

  /**
   * The answer ends here though it is not complete. Over HTTP/1.0 a closed connection is the end of a body, so it is
   * reset there: nobody may take the part for the whole.
   */
  cut(): void {
    const { raw } = this.reply;
    const { socket } = raw;
    if (this.reply.request.raw.httpVersionMinor === 0 && socket !== null && !('encrypted' in socket)) {
      socket.resetAndDestroy();
    } else {
      raw.destroy();
    }
  }

  #writeHead({ status, headers }: AnswerHead): void {
    const { raw, request } = this.reply;
    this.reply.hijack();
    const all = ['X-Request-Id', request.id, ...headers];
    if (!this.closing() && !raw.hasHeader('connection')) {
      raw.writeHead(status, all);
      return;
    }
    // Trap: once a header was set singly, writeHead keeps only the last of repeated ones (Set-Cookie).
    raw.setHeader('connection', 'close');
    for (let index = 0; index + 1 < all.length; index += 2) {
      raw.appendHeader(all[index] ?? '', all[index + 1] ?? '');
    }
    raw.writeHead(status);
  }
}
