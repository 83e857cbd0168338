import { hash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { unreadable } from '../apps-file/secrets.js';
import type { ClaimMemory } from '../folder/claim-memory.js';
import { codeOf, readSmallFileSlowly, stampFile, type FileStamp } from '../small-file.js';
import { AppsFileParser, type LoaderOptions, type Occasion } from './parser.js';
import { builtFrom, type AppsFileResult } from './reading.js';

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
  /** Of a folder: the files, as {@link ConfigSource.read} names them, that were read and go on as they were. */
  readonly heldBack?: ReadonlySet<string>;
}

/** What is asked of a folder. */
export interface ReadingAsk {
  /** The file of this tenant alone. */
  readonly only?: string | undefined;
  /**
   * Somebody may still be writing, but not these files: see {@link AppsConfig.reloadWatched}. `undefined`: nobody writes.
   */
  readonly still?: ReadonlySet<string> | undefined;
}

/** Where the configuration comes from: a file, or a folder of files. */
export interface ConfigSource {
  /** Absolute. */
  readonly file: string;
  /** As the operator wrote it: for messages. */
  readonly shownFile: string;
  /** Whether {@link ReadingAsk} is for this one. */
  readonly isFolder: boolean;
  /** Before the first reading. Of one file there is nothing to remember. */
  remember?(memory: ClaimMemory): void;
  /** Never rejects: what cannot be read is a problem. */
  read(occasion: Occasion, ask?: ReadingAsk): Promise<LoadedAppsFile>;
  /** As {@link FileStamps.content}: what a reading would find now. */
  stampContent(): Promise<string>;
  /** Differs where {@link stampContent} may; costs no reading. */
  stampFiles(): Promise<FileStamp>;
}

/** The contract's bound. Bytes. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;

/** Reads apps.yaml and the secret files that it names. */
export class AppsFileLoader implements ConfigSource {
  readonly file: string;
  readonly isFolder = false;
  readonly #parser: AppsFileParser;

  constructor(
    readonly shownFile: string,
    options: Partial<LoaderOptions> & Pick<LoaderOptions, 'env'>,
  ) {
    this.file = resolve(shownFile);
    this.#parser = new AppsFileParser(options);
  }

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
    const [message] = await this.#parser.read([{ bytes, baseDir: dirname(this.file) }], occasion);
    if (message === undefined) throw new Error('the parser gave no answer');
    return { result: await builtFrom(message), stamps: { content, secretFiles: message.secretFiles } };
  }

  async stampContent(): Promise<string> {
    try {
      const { bytes } = await readSmallFileSlowly(this.file, MAX_FILE_BYTES);
      return hash('sha256', bytes, 'hex');
    } catch (error) {
      return codeOf(error);
    }
  }

  async stampFiles(): Promise<FileStamp> {
    return stampFile(this.file);
  }
}
