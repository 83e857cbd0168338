import { buildApp, buildClient, buildIssuer, buildNotify } from './data.js';
import { readAppsFile, type AppsFileReading, type ReadOptions } from './read.js';
import type { Environment } from './secrets.js';

/** A well-formed AppSecret. */
export const SECRET = '0123456789abcdef0123456789abcdef';
/** A well-formed key hash, and another one. */
export const HASH_1 = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
export const HASH_2 = '60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752';
/** More than any file here comes to. */
export const MANY_UNITS = 1_000_000;

export interface Files {
  readonly env?: Environment;
  /** Content by absolute path; an error's code in angle brackets throws it. */
  readonly files?: Readonly<Record<string, string>>;
  readonly options?: Partial<ReadOptions>;
}

/** Reads a text whose folder is `/etc/hub`. */
export function load(text: string, { env = {}, files = {}, options = {} }: Files = {}): AppsFileReading {
  const readFile = (path: string): string => {
    const content = files[path] ?? '<ENOENT>';
    const code = /^<(E[A-Z]+)>$/.exec(content)?.[1];
    if (code !== undefined) throw Object.assign(new Error(`${code}: ${path}`), { code });
    return content;
  };
  return readAppsFile(
    new TextEncoder().encode(text),
    { env, baseDir: '/etc/hub', readFile },
    { maxUnits: MANY_UNITS, ...options },
  );
}

/** The hub's own objects of a text in which nothing is wrong. */
export function built(text: string, files?: Files) {
  const result = load(text, files);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  const { apps, issuers, clients, notify } = result.data;
  return {
    apps: apps.map(buildApp),
    issuers: issuers.map(buildIssuer),
    clients: clients.map(buildClient),
    notify: notify.map(buildNotify),
  };
}

/** The problems, or the warnings of a file that has none, as `line path: message`, without the name of the entry. */
export function problemsOf(text: string, files?: Files): string[] {
  const result = load(text, files);
  const problems = result.ok ? result.warnings : result.problems;
  return problems.map(
    ({ line, path, message }) =>
      `${line} ${path}: ${message.replace(/ \((app|client|issuer) [^ ()]+\)$/, '')}`,
  );
}

/** A file of which only some lines matter; they begin at line 3 (`apps`) or line 5 (`clients`). */
export function withApp(...lines: string[]): string {
  return ['version: 1', 'apps:', ...lines].join('\n');
}

export function withClient(...lines: string[]): string {
  return [
    'version: 1',
    `apps: [{ appid: wx1, secret: "${SECRET}" }, { appid: wx22, secret: "${SECRET}x" }]`,
    'clients:',
    ...lines,
  ].join('\n');
}
