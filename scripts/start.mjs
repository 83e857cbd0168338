// npm start: builds when needed, then runs the hub in this very process, so that signals reach it.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildIfNeeded, root } from './lib/build.mjs';

buildIfNeeded();
await import(pathToFileURL(join(root, 'dist', 'main.js')).href);
