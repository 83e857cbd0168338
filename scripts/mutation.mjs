// npm run mutation: what of the pure core its unit tests do not notice when it is changed. Hours on one core.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './lib/build.mjs';

/** Fetched when they are needed: npm ci need not wait for them. */
const PACKAGES = [
  '@stryker-mutator/core@9.6.1',
  '@stryker-mutator/vitest-runner@9.6.1',
  'vitest@3.2.4',
  'typescript@5.9.3',
];

const usage = `npm run mutation [-- options]
  --mutate a,b  these files, or lines of them (src/core/report.ts:10-30); default: all of scripts/stryker.config.mjs
  --force       tries again what an earlier run has tried`;

const { values } = parseArgs({
  options: { mutate: { type: 'string' }, force: { type: 'boolean' }, help: { type: 'boolean' } },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}
const packages = PACKAGES.flatMap((name) => ['-p', name]);
const options = [
  ...(values.mutate === undefined ? [] : ['--mutate', values.mutate]),
  ...(values.force ? ['--force'] : []),
];
const config = join('scripts', 'stryker.config.mjs');
const { status } = spawnSync('npx', ['--yes', ...packages, 'stryker', 'run', config, ...options], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(status ?? 1);
