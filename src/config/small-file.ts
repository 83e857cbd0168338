import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  realpathSync,
  type BigIntStats,
} from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { sep } from 'node:path';

/*
 * How the hub reads files that it is pointed to. Whatever is there, reading it ends soon and takes bounded memory:
 *
 * - opened with O_NONBLOCK: without it, opening a pipe that nobody writes to would never return;
 * - regular files alone: no folders, devices, pipes, sockets;
 * - at most one byte more than allowed is read, whatever size the file claims to have: files of procfs claim none.
 */

/**
 * Two equal stamps: the same file, unchanged. Of the file itself where the path leads over symlinks, so a ConfigMap's
 * or Secret's swap of `..data` changes it. For a file that cannot be looked at: the error's code.
 */
export type FileStamp = string;

export interface SmallFile {
  readonly bytes: Buffer<ArrayBuffer>;
  /** Taken before the file was read: a change in between is seen later as a difference, and never missed. */
  readonly stamp: FileStamp;
}

/** Codes of our own, in the manner of Node's. */
export const NOT_A_FILE = 'ERR_NOT_A_FILE';
export const FILE_TOO_LARGE = 'ERR_FILE_TOO_LARGE';
export const LEAVES_FOLDER = 'ERR_LEAVES_FOLDER';

const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;
/** The first read; each further one doubles what is held, up to the bound. Bytes. */
const FIRST_BYTES = 65_536;

/** @throws {Error} with a `code` for {@link hintForFile} */
export function readSmallFile(path: string, maxBytes: number): SmallFile {
  const fd = openSync(path, FLAGS);
  try {
    const stats = fstatSync(fd, { bigint: true });
    refuseOthers(stats, maxBytes);
    const filling = new Filling(maxBytes);
    while (filling.took(readSync(fd, filling.room()))) continue;
    return { bytes: filling.filled, stamp: stampOf(stats) };
  } finally {
    closeSync(fd);
  }
}

/**
 * The same of a file below `folder`, wherever links within it lead (Kubernetes mounts Secrets as such). What is read is
 * the very file that was found to be inside, also where somebody moves links meanwhile.
 * @throws {Error} with the code {@link LEAVES_FOLDER} where it is outside
 */
export function readSmallFileBelow(folder: string, path: string, maxBytes: number): SmallFile {
  const root = realpathSync(folder);
  const real = realpathSync(path);
  if (!real.startsWith(`${root}${sep}`)) throw refused(LEAVES_FOLDER);
  const read = readSmallFile(real, maxBytes);
  const now = realpathSync(real);
  const { dev, ino } = lstatSync(now, { bigint: true });
  if (now !== real || !read.stamp.startsWith(`${dev}:${ino}:`)) throw refused(LEAVES_FOLDER);
  return read;
}

/** The same without blocking the thread while the file system is slow. */
export async function readSmallFileSlowly(path: string, maxBytes: number): Promise<SmallFile> {
  const handle = await open(path, FLAGS);
  try {
    const stats = await handle.stat({ bigint: true });
    refuseOthers(stats, maxBytes);
    const filling = new Filling(maxBytes);
    for (;;) {
      const room = filling.room();
      const { bytesRead } = await handle.read(room, 0, room.length, null);
      if (!filling.took(bytesRead)) return { bytes: filling.filled, stamp: stampOf(stats) };
    }
  } finally {
    await handle.close();
  }
}

export async function stampFile(path: string): Promise<FileStamp> {
  try {
    return stampOf(await stat(path, { bigint: true }));
  } catch (error) {
    return codeOf(error);
  }
}

function refuseOthers(stats: BigIntStats, maxBytes: number): void {
  if (stats.isDirectory()) throw refused('EISDIR');
  if (!stats.isFile()) throw refused(NOT_A_FILE);
  if (stats.size > maxBytes) throw refused(FILE_TOO_LARGE);
}

/** Takes what is read piece by piece; grows with what there is, not with what is allowed. */
class Filling {
  #buffer = Buffer.alloc(0);
  #length = 0;

  constructor(private readonly maxBytes: number) {}

  room(): Buffer<ArrayBuffer> {
    if (this.#length === this.#buffer.length) {
      const wanted = Math.max(FIRST_BYTES, 2 * this.#length);
      const larger = Buffer.alloc(Math.min(wanted, this.maxBytes + 1));
      this.#buffer.copy(larger);
      this.#buffer = larger;
    }
    return this.#buffer.subarray(this.#length);
  }

  /** @returns whether to go on reading */
  took(bytes: number): boolean {
    this.#length += bytes;
    if (this.#length > this.maxBytes) throw refused(FILE_TOO_LARGE);
    return bytes > 0;
  }

  get filled(): Buffer<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#length);
  }
}

function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): FileStamp {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}

function refused(code: string): Error {
  return Object.assign(new Error(code), { code });
}

export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? code : 'unknown error';
}

/** What to do about a file that could not be read; ends the sentence "cannot be read (CODE): …". */
export function hintForFile(code: string): string {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'there is no such file';
    case 'EACCES':
    case 'EPERM':
      return 'the user that runs the hub may not read it';
    case 'EISDIR':
      return 'it is a folder, write the path of a file in it';
    case NOT_A_FILE:
      return 'it must be a regular file';
    case FILE_TOO_LARGE:
      return 'it is too large';
    case LEAVES_FOLDER:
      return "a link leads out of the tenant's folder of HUB_SECRETS_DIR, put the file itself there";
    default:
      return 'look at the path and its permissions';
  }
}
