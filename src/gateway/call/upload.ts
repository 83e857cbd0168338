import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { HeldBytes } from './held-bytes.js';

/** CONTRACT, "Gateway": media up to 20 MiB up. */
export const LARGEST_UPLOAD_BYTES = 20 * 1024 * 1024;
/** Up to this a body is held while it streams, so that the call can be repeated. */
const LARGEST_REPEATED_BYTES = 1024 * 1024;
/** Bodies that are announced as no larger are sent in one piece: nearly all of WeChat's JSON calls. */
const IN_ONE_PIECE_BYTES = 16 * 1024;

export interface UploadEvents {
  /** More came than may: the call must end. */
  tooLarge(): void;
  /** The caller is waited for (it is its turn to send), or no longer is. */
  waiting(forCaller: boolean): void;
}

/**
 * The body of a request, for one attempt or, where all of it is still held, for two: an attempt gets what came so far
 * and then what comes. No faster than the attempt takes it.
 */
export class Upload {
  readonly #raw: IncomingMessage;
  readonly #budget: HeldBytes;
  readonly #events: UploadEvents;
  /** As announced, bytes; `undefined`: chunked. */
  readonly length: number | undefined;
  /** `undefined`: too large, or no budget. */
  #held: Buffer[] | undefined = [];
  #heldBytes = 0;
  #bytes = 0;
  #ended = false;
  #stream: Readable | undefined;

  /** `undefined`: the request has no body. */
  static of(raw: IncomingMessage, budget: HeldBytes, events: UploadEvents): Upload | undefined {
    return hasBody(raw) ? new Upload(raw, budget, events) : undefined;
  }

  private constructor(raw: IncomingMessage, budget: HeldBytes, events: UploadEvents) {
    this.#raw = raw;
    this.#budget = budget;
    this.#events = events;
    this.length = announcedLength(raw);
    // Paused before anybody listens: nothing comes before an attempt asks for it.
    raw.pause();
    raw.on('data', this.#onData);
    raw.on('end', this.#onEnd);
    // A caller that goes away shows at its response; without a listener this would be thrown.
    raw.on('error', ignore);
  }

  /** All of it is still held, or will be. */
  get repeatable(): boolean {
    return this.#held !== undefined && (this.length ?? 0) <= LARGEST_REPEATED_BYTES;
  }

  /** For an attempt: in one piece where it is small, and then when all of it has come. */
  body(): Promise<Buffer | Readable> | Readable {
    if (this.length !== undefined && this.length <= IN_ONE_PIECE_BYTES) return this.#inOnePiece();
    return this.#open();
  }

  /** What was held is let go, and what still comes is of no interest. */
  release(): void {
    this.#drop();
    this.#raw.off('data', this.#onData);
    this.#raw.off('end', this.#onEnd);
    this.#stream = undefined;
    this.#raw.resume();
  }

  #inOnePiece(): Promise<Buffer> {
    return new Promise((resolve) => {
      const whole = (): void => {
        resolve(Buffer.concat(this.#held ?? []));
      };
      if (this.#ended) {
        whole();
        return;
      }
      this.#events.waiting(true);
      this.#raw.once('end', whole);
      this.#raw.resume();
    });
  }

  #open(): Readable {
    const stream = new Readable({
      read: () => {
        if (this.#stream !== stream || this.#ended) return;
        this.#events.waiting(true);
        this.#raw.resume();
      },
      destroy: (_error, done) => {
        if (this.#stream === stream) {
          this.#stream = undefined;
          this.#raw.pause();
        }
        // undici tells of errors by itself; an `error` that nobody listens to would be thrown.
        done(null);
      },
    });
    this.#stream = stream;
    for (const chunk of this.#held ?? []) stream.push(chunk);
    if (this.#ended) stream.push(null);
    return stream;
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes += chunk.length;
    if (this.#bytes > LARGEST_UPLOAD_BYTES) {
      this.#raw.pause();
      this.#events.tooLarge();
      return;
    }
    this.#hold(chunk);
    const stream = this.#stream;
    if (stream === undefined) {
      if (this.length === undefined || this.length > IN_ONE_PIECE_BYTES) this.#raw.pause();
    } else if (!stream.push(chunk)) {
      this.#raw.pause();
      this.#events.waiting(false);
    }
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#events.waiting(false);
    this.#stream?.push(null);
  };

  #hold(chunk: Buffer): void {
    if (this.#held === undefined) return;
    const inOnePiece = this.length !== undefined && this.length <= IN_ONE_PIECE_BYTES;
    const fits = this.#bytes <= LARGEST_REPEATED_BYTES && (this.length ?? 0) <= LARGEST_REPEATED_BYTES;
    if (inOnePiece || (fits && this.#budget.take(chunk.length))) {
      this.#held.push(chunk);
      if (!inOnePiece) this.#heldBytes += chunk.length;
    } else {
      this.#drop();
    }
  }

  #drop(): void {
    this.#budget.give(this.#heldBytes);
    this.#heldBytes = 0;
    this.#held = undefined;
  }
}

export function hasBody(raw: IncomingMessage): boolean {
  if (raw.headers['transfer-encoding'] !== undefined) return true;
  const length = raw.headers['content-length'];
  return length !== undefined && length !== '0' && announcedLength(raw) !== 0;
}

/** Bytes; Node's parser has made sure that it is a number, and that there are no chunks beside it. */
export function announcedLength(raw: IncomingMessage): number | undefined {
  const length = raw.headers['content-length'];
  return length === undefined ? undefined : Number(length);
}

function ignore(): void {
  // see above
}
