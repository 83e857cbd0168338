import { Worker } from 'node:worker_threads';
import type { ClientEntry } from '../core/access/client.js';
import type { AppSettings } from '../core/app.js';
import type { NotifyTarget } from '../notices/notice.js';
import { buildApp, buildClient, buildNotify } from './apps-file.build.js';
import type { AppsFileResult } from './apps-file.js';
import { codeOf } from './apps-file.secrets.js';
import { NEXT, type Piece, type WorkerInput } from './apps-file.wire.js';
import type { FileStamp } from './file-stamp.js';
import type { ConfigProblem } from './problem.js';

export interface ThreadOptions {
  readonly worker: URL;
  /** From the start of the thread to the last piece. Milliseconds. */
  readonly timeoutMs: number;
  /** The most memory that the thread may use before it is ended. 10,000 apps take about 150 MB. Mebibytes. */
  readonly maxMemoryMb: number;
}

export interface ThreadReading {
  readonly result: AppsFileResult;
  readonly secretFiles: ReadonlyMap<string, FileStamp>;
}

/**
 * Reads an apps file in a thread of its own, so that requests go on meanwhile and its memory is given back.
 * Never rejects and never hangs: a thread that crashes, ends early or takes too long is a problem like any other.
 */
export async function readInThread(input: WorkerInput, options: ThreadOptions): Promise<ThreadReading> {
  const received = new Received();
  let worker: Worker | undefined;
  try {
    worker = new Worker(options.worker, {
      workerData: input,
      name: 'apps-file',
      resourceLimits: { maxOldGenerationSizeMb: options.maxMemoryMb },
    });
    return await receive(worker, received, options.timeoutMs);
  } catch (error) {
    return received.failed(
      `the parser could not do its work (${codeOf(error)}): see whether memory is short`,
    );
  } finally {
    await worker?.terminate();
  }
}

/** Asks for a piece, takes it in, asks for the next: one turn of the event loop each. */
async function receive(worker: Worker, received: Received, timeoutMs: number): Promise<ThreadReading> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      resolve(received.failed(`reading it took longer than ${timeoutMs / 1000} s: make the file smaller`));
    }, timeoutMs);
    worker.on('message', (piece: Piece) => {
      if (piece.kind === 'end') {
        resolve(received.ended(piece.ok));
        return;
      }
      try {
        received.take(piece);
        worker.postMessage(NEXT);
      } catch (error) {
        reject(error instanceof Error ? error : new Error('a piece could not be read'));
      }
    });
    const settle = (error: unknown): void => {
      clearTimeout(timer);
      resolve(
        received.failed(`the parser stopped unexpectedly (${codeOf(error)}): see whether memory is short`),
      );
    };
    worker.once('error', settle);
    worker.once('messageerror', settle);
    // Also after `terminate()`: then the promise is settled already, and only the timer is left to stop.
    worker.once('exit', settle);
    worker.postMessage(NEXT);
  });
}

class Received {
  readonly #apps: AppSettings[] = [];
  readonly #clients: ClientEntry[] = [];
  readonly #notify: NotifyTarget[] = [];
  readonly #problems: ConfigProblem[] = [];
  readonly #stamps = new Map<string, FileStamp>();

  take(piece: Exclude<Piece, { kind: 'end' }>): void {
    switch (piece.kind) {
      case 'apps':
        for (const app of piece.items) this.#apps.push(buildApp(app));
        break;
      case 'clients':
        for (const client of piece.items) this.#clients.push(buildClient(client));
        break;
      case 'notify':
        for (const target of piece.items) this.#notify.push(buildNotify(target));
        break;
      case 'problems':
        this.#problems.push(...piece.items);
        break;
      case 'stamps':
        for (const [path, stamp] of piece.items) this.#stamps.set(path, stamp);
        break;
      default:
        piece satisfies never;
    }
  }

  ended(ok: boolean): ThreadReading {
    const secretFiles = [...this.#stamps.keys()];
    const result: AppsFileResult = ok
      ? { ok, apps: this.#apps, clients: this.#clients, notify: this.#notify, secretFiles }
      : { ok, problems: this.#problems, secretFiles };
    return { result, secretFiles: this.#stamps };
  }

  failed(message: string): ThreadReading {
    const secretFiles = [...this.#stamps.keys()];
    return {
      result: { ok: false, problems: [{ path: '', line: 1, message }], secretFiles },
      secretFiles: this.#stamps,
    };
  }
}
