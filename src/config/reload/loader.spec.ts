import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { AppsFileLoader } from './loader.js';
import type { LoaderOptions } from './parser.js';
import { SECRET } from '../apps-file/spec-support.js';

const SOURCES = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Compiles what the thread imports, as the build would. */
function compileWorker(target: string): URL {
  for (const folder of [
    'config',
    'config/apps-file',
    'config/folder',
    'config/reload',
    'core',
    'core/access',
    'core/kinds',
    'notices',
    'notices/wording',
  ]) {
    mkdirSync(join(target, folder), { recursive: true });
    for (const file of readdirSync(join(SOURCES, folder))) {
      if (!file.endsWith('.ts') || file.endsWith('.spec.ts')) continue;
      const { outputText } = ts.transpileModule(readFileSync(join(SOURCES, folder, file), 'utf8'), {
        compilerOptions: {
          module: ts.ModuleKind.ESNext,
          target: ts.ScriptTarget.ES2023,
          experimentalDecorators: true,
          emitDecoratorMetadata: true,
        },
      });
      writeFileSync(join(target, folder, file.replace(/\.ts$/, '.js')), outputText);
    }
  }
  writeFileSync(join(target, 'package.json'), '{"type":"module"}');
  symlinkSync(resolve(SOURCES, '../node_modules'), join(target, 'node_modules'));
  return pathToFileURL(join(target, 'config/reload/worker.js'));
}

let folder: string;
let worker: URL;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hub-loader-'));
  worker = compileWorker(join(folder, 'compiled'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, content: string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

function loaderOf(file: string, options: Partial<LoaderOptions> = {}): AppsFileLoader {
  const inlineBytes = { start: 0, reload: 0 };
  return new AppsFileLoader(file, {
    env: () => ({ THE_SECRET: 'from-env' }),
    worker,
    inlineBytes,
    ...options,
  });
}

/** A thread that does as it is told instead of reading the file. */
function workerThat(name: string, code: string): URL {
  return pathToFileURL(write(`${name}.mjs`, `import { parentPort } from 'node:worker_threads';\n${code}`));
}

const TEXT = `version: 1
apps:
  - { appid: wx1, secretEnv: THE_SECRET, tickets: [jsapi] }
  - { appid: wx2, secretFile: two.secret }
  - { appid: wx3, secret: "${SECRET}", name: 三 }
clients:
  - { id: a, allowIps: [10.0.0.0/8], apps: [wx1, wx3], may: [read] }
  - { id: b, allowIps: [10.0.0.1], apps: "*" }
notify:
  - { type: feishu, urlFile: two.secret.url, secretFile: two.secret, apps: [wx3], events: [recovered] }
`;

describe('AppsFileLoader', () => {
  it('reads the same in a thread as without one', async () => {
    write('two.secret', 'from-file\n');
    write('two.secret.url', 'https://robot.example/simulated\n');
    const file = write('apps.yaml', TEXT);
    const readings = [
      await loaderOf(file).read('reload'),
      await loaderOf(file, { worker: undefined }).read('reload'),
    ].map(({ result, stamps }) => {
      if (!result.ok) throw new Error(JSON.stringify(result.problems));
      const apps = result.apps.map((app) => ({ ...app, secret: app.secret.reveal() }));
      const clients = result.clients.map((client) => ({ ...client, allowIps: client.allowIps?.ranges }));
      const notify = result.notify.map(({ url, secret, ...rest }) => [rest, url.reveal(), secret?.reveal()]);
      return { apps, clients, notify, stamps };
    });
    expect(readings[0]).toEqual(readings[1]);
    expect(readings[0]?.apps.map(({ secret }) => secret)).toEqual(['from-env', 'from-file', SECRET]);
    expect(readings[0]?.clients[0]?.apps).toEqual(new Set(['wx1', 'wx3']));
    expect(readings[0]?.notify).toEqual([
      [expect.objectContaining({ language: 'zh' }), 'https://robot.example/simulated', 'from-file'],
    ]);
    const files = ['two.secret', 'two.secret.url'].map((name) => join(folder, name));
    expect([...(readings[0]?.stamps.secretFiles.keys() ?? [])]).toEqual(files);
    expect(readings[0]?.stamps.content).toBe(await loaderOf(file).stampContent());
  });

  it('brings all problems from a thread, with the files that it looked at', async () => {
    const apps = Array.from(
      { length: 600 },
      (_, index) => `  - { appid: wx${index}, secretFile: missing/${index}, tokenApi: x }`,
    );
    const file = write('bad.yaml', ['version: 1', 'apps:', ...apps].join('\n'));
    const { result, stamps } = await loaderOf(file).read('reload');
    expect(result.ok ? 0 : result.problems.length).toBe(1200);
    expect(
      result.ok ? undefined : result.problems.find(({ path }) => path === 'apps[599].secretFile'),
    ).toMatchObject({
      line: 602,
    });
    expect(stamps.secretFiles.get(join(folder, 'missing/599'))).toBe('ENOENT');
  });

  it('passes thousands of apps and clients on, in order', async () => {
    const apps = Array.from({ length: 2000 }, (_, index) => `  - { appid: wx${index}, secret: s${index} }`);
    const clients = Array.from(
      { length: 300 },
      (_, index) => `  - { id: c${index}, apps: [wx${index}], allowIps: [::1] }`,
    );
    const file = write('many.yaml', ['version: 1', 'apps:', ...apps, 'clients:', ...clients].join('\n'));
    const { result } = await loaderOf(file).read('reload');
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    expect(result.apps.map(({ appid, secret }) => `${appid}=${secret.reveal()}`)).toEqual(
      Array.from({ length: 2000 }, (_, index) => `wx${index}=s${index}`),
    );
    expect(result.clients.map(({ id }) => id)).toEqual(
      Array.from({ length: 300 }, (_, index) => `c${index}`),
    );
  });

  it('starts a thread only for files above the size', async () => {
    const file = write('small.yaml', 'version: 1\napps: []\n');
    const broken = workerThat('broken', 'throw new Error("never started")');
    const loader = loaderOf(file, { worker: broken, inlineBytes: { start: 20, reload: 19 } });
    expect((await loader.read('start')).result.ok).toBe(true);
    expect((await loader.read('reload')).result.ok).toBe(false);
  });

  it.each([
    ['throws', 'throw new Error("boom")', /stopped unexpectedly \(unknown error\)/],
    ['exits', 'process.exit(3)', /stopped unexpectedly/],
    [
      'needs too much memory',
      'const a = []; for (;;) a.push(new Array(1000).fill(Math.random()))',
      /ERR_WORKER_OUT_OF_MEMORY/,
    ],
    ['never answers', 'parentPort.on("message", () => undefined)', /took longer than 0.5 s/],
    ['never stops', 'for (;;);', /took longer than 0.5 s/],
  ])('turns a thread that %s into a problem', async (name, code, message) => {
    const file = write('apps.yaml', TEXT);
    const timeoutMs = message.source.includes('took') ? 500 : 15_000;
    const loader = loaderOf(file, {
      worker: workerThat(name.replaceAll(' ', '-'), code),
      timeoutMs,
      maxMemoryMb: () => 64,
    });
    const { result, stamps } = await loader.read('reload');
    expect(result).toMatchObject({
      ok: false,
      problems: [{ path: '', line: 1, message: expect.stringMatching(message) }],
    });
    expect(stamps.content).toBe(await loader.stampContent());
  });

  it.each([
    ['is missing', 'nowhere.yaml', 'ENOENT'],
    ['is a folder', '.', 'EISDIR'],
    ['has no folder', 'no/where.yaml', 'ENOENT'],
    ['is a device', '/dev/zero', 'ERR_NOT_A_FILE'],
  ])('turns an apps file that %s into a problem', async (_, name, code) => {
    const { result, stamps } = await loaderOf(resolve(folder, name)).read('start');
    const message = expect.stringContaining(`cannot be read (${code})`);
    expect(result).toMatchObject({ ok: false, problems: [{ path: '', line: 1, message }] });
    expect(stamps.content).toBe(code);
  });

  it('refuses bytes that are not UTF-8', async () => {
    const file = join(folder, 'latin1.yaml');
    writeFileSync(file, Buffer.from('version: 1\napps: [] # \xe9\n', 'latin1'));
    const message = 'is not UTF-8 text: save it as UTF-8';
    expect((await loaderOf(file).read('start')).result).toMatchObject({ problems: [{ line: 1, message }] });
  });

  it.each([
    ['a folder', '.', 'EISDIR'],
    ['a device', '/dev/zero', 'ERR_NOT_A_FILE'],
    ['a large file', 'large.secret', 'ERR_FILE_TOO_LARGE'],
  ])('does not take %s for a secret', async (_, name, code) => {
    write('large.secret', 'x'.repeat(70_000));
    const file = write('odd.yaml', `version: 1\napps:\n  - { appid: wx1, secretFile: ${name} }\n`);
    const { result } = await loaderOf(file, { worker: undefined }).read('start');
    expect(result).toMatchObject({
      ok: true,
      secretProblems: new Map([['wx1', expect.stringContaining(`(${code})`)]]),
      warnings: [{ line: 3, message: expect.stringContaining(`(${code})`) }],
    });
  });
});
