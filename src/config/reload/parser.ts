import { existsSync } from 'node:fs';
import { totalmem } from 'node:os';
import type { Environment } from '../apps-file/secrets.js';
import { readAllForMessage, type ReadingInput, type ReadingMessage } from './reading.js';
import { readInThread } from './thread.js';

/** `start`: nobody is served yet, so nobody waits for the event loop. */
export type Occasion = 'start' | 'reload';

export interface LoaderOptions {
  /** Read anew for each reading. */
  readonly env: () => Environment;
  /** `false`: no secret is looked for, and none is missing. Default true. */
  readonly secrets: boolean;
  /** Whether there is a store that outlives the hub. Default: whether the environment names one. */
  readonly isKept: boolean | undefined;
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
  isKept: undefined,
  adviceAt: undefined,
  // Reading blocks the event loop for about 1 ms per KiB: 16 KiB (about 85 apps) for 15 ms.
  inlineBytes: { start: 65_536, reload: 16_384 },
  worker: findWorker(),
  timeoutMs: 60_000,
  maxMemoryMb: () => parserMemoryMb(memoryLimit(), process.memoryUsage.rss()),
};

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

/** A file to read: what the parser does not know by itself. */
export type FileToRead = Omit<ReadingInput, 'secrets' | 'adviceAt' | 'maxUnits' | 'env' | 'isKept'>;

/** Reads files here or in a thread, whichever takes less from those who wait. */
export class AppsFileParser {
  readonly #options: LoaderOptions;

  constructor(options: Partial<LoaderOptions> & Pick<LoaderOptions, 'env'>) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /** In the order of `files`, all in one pass. Never rejects. */
  async read(files: readonly FileToRead[], occasion: Occasion): Promise<readonly ReadingMessage[]> {
    const { worker, inlineBytes, env, secrets, adviceAt, timeoutMs, isKept } = this.#options;
    const maxMemoryMb = this.#options.maxMemoryMb();
    const maxUnits = maxMemoryMb * UNITS_PER_MB;
    const environment = env();
    const inputs = files.map((file) => ({
      ...file,
      // A tenant's file names no variable.
      env: file.role?.kind === 'tenant' ? NO_ENVIRONMENT : environment,
      secrets,
      // Who looks for no secrets is not where the hub runs.
      isKept: isKept ?? (!secrets || namesStore(environment)),
      adviceAt,
      maxUnits,
    }));
    const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
    return worker === undefined || bytes <= inlineBytes[occasion]
      ? readAllForMessage(inputs)
      : readInThread(inputs, { worker, timeoutMs, maxMemoryMb });
  }
}

const NO_ENVIRONMENT: Environment = {};

function namesStore({ HUB_REDIS_URL: redis = '', HUB_STATE_FILE: file = '' }: Environment): boolean {
  return redis !== '' || file !== '';
}
