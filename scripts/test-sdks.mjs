// npm run test:sdks: real SDKs, as their registries give them, against the hub. Those of Node are in package.json, the
// others in test/sdks/languages/; a language that this machine does not have is left out with a line that says so.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildIfNeeded, root } from './lib/build.mjs';
import { sdkDrivers } from './lib/sdk-drivers.mjs';

/** What is tested by its requests alone (test/sdks/foreign-sdks.ts): no registry that is asked here has it. */
const NOT_RUN = [
  'EasyWeChat (PHP): Composer’s registry is not asked here.',
  'PowerWeChat (Go): the module proxy does not serve it.',
  'Senparc.Weixin (.NET): NuGet is not asked here.',
];

buildIfNeeded();
const drivers = sdkDrivers();
for (const line of NOT_RUN) process.stderr.write(`Not run: ${line} Its requests are replayed.\n`);
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
// The other suites leave test/sdks/languages/ out: jest.config.mjs.
const suites = process.argv.length > 2 ? process.argv.slice(2) : ['test/sdks'];
const { status } = spawnSync(
  process.execPath,
  [...flags, jest, ...suites, '--testPathIgnorePatterns=/node_modules/'],
  { cwd: root, env: { ...process.env, SDK_DRIVERS: JSON.stringify(drivers) }, stdio: 'inherit' },
);
process.exit(status ?? 1);
