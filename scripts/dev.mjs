// npm run dev: simulator and hub, rebuilt and restarted on each change of src. The hub's log is on stdout.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildIfNeeded, root } from './lib/build.mjs';
import { startHub, startSimulatorWithApps } from './lib/local-stack.mjs';

buildIfNeeded();
const stack = await startSimulatorWithApps();
const nest = join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
const compiler = spawn(process.execPath, [nest, 'build', '--watch'], { cwd: root, stdio: ['ignore', 2, 2] });
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
  compiler.kill('SIGTERM');
  hub.kill('SIGTERM');
  await stack.close();
  process.exit(0);
};
process.once('SIGINT', end);
process.once('SIGTERM', end);
