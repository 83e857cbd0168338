import { open, type FileHandle } from 'node:fs/promises';
import type { Clock } from '../clock/clock.js';

/** Lines that wait for a file that cannot be written; the oldest are given up. Characters. */
const MOST_WAITING = 1024 * 1024;
/** After a failure the file is tried again with the first line after so long. Milliseconds. */
const RETRY_MS = 5000;
/** Who may read it: the hub's user and group. */
const MODE = 0o640;

export interface AuditFileWatcher {
  /** The file cannot be written. Once, until it can be again. */
  failed(error: unknown): void;
  /** It can be again; so many lines were given up meanwhile. */
  recovered(lost: number): void;
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
  #lines: string[] = [];
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
    this.#lines.push(`${line}\n`);
    this.#waiting += line.length + 1;
    while (this.#waiting > MOST_WAITING) {
      this.#waiting -= this.#lines.shift()?.length ?? 0;
      this.#lost += 1;
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
        this.#handle ??= await open(this.#path, 'a', MODE);
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
    const lines = this.#lines;
    if (lines.length === 0) return;
    this.#lines = [];
    this.#waiting = 0;
    try {
      await handle.appendFile(lines.join(''));
    } catch (error) {
      // Perhaps a part of it is written: a line twice is better than a line lost.
      this.#lines = [...lines, ...this.#lines];
      this.#waiting = this.#lines.reduce((sum, { length }) => sum + length, 0);
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
