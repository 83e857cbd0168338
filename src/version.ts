import { readFileSync } from 'node:fs';

interface Manifest {
  readonly version: string;
}

/** The version of the package; `package.json` lies one folder above both `src` and `dist`. */
export const VERSION = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as Manifest
).version;
