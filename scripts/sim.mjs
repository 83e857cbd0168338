// npm run sim: replicas through every fault, in virtual time. --seed N repeats one run, --hub-hours N runs longer.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './lib/build.mjs';

const { values } = parseArgs({ options: { seed: { type: 'string' }, 'hub-hours': { type: 'string' } } });
const env = { ...process.env, HUB_SIMULATION: '1' };
if (values.seed !== undefined) env.SIM_SEED = values.seed;
if (values['hub-hours'] !== undefined) env.SIM_HUB_HOURS = values['hub-hours'];
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const only = values.seed === undefined ? [] : ['-t', 'hold together'];
const { status } = spawnSync(
  process.execPath,
  ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest, 'test/simulation', ...only],
  { cwd: root, stdio: 'inherit', env },
);
process.exit(status ?? 1);
