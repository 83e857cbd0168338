import type { NotifyTarget } from '../../notices/notice.js';
import type { ConfigProblem } from '../apps-file/problem.js';
import type { FolderTerms } from '../apps-file/data.js';
import { isNamedHost } from '../apps-file/tenant-hosts.js';
import type { Occasion } from '../reload/parser.js';
import type { AppsFileResult, ReadingMessage } from '../reload/reading.js';
import type { FileStamp } from '../small-file.js';
import { RememberedClaims, type ClaimMemory } from './claim-memory.js';
import { inOrder, OPERATORS_FILE } from './file-names.js';
import { grantsByTenant, withGrants } from './merge.js';
import { mayBeHalf, type Version } from './file-version.js';
import { claimTexts, settle } from './settle.js';

/** A file as it was just read. */
export interface ReadFile {
  readonly content: string;
  readonly real: string | undefined;
  /** Of the parser; not there where the file could not be read. */
  readonly message?: ReadingMessage;
  readonly result?: AppsFileResult;
  readonly problems?: readonly ConfigProblem[];
}

interface Known {
  /** What holds. */
  version: Version | undefined;
  /** Of the last reading. */
  problems: readonly ConfigProblem[];
  secretFiles: ReadonlyMap<string, FileStamp>;
  /** As what it was read; `undefined`: it has to be read again whatever it is. */
  settled: Settled | undefined;
}

/** What a reading depends on, beside the secret files. */
export interface Settled {
  readonly content: string;
  /** The content of the operators' file by whose terms it was read. */
  readonly basis: string | undefined;
}

const GONE = 'gone';

/** What names a file that is held back: not only which, also as what it was read. */
export function heldName(name: string, content: string): string {
  return `${name} ${content}`;
}

/**
 * The files of a folder and what holds of each: its last good version, whatever becomes of the others.
 *
 * - A file with problems goes on as it was; at a start nothing of it holds.
 * - Somebody may still be writing a file: what does more than add is held back until this file has been still. A link
 *   that leads elsewhere than before was swapped when all was written.
 */
export class FolderFiles {
  readonly #known = new Map<string, Known>();
  readonly #claims = new RememberedClaims();

  /** Before the first reading: who had what when this hub was here before. */
  async recall(memory: ClaimMemory): Promise<void> {
    await this.#claims.recall(memory);
  }

  /**
   * The secret files of a tenant's file, as last read, where nothing new can come of reading it again while they are the
   * same: it holds as it is, or has the same problems. `undefined`: read it.
   */
  secretsWhereSettled(name: string, { content, basis }: Settled): ReadonlyMap<string, FileStamp> | undefined {
    const known = this.#known.get(name);
    const settled = known?.settled;
    return settled?.content === content && settled.basis === basis ? known?.secretFiles : undefined;
  }

  /** It was looked at, and nothing new can come of reading it. */
  stays(name: string, real: string | undefined): void {
    const version = this.#known.get(name)?.version;
    if (version !== undefined) version.real = real;
  }

  /** The content of the operators' file by whose terms files are read; `read`: as it was just read. */
  #basisAfter(read: ReadonlyMap<string, ReadFile>): string | undefined {
    const now = read.get(OPERATORS_FILE);
    if (now?.message?.terms !== undefined) return now.content;
    return this.#known.get(OPERATORS_FILE)?.version?.content;
  }

  /** What the operators' file says for all; `undefined` before there was a good one. */
  get terms(): FolderTerms | undefined {
    return this.#known.get(OPERATORS_FILE)?.version?.terms;
  }

  /** Of all files, as of the last reading of each. */
  get secretFiles(): ReadonlyMap<string, FileStamp> {
    return new Map([...this.#known.values()].flatMap(({ secretFiles }) => [...secretFiles]));
  }

  /**
   * Takes in what was read. Files that were not read and are not gone stay as they are.
   * @param still see {@link ReadingAsk}
   * @returns the {@link heldName}s of those held back
   */
  async take(
    read: ReadonlyMap<string, ReadFile>,
    isGone: (name: string) => boolean,
    still: ReadonlySet<string> | undefined,
  ): Promise<ReadonlySet<string>> {
    const heldBack = new Set<string>();
    const basis = this.#basisAfter(read);
    const names = inOrder([...new Set([...this.#known.keys(), ...read.keys()])]);
    const versions: { name: string; last: Version | undefined; next: Version | undefined }[] = [];
    for (const name of names) {
      const file = read.get(name);
      const known = this.#known.get(name) ?? {
        version: undefined,
        problems: [],
        secretFiles: new Map(),
        settled: undefined,
      };
      this.#known.set(name, known);
      const last = known.version;
      let next = last;
      if (file !== undefined) next = this.#nextOf(name, known, file, basis);
      else if (isGone(name)) {
        next = undefined;
        known.settled = undefined;
        this.#claims.forget(name);
      }
      const held = heldName(name, file?.content ?? GONE);
      if (still?.has(held) === false && (await mayBeHalf(last, next))) {
        heldBack.add(held);
        next = last;
        known.settled = undefined;
      }
      if (file === undefined && isGone(name)) known.problems = [];
      // The hub does not go without its operators' file.
      if (name === OPERATORS_FILE && next === undefined && last !== undefined) {
        next = last;
        known.problems = [MISSING];
      }
      versions.push({ name, last, next });
    }
    this.#settle(versions);
    if (this.terms !== undefined) this.#claims.forgetOthers(names);
    return heldBack;
  }

  /** All that holds now, and what is wrong with the files that go on as they were. */
  result(occasion: Occasion, misnamed: readonly ConfigProblem[]): AppsFileResult {
    const names = inOrder([...this.#known.keys()]);
    const known = names.flatMap((name) => this.#known.get(name) ?? []);
    const operators = this.#known.get(OPERATORS_FILE);
    const ofOperators = operators?.problems ?? [MISSING];
    if (operators?.version === undefined || (occasion === 'start' && ofOperators.length > 0))
      return { ok: false, problems: ofOperators.length === 0 ? [MISSING] : ofOperators };
    const versions = known.flatMap(({ version }) => version ?? []);
    const apps = versions.flatMap((version) => version.apps);
    const platforms = versions.flatMap((version) => version.platforms);
    const byTenant = grantsByTenant(apps, platforms);
    const platformIds = new Set(platforms.map(({ appid }) => appid));
    const hosts = this.terms?.tenantHosts ?? [];
    return {
      ok: true,
      apps,
      platforms,
      issuers: versions.flatMap(({ issuers }) => issuers),
      clients: versions.flatMap(({ clients }) =>
        clients.map((client) => withGrants(client, byTenant, platformIds)),
      ),
      notify: versions.flatMap(({ notify }) => notify.map((target) => withReach(target, hosts))),
      secretProblems: new Map(versions.flatMap(({ secretProblems }) => [...secretProblems])),
      warnings: versions.flatMap(({ warnings }) => warnings),
      advice: versions.flatMap(({ advice }) => advice),
      problems: [...known.flatMap(({ problems }) => problems), ...misnamed],
    };
  }

  /** Its version from now on, by what was read; what is wrong is noted. */
  #nextOf(name: string, known: Known, file: ReadFile, basis: string | undefined): Version | undefined {
    const inFile = (problems: readonly ConfigProblem[]): ConfigProblem[] =>
      problems.map((problem) => ({ ...problem, file: name }));
    const { message, result, content, real } = file;
    if (message !== undefined) known.secretFiles = message.secretFiles;
    known.settled = message === undefined ? undefined : { content, basis };
    if (message === undefined || result?.ok !== true) {
      known.problems = inFile(result?.ok === false ? result.problems : (file.problems ?? []));
      return known.version;
    }
    known.problems = [];
    const { apps, platforms, issuers, clients, notify, secretProblems } = result;
    return {
      apps,
      platforms,
      issuers,
      clients,
      notify,
      secretProblems,
      warnings: inFile(result.warnings),
      advice: inFile(result.advice),
      lines: message.lines ?? { apps: [], platforms: [], keys: [], identities: [] },
      terms: message.terms,
      content,
      real,
    };
  }

  #settle(files: readonly { name: string; last: Version | undefined; next: Version | undefined }[]): void {
    const { versions, clashes } = settle(files, this.#claims.ownerAmong(files.map(({ name }) => name)));
    for (const { name, next } of files) {
      const known = this.#known.get(name);
      if (known === undefined) continue;
      known.version = versions.get(name);
      const found = clashes.get(name)?.map((clash) => ({ ...clash, file: name })) ?? [];
      if (found.length > 0) {
        known.problems = found;
        // Whoever it clashes with may give that up.
        known.settled = undefined;
      }
      const { version } = known;
      if (version !== undefined) this.#claims.holds(name, version, () => claimTexts(version));
      if (next === undefined && known.version === undefined && known.problems.length === 0)
        this.#known.delete(name);
    }
  }
}

const MISSING: ConfigProblem = {
  file: OPERATORS_FILE,
  path: '',
  line: 1,
  message: 'is missing: a folder of tenants needs the operators’ file, if only with version: 1',
};

/** The robot of a tenant is called at public addresses alone, unless the operators name its host. */
function withReach(target: NotifyTarget, tenantHosts: readonly string[]): NotifyTarget {
  if (target.tenant === undefined || isNamedHost(target.url.reveal(), tenantHosts)) return target;
  return { ...target, publicOnly: true };
}
