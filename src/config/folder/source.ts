import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { AppsFileLoader, type ConfigSource } from '../reload/loader.js';
import type { LoaderOptions } from '../reload/parser.js';
import { AppsFolder } from './apps-folder.js';
import { namedFile, OPERATORS_FILE } from './file-names.js';

/** One file or a folder, by what `path` is now; later it stays that, and is missing where it is the other. */
export function sourceOf(
  path: string,
  secretsDir: string,
  options: Partial<LoaderOptions> & Pick<LoaderOptions, 'env'>,
): ConfigSource {
  return isFolder(path) ? new AppsFolder(path, secretsDir, options) : new AppsFileLoader(path, options);
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Whose file `path` is where it is a tenant's beside a `hub.yaml`. */
export function tenantFile(path: string): { readonly folder: string; readonly tenant: string } | undefined {
  const named = namedFile(basename(path));
  const folder = dirname(path);
  if (named === undefined || !('tenant' in named) || named.name === OPERATORS_FILE) return undefined;
  return existsSync(join(folder, OPERATORS_FILE)) && !isFolder(path)
    ? { folder, tenant: named.tenant }
    : undefined;
}
