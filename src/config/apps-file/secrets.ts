import { isAbsolute, resolve } from 'node:path';
import { codeOf, hintForFile } from '../small-file.js';
import type { Entry } from './entry.js';
import type { Path, Problems } from './problem.js';
import type { Table } from './rule.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What apps.yaml refers to. */
export interface AppsFileSources {
  readonly env: Environment;
  /** Gives the file's text, or throws; the error's `code` becomes part of the problem. `undefined`: no secret is looked for. */
  readonly readFile: ((path: string) => string) | undefined;
  /** Relative paths in the file start here: the folder of apps.yaml; of a tenant, that of its secrets. */
  readonly baseDir: string;
  /** Of a tenant: all secrets are files below {@link baseDir}. Default false. */
  readonly filesBelowAlone?: boolean | undefined;
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

/** Finds secrets, wherever the file says they are. */
export class SecretReader {
  constructor(
    private readonly sources: AppsFileSources,
    /** Of the file: what it says is wrong. */
    private readonly problems: Problems,
  ) {}

  /**
   * `undefined`: there is none; why is reported where there must be one.
   * @param absent takes what is wrong with the place that the file names: a variable that is not set, a file that cannot be read
   */
  read<Name extends string>(
    entry: Entry<Table>,
    path: Path,
    field: SecretField<Name>,
    absent: (path: Path, message: string) => void = (at, message) => {
      this.problems.add(at, message);
    },
  ): string | undefined {
    const { name, missing } = field;
    const kinds = [name, `${name}Env`, `${name}File`] as const;
    const given = kinds.filter((kind) => entry.present.has(kind));
    if (given.length === 0 && missing !== undefined) this.problems.add(path, missing);
    for (const extra of given.slice(1)) {
      this.problems.add(
        [...path, extra],
        `stands beside ${given[0] ?? ''}: keep exactly one of ${kinds.join(', ')}`,
      );
    }
    if (this.#isOutside(entry, path, name)) return undefined;
    const values = entry.values as Readonly<Record<string, string | undefined>>;
    const [value, variable, file] = kinds.map((kind) => values[kind]);
    if (value !== undefined) return value;
    const { readFile } = this.sources;
    if (readFile === undefined) return undefined;
    const found =
      variable === undefined
        ? file === undefined
          ? undefined
          : this.#fromFile(file, field, readFile)
        : this.#fromEnvironment(variable, field);
    if (found === undefined || 'value' in found) return found?.value;
    absent([...path, `${name}${variable === undefined ? 'File' : 'Env'}`], found.flaw);
    return undefined;
  }

  /** Of a tenant: whether the entry names a secret that is none of its files; reported. */
  #isOutside({ present, values }: Entry<Table>, path: Path, name: string): boolean {
    if (this.sources.filesBelowAlone !== true) return false;
    // The URL of a robot may stand in the file: it lets nobody into anything.
    const taboo = name === 'url' ? [`${name}Env`] : [name, `${name}Env`];
    const found = taboo.filter((kind) => present.has(kind));
    for (const kind of found)
      this.problems.add(
        [...path, kind],
        `is not for tenants: write ${name}File, a path below the tenant's folder of HUB_SECRETS_DIR`,
      );
    const file = (values as Readonly<Record<string, string | undefined>>)[`${name}File`];
    const leavesFolder = file !== undefined && (isAbsolute(file) || file.split('/').includes('..'));
    if (leavesFolder)
      this.problems.add(
        [...path, `${name}File`],
        "leaves the tenant's folder of HUB_SECRETS_DIR: write a path that begins there, without ..",
      );
    return found.length > 0 || leavesFolder;
  }

  #fromEnvironment(name: string, field: SecretField<string>): Found {
    const value = Object.hasOwn(this.sources.env, name) ? this.sources.env[name] : undefined;
    const variable = `the environment variable${printableVariable(name)}`;
    if (value === undefined) return { flaw: `${variable} is not set: set it where the hub is started` };
    if (value === '') return { flaw: `${variable} is empty: set it where the hub is started` };
    return checked(value, variable, field);
  }

  #fromFile(name: string, field: SecretField<string>, readFile: (path: string) => string): Found {
    let content: string;
    try {
      content = readFile(isAbsolute(name) ? name : resolve(this.sources.baseDir, name));
    } catch (error) {
      return { flaw: unreadable(codeOf(error), this.sources.filesBelowAlone) };
    }
    // Editors and `echo` end a file with a newline that is not part of the secret.
    const value = content.replace(/[\r\n]+$/, '');
    return value === ''
      ? { flaw: `the file is empty: write ${field.what} into it` }
      : checked(value, 'the file', field);
  }
}

type Found = { readonly value: string } | { readonly flaw: string };

function checked(value: string, where: string, field: SecretField<string>): Found {
  const flaw = field.flaw(value);
  return flaw === undefined ? { value } : { flaw: `${where} ${flaw}` };
}

/** "the file cannot be read", with the reason and what to do. */
export function unreadable(code: string, ofTenant = false): string {
  const from = ofTenant ? "the tenant's folder of HUB_SECRETS_DIR" : 'the folder of apps.yaml';
  const start = code === 'ENOENT' || code === 'ENOTDIR' ? `; relative paths start at ${from}` : '';
  return `the file cannot be read (${code}): ${hintForFile(code)}${start}`;
}

/**
 * The name of a variable, if it is unlike a secret: people paste the AppSecret itself after `secretEnv:`. One is
 * 32 lower-case hex digits; a name with capitals and an underscore is not one.
 */
function printableVariable(name: string): string {
  return /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(name) ? ` ${name}` : ' named here';
}
