import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE } from './npm-cache.mjs';

const VERSION = '1.7.12';

/**
 * What checks workflows of GitHub: what `ACTIONLINT` names, else PATH, else built by Go into the cache.
 * @returns {string | undefined} a command; `undefined`: there is none, and stderr says why
 */
export function actionlint() {
  const { ACTIONLINT } = process.env;
  if (ACTIONLINT) return ACTIONLINT;
  if (spawnSync('actionlint', ['-version'], { stdio: 'ignore' }).error === undefined) return 'actionlint';
  const folder = join(CACHE, `actionlint-${VERSION}`);
  const program = join(folder, 'actionlint');
  if (existsSync(program)) return program;
  const { status, error, stderr } = spawnSync(
    'go',
    ['install', `github.com/rhysd/actionlint/cmd/actionlint@v${VERSION}`],
    { env: { ...process.env, GOBIN: folder, GOFLAGS: '-mod=mod' }, encoding: 'utf8' },
  );
  if (status === 0) return program;
  const why = error === undefined ? stderr.trim().split('\n').at(-1) : 'Go is not installed';
  process.stderr.write(
    `no actionlint: the workflows are not checked by it. It is not on PATH, and ${why}. Install it, or name it in ACTIONLINT.\n`,
  );
  return undefined;
}
