import { isAbsolute, resolve } from 'node:path';
import { secretFlaw } from './apps-file.rules.js';
import type { Entry, Problems } from './apps-file.entry.js';
import type { Path } from './problem.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What apps.yaml refers to. */
export interface AppsFileSources {
  readonly env: Environment;
  /** Gives the file's text, or throws; the error's `code` becomes part of the problem. */
  readonly readFile: (path: string) => string;
  /** Relative paths in the file start here: the folder of apps.yaml. */
  readonly baseDir: string;
}

/** A value that a file may give in three ways: itself, by a variable, by a file. */
export interface SecretField<Name extends string> {
  /** The key of the value itself; the others are `<name>Env` and `<name>File`. */
  readonly name: Name;
  /** As in "write the AppSecret into it". */
  readonly what: string;
  /** What is wrong with a value; it was not empty. */
  readonly flaw: (value: string) => string | undefined;
  /** Without any of the three: a problem, in these words. */
  readonly missing: string | undefined;
}

/** A class with the three keys of {@link SecretField}. */
export type SecretKeys<Name extends string> = Readonly<
  Partial<Record<Name | `${Name}Env` | `${Name}File`, string>>
>;

export const APP_SECRET: SecretField<'secret'> = {
  name: 'secret',
  what: 'the AppSecret',
  flaw: secretFlaw,
  missing: 'has no secret: give exactly one of secret, secretEnv, secretFile',
};

/** Finds secrets, wherever the file says they are. */
export class SecretReader {
  /** Absolute paths of all secret files named, readable or not: a change of any of them matters. */
  readonly files = new Set<string>();

  constructor(
    private readonly sources: AppsFileSources,
    private readonly problems: Problems,
  ) {}

  /** `undefined`: there is none; why is reported where there must be one. */
  read<Name extends string>(
    { values, present }: Entry<SecretKeys<Name>>,
    path: Path,
    field: SecretField<Name>,
  ): string | undefined {
    const { name, missing } = field;
    const kinds = [name, `${name}Env`, `${name}File`] as const;
    const given = kinds.filter((kind) => present.has(kind));
    if (given.length === 0 && missing !== undefined) this.problems.add(path, missing);
    for (const extra of given.slice(1)) {
      this.problems.add(
        [...path, extra],
        `stands beside ${given[0] ?? ''}: keep exactly one of ${kinds.join(', ')}`,
      );
    }
    const [value, variable, file] = kinds.map((kind) => values[kind]);
    if (value !== undefined) return value;
    if (variable !== undefined) return this.#fromEnvironment(variable, [...path, `${name}Env`], field);
    if (file !== undefined) return this.#fromFile(file, [...path, `${name}File`], field);
    return undefined;
  }

  #fromEnvironment(name: string, path: Path, field: SecretField<string>): string | undefined {
    const value = Object.hasOwn(this.sources.env, name) ? this.sources.env[name] : undefined;
    const variable = `the environment variable${printableVariable(name)}`;
    if (value === undefined)
      this.problems.add(path, `${variable} is not set: set it where the hub is started`);
    else if (value === '') this.problems.add(path, `${variable} is empty: set it where the hub is started`);
    else return this.#checked(value, variable, path, field);
    return undefined;
  }

  #fromFile(name: string, path: Path, field: SecretField<string>): string | undefined {
    const file = isAbsolute(name) ? name : resolve(this.sources.baseDir, name);
    this.files.add(file);
    let content: string;
    try {
      content = this.sources.readFile(file);
    } catch (error) {
      this.problems.add(path, `the file cannot be read (${codeOf(error)}): ${hintFor(codeOf(error))}`);
      return undefined;
    }
    // Editors and `echo` end a file with a newline that is not part of the secret.
    const value = content.replace(/[\r\n]+$/, '');
    if (value === '') this.problems.add(path, `the file is empty: write ${field.what} into it`);
    else return this.#checked(value, 'the file', path, field);
    return undefined;
  }

  #checked(value: string, where: string, path: Path, field: SecretField<string>): string | undefined {
    const flaw = field.flaw(value);
    if (flaw === undefined) return value;
    this.problems.add(path, `${where} ${flaw}`);
    return undefined;
  }
}

/**
 * The name of a variable, if it is unlike a secret: people paste the AppSecret itself after `secretEnv:`. One is
 * 32 lower-case hex digits; a name with capitals and an underscore is not one.
 */
function printableVariable(name: string): string {
  return /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(name) ? ` ${name}` : ' named here';
}

export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? code : 'unknown error';
}

export function hintFor(code: string): string {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'there is no such file; relative paths start at the folder of apps.yaml';
    case 'EACCES':
    case 'EPERM':
      return 'the user that runs the hub may not read it';
    case 'EISDIR':
      return 'it is a folder, write the path of a file in it';
    case NOT_A_FILE:
      return 'it must be a regular file';
    case FILE_TOO_LARGE:
      return 'it is too large';
    default:
      return 'look at the path and its permissions';
  }
}

/** Codes of our own readers, in the manner of Node's. */
export const NOT_A_FILE = 'ERR_NOT_A_FILE';
export const FILE_TOO_LARGE = 'ERR_FILE_TOO_LARGE';
