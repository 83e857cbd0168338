import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Share } from '../../core/fair-shares.js';

/** CONTRACT, "Gateway": media up to 20 MiB up. */
export const LARGEST_UPLOAD_BYTES = 20 * 1024 * 1024;
/**
 * How much of request bodies the hub holds at a time, all calls together: to look into them before they leave, and in
 * case a call must be repeated.
 */
export const MOST_HELD_BYTES = 128 * 1024 * 1024;
/** CONTRACT, "Gateway": bodies up to this are looked into before they leave. They are then sent in one piece. */
const LARGEST_LOOKED_INTO_BYTES = 64 * 1024;
/** Up to this a body is held while it streams, so that the call can be repeated. */
const LARGEST_REPEATED_BYTES = 1024 * 1024;
/** Bodies that are announced as no larger are held uncounted: nearly all of WeChat's JSON calls. */
const UNCOUNTED_BYTES = 16 * 1024;

export interface UploadEvents {
  /** More came than may: the call must end. */
  tooLarge(): void;
  /** There is no room to hold what must be looked into: the call must end. */
  noRoom(): void;
  /** The caller is waited for (it is its turn to send), or no longer is. */
  waiting(forCaller: boolean): void;
}

/**
 * The body of a request: first to be looked into, if it is small; then for one attempt or, where all of it is still held,
 * for two. An attempt gets what came so far and then what comes. No faster than it is taken.
 */
export class Upload {
  readonly #raw: IncomingMessage;
  readonly #budget: Share;
  readonly #events: UploadEvents;
  /** As announced, bytes; `undefined`: chunked. */
  readonly length: number | undefined;
  /** `undefined`: too large, or no budget. */
  #held: Buffer[] | undefined = [];
  /** Counted against the budget. */
  #heldBytes = 0;
  #bytes = 0;
  #ended = false;
  #stream: Readable | undefined;
  /** Told when it is known whether the body is small. */
  #known: ((small: Buffer | undefined) => void) | undefined;
  #small: Buffer | undefined;

  /** `undefined`: the request has no body. */
  static of(raw: IncomingMessage, budget: Share, events: UploadEvents): Upload | undefined {
    return hasBody(raw) ? new Upload(raw, budget, events) : undefined;
  }

  private constructor(raw: IncomingMessage, budget: Share, events: UploadEvents) {
    this.#raw = raw;
    this.#budget = budget;
    this.#events = events;
    this.length = announcedLength(raw);
    // Paused before anybody listens: nothing comes before it is asked for.
    raw.pause();
    raw.on('data', this.#onData);
    raw.on('end', this.#onEnd);
    // A caller that goes away is told of by CallerWatch; without a listener this would be thrown.
    raw.on('error', ignore);
  }

  /** All of it is still held, or will be. */
  get repeatable(): boolean {
    return this.#held !== undefined && (this.length ?? 0) <= LARGEST_REPEATED_BYTES;
  }

  /** The whole body, once it has come; `undefined`: it is larger than 64 KiB. Call it once, before {@link body}. */
  small(): Promise<Buffer | undefined> {
    if (this.length !== undefined && this.length > LARGEST_LOOKED_INTO_BYTES)
      return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#known = resolve;
      this.#events.waiting(true);
      this.#raw.resume();
    });
  }

  /** For an attempt: in one piece, or as it comes. */
  body(): Buffer | Readable {
    return this.#small ?? this.#open();
  }

  /** What was held is let go, and what still comes is of no interest. */
  release(): void {
    this.#drop();
    this.#raw.off('data', this.#onData);
    this.#raw.off('end', this.#onEnd);
    this.#stream = undefined;
    this.#small = undefined;
    this.#known = undefined;
    this.#raw.resume();
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
    const isHeld = this.#hold(chunk);
    if (this.#known !== undefined) {
      this.#whileUnknown(isHeld);
      return;
    }
    const stream = this.#stream;
    if (stream === undefined) this.#raw.pause();
    else if (!stream.push(chunk)) {
      this.#raw.pause();
      this.#events.waiting(false);
    }
  };

  /** Nothing has left yet, so nothing may be lost. */
  #whileUnknown(isHeld: boolean): void {
    if (isHeld && this.#bytes <= LARGEST_LOOKED_INTO_BYTES) return;
    this.#raw.pause();
    if (isHeld) this.#tell(undefined);
    else this.#events.noRoom();
  }

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#events.waiting(false);
    if (this.#known !== undefined) {
      const [only, ...others] = this.#held ?? [];
      this.#small = only !== undefined && others.length === 0 ? only : Buffer.concat(this.#held ?? []);
      this.#tell(this.#small);
    }
    this.#stream?.push(null);
  };

  #tell(small: Buffer | undefined): void {
    const known = this.#known;
    this.#known = undefined;
    this.#events.waiting(false);
    known?.(small);
  }

  #hold(chunk: Buffer): boolean {
    if (this.#held === undefined) return false;
    const isUncounted = this.length !== undefined && this.length <= UNCOUNTED_BYTES;
    const fits = this.#bytes <= LARGEST_REPEATED_BYTES && (this.length ?? 0) <= LARGEST_REPEATED_BYTES;
    if (!isUncounted && !(fits && this.#budget.room >= chunk.length)) {
      this.#drop();
      return false;
    }
    this.#held.push(chunk);
    if (!isUncounted) {
      this.#budget.add(chunk.length);
      this.#heldBytes += chunk.length;
    }
    return true;
  }

  #drop(): void {
    this.#budget.add(-this.#heldBytes);
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
