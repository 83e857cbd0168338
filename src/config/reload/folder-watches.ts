import { watch, type FSWatcher } from 'node:fs';
import { stat } from 'node:fs/promises';

/** One folder in the file system, not one path: a folder that was deleted and made anew is another one. */
type FolderIdentity = string;

interface Watch {
  readonly watcher: FSWatcher;
  readonly identity: FolderIdentity;
}

/** inotify's watches are few on some machines; what is beyond is left to polling. */
const MAX_FOLDERS = 256;

/**
 * Watches on folders. Not on files: a watch on a file is dead after the first swap of a ConfigMap's `..data`, and
 * after each editor that writes a new file and renames it.
 */
export class FolderWatches {
  readonly #watches = new Map<string, Watch>();

  constructor(private readonly onEvent: () => void) {}

  /**
   * Makes the watches those of `folders`: new ones, and anew those that were deleted and are there again.
   * @returns whether all are watched now
   */
  async set(folders: ReadonlySet<string>): Promise<boolean> {
    for (const folder of this.#watches.keys()) {
      if (!folders.has(folder)) this.#drop(folder);
    }
    let complete = folders.size <= MAX_FOLDERS;
    for (const folder of [...folders].slice(0, MAX_FOLDERS)) {
      if (!(await this.#ensure(folder))) complete = false;
    }
    return complete;
  }

  close(): void {
    for (const folder of [...this.#watches.keys()]) this.#drop(folder);
  }

  async #ensure(folder: string): Promise<boolean> {
    const identity = await identify(folder);
    if (identity !== undefined && this.#watches.get(folder)?.identity === identity) return true;
    this.#drop(folder);
    if (identity === undefined) return false;
    try {
      const watcher = watch(folder, { persistent: false }, () => {
        this.onEvent();
      });
      watcher.on('error', () => {
        this.#drop(folder);
      });
      this.#watches.set(folder, { watcher, identity });
      return true;
    } catch {
      return false;
    }
  }

  #drop(folder: string): void {
    this.#watches.get(folder)?.watcher.close();
    this.#watches.delete(folder);
  }
}

/** With the time of birth, as a new folder often gets the inode of the one just deleted. */
async function identify(folder: string): Promise<FolderIdentity | undefined> {
  try {
    const { dev, ino, birthtimeNs } = await stat(folder, { bigint: true });
    return [dev, ino, birthtimeNs].join(':');
  } catch {
    return undefined;
  }
}
