// npm test: everything. Arguments go to jest (npm test -- src/core).
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildIfNeeded, root } from './lib/build.mjs';
import { kubeTool } from './lib/kube-tools.mjs';
import { ensureSystemPackages } from './lib/system-packages.mjs';

// Fetched once, where they are missing; what it says comes before the suites begin.
if (process.argv.length === 2) ['helm', 'kubectl'].forEach(kubeTool);
// Who names suites may have named some that need nothing.
if (!ensureSystemPackages() && process.argv.length === 2) process.exit(1);
// The suites that run real processes start dist/main.js.
buildIfNeeded();
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const { status } = spawnSync(
  process.execPath,
  ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest, ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit' },
);
process.exit(status ?? 1);
