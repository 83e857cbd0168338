import { closeSync, constants, fstatSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs';
import { codeOf, readSmallFile } from '../../../config/small-file.js';
import { StateProblem } from './state-problem.js';

/** What is read of the note about who has the lock, bytes. */
const NOTE_BYTES = 1024;

/**
 * One process at a time: a lock of the kernel's on a file beside the state file. It ends with its process, also by
 * `kill -9` or a crash of the machine, so that none is ever left behind; and it holds between containers that share a
 * volume, whatever process ids they see. The file itself stays: to remove it would let two in.
 */
export class StateLock {
  readonly #path: string;
  #fd: number | undefined;

  private constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  /**
   * @param note says who has it, for the message that another process gets
   * @throws {StateProblem}
   */
  static async take(statePath: string, note: string): Promise<StateLock> {
    const path = `${statePath}.lock`;
    const tryLock = await loadLocks(statePath);
    let fd: number;
    try {
      fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK, 0o600);
    } catch (error) {
      throw new StateProblem(
        statePath,
        `cannot be locked: ${path} cannot be opened (${codeOf(error)}); ${hintFor(error)}`,
      );
    }
    let locked: boolean;
    try {
      locked = tryLock(fd);
    } catch (error) {
      closeSync(fd);
      throw new StateProblem(
        statePath,
        `cannot be locked (${codeOf(error)}): the file system knows no locks; put the file on a local disk or a volume that does`,
      );
    }
    if (!locked) {
      closeSync(fd);
      throw new StateProblem(
        statePath,
        `is in use by another process (${holderIn(path)}); run one hub on it, and stop that one first`,
      );
    }
    writeNote(fd, note);
    return new StateLock(path, fd);
  }

  /** Whether it still keeps others out: not where somebody removed the file, or put another in its place. */
  get holds(): boolean {
    if (this.#fd === undefined) return false;
    try {
      const own = fstatSync(this.#fd, { bigint: true });
      const there = statSync(this.#path, { bigint: true });
      return own.ino === there.ino && own.dev === there.dev;
    } catch {
      return false;
    }
  }

  release(): void {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/** Loaded when it is used: it is made for some platforms, and a hub without a state file runs on all. */
async function loadLocks(statePath: string): Promise<(fd: number) => boolean> {
  try {
    const { default: locks } = await import('fs-native-extensions');
    return (fd) => locks.tryLock(fd);
  } catch (error) {
    throw new StateProblem(
      statePath,
      `cannot be locked: the locks of this platform cannot be loaded (${codeOf(error)}); on Linux without glibc (Alpine) use the image of this repository, or Redis`,
    );
  }
}

/** For people. A full disk takes no note, and the lock holds all the same. */
function writeNote(fd: number, note: string): void {
  try {
    ftruncateSync(fd);
    writeSync(fd, note, 0);
  } catch {
    // The message of another process is less precise.
  }
}

function holderIn(path: string): string {
  try {
    const note = readSmallFile(path, NOTE_BYTES).bytes.toString('utf8').trim();
    return /^[ -~]{1,200}$/.test(note) ? note : 'unknown';
  } catch {
    return 'unknown';
  }
}

function hintFor(error: unknown): string {
  switch (codeOf(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'make its folder first';
    case 'EACCES':
    case 'EPERM':
      return 'the user that runs the hub must be able to write in that folder';
    case 'EROFS':
      return 'the folder is read-only; mount one that can be written';
    default:
      return 'look at the folder and its permissions';
  }
}
