// npm run test:nodes [major…]: unit and end-to-end suites on other Nodes than this machine's, each with what it needs of
// its own. Suites that start dist/ with real Redis, browsers and the like run on one Node alone: npm test.
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { buildIfNeeded, root } from './lib/build.mjs';
import { NODES, nodeFolder } from './lib/node-binaries.mjs';

// Folders, not words: jest looks for a word anywhere in a path.
const SUITES = ['src', 'packages', 'console', 'test/e2e'].map((folder) => `^${join(root, folder)}/`);
const LEFT_OUT = [
  // Measures the growth of a heap, of which each V8 has its own idea: the bound is for the machine's Node.
  'test/e2e/gateway-memory',
  // A minute and more each, for the hub's own rules: another Node changes nothing of them.
  'fuzz',
  'src/access-guard/spoofing',
  'src/token-cache/stores/redis/redis-refusals',
  'test/e2e/soak',
];
const majors = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(NODES);

buildIfNeeded();
// Side by side, one worker each: two Nodes take little longer than one. What each says comes when it has ended.
const passed = await Promise.all(majors.map(testOn));
process.exit(passed.every(Boolean) ? 0 : 1);

async function testOn(major) {
  const began = performance.now();
  const folder = nodeFolder(major);
  const env = { ...process.env, PATH: [folder, process.env.PATH].join(delimiter) };
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const suites = spawn(
    join(folder, 'node'),
    [
      ...flags,
      jest,
      '--maxWorkers=1',
      ...SUITES,
      ...LEFT_OUT.map((path) => `--testPathIgnorePatterns=${path}`),
    ],
    { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const [status, said, also] = await Promise.all([
    new Promise((ended) => suites.once('error', ended).once('exit', ended)),
    text(suites.stdout),
    text(suites.stderr),
  ]);
  const minutes = ((performance.now() - began) / 60_000).toFixed(1);
  process.stderr.write(
    `${said}${also}Node ${major}: ${status === 0 ? 'passed' : `failed (${status})`}, ${minutes} minutes\n`,
  );
  return status === 0;
}
