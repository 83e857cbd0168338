import { readdir, realpath, stat } from 'node:fs/promises';
import { hash } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { ConfigProblem } from '../apps-file/problem.js';
import { defaultsOf } from '../apps-file/read.js';
import type { FolderTerms } from '../apps-file/data.js';
import type { FileRole } from '../apps-file/role.js';
import { unreadable } from '../apps-file/secrets.js';
import type { ConfigSource, LoadedAppsFile, ReadingAsk } from '../reload/loader.js';
import { AppsFileParser, type FileToRead, type LoaderOptions, type Occasion } from '../reload/parser.js';
import { builtFrom, type ReadingMessage } from '../reload/reading.js';
import { codeOf, readSmallFileSlowly, stampFile, type FileStamp } from '../small-file.js';
import type { ClaimMemory } from './claim-memory.js';
import { fileOf, inOrder, namedFile, OPERATORS, OPERATORS_FILE } from './file-names.js';
import { FolderFiles, heldName, type ReadFile } from './folder-files.js';

/** The operators' file: the contract's bound of one file. Bytes. */
const MAX_OPERATORS_BYTES = 8 * 1024 * 1024;
/** A tenant's: what a ConfigMap can hold. It costs the pass a second at most. Bytes. */
const MAX_TENANT_BYTES = 1024 * 1024;
/** Files that are read at a time. */
const AT_A_TIME = 32;

/** A file as it lies there. */
interface FoundFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
  /** SHA-256, or the code of the error that kept it from being read. */
  readonly content: string;
  /** Where the path led: after a swap of Kubernetes, elsewhere. */
  readonly real: string | undefined;
}

/**
 * A folder: `hub.yaml` of the operators and a file for each tenant, all read in one pass. What becomes of each file is
 * its own; see folder-files.ts.
 */
export class AppsFolder implements ConfigSource {
  readonly file: string;
  readonly isFolder = true;
  readonly #parser: AppsFileParser;
  readonly #files = new FolderFiles();
  #memory: ClaimMemory | undefined;
  /** SHA-256 of each file as last read. */
  #contents = new Map<string, string>();

  constructor(
    readonly shownFile: string,
    /** Where tenants' secrets are, in a folder for each. */
    private readonly secretsDir: string,
    options: Partial<LoaderOptions> & Pick<LoaderOptions, 'env'>,
  ) {
    this.file = resolve(shownFile);
    this.#parser = new AppsFileParser(options);
  }

  remember(memory: ClaimMemory): void {
    this.#memory = memory;
  }

  async read(occasion: Occasion, { only, still }: ReadingAsk = {}): Promise<LoadedAppsFile> {
    let names: readonly string[];
    try {
      names = await this.#names();
    } catch (error) {
      const code = codeOf(error);
      return {
        result: { ok: false, problems: [{ path: '', line: 1, message: unreadable(code) }] },
        stamps: { content: code, secretFiles: this.#files.secretFiles },
      };
    }
    const asked = only === undefined ? names : names.filter((name) => name === fileOf(only));
    if (occasion === 'start' && this.#memory !== undefined) await this.#files.recall(this.#memory);
    const all = await this.#find(asked);
    const found = only === undefined && occasion === 'reload' ? await this.#unsettled(all) : all;
    const messages = await this.#parse(found, occasion);
    const read = new Map<string, ReadFile>();
    for (const each of found) {
      const message = messages.get(each.name);
      const { name, content, real } = each;
      if (message === undefined) read.set(name, { content, real, problems: [problemOf(each)] });
      else read.set(name, { content, real, message, result: await builtFrom(message) });
    }
    const gone = (name: string): boolean =>
      !names.includes(name) && (only === undefined || name === fileOf(only));
    const heldBack = await this.#files.take(read, gone, still);
    this.#remember(all, only);
    const stamps = { content: combined(this.#contents), secretFiles: this.#files.secretFiles };
    return { result: this.#files.result(occasion, misnamed(await this.#allNames())), stamps, heldBack };
  }

  async stampContent(): Promise<string> {
    try {
      const found = await this.#find(await this.#names());
      return combined(new Map(found.map(({ name, content }) => [name, content])));
    } catch (error) {
      return codeOf(error);
    }
  }

  async stampFiles(): Promise<FileStamp> {
    try {
      const names = await this.#names();
      return (await inGroups(names, (name) => stampFile(join(this.file, name)))).join(' ');
    } catch (error) {
      return codeOf(error);
    }
  }

  /** Names in the folder; none where it cannot be read. */
  async #allNames(): Promise<readonly string[]> {
    return readdir(this.file).catch(() => []);
  }

  /** Those that are read. */
  async #names(): Promise<readonly string[]> {
    const all = await readdir(this.file);
    return inOrder(
      all.filter((name) => {
        const named = namedFile(name);
        return named !== undefined && 'tenant' in named;
      }),
    );
  }

  async #find(names: readonly string[]): Promise<readonly FoundFile[]> {
    const found = await inGroups(names, (name) => this.#findOne(name));
    return found.flatMap((each) => each ?? []);
  }

  /** `undefined`: a folder of that name, which is nobody's file. */
  async #findOne(name: string): Promise<FoundFile | undefined> {
    const path = join(this.file, name);
    const most = name === OPERATORS_FILE ? MAX_OPERATORS_BYTES : MAX_TENANT_BYTES;
    try {
      const real = await realpath(path);
      const { bytes } = await readSmallFileSlowly(real, most);
      return { name, bytes, content: hash('sha256', bytes, 'hex'), real };
    } catch (error) {
      const isFolder = await stat(path).then(
        (stats) => stats.isDirectory(),
        () => false,
      );
      return isFolder ? undefined : { name, bytes: undefined, content: codeOf(error), real: undefined };
    }
  }

  /** Without those of tenants of which nothing new can come: one of 500 files has changed, and one is parsed. */
  async #unsettled(found: readonly FoundFile[]): Promise<readonly FoundFile[]> {
    const basis = found.find(({ name }) => name === OPERATORS_FILE)?.content;
    const isSettled = await inGroups(found, async ({ name, content, real }) => {
      if (name === OPERATORS_FILE) return false;
      const secrets = this.#files.secretsWhereSettled(name, { content, basis });
      if (secrets === undefined) return false;
      const same = await inGroups([...secrets], async ([file, stamp]) => (await stampFile(file)) === stamp);
      if (!same.every(Boolean)) return false;
      this.#files.stays(name, real);
      return true;
    });
    return found.filter((_file, index) => isSettled[index] !== true);
  }

  /** What the parser says of each file that could be read. */
  async #parse(
    found: readonly FoundFile[],
    occasion: Occasion,
  ): Promise<ReadonlyMap<string, ReadingMessage>> {
    const files = found.flatMap(({ name, bytes }) =>
      bytes === undefined ? [] : [{ name, input: this.#input(name, bytes) }],
    );
    const messages = await this.#parser.read(
      files.map(({ input }) => input),
      occasion,
    );
    if (files.length > 1 && messages.some(({ stopped }) => stopped))
      return this.#parseOneByOne(files, occasion);
    return new Map(files.flatMap(({ name }, index) => (messages[index] ? [[name, messages[index]]] : [])));
  }

  /** Some file has ended the parser: the others do without it. */
  async #parseOneByOne(
    files: readonly { readonly name: string; readonly input: FileToRead }[],
    occasion: Occasion,
  ): Promise<ReadonlyMap<string, ReadingMessage>> {
    const messages = new Map<string, ReadingMessage>();
    let { terms } = this.#files;
    for (const { name, input } of files) {
      const { role } = input;
      const own = role?.kind === 'tenant' && terms !== undefined ? { ...role, terms } : role;
      const [message] = await this.#parser.read([{ ...input, role: own }], occasion);
      if (message === undefined) continue;
      terms = message.terms ?? terms;
      messages.set(name, message);
    }
    return messages;
  }

  #input(name: string, bytes: Uint8Array): FileToRead {
    if (name === OPERATORS_FILE)
      return { bytes, baseDir: this.file, role: { kind: 'operators', name: OPERATORS } };
    const tenant = name.slice(0, -'.yaml'.length);
    const role: FileRole = { kind: 'tenant', name: tenant, terms: this.#files.terms ?? NO_TERMS };
    return { bytes, baseDir: join(resolve(this.secretsDir), tenant), role };
  }

  #remember(found: readonly FoundFile[], only: string | undefined): void {
    const contents = found.map(({ name, content }) => [name, content] as const);
    if (only === undefined) this.#contents = new Map(contents);
    else if (contents.length === 0) this.#contents.delete(fileOf(only));
    else for (const [name, content] of contents) this.#contents.set(name, content);
  }
}

/** Only where hub.yaml has never been read: then nothing is served. */
const NO_TERMS: FolderTerms = {
  defaults: defaultsOf(),
  issuers: [],
  tenantHosts: [],
};

function problemOf({ name, content }: FoundFile): ConfigProblem {
  return { file: name, path: '', line: 1, message: unreadable(content) };
}

function misnamed(names: readonly string[]): ConfigProblem[] {
  return names.toSorted().flatMap((name) => {
    const named = namedFile(name);
    return named !== undefined && 'flaw' in named
      ? [{ file: name, path: '', line: 1, message: named.flaw }]
      : [];
  });
}

function combined(contents: ReadonlyMap<string, string>): string {
  const lines = [...contents].toSorted(([a], [b]) => (a < b ? -1 : 1)).map((each) => heldName(...each));
  return hash('sha256', lines.join('\n'), 'hex');
}

async function inGroups<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  const all: R[] = [];
  for (let from = 0; from < items.length; from += AT_A_TIME)
    all.push(...(await Promise.all(items.slice(from, from + AT_A_TIME).map(act))));
  return all;
}
