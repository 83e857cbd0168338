// npm run sim: replicas through every fault, in virtual time, from a first seed on that no run before had.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './lib/build.mjs';

const usage = `npm run sim [-- options]
  --seed N        repeats one run exactly, and shows more of what happened (--lines, 400)
  --first-seed N  begins there; default: seconds since 1970
  --hub-hours N   simulated hours of one replica, in all; default 10000
  --lines N       of what happened before a violation; default 60`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    'first-seed': { type: 'string' },
    'hub-hours': { type: 'string' },
    lines: { type: 'string' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}
const env = {
  ...process.env,
  SIM_FIRST_SEED: values['first-seed'] ?? String(Math.floor(Date.now() / 1000)),
  SIM_MOST_VIOLATIONS: '20',
  ...(values.seed !== undefined && { SIM_SEED: values.seed, SIM_LINES: '400' }),
  ...(values['hub-hours'] !== undefined && { SIM_HUB_HOURS: values['hub-hours'] }),
  ...(values.lines !== undefined && { SIM_LINES: values.lines }),
};
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const suite = ['test/simulation/simulation.spec.ts', '-t', 'hold together'];
const { status } = spawnSync(
  process.execPath,
  ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest, ...suite],
  { cwd: root, stdio: 'inherit', env },
);
process.exit(status ?? 1);
