// npm run dev: simulator and hub, rebuilt and restarted on each change of src; the console's page, of console. The
// hub's log is on stdout.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildIfNeeded, root } from './lib/build.mjs';
import { startHub, startSimulatorWithApps } from './lib/local-stack.mjs';

buildIfNeeded();
const stack = await startSimulatorWithApps();
// Not nest build --watch: it would begin by deleting dist, the page in it too.
const compilers = [
  ['typescript/bin/tsc', '-p', 'tsconfig.build.json', '--watch', '--preserveWatchOutput'],
  ['vite/bin/vite.js', 'build', 'console', '--watch'],
].map(([program, ...rest]) =>
  spawn(process.execPath, [join(root, 'node_modules', program), ...rest], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  }),
);
const { hub } = startHub(
  {
    HUB_HOST: '127.0.0.1',
    HUB_LOG_LEVEL: process.env.HUB_LOG_LEVEL ?? 'debug',
    HUB_ACCESS_LOG: 'all',
    ...stack.environment,
  },
  {
    nodeArguments: ['--watch', '--watch-preserve-output'],
    onLine: (line) => process.stdout.write(`${line}\n`),
  },
);
process.stderr.write(
  `key: ${stack.key}\napps: ${stack.apps.map(({ appid }) => appid).join(', ')}\napps.yaml: ${stack.appsFile}\n`,
);

const end = async () => {
  for (const compiler of compilers) compiler.kill('SIGTERM');
  hub.kill('SIGTERM');
  await stack.close();
  process.exit(0);
};
process.once('SIGINT', end);
process.once('SIGTERM', end);
