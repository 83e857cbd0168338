import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What `npm test` does where programs are missing, on a machine of which PATH alone is made up. */
const MODULE = fileURLToPath(new URL('../../scripts/lib/system-packages.mjs', import.meta.url));
const isRoot = process.getuid?.() === 0 && process.platform === 'linux';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hub-packages-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function program(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

function ensure() {
  const code = `import(${JSON.stringify(MODULE)}).then((module) => console.log(module.ensureSystemPackages()))`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', code], {
    env: { PATH: folder },
    encoding: 'utf8',
  });
  return { all: stdout.trim(), said: stderr.trim().split('\n') };
}

const APT = ['redis-server', 'haproxy', 'faketime', 'nginx-light', 'tinyproxy', 'prometheus', 'chromium'];
const PROGRAMS = ['redis-server', 'haproxy', 'faketime', 'nginx', 'tinyproxy', 'promtool', 'chromium'];

it('where nobody may install anything, one line says what is missing and how to get it', () => {
  const { all, said } = ensure();
  expect(all).toBe('false');
  expect(said).toEqual([
    expect.stringMatching(/^missing: redis-server, .*sudo apt-get install redis-server/),
  ]);
});

(isRoot ? describe : describe.skip)('as root, with apt-get', () => {
  const calls = () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
  const record = 'echo "$@" >> "$(/usr/bin/dirname "$0")/calls"';
  const bring = PROGRAMS.map((name) => `/bin/cp /bin/true "$(/usr/bin/dirname "$0")/${name}"`).join('\n');

  it('says which packages it installs, waits for a locked dpkg, and needs no second try', () => {
    program('apt-get', `${record}\n${bring}`);
    expect(ensure()).toEqual({
      all: 'true',
      said: [`installing ${APT.filter(isAsked).join(', ')} with apt-get: some suites run them`],
    });
    expect(calls()).toEqual([
      `-o DPkg::Lock::Timeout=300 install -y --no-install-recommends ${APT.filter(isAsked).join(' ')}`,
    ]);
  });

  it('asks for newer lists of packages where the ones at hand do not serve', () => {
    program('apt-get', `${record}\ncase "$*" in *update*) ;; *) exit 100 ;; esac`);
    expect(ensure().all).toBe('false');
    expect(calls().map((call) => / (install|update)/.exec(call)?.[1])).toEqual([
      'install',
      'update',
      'install',
    ]);
    expect(calls().filter((call) => !call.startsWith('-o DPkg::Lock::Timeout=300 '))).toEqual([]);
  });
});

/** A browser is also looked for where other packages put theirs. */
function isAsked(name: string): boolean {
  if (name !== 'chromium') return true;
  const file = new URL('../../scripts/lib/browsers.json', import.meta.url);
  const others = JSON.parse(readFileSync(file, 'utf8')) as string[];
  return !others.some((other) => other.startsWith('/') && existsSync(other));
}
