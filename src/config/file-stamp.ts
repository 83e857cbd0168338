import { closeSync, constants, fstatSync, openSync, readFileSync, type BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { codeOf, FILE_TOO_LARGE, NOT_A_FILE } from './apps-file.secrets.js';

/**
 * Two equal stamps: the same file, unchanged. Of the file itself where the path leads over symlinks, so a ConfigMap's
 * or Secret's swap of `..data` changes it. For a file that cannot be looked at: the error's code.
 */
export type FileStamp = string;

/** What the apps file and the files that it names were when they were read. */
export interface FileStamps {
  /** SHA-256 of apps.yaml, or the code of the error that kept it from being read. */
  readonly content: string;
  /** Of each secret file, by its absolute path. */
  readonly secretFiles: ReadonlyMap<string, FileStamp>;
}

/** An AppSecret has 32 characters: whatever is larger is the wrong file. Bytes. */
const MAX_SECRET_FILE_BYTES = 65_536;

/**
 * Reads secret files and keeps the stamp of each. The stamp is taken of the opened file before it is read: a change
 * in between is seen later as a difference, and never missed.
 */
export class StampingReader {
  readonly stamps = new Map<string, FileStamp>();

  readonly readFile = (path: string): string => {
    let fd: number | undefined;
    try {
      // Without O_NONBLOCK, opening a pipe that nobody writes to would never return.
      fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const stats = fstatSync(fd, { bigint: true });
      this.stamps.set(path, stampOf(stats));
      if (stats.isDirectory()) throw new FileRefused('EISDIR');
      if (!stats.isFile()) throw new FileRefused(NOT_A_FILE);
      if (stats.size > MAX_SECRET_FILE_BYTES) throw new FileRefused(FILE_TOO_LARGE);
      return readFileSync(fd, 'utf8');
    } catch (error) {
      if (!this.stamps.has(path)) this.stamps.set(path, codeOf(error));
      throw error;
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  };
}

class FileRefused extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

export async function stampFile(path: string): Promise<FileStamp> {
  try {
    return stampOf(await stat(path, { bigint: true }));
  } catch (error) {
    return codeOf(error);
  }
}

function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): FileStamp {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}
