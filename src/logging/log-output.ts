import { fstatSync, write, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';

/** What waits for a reader that does not read, or for a disk that is full, in bytes; lines that come then are lost. */
const MOST_WAITING = 16 * 1024 * 1024;
/** Bytes that are written at a time, so that a slow reader gets on line by line. */
const MOST_AT_ONCE = 64 * 1024;
/** After a write that failed the next one is tried after so long. Milliseconds. */
const RETRY_MS = 1000;

/** Calls back with what was written, or why nothing was. `undefined` bytes: all of them. */
type Written = (error: Error | null | undefined, bytes?: number) => void;

/** A file descriptor that lines can be written to without waiting for it. */
interface Drain {
  write(bytes: Buffer, written: Written): void;
  /** Nothing that is written now could ever arrive. */
  readonly isGone: boolean;
}

/**
 * Lines on their way to a file descriptor, whatever becomes of that: a disk that is full, a pipe that is closed, a
 * reader that stalls. Nothing waits for it; what cannot be written waits in bounded memory, and what no longer fits
 * there is lost and counted. The hub ends whether or not the lines are out: {@link flush} has a limit, and what is left
 * at the exit is tried once.
 *
 * Not pino's own destination: at the exit that one writes until it succeeds, and a full disk or a reader that stalls
 * would keep the process for ever.
 */
export class LogOutput {
  readonly #fd: number;
  readonly #drain: Drain;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isWriting = false;
  #lost = 0;
  #onEmpty: (() => void)[] = [];
  readonly #listeners: ((lines: number) => void)[] = [];

  constructor(fd: number) {
    this.#fd = fd;
    this.#drain = drainOf(fd);
    process.on('exit', this.#lastTry);
  }

  /** Lines that were given up so far. */
  get lost(): number {
    return this.#lost;
  }

  /** Calls `listener` with how many lines were given up, each time some are. */
  onLost(listener: (lines: number) => void): void {
    this.#listeners.push(listener);
  }

  /** @param text whole lines */
  write(text: string): void {
    const bytes = Buffer.from(text, 'utf8');
    if (this.#drain.isGone || this.#waitingBytes + bytes.length > MOST_WAITING) {
      this.#lose(1);
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (!this.#isWriting) this.#next();
  }

  /** Resolves when everything is out, or after `limitMs`. */
  async flush(limitMs: number): Promise<void> {
    if (!this.#isWriting) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#onEmpty.push(resolve);
      timer = setTimeout(resolve, limitMs);
    });
    clearTimeout(timer);
  }

  #next(): void {
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#isWriting = false;
      for (const tell of this.#onEmpty.splice(0)) tell();
      return;
    }
    this.#isWriting = true;
    const batch = this.#waiting.length === 1 ? first : this.#takeBatch();
    this.#waiting[0] = batch;
    this.#drain.write(batch, (error, bytes = batch.length) => {
      if (error === null || error === undefined) this.#written(batch, bytes);
      else if (this.#drain.isGone) this.#giveUp();
      else setTimeout(this.#again, RETRY_MS).unref();
    });
  }

  readonly #again = (): void => {
    this.#next();
  };

  /** The lines at the head in one piece; at least one. */
  #takeBatch(): Buffer {
    let size = 0;
    let count = 0;
    for (const line of this.#waiting) {
      if (count > 0 && size + line.length > MOST_AT_ONCE) break;
      size += line.length;
      count += 1;
    }
    const batch = Buffer.concat(this.#waiting.slice(0, count), size);
    this.#waiting.splice(0, count, batch);
    return batch;
  }

  #written(batch: Buffer, bytes: number): void {
    this.#waitingBytes -= bytes;
    if (bytes < batch.length) this.#waiting[0] = batch.subarray(bytes);
    else this.#waiting.shift();
    this.#next();
  }

  #giveUp(): void {
    this.#lose(
      this.#waiting.reduce((lines, batch) => lines + batch.toString('latin1').split('\n').length - 1, 0),
    );
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#next();
  }

  #lose(lines: number): void {
    this.#lost += lines;
    for (const listener of this.#listeners) listener(lines);
  }

  /** Once, and never waiting: a pipe does not block here (it was made so), and a full disk says so at once. */
  readonly #lastTry = (): void => {
    // What is being written is on its way already.
    const left = this.#isWriting ? this.#waiting.slice(1) : this.#waiting;
    if (left.length === 0) return;
    try {
      writeSync(this.#fd, Buffer.concat(left));
    } catch {
      // Nobody is left to be told.
    }
  };
}

/**
 * Pipes and sockets as Node's own streams have them, which never block; files and terminals by Node's threads. A thread
 * that stalled on a pipe would keep the process at its exit.
 */
function drainOf(fd: number): Drain {
  const kind = fstatSync(fd);
  if (kind.isFIFO() || kind.isSocket()) {
    try {
      return streamTo(fd);
    } catch {
      // A kind of socket that Node has no stream for.
    }
  }
  return {
    isGone: false,
    write: (bytes, written) => {
      write(fd, bytes, written);
    },
  };
}

function streamTo(fd: number): Drain {
  // Node's own where it may have one: a second stream of the same descriptor is an error.
  const stream: Writable =
    fd === 1 ? process.stdout : new Socket({ fd, readable: false, writable: true }).unref();
  stream.on('error', () => undefined);
  let isGone = false;
  return {
    get isGone() {
      return isGone;
    },
    write: (bytes, written) => {
      stream.write(bytes, (error) => {
        // A stream that failed once is destroyed, and what is behind it does not come back.
        isGone ||= error !== null && error !== undefined;
        written(error);
      });
    },
  };
}

let stdout: LogOutput | undefined;

/** Of the process, one for all who log: two writers of one pipe would cut into each other's lines. */
export function standardOutput(): LogOutput {
  return (stdout ??= new LogOutput(1));
}
