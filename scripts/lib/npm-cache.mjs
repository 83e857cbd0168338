import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Outlives node_modules, so that neither `npm ci` nor a fresh clone fetches anew. */
export const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'wechat-token-hub');

/**
 * A package of the registry as a folder, without its dependencies and without any script being run: for programs that
 * are only published that way, and that nobody should have to install.
 * @param {{name: string, version: string, integrity: string}} wanted `integrity` as package-lock.json has it
 * @param {(folder: string) => void} [prepare] changes the folder before anybody else sees it
 * @returns {string} the folder that the tarball's `package/` is
 * @throws {Error} the registry cannot be reached, or sent something else
 */
export function cachedPackage({ name, version, integrity }, prepare = () => undefined) {
  const folder = join(CACHE, `${name.replace(/[@/]/g, '+')}-${version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, '.getting-'));
  try {
    process.stderr.write(`getting ${name}@${version} from the npm registry, into ${CACHE}\n`);
    const file = npmPack(`${name}@${version}`, work);
    const found = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
    if (found !== integrity) throw new Error(`${name}@${version} is not what was expected: ${found}`);
    must('tar', ['-xzf', file, '-C', work]);
    const unpacked = join(work, 'package');
    prepare(unpacked);
    // Several may get it at once: the first one's stays.
    if (!existsSync(folder)) renameSync(unpacked, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return folder;
}

function npmPack(specifier, folder) {
  const [entry] = JSON.parse(
    must('npm', ['pack', specifier, '--json', '--ignore-scripts', '--pack-destination', folder]),
  );
  return join(folder, entry.filename);
}

function must(program, programArguments) {
  const { status, stdout, stderr, error } = spawnSync(program, programArguments, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program}: ${error?.message ?? stderr.trim().split('\n').at(-1)}`);
  return stdout;
}
