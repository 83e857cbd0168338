import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What some suites run beside Node: the program, and its package for apt-get and brew. */
const NEEDED = [
  { program: 'redis-server', apt: 'redis-server', brew: 'redis' },
  { program: 'haproxy', apt: 'haproxy', brew: 'haproxy' },
  { program: 'nginx', apt: 'nginx-light', brew: 'nginx' },
  { program: 'promtool', apt: 'prometheus', brew: 'prometheus' },
];

/**
 * Installs what is missing where that asks nobody: with apt-get as root (containers, CI), with brew on macOS. One line
 * announces it. Elsewhere one line says what to do.
 * @returns {boolean} whether everything is there
 */
export function ensureSystemPackages() {
  const missing = NEEDED.filter(({ program }) => !isInstalled(program));
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
  const left = missing.filter(({ program }) => !isInstalled(program));
  if (left.length === 0) return true;
  const apt = left.map((one) => one.apt).join(' ');
  const brew = left.map((one) => one.brew).join(' ');
  process.stderr.write(
    `missing: ${left.map(({ program }) => program).join(', ')}. Install it (Debian, Ubuntu: sudo apt-get install ${apt}; ` +
      `macOS: brew install ${brew}) and run the tests again.\n`,
  );
  return false;
}

function isInstalled(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** RUNLEVEL=1 keeps Debian's packages from starting their services: the tests start their own. */
function run(command, commandArguments) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  return spawnSync(command, commandArguments, { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
}
