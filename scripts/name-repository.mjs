// node scripts/name-repository.mjs owner/name: what npm's provenance compares. Releases do it; this repository itself may
// live anywhere, under any name.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './lib/build.mjs';

const [name] = process.argv.slice(2);
if (!/^[\w.-]+\/[\w.-]+$/.test(name ?? '')) {
  process.stderr.write('usage: node scripts/name-repository.mjs owner/name\n');
  process.exit(64);
}
for (const directory of ['', 'packages/client']) {
  const file = join(root, directory, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  manifest.repository = {
    type: 'git',
    url: `git+https://github.com/${name}.git`,
    ...(directory && { directory }),
  };
  writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
}
