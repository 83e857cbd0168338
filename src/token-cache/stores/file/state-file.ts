import { realpathSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { codeOf, hintForFile, readSmallFile } from '../../../config/small-file.js';
import type { SealingKey } from '../redis/seal.js';
import { opened, sealed } from './envelope.js';
import { readLines, writtenLines, type StateContent } from './state-lines.js';
import { StateLock } from './state-lock.js';
import { StateProblem } from './state-problem.js';

/** Some 200,000 records. A file is never written larger, and never read. */
export const LARGEST_STATE_BYTES = 64 * 1024 * 1024;

/** A state file is there for its owner alone. */
const MODE = 0o600;

/**
 * The file of HUB_STATE_FILE in the hands of the one process that may write it. It is read once, at the start, and
 * replaced as a whole: whoever reads it, at any moment and after any crash, finds the state before or the state after.
 */
export class StateFile {
  private constructor(
    readonly path: string,
    /** What was there at the start; `undefined`: nothing. */
    readonly found: StateContent | undefined,
    /** Of that, or of what was written last. */
    private size: number,
    private readonly key: SealingKey,
    private readonly lock: StateLock,
  ) {}

  /**
   * @param keys at least one; the first seals
   * @param note says who has the file, to another process that wants it
   * @throws {StateProblem} where it is in use, torn, of somebody else, or cannot be read; then it stays as it is
   */
  static async open(path: string, keys: readonly SealingKey[], note: string): Promise<StateFile> {
    const [key] = keys;
    if (key === undefined) throw new StateProblem(path, 'needs a key');
    const real = realPathOf(path);
    const lock = await StateLock.take(real, note);
    try {
      const { content, size } = readState(real, keys);
      await rm(temporary(real), { force: true });
      return new StateFile(real, content, size, key, lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  get bytes(): number {
    return this.size;
  }

  /**
   * Replaces the file: a temporary one is written and flushed to the disk, takes the name, and the folder is flushed.
   * When it resolves, no crash takes it back; when it rejects, the file before is there. One call at a time.
   */
  async write(content: StateContent): Promise<void> {
    if (!this.lock.holds) throw coded('ERR_LOCK_LOST');
    const pieces: Buffer[] = [];
    for (const piece of writtenLines(content)) {
      pieces.push(piece);
      await turn();
    }
    const size = pieces.reduce((sum, { length }) => sum + length, 0);
    if (size > LARGEST_STATE_BYTES) throw coded('ERR_STATE_TOO_LARGE');
    const next = temporary(this.path);
    try {
      await rm(next, { force: true });
      const handle = await open(next, 'wx', MODE);
      try {
        for (const piece of sealed(pieces, this.key)) await handle.appendFile(piece);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(next, this.path);
    } catch (error) {
      // A full disk gets its room back.
      await rm(next, { force: true }).catch(() => undefined);
      throw error;
    }
    await flushFolder(dirname(this.path));
    this.size = size;
  }

  /** Others may have the file. */
  release(): void {
    this.lock.release();
  }
}

/** Reads a state file without taking it; what is there is always whole. @throws {StateProblem} */
export function readState(
  path: string,
  keys: readonly SealingKey[],
): { readonly content: StateContent | undefined; readonly size: number } {
  let bytes: Buffer;
  try {
    // The line in clear and the seal come on top.
    bytes = readSmallFile(path, LARGEST_STATE_BYTES + 1024).bytes;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return { content: undefined, size: 0 };
    throw new StateProblem(path, `cannot be read (${code}): ${hintForFile(code)}`);
  }
  const envelope = opened(bytes, keys);
  if (!envelope.ok) throw new StateProblem(path, envelope.flaw);
  try {
    return { content: readLines(envelope.content), size: bytes.length };
  } catch {
    throw new StateProblem(
      path,
      'opens, and holds what this version of the hub does not know. Nothing was changed. Run the version that wrote it',
    );
  }
}

/** Where links lead; what is not there yet is where it will be. */
function realPathOf(path: string): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch {
    try {
      return join(realpathSync(dirname(absolute)), basename(absolute));
    } catch {
      return absolute;
    }
  }
}

function temporary(path: string): string {
  return `${path}.new`;
}

/** A rename is on the disk once its folder is. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Requests are answered between two pieces. */
function turn(): Promise<void> {
  return new Promise((resolve_) => setImmediate(resolve_));
}

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}
