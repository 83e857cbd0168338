import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { totalmem } from 'node:os';
import { dirname, resolve } from 'node:path';
import { unreadable, type Environment } from '../apps-file/secrets.js';
import { codeOf, readSmallFileSlowly, type FileStamp } from '../small-file.js';
import { builtFrom, readForMessage, type AppsFileResult } from './reading.js';
import { readInThread } from './thread.js';

/** What the apps file and the files that it names were when they were read. */
export interface FileStamps {
  /** SHA-256 of apps.yaml, or the code of the error that kept it from being read. */
  readonly content: string;
  /** Of each secret file, readable or not, by its absolute path. */
  readonly secretFiles: ReadonlyMap<string, FileStamp>;
}

export interface LoadedAppsFile {
  readonly result: AppsFileResult;
  readonly stamps: FileStamps;
}

/** `start`: nobody is served yet, so nobody waits for the event loop. */
export type Occasion = 'start' | 'reload';

export interface LoaderOptions {
  /** Read anew for each reading. */
  readonly env: () => Environment;
  /** `false`: no secret is looked for, and none is missing. Default true. */
  readonly secrets: boolean;
  /** Asks for advice as of this moment, epoch ms by the wall clock. */
  readonly adviceAt: number | undefined;
  /** Files up to this size are parsed in the thread that asks: another one takes longer to start. Bytes. */
  readonly inlineBytes: Readonly<Record<Occasion, number>>;
  /** The thread's entry; `undefined`: every file is parsed in the thread that asks. */
  readonly worker: URL | undefined;
  /** Milliseconds, default 60 s. */
  readonly timeoutMs: number;
  /** Of the parser. Mebibytes; default: {@link parserMemoryMb} of the process as it then is. */
  readonly maxMemoryMb: () => number;
}

const DEFAULTS: Omit<LoaderOptions, 'env'> = {
  secrets: true,
  adviceAt: undefined,
  // Reading blocks the event loop for about 1 ms per KiB: 16 KiB (about 85 apps) for 15 ms.
  inlineBytes: { start: 65_536, reload: 16_384 },
  worker: findWorker(),
  timeoutMs: 60_000,
  maxMemoryMb: () => parserMemoryMb(memoryLimit(), process.memoryUsage.rss()),
};

/** The contract's bound. Bytes. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;
const MEBIBYTE = 1024 * 1024;

/**
 * How much of what the process has left the parser may take: three quarters, as its heap is not all that it uses; what
 * is left is for the requests meanwhile. Mebibytes, from 64 (about 2000 apps) to 1024.
 */
export function parserMemoryMb(limitBytes: number, usedBytes: number): number {
  const freeMb = Math.max(0, limitBytes - usedBytes) / MEBIBYTE;
  return Math.floor(Math.min(1024, Math.max(64, freeMb * 0.75)));
}

/** Units of `readYaml` for each mebibyte of the parser: held by reload/memory.spec.ts. */
const UNITS_PER_MB = 1500;

/** What the container, or else the machine, has. Bytes. */
function memoryLimit(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/** Where the hub runs from its TypeScript sources (tests), there is no compiled file that a thread could start. */
function findWorker(): URL | undefined {
  const url = new URL('./worker.js', import.meta.url);
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
  async read(occasion: Occasion): Promise<LoadedAppsFile> {
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      ({ bytes } = await readSmallFileSlowly(this.file, MAX_FILE_BYTES));
    } catch (error) {
      const code = codeOf(error);
      return {
        result: { ok: false, problems: [{ path: '', line: 1, message: unreadable(code) }] },
        stamps: { content: code, secretFiles: new Map() },
      };
    }
    const content = hash('sha256', bytes, 'hex');
    const { worker, inlineBytes, env, secrets, adviceAt, timeoutMs } = this.#options;
    const maxMemoryMb = this.#options.maxMemoryMb();
    const maxUnits = maxMemoryMb * UNITS_PER_MB;
    const input = { bytes, env: env(), baseDir: dirname(this.file), secrets, adviceAt, maxUnits };
    const message =
      worker === undefined || bytes.length <= inlineBytes[occasion]
        ? readForMessage(input)
        : await readInThread(input, { worker, timeoutMs, maxMemoryMb });
    return { result: await builtFrom(message), stamps: { content, secretFiles: message.secretFiles } };
  }

  /** As {@link FileStamps.content}: what a reading would find now. */
  async stampContent(): Promise<string> {
    try {
      const { bytes } = await readSmallFileSlowly(this.file, MAX_FILE_BYTES);
      return hash('sha256', bytes, 'hex');
    } catch (error) {
      return codeOf(error);
    }
  }
}
