import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface PageFile {
  readonly bytes: Buffer;
  readonly type: string;
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Beside this file where it is compiled; where it runs from src (tests), in dist. */
const FOLDERS = ['./page/', '../../dist/console/page/'];

/**
 * The page and its assets, read once: what is not in here does not exist, whatever path is asked for. `undefined` for
 * the page where it was not built.
 */
export class PageFiles {
  readonly page: PageFile | undefined;
  /** By name, without a folder. */
  readonly assets: ReadonlyMap<string, PageFile>;

  constructor(folder: URL | undefined = builtFolder()) {
    this.page = folder && read(new URL('index.html', folder));
    const assets = folder && new URL('assets/', folder);
    const names = assets !== undefined && existsSync(assets) ? readdirSync(assets) : [];
    this.assets = new Map(
      names.filter((name) => extname(name) in TYPES).map((name) => [name, read(new URL(name, assets))]),
    );
  }
}

function builtFolder(): URL | undefined {
  return FOLDERS.map((folder) => new URL(folder, import.meta.url)).find((folder) =>
    existsSync(new URL('index.html', folder)),
  );
}

function read(file: URL): PageFile {
  const path = fileURLToPath(file);
  const bytes = readFileSync(path);
  const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
  return { bytes, type: TYPES[extname(path)] ?? 'application/octet-stream', etag: `"${hash}"` };
}
