import { hash } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { readAppsFileBytes } from './apps-file.bytes.js';
import { buildAppsFile, type AppsFileResult } from './apps-file.js';
import { codeOf, FILE_TOO_LARGE, hintFor, NOT_A_FILE, type Environment } from './apps-file.secrets.js';
import { readInThread } from './apps-file.thread.js';
import { StampingReader, type FileStamps } from './file-stamp.js';

export interface AppsFileReading {
  readonly result: AppsFileResult;
  readonly stamps: FileStamps;
}

/** `start`: nobody is served yet, so nobody waits for the event loop. */
export type Occasion = 'start' | 'reload';

export interface LoaderOptions {
  /** Read anew for each reading. */
  readonly env: () => Environment;
  /** Files up to this size are parsed in the thread that asks: another one takes longer to start. Bytes. */
  readonly inlineBytes: Readonly<Record<Occasion, number>>;
  /** The thread's entry; `undefined`: every file is parsed in the thread that asks. */
  readonly worker: URL | undefined;
  /** Milliseconds, default 60 s. */
  readonly timeoutMs: number;
  /** Mebibytes, default 1024. */
  readonly maxMemoryMb: number;
}

const DEFAULTS: Omit<LoaderOptions, 'env'> = {
  // Reading blocks the event loop for 1 to 2 ms per KiB: 16 KiB (about 85 apps) for 15 to 30 ms.
  inlineBytes: { start: 65_536, reload: 16_384 },
  worker: findWorker(),
  timeoutMs: 60_000,
  maxMemoryMb: 1024,
};

/** About 100,000 apps; beyond that the parser's memory runs out. Bytes. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** Where the hub runs from its TypeScript sources (tests), there is no compiled file that a thread could start. */
function findWorker(): URL | undefined {
  const url = new URL('./apps-file.worker.js', import.meta.url);
  return existsSync(url) ? url : undefined;
}

/** Reads apps.yaml and the secret files that it names. */
export class AppsFileLoader {
  /** Absolute. */
  readonly file: string;
  readonly #options: LoaderOptions;

  constructor(
    /** As the operator wrote it: for messages. */
    readonly shownFile: string,
    options: Partial<LoaderOptions> & Pick<LoaderOptions, 'env'>,
  ) {
    this.file = resolve(shownFile);
    this.#options = { ...DEFAULTS, ...options };
  }

  /** Never rejects: what cannot be read is a problem. */
  async read(occasion: Occasion): Promise<AppsFileReading> {
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = await readBytes(this.file);
    } catch (error) {
      const code = codeOf(error);
      const message = `the file cannot be read (${code}): ${hintFor(code)}`;
      return {
        result: { ok: false, problems: [{ path: '', line: 1, message }], secretFiles: [] },
        stamps: { content: code, secretFiles: new Map() },
      };
    }
    const content = hash('sha256', bytes, 'hex');
    const { worker, inlineBytes, env, timeoutMs, maxMemoryMb } = this.#options;
    const input = { bytes, env: env(), baseDir: dirname(this.file) };
    if (worker === undefined || bytes.length <= inlineBytes[occasion]) {
      const reader = new StampingReader();
      const plain = readAppsFileBytes(bytes, { ...input, readFile: reader.readFile });
      const result = plain.ok ? buildAppsFile(plain) : plain;
      return { result, stamps: { content, secretFiles: reader.stamps } };
    }
    const { result, secretFiles } = await readInThread(input, { worker, timeoutMs, maxMemoryMb });
    return { result, stamps: { content, secretFiles } };
  }

  /** As {@link FileStamps.content}: what a reading would find now. */
  async stampContent(): Promise<string> {
    try {
      return hash('sha256', await readBytes(this.file), 'hex');
    } catch (error) {
      return codeOf(error);
    }
  }
}

async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  // Without O_NONBLOCK, opening a pipe that nobody writes to would never return.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    if (stats.isDirectory()) throw refused('EISDIR');
    if (!stats.isFile()) throw refused(NOT_A_FILE);
    if (stats.size > MAX_FILE_BYTES) throw refused(FILE_TOO_LARGE);
    return new Uint8Array(await handle.readFile());
  } finally {
    await handle.close();
  }
}

function refused(code: string): Error {
  return Object.assign(new Error(code), { code });
}
