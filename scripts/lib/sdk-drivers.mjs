import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root } from './build.mjs';
import { documentedCode, filled } from './documented-code.mjs';
import { CACHE } from './npm-cache.mjs';

const SOURCES = join(root, 'test', 'sdks', 'languages');
/** Compiled anew by each run; what was downloaded stays in the cache. */
const WORK = join(root, 'node_modules', '.cache', 'sdk-drivers');
const PATIENCE_MS = 180_000;
const PAUSES_MS = [2_000, 10_000];

/** Something that this machine does not have: a reason to leave an SDK out, not to fail. */
class Missing extends Error {}

/**
 * Programs that drive SDKs of other languages, set up by the code of docs/sdks.md.
 * @returns {Record<string, string[]>} command lines by the driver's name. What is missing is told on stderr, a line each
 * @throws {Error} a driver does not compile
 */
export function sdkDrivers() {
  mkdirSync(WORK, { recursive: true });
  const drivers = {};
  for (const make of [pythonDriver, javaDriver, goDrivers]) {
    try {
      Object.assign(drivers, make());
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
      process.stderr.write(`${error.message}\n`);
    }
  }
  return drivers;
}

function pythonDriver() {
  const what = 'wechatpy (Python)';
  needs(what, 'python3', ['-c', 'import ensurepip, venv']);
  const requirements = join(SOURCES, 'python', 'requirements.txt');
  const { stdout } = spawnSync('python3', ['--version'], { encoding: 'utf8' });
  const environment = cached('python', [requirements], stdout, (folder) => {
    must('python3', ['-m', 'venv', folder]);
    download(what, join(folder, 'bin', 'python'), [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--requirement',
      requirements,
    ]);
  });
  const lines = join(WORK, 'documented.py');
  writeFileSync(lines, documentedCode('wechatpy', 'python').join('\n'));
  return { wechatpy: [join(environment, 'bin', 'python'), join(SOURCES, 'python', 'driver.py'), lines] };
}

function javaDriver() {
  const what = 'WxJava (Java)';
  needs(what, 'javac', ['-version']);
  needs(what, 'mvn', ['-version']);
  const pom = join(SOURCES, 'java', 'pom.xml');
  const libraries = cached('java', [pom], '', (folder) => {
    const copy = ['dependency:copy-dependencies', `-DoutputDirectory=${folder}`];
    download(what, 'mvn', ['--batch-mode', '--quiet', '--file', pom, ...copy]);
  });
  const code = documentedCode('WxJava', 'java').map((block) =>
    block
      .replaceAll('"http://hub:3000', 'Driver.hub + "')
      .replaceAll('"wx0123456789abcdef"', 'Driver.appid')
      .replaceAll('System.getenv("WXHUB_KEY")', 'Driver.key'),
  );
  const work = emptyFolder('java');
  const documented = join(work, 'Documented.java');
  writeFileSync(
    documented,
    filled(readFileSync(join(SOURCES, 'java', 'Documented.java.template'), 'utf8'), { '': code }),
  );
  const classpath = [work, join(libraries, '*')].join(delimiter);
  must('javac', ['-cp', classpath, '-d', work, join(SOURCES, 'java', 'Driver.java'), documented]);
  // Whoever looks up a name that is not in this file finds none.
  const hosts = join(work, 'hosts');
  writeFileSync(hosts, '127.0.0.1 localhost\n');
  return { wxjava: ['java', `-Djdk.net.hosts.file=${hosts}`, '-cp', classpath, 'Driver'] };
}

function goDrivers() {
  const what = 'silenceper/wechat and chanxuehong/wechat (Go)';
  needs(what, 'go', ['version']);
  const work = emptyFolder('go');
  cpSync(join(SOURCES, 'go'), work, { recursive: true });
  download(what, 'go', ['mod', 'download'], work);
  const blocks = {
    silenceper: documentedCode("silenceper's wechat", 'go').map(inGo),
    chanxuehong: documentedCode("chanxuehong's wechat", 'go').map(inGo),
  };
  const drivers = {};
  for (const name of Object.keys(blocks)) {
    const template = join(work, name, 'documented.go.template');
    const code = filled(readFileSync(template, 'utf8'), { ...blocks, '': blocks[name] });
    writeFileSync(join(work, name, 'documented.go'), code);
    drivers[name] = [join(work, 'bin', name)];
  }
  must('go', ['build', '-mod=readonly', '-o', join(work, 'bin/'), './silenceper', './chanxuehong'], work);
  return drivers;
}

function inGo(block) {
  return block
    .replaceAll('"http://hub:3000"', 'backend.Hub')
    .replaceAll('"http://hub:3000', 'backend.Hub + "')
    .replaceAll('"hub:3000"', 'backend.HubHost()')
    .replaceAll('"wx0123456789abcdef"', 'backend.Appid');
}

/** A folder that is made once for what is in these files, and then stays. */
function cached(name, files, more, fill) {
  const digest = createHash('sha256');
  for (const file of files) digest.update(readFileSync(file));
  const folder = join(CACHE, `sdks-${name}-${digest.update(more).digest('hex').slice(0, 16)}`);
  // A virtual environment knows its own path: it is filled where it stays, and counts when it is whole.
  const whole = join(folder, '.whole');
  if (existsSync(whole)) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  process.stderr.write(`getting what ${name} needs of its registry, into ${folder}\n`);
  fill(folder);
  writeFileSync(whole, '');
  return folder;
}

function emptyFolder(name) {
  const folder = join(WORK, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

function needs(what, program, programArguments) {
  if (spawnSync(program, programArguments, { stdio: 'ignore' }).status === 0) return;
  throw new Missing(`Not run: ${what}: there is no ${program} that works.`);
}

/** Tries again: a registry may fail for a moment. */
function download(what, program, programArguments, cwd) {
  for (let tries = 0; ; tries++) {
    const { status, stdout, stderr, error } = run(program, programArguments, cwd);
    if (status === 0) return;
    // One that hangs will hang again.
    const pause = error?.code === 'ETIMEDOUT' ? undefined : PAUSES_MS[tries];
    if (pause !== undefined) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
      continue;
    }
    const why = error?.message ?? lastLine(stderr) ?? lastLine(stdout) ?? `exit code ${status}`;
    throw new Missing(`Not run: ${what}: its registry does not give it (${why}).`);
  }
}

function must(program, programArguments, cwd) {
  const { status, stderr, error } = run(program, programArguments, cwd);
  if (status !== 0) throw new Error(`${program}: ${error?.message ?? stderr}`);
}

function run(program, programArguments, cwd) {
  return spawnSync(program, programArguments, { cwd, encoding: 'utf8', timeout: PATIENCE_MS });
}

function lastLine(text) {
  return text.trim().split('\n').at(-1) || undefined;
}
