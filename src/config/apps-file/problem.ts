/** One thing that is wrong with apps.yaml or a file that it names. Never holds a secret's value. */
export interface ConfigProblem {
  /** Which file of a folder; `undefined`: there is one file. */
  readonly file?: string | undefined;
  /** Where in the file, as in `apps[3].secretEnv`; empty where it is about the file as a whole. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** What is wrong and what to do about it, on one line. */
  readonly message: string;
}

/**
 * One line per problem, as in `apps.yaml:12 apps[3].secretEnv: …`.
 * @param place the file, or the folder that the problems' files are in
 */
export function formatProblems(problems: readonly ConfigProblem[], place = 'apps.yaml'): string[] {
  return problems.map(({ file, path, line, message }) => {
    const where = file === undefined ? place : `${place.replace(/\/+$/, '')}/${file}`;
    return `${where}:${line}${path === '' ? '' : ` ${path}`}: ${message}`;
  });
}

/** Those in the file of a tenant. */
export function problemsOfTenant(problems: readonly ConfigProblem[], tenant: string): ConfigProblem[] {
  return problems.filter(({ file }) => file === `${tenant}.yaml`);
}

export function sameProblems(a: readonly ConfigProblem[], b: readonly ConfigProblem[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** apps.yaml cannot be used. Its message is safe to print. */
export class ConfigProblems extends Error {
  override readonly name = 'ConfigProblems';

  constructor(
    readonly problems: readonly ConfigProblem[],
    readonly file = 'apps.yaml',
  ) {
    super(formatProblems(problems, file).join('\n'));
  }
}

/** A place in the file: keys of mappings and indexes of lists. */
export type Path = readonly (string | number)[];

export function formatPath(path: Path): string {
  return path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : `${text}${text === '' ? '' : '.'}${printableKey(part)}`,
    '',
  );
}

/**
 * A key as it may be printed. A line like `{appid: wx1, secret:0123…}` (no space after the colon) is valid YAML with
 * the secret inside of a key, so only what looks like a word is shown: letters alone, or few of them and few digits (`sha256`).
 */
function printableKey(key: string): string {
  return /^[A-Za-z](?:[A-Za-z_-]{0,23}|[A-Za-z_-]{0,6}[0-9]{1,3})$/.test(key) ? key : '?';
}

/** So many are told; a file with more is the wrong file, and each costs a walk through it to find its line. */
const MAX_PROBLEMS = 1000;

/** Collects what is wrong with one file, each at its place. */
export class Problems {
  readonly #list: ConfigProblem[] = [];
  #untold = 0;

  constructor(
    /** The line of a place, from 1. */
    readonly lineOf: (path: Path) => number,
    /** What people call the entry that the place is in, as in `client order-service`. */
    private readonly entryOf: (path: Path) => string | undefined = () => undefined,
  ) {}

  get count(): number {
    return this.#list.length + this.#untold;
  }

  add(path: Path, message: string): void {
    this.addAt(path, this.#list.length < MAX_PROBLEMS ? this.lineOf(path) : 0, message);
  }

  /** Where the line is known, and the path would lead to another one. */
  addAt(path: Path, line: number, message: string): void {
    if (this.#list.length === MAX_PROBLEMS) {
      this.#untold += 1;
      return;
    }
    const entry = this.entryOf(path);
    const told = entry === undefined ? message : `${message} (${entry})`;
    this.#list.push({ path: formatPath(path), line, message: told });
  }

  /** In the order of the file. */
  sorted(): ConfigProblem[] {
    const sorted = this.#list.toSorted((a, b) => a.line - b.line);
    const more = `there are ${this.#untold} more problems: mend these first`;
    return this.#untold === 0 ? sorted : [...sorted, { path: '', line: 1, message: more }];
  }
}
