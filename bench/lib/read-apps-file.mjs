// Reads and validates one apps.yaml as the hub does at its start, in a process of its own. Prints the milliseconds.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../../scripts/lib/build.mjs';

const { AppsFileLoader } = await import(
  pathToFileURL(join(root, 'dist', 'config', 'apps-file.loader.js')).href
);
const loader = new AppsFileLoader(process.argv[2], { env: () => ({}) });
const startedAt = performance.now();
const { result } = await loader.read('start');
const ms = performance.now() - startedAt;
if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('\n'));
process.stdout.write(`${JSON.stringify({ ms, apps: result.apps.length })}\n`);
