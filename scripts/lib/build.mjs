import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Builds `dist` where it is missing or older than a source. */
export function buildIfNeeded() {
  const built = modified(join(root, 'dist', 'main.js'));
  const sources = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json'].map((file) =>
    modified(join(root, file)),
  );
  if (built > 0 && built >= Math.max(newest(join(root, 'src')), ...sources)) return;
  process.stderr.write('building…\n');
  const nest = join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
  const { status } = spawnSync(process.execPath, [nest, 'build'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
}

function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : modified(path));
  }
  return latest;
}

function modified(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
