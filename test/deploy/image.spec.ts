import { spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { parse } from 'yaml';
import { bearer, testKey } from '../support/start-hub.js';
import {
  copiesOf,
  execForm,
  healthCheck,
  ignores,
  namesOf,
  pairsOf,
  parseDockerfile,
  runsOf,
  textOf,
  type Stage,
} from './dockerfile.js';
import { ImageRoot } from './image-root.js';

/**
 * The image, as far as it can be had without an engine: each stage's commands are run on the files that the stage
 * would have, and the final stage's entry point is started in a root file system laid out like its own.
 */

const script = '../../scripts/lib/node-binaries.mjs';
const { NODES, nodeFolder } = (await import(script)) as {
  NODES: Readonly<Record<number, { readonly version: string }>>;
  nodeFolder: (major: number) => string;
};
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const { stages, defaults } = parseDockerfile(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'));
const ignored = ignores(readFileSync(join(ROOT, '.dockerignore'), 'utf8'));
const stage = (name: string): Stage => stages.find((each) => each.name === name)!;
const final = stages.at(-1)!;

jest.setTimeout(300_000);

describe('the Dockerfile', () => {
  it('builds and runs on the LTS that the suites ran on, each image with its tag', () => {
    expect(stages.map(({ name, image }) => [name, image])).toEqual([
      ['build', `node:${NODES[24]!.version}-trixie-slim`],
      ['production', `node:${NODES[24]!.version}-trixie-slim`],
      ['node', `node:${NODES[24]!.version}-trixie-slim`],
      ['final', 'gcr.io/distroless/cc-debian13:nonroot'],
    ]);
  });

  it('copies only what exists and .dockerignore does not leave out', () => {
    for (const copy of stages.flatMap(copiesOf)) {
      if (copy.from !== undefined) {
        expect(stages.map(({ name }) => name)).toContain(copy.from);
        continue;
      }
      for (const source of copy.sources.filter((path) => path !== '.')) {
        expect({ source, exists: existsSync(join(ROOT, source)), ignored: ignored(source) }).toEqual({
          source,
          exists: true,
          ignored: false,
        });
      }
    }
  });

  it('has no shell, no package manager and no test in the final stage, and no root', () => {
    expect(namesOf(final)).not.toContain('RUN');
    expect(textOf(final, 'USER')).toBe('65532:65532');
    expect(execForm(final, 'ENTRYPOINT')).toEqual(['/usr/local/bin/node', '--no-memory-reducer']);
    expect(execForm(final, 'CMD')).toEqual(['dist/main.js']);
  });

  it('says what it is', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const labels = pairsOf(final, 'LABEL');
    expect(labels).toMatchObject({
      'org.opencontainers.image.title': 'wechat-token-hub',
      'org.opencontainers.image.licenses': 'Apache-2.0',
    });
    expect(pairsOf(final, 'ARG')).toEqual({ VERSION: version, REVISION: 'unknown', CREATED: 'unknown' });
  });

  it('leaves secrets, the history and what was built here out of the build context', () => {
    for (const path of [
      '.git/config',
      '.env',
      '.env.local',
      'deploy/.env',
      'apps.yaml',
      'tls/server.key',
      'node_modules/yaml/package.json',
      'packages/client/node_modules/x',
      'dist/main.js',
      'packages/client/dist/index.js',
      'test/secrets.spec.ts',
    ]) {
      expect([path, ignored(path)]).toEqual([path, true]);
    }
    for (const path of ['src/main.ts', 'package.json', 'packages/client/src/index.ts', 'distance/x']) {
      expect([path, ignored(path)]).toEqual([path, false]);
    }
  });
});

describe('docker-compose.yaml', () => {
  const compose = parse(readFileSync(join(ROOT, 'docker-compose.yaml'), 'utf8'));
  const apps = parse(readFileSync(join(ROOT, 'deploy/compose/apps.yaml'), 'utf8'));

  it('the key in its comment is the one in its apps.yaml', () => {
    const key = /Bearer ([\w-]+)/.exec(readFileSync(join(ROOT, 'docker-compose.yaml'), 'utf8'))?.[1] ?? '';
    expect(key).toMatch(/^[\w-]{32,128}$/);
    expect(apps.clients[0].keys[0].sha256).toBe(createHash('sha256').update(key).digest('hex'));
  });

  it('mounts the folder that the image looks for apps.yaml in', () => {
    const [source, target, mode] = compose.services.hub.volumes[0].split(':');
    expect(existsSync(join(ROOT, source, 'apps.yaml'))).toBe(true);
    expect(`${target}/apps.yaml`).toBe(pairsOf(final, 'ENV').HUB_APPS_FILE);
    expect(mode).toBe('ro');
  });

  it('gives nobody a writable root or a capability, and no port to the network', () => {
    for (const service of [compose.services.hub, compose.services.simulator]) {
      expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
    }
  });
});

describe('the image', () => {
  let context: string;
  let production: string;
  let image: ImageRoot;

  beforeAll(() => {
    context = mkdtempSync(join(tmpdir(), 'hub-context-'));
    production = mkdtempSync(join(tmpdir(), 'hub-production-'));
    // Stage build: `npm ci` has been done here already; the rest of it is done anew on what the context has.
    cpSync(ROOT, context, {
      recursive: true,
      filter: (path) => path === ROOT || !ignored(relative(ROOT, path)),
    });
    symlinkSync(join(ROOT, 'node_modules'), join(context, 'node_modules'));
    expect(runsOf(stage('build'))).toEqual(['npm ci --registry=${NPM_REGISTRY}', 'npm run build']);
    run(context, 'npm run build');
    // Stage production.
    for (const file of copiesOf(stage('production'))[0]!.sources)
      cpSync(join(ROOT, file), join(production, file));
    for (const command of runsOf(stage('production')))
      run(production, command.replace('npm ci', 'npm ci --prefer-offline'));

    image = new ImageRoot(nodeOfTheImage());
    for (const copy of copiesOf(final)) {
      for (const source of copy.sources) {
        if (copy.from === undefined) image.copy(join(ROOT, source), join('/app', source));
        else if (source.startsWith('/app/')) {
          image.move(join(copy.from === 'build' ? context : production, source.slice(5)), source);
        } else expect([copy.from, source]).toEqual(['node', '/usr/local/bin/node']); // ImageRoot brings it.
      }
    }
    writeFileSync(
      join(image.path('/etc'), 'passwd'),
      'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n',
    );
    image.copy(join(ROOT, 'deploy/compose/apps.yaml'), '/etc/wechat-token-hub/config/apps.yaml');
    image.seal();
  });

  afterAll(async () => {
    // Undefined where beforeAll failed: that is the error to show.
    await (image as ImageRoot | undefined)?.dispose();
    rmSync(context, { recursive: true, force: true });
    rmSync(production, { recursive: true, force: true });
  });

  const node = execForm(final, 'ENTRYPOINT');
  const start = (args: readonly string[], environment: Record<string, string> = {}) =>
    image.run([...node, ...args], { ...pairsOf(final, 'ENV'), HUB_HOST: '127.0.0.1', ...environment });

  it('has production dependencies alone', () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const installed = (name: string) => existsSync(image.path(`/app/node_modules/${name}/package.json`));
    expect(Object.keys(dependencies).filter((name) => !installed(name))).toEqual([]);
    expect(
      ['typescript', 'jest', '@nestjs/cli', 'eslint'].filter((name) => name in devDependencies),
    ).toHaveLength(4);
    expect(['typescript', 'jest', '@nestjs/cli', 'eslint'].filter(installed)).toEqual([]);
    // Made on one platform for all: what is compiled must be there for each.
    const compiled = readdirSync(image.path('/app/node_modules'), {
      recursive: true,
      encoding: 'utf8',
    }).filter((file) => /\.(?:node|so)$/.test(file));
    expect(compiled.sort()).toEqual(
      ['arm64', 'x64'].map((processor) =>
        join('fs-native-extensions/prebuilds', `linux-${processor}`, 'fs-native-extensions.node'),
      ),
    );
    expect(existsSync(image.path('/app/test'))).toBe(false);
    expect(existsSync(image.path('/app/src'))).toBe(false);
  });

  it('has the Node that its Dockerfile names, linked to nothing that its base image lacks', async () => {
    if (!image.jailed) return; // Runs in place, by this machine's.
    expect(await outputOf(start(['-p', 'process.versions.node']))).toEqual([
      image.isMachines ? process.versions.node : NODES[24]!.version,
    ]);
    // What gcr.io/distroless/cc has: glibc, libstdc++, libgcc.
    const known = /^(?:ld-linux.*|lib(?:c|m|dl|pthread|stdc\+\+|gcc_s))\.so\.\d+$/;
    expect(image.libraries.filter((library) => !known.test(basename(library)))).toEqual([]);
  });

  it('runs without root, shell, or anything to write to', async () => {
    if (!image.jailed) return; // Needs root, for a mount and a chroot.
    const look = `const fs = require('node:fs');
      const tries = ['/app/x', '/tmp/x', '/x'].map((path) => { try { fs.writeFileSync(path, ''); return 'written'; } catch ({ code }) { return code; } });
      console.log(JSON.stringify({ uid: process.getuid(), gid: process.getgid(), groups: process.getgroups(), cwd: process.cwd(), tries, shell: fs.existsSync('/bin/sh') }));`;
    const [line] = await outputOf(start(['-e', look]));
    expect(JSON.parse(line ?? '')).toEqual({
      uid: 65_532,
      gid: 65_532,
      groups: [65_532],
      cwd: '/app',
      tries: ['EROFS', 'EROFS', 'EROFS'],
      shell: false,
    });
  });

  it('serves: simulator and hub of the compose file, health check, SIGTERM', async () => {
    const compose = parse(readFileSync(join(ROOT, 'docker-compose.yaml'), 'utf8'));
    const flags: string[] = compose.services.simulator.command;
    const simulator = start(flags.map((flag) => flag.replace('0.0.0.0', '127.0.0.1').replace('8080', '0')));
    const { url: upstream } = await firstLine(simulator, ({ simulator: state }) => state === 'listening');

    const hub = start(execForm(final, 'CMD'), {
      HUB_PORT: '0',
      HUB_OPS_PORT: '0',
      HUB_WECHAT_BASE_URL: String(upstream),
    });
    const { port, opsPort, version } = await firstLine(hub, ({ msg }) => msg === 'listening');
    expect(version).toBe(pairsOf(final, 'ARG').VERSION);
    const ready = async () => (await fetch(`http://127.0.0.1:${String(opsPort)}/readyz`)).status;
    while ((await ready()) !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
    for (const { appid } of parse(readFileSync(join(ROOT, 'deploy/compose/apps.yaml'), 'utf8')).apps) {
      const url = `http://127.0.0.1:${String(port)}/v1/apps/${appid}/token`;
      const answer = await fetch(url, { headers: bearer('demo-key-of-docker-compose-not-a-secret') });
      expect([appid, answer.status]).toEqual([appid, 200]);
      expect((await fetch(url, { headers: bearer(testKey('none')) })).status).toBe(401);
    }

    expect((await fetch(`http://127.0.0.1:${String(opsPort)}/openapi.json`)).status).toBe(200);

    const check = healthCheck(final);
    const healthOf = async (ops: unknown) =>
      (await ended(image.run(check, { HUB_OPS_PORT: String(ops) }))).code;
    expect(await healthOf(opsPort)).toBe(0);
    const { code, after } = await (async () => {
      const since = performance.now();
      const end = ended(hub);
      hub.kill('SIGTERM');
      return { ...(await end), after: performance.now() - since };
    })();
    expect(code).toBe(0);
    expect(after).toBeLessThan(10_000);
    expect(await healthOf(opsPort)).toBe(1);
  });

  it('a configuration that cannot be run: exit code 78', async () => {
    const { code } = await ended(start(execForm(final, 'CMD'), { HUB_PORT: 'tcp://10.0.0.1:3000' }));
    expect(code).toBe(78);
  });
});

/** The Node that the image has; this machine's, where that one is not to be had. */
function nodeOfTheImage(): string {
  try {
    return join(nodeFolder(24), 'node');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    process.stderr.write(`the image is tested with Node ${process.version}: ${why}\n`);
    return process.execPath;
  }
}

function run(cwd: string, command: string): void {
  const { status, stderr, stdout } = spawnSync(command, {
    cwd,
    shell: true,
    encoding: 'utf8',
    env: { ...process.env, ...defaults },
  });
  if (status !== 0) throw new Error(`${command} ended with ${String(status)}:\n${stdout}\n${stderr}`);
}

async function outputOf(child: ChildProcess): Promise<string[]> {
  const lines: string[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line));
  const { code, errors } = await ended(child);
  if (code !== 0) throw new Error(`ended with ${String(code)}: ${errors}`);
  return lines;
}

/** The first line of JSON that fits. */
async function firstLine(
  child: ChildProcess,
  fits: (line: Record<string, unknown>) => boolean,
): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout! }).on('line', (text) => {
      const line = JSON.parse(text) as Record<string, unknown>;
      if (fits(line)) resolve(line);
    });
    void ended(child).then(({ code, errors }) => {
      reject(new Error(`ended with ${String(code)}: ${errors}`));
    });
  });
}

async function ended(
  child: ChildProcess,
): Promise<{ readonly code: number | null; readonly errors: string }> {
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  return new Promise((resolve) => {
    child.once('close', (code) => {
      resolve({ code, errors });
    });
  });
}
