import { isAbsolute, resolve } from 'node:path';
import type { AppDto } from './apps-file.dto.js';
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

const KINDS = ['secret', 'secretEnv', 'secretFile'] as const;

/** Finds the AppSecrets of the apps, wherever the file says they are. */
export class SecretReader {
  /** Absolute paths of all secret files named, readable or not: a change of any of them matters. */
  readonly files = new Set<string>();

  constructor(
    private readonly sources: AppsFileSources,
    private readonly problems: Problems,
  ) {}

  /** `undefined`: there is none, and why is reported. */
  read({ values, present }: Entry<AppDto>, path: Path): string | undefined {
    const given = KINDS.filter((kind) => present.has(kind));
    if (given.length === 0)
      this.problems.add(path, 'has no secret: give exactly one of secret, secretEnv, secretFile');
    for (const extra of given.slice(1)) {
      this.problems.add(
        [...path, extra],
        `stands beside ${given[0] ?? ''}: keep exactly one of ${KINDS.join(', ')}`,
      );
    }
    if (values.secret !== undefined) return values.secret;
    if (values.secretEnv !== undefined)
      return this.#fromEnvironment(values.secretEnv, [...path, 'secretEnv']);
    if (values.secretFile !== undefined) return this.#fromFile(values.secretFile, [...path, 'secretFile']);
    return undefined;
  }

  #fromEnvironment(name: string, path: Path): string | undefined {
    const value = Object.hasOwn(this.sources.env, name) ? this.sources.env[name] : undefined;
    const variable = `the environment variable${printableVariable(name)}`;
    if (value === undefined)
      this.problems.add(path, `${variable} is not set: set it where the hub is started`);
    else if (value === '') this.problems.add(path, `${variable} is empty: set it where the hub is started`);
    else return this.#checked(value, variable, path);
    return undefined;
  }

  #fromFile(name: string, path: Path): string | undefined {
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
    if (value === '') this.problems.add(path, 'the file is empty: write the AppSecret into it');
    else return this.#checked(value, 'the file', path);
    return undefined;
  }

  #checked(value: string, where: string, path: Path): string | undefined {
    const flaw = secretFlaw(value);
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
