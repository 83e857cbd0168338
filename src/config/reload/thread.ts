import { Worker } from 'node:worker_threads';
import { codeOf } from '../small-file.js';
import type { ReadingInput, ReadingMessage } from './reading.js';

export interface ThreadOptions {
  readonly worker: URL;
  /** From the start of the thread to its message. Milliseconds. */
  readonly timeoutMs: number;
  /** The most memory that the thread may use before it is ended. Mebibytes. */
  readonly maxMemoryMb: number;
}

/** The young generation takes three times as much; larger ones do not make parsing faster. Mebibytes. */
const YOUNG_MB = 8;

/**
 * Reads apps files in a thread of their own, so that requests go on meanwhile and its memory is given back.
 * Never rejects and never hangs: a thread that crashes, ends early or takes too long is a problem like any other.
 */
export async function readInThread(
  inputs: readonly ReadingInput[],
  { worker: entry, timeoutMs, maxMemoryMb }: ThreadOptions,
): Promise<readonly ReadingMessage[]> {
  let worker: Worker | undefined;
  let timer: NodeJS.Timeout | undefined;
  const failed = (message: string): ReadingMessage[] => inputs.map(() => stoppedBy(message));
  try {
    const thread = (worker = new Worker(entry, {
      workerData: inputs,
      name: 'apps-file',
      resourceLimits: {
        maxOldGenerationSizeMb: maxMemoryMb - 3 * YOUNG_MB,
        maxYoungGenerationSizeMb: YOUNG_MB,
      },
    }));
    return await new Promise<readonly ReadingMessage[]>((resolve) => {
      const stopped = (error: unknown): void => {
        resolve(failed(`the parser stopped unexpectedly (${codeOf(error)}): see whether memory is short`));
      };
      timer = setTimeout(() => {
        resolve(failed(`reading it took longer than ${timeoutMs / 1000} s: make the file smaller`));
      }, timeoutMs);
      thread.once('message', resolve);
      thread.once('error', stopped);
      thread.once('messageerror', stopped);
      thread.once('exit', stopped);
    });
  } catch (error) {
    return failed(`the parser could not do its work (${codeOf(error)}): see whether memory is short`);
  } finally {
    clearTimeout(timer);
    await worker?.terminate();
  }
}

function stoppedBy(message: string): ReadingMessage {
  const lists = { apps: [], platforms: [], issuers: [], clients: [], notify: [] };
  const nothing = { ...lists, warnings: [], advice: [], secretFiles: new Map() };
  return { ...nothing, ok: false, stopped: true, problems: [{ path: '', line: 1, message }] };
}
