import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** Names and places of browsers that do as well as Debian's chromium. */
const BROWSERS = JSON.parse(readFileSync(new URL('browsers.json', import.meta.url), 'utf8'));

/** What some suites run beside Node: the program (or one of `others`), and its package for apt-get and brew. */
const NEEDED = [
  { program: 'redis-server', apt: 'redis-server', brew: 'redis' },
  { program: 'haproxy', apt: 'haproxy', brew: 'haproxy' },
  { program: 'faketime', apt: 'faketime', brew: 'libfaketime' },
  { program: 'nginx', apt: 'nginx-light', brew: 'nginx' },
  { program: 'tinyproxy', apt: 'tinyproxy', brew: 'tinyproxy' },
  { program: 'promtool', apt: 'prometheus', brew: 'prometheus' },
  { program: 'chromium', apt: 'chromium', brew: 'chromium', others: BROWSERS },
];

/**
 * Installs what is missing where that asks nobody: with apt-get as root (containers, CI), with brew on macOS. One line
 * announces it. Elsewhere one line says what to do.
 * @returns {boolean} whether everything is there
 */
export function ensureSystemPackages() {
  const missing = NEEDED.filter(isMissing);
  if (missing.length === 0) return true;
  const names = missing.map(({ program }) => program).join(', ');
  if (process.platform === 'darwin' && isInstalled('brew')) {
    process.stderr.write(`installing ${names} with brew: some suites need it\n`);
    run('brew', ['install', ...missing.map(({ brew }) => brew)]);
  } else if (process.getuid?.() === 0 && isInstalled('apt-get')) {
    process.stderr.write(`installing ${names} with apt-get: some suites need it\n`);
    const install = ['install', '-y', '--no-install-recommends', ...missing.map(({ apt }) => apt)];
    if (!run('apt-get', install)) {
      run('apt-get', ['update']);
      run('apt-get', install);
    }
  }
  const left = missing.filter(isMissing);
  if (left.length === 0) return true;
  const apt = left.map((one) => one.apt).join(' ');
  const brew = left.map((one) => one.brew).join(' ');
  process.stderr.write(
    `missing: ${left.map(({ program }) => program).join(', ')}. Install it (Debian, Ubuntu: sudo apt-get install ${apt}; ` +
      `macOS: brew install ${brew}) and run the tests again.\n`,
  );
  return false;
}

function isMissing({ program, others = [] }) {
  return ![program, ...others].some(isInstalled);
}

function isInstalled(program) {
  if (isAbsolute(program)) return isExecutable(program);
  return (process.env.PATH ?? '').split(delimiter).some((folder) => isExecutable(join(folder, program)));
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** RUNLEVEL=1 keeps Debian's packages from starting their services: the tests start their own. */
function run(command, commandArguments) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  return spawnSync(command, commandArguments, { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
}
