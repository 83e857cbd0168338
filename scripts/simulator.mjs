// npm run simulator -- --help: the WeChat simulator by itself.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildIfNeeded, root } from './lib/build.mjs';

buildIfNeeded();
await import(pathToFileURL(join(root, 'dist', 'simulator', 'main.js')).href);
