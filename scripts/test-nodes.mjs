// npm run test:nodes [major…]: unit and end-to-end suites on other Nodes than this machine's, each with what it needs of
// its own. Suites that start dist/ with real Redis, browsers and the like run on one Node alone: npm test.
import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { buildIfNeeded, root } from './lib/build.mjs';
import { NODES, nodeFolder } from './lib/node-binaries.mjs';

const SUITES = ['src', 'packages', 'console', 'test/e2e'];
/** Measures the growth of a heap, of which each V8 has its own idea: the bound is for the machine's Node. */
const LEFT_OUT = 'test/e2e/gateway-memory';
const majors = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(NODES);

buildIfNeeded();
let failed = 0;
for (const major of majors) {
  const began = performance.now();
  const ok = testOn(major);
  const minutes = ((performance.now() - began) / 60_000).toFixed(1);
  process.stderr.write(`Node ${major}: ${ok ? 'passed' : 'failed'}, ${minutes} minutes\n`);
  if (!ok) failed++;
}
process.exit(failed === 0 ? 0 : 1);

function testOn(major) {
  const folder = nodeFolder(major);
  const env = { ...process.env, PATH: [folder, process.env.PATH].join(delimiter) };
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const { status, error } = spawnSync(
    join(folder, 'node'),
    [...flags, jest, ...SUITES, `--testPathIgnorePatterns=${LEFT_OUT}`],
    {
      cwd: root,
      env,
      stdio: 'inherit',
    },
  );
  if (error !== undefined) process.stderr.write(`Node ${major}: ${error.message}\n`);
  return status === 0;
}
