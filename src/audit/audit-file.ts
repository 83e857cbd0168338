import { constants, open, type FileHandle } from 'node:fs/promises';
import type { Clock } from '../clock/clock.js';

/** Lines that wait for a file that cannot be written; the oldest are given up. Bytes. */
const MOST_WAITING = 1024 * 1024;
/** After a failure the file is tried again with the first line after so long. Milliseconds. */
const RETRY_MS = 5000;
/** Who may read it: the hub's user and group. */
const MODE = 0o640;
/** Never blocking: a FIFO without a reader, or with one that stalls, is a file that cannot be written. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

export interface AuditFileWatcher {
  /** The file cannot be written. Once, until it can be again. */
  failed(error: unknown): void;
  /** It can be again; so many lines were given up meanwhile. */
  recovered(lost: number): void;
  /** So many more lines were given up. */
  lost(lines: number): void;
}

/**
 * Lines appended to a file, one write at a time, never in anybody's way: what cannot be written waits in bounded memory
 * for the file to come back.
 */
export class AuditFile {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #watcher: AuditFileWatcher;
  #handle: FileHandle | undefined;
  #lines: Buffer[] = [];
  #waiting = 0;
  #lost = 0;
  #failedAt: number | undefined;
  #reopen = false;
  #writing: Promise<void> | undefined;

  constructor(path: string, clock: Clock, watcher: AuditFileWatcher) {
    this.#path = path;
    this.#clock = clock;
    this.#watcher = watcher;
  }

  /** Opens the file, so that a wrong path is told at the start and not with the first line. */
  start(): void {
    this.#writing ??= this.#write();
  }

  append(line: string): void {
    const bytes = Buffer.from(`${line}\n`, 'utf8');
    this.#lines.push(bytes);
    this.#waiting += bytes.length;
    while (this.#waiting > MOST_WAITING) {
      this.#waiting -= this.#lines.shift()?.length ?? 0;
      this.#lost += 1;
      this.#watcher.lost(1);
    }
    const wait = this.#failedAt === undefined ? 0 : this.#failedAt + RETRY_MS - this.#clock.now();
    if (wait <= 0) this.#writing ??= this.#write();
  }

  /** The file was moved away (logrotate): what follows goes to a new one of the same name. */
  reopen(): void {
    this.#reopen = true;
    this.#writing ??= this.#write();
  }

  /** Resolves when the lines are written, or cannot be. */
  async close(): Promise<void> {
    await this.#writing;
    if (this.#lines.length > 0) await (this.#writing ??= this.#write());
    await this.#closeHandle();
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    try {
      do {
        if (this.#takeReopen()) await this.#closeHandle();
        this.#handle ??= await open(this.#path, FLAGS, MODE);
        // Moved away while it was opened: the next round.
        if (!this.#reopen) await this.#writeWaiting(this.#handle);
      } while (this.#lines.length > 0 || this.#reopen);
      this.#wentWell();
    } catch (error) {
      if (this.#failedAt === undefined) this.#watcher.failed(error);
      this.#failedAt = this.#clock.now();
      await this.#closeHandle();
    } finally {
      this.#writing = undefined;
    }
  }

  #takeReopen(): boolean {
    const asked = this.#reopen;
    this.#reopen = false;
    return asked;
  }

  async #writeWaiting(handle: FileHandle): Promise<void> {
    if (this.#lines.length === 0) return;
    let left = Buffer.concat(this.#lines);
    this.#lines = [];
    this.#waiting = 0;
    try {
      while (left.length > 0) left = left.subarray((await handle.write(left)).bytesWritten);
    } catch (error) {
      // What has not been written yet, which may begin in the middle of a line.
      this.#lines.unshift(left);
      this.#waiting += left.length;
      throw error;
    }
  }

  #wentWell(): void {
    if (this.#failedAt === undefined) return;
    this.#failedAt = undefined;
    this.#watcher.recovered(this.#lost);
    this.#lost = 0;
  }

  async #closeHandle(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => undefined);
  }
}
