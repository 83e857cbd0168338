import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Builds what is missing in `dist` or older than a source: the hub, then the console's page, which lies in it. */
export function buildIfNeeded() {
  const settings = ['package.json', 'tsconfig.json'].map((file) => modified(join(root, file)));
  const hub = ['tsconfig.build.json', 'nest-cli.json'].map((file) => modified(join(root, file)));
  const hubIsDue = isOlder(join(root, 'dist', 'main.js'), [newest(join(root, 'src')), ...settings, ...hub]);
  if (hubIsDue) build('@nestjs/cli/bin/nest.js', 'build');
  const page = join(root, 'dist', 'console', 'page', 'index.html');
  // What the page takes from src is pure code and types; a page that lacks the newest of them still works.
  if (isOlder(page, [newest(join(root, 'console')), ...settings]))
    build('vite/bin/vite.js', 'build', 'console');
}

function isOlder(file, sources) {
  const built = modified(file);
  return built === 0 || built < Math.max(...sources);
}

function build(program, ...programArguments) {
  process.stderr.write('building…\n');
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules', program), ...programArguments], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
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
