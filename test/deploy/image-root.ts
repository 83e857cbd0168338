import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The user of the image: `nonroot` of the distroless images. */
const USER_ID = 65_532;

/**
 * A folder laid out as the image's root file system, in which programs run as in a container without an engine: as a
 * user that is not root, on a read-only tree, with nothing beside the libraries that the node binary is linked to.
 *
 * - Root on Linux: in a mount namespace of its own, the folder mounted read-only, `chroot`, uid 65532.
 * - Everybody else: the same files, without write permission, run where they lie. Then only the layout is tested.
 */
export class ImageRoot {
  readonly folder = mkdtempSync(join(tmpdir(), 'hub-image-'));
  readonly jailed = canJail();
  readonly #children = new Set<ChildProcess>();

  /** That the node binary is linked to, as this machine has them; none where nothing is jailed. */
  readonly libraries: readonly string[];

  /** @param node the binary that is to be the image's; outside of a jail the machine's own runs instead */
  constructor(private readonly node: string) {
    // A container's root is open to its user; mkdtemp's is not.
    chmodSync(this.folder, 0o755);
    for (const name of ['app', 'proc', 'dev', 'tmp', 'etc']) mkdirSync(this.path(name));
    this.copy(realpathSync(node), '/usr/local/bin/node');
    this.libraries = this.jailed ? librariesOf(node) : [];
    for (const library of this.libraries) this.copy(library, library);
  }

  /** Whether it is this machine's own Node that runs. */
  get isMachines(): boolean {
    return !this.jailed || this.node === process.execPath;
  }

  /** `inside` as the machine sees it. */
  path(inside: string): string {
    return join(this.folder, inside);
  }

  copy(source: string, inside: string): void {
    mkdirSync(dirname(this.path(inside)), { recursive: true });
    copyFileSync(source, this.path(inside));
  }

  /** For what is large; `source` must be on the file system of temporary folders. */
  move(source: string, inside: string): void {
    mkdirSync(dirname(this.path(inside)), { recursive: true });
    renameSync(source, this.path(inside));
  }

  /** Nothing can be written any more. */
  seal(): void {
    // The jail mounts it read-only.
    if (this.jailed) return;
    for (const path of walk(this.folder)) {
      const mode = statSync(path).mode;
      chmodSync(path, (mode & ~0o222) | 0o444);
    }
  }

  /** Starts `command` (paths as inside) with `environment` and nothing else. */
  run(command: readonly string[], environment: Readonly<Record<string, string>>, cwd = '/app'): ChildProcess {
    const child = this.jailed
      ? this.#inJail(command, environment, cwd)
      : this.#inPlace(command, environment, cwd);
    this.#children.add(child);
    child.once('close', () => this.#children.delete(child));
    return child;
  }

  async dispose(): Promise<void> {
    const ends = [...this.#children].map(
      (child) =>
        new Promise<void>(
          (resolve) =>
            void child.once('close', () => {
              resolve();
            }),
        ),
    );
    for (const child of this.#children) child.kill('SIGKILL');
    await Promise.all(ends);
    if (!this.jailed) for (const path of walk(this.folder)) chmodSync(path, statSync(path).mode | 0o200);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #inJail(
    command: readonly string[],
    environment: Readonly<Record<string, string>>,
    cwd: string,
  ): ChildProcess {
    // `exec` all the way: the child is the program itself, and signals reach it as they reach process 1.
    const script =
      'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && mount -t proc proc "$1/proc" && root=$1 && shift && ' +
      `exec setpriv --clear-groups unshare --root="$root" --wd=${cwd} --setgid=${USER_ID} --setuid=${USER_ID} -- "$@"`;
    return spawn(
      'unshare',
      ['--mount', '--propagation=private', 'sh', '-c', script, 'sh', this.folder, ...command],
      { env: { PATH: process.env.PATH, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
  }

  #inPlace(
    command: readonly string[],
    environment: Readonly<Record<string, string>>,
    cwd: string,
  ): ChildProcess {
    const [, ...rest] = command;
    const mapped = Object.entries(environment).map(([name, value]) => [
      name,
      value.startsWith('/etc/') ? this.path(value) : value,
    ]);
    return spawn(process.execPath, rest, {
      cwd: this.path(cwd),
      env: Object.fromEntries(mapped) as Record<string, string>,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}

function librariesOf(program: string): string[] {
  const { stdout } = spawnSync('ldd', [realpathSync(program)], { encoding: 'utf8' });
  return [...stdout.matchAll(/(\/[^\s()]+)/g)].map((match) => match[1] ?? '');
}

function canJail(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  return spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', tmpdir()]).status === 0;
}

function* walk(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    if (!entry.isSymbolicLink()) yield path;
  }
}
