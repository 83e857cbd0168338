import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** Names and places of browsers that do as well as Debian's chromium. */
const BROWSERS = JSON.parse(readFileSync(new URL('browsers.json', import.meta.url), 'utf8'));

/** A machine's own upgrades take minutes. */
const LOCK_TIMEOUT_SECONDS = 300;

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
  if (process.platform === 'darwin' && isInstalled('brew')) {
    const packages = missing.map(({ brew }) => brew);
    announce('brew', packages);
    run('brew', ['install', ...packages]);
  } else if (process.getuid?.() === 0 && isInstalled('apt-get')) {
    const packages = missing.map(({ apt }) => apt);
    announce('apt-get', packages);
    const install = ['install', '-y', '--no-install-recommends', ...packages];
    if (!aptGet(install)) {
      aptGet(['update']);
      aptGet(install);
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

function announce(installer, packages) {
  process.stderr.write(`installing ${packages.join(', ')} with ${installer}: some suites run them\n`);
}

/** Whoever holds dpkg's lock, as a fresh machine's own upgrades do, is waited for. */
function aptGet(aptArguments) {
  return run('apt-get', ['-o', `DPkg::Lock::Timeout=${LOCK_TIMEOUT_SECONDS}`, ...aptArguments]);
}

/** RUNLEVEL=1 keeps Debian's packages from starting their services: the tests start their own. */
function run(command, commandArguments) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  return spawnSync(command, commandArguments, { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
}
