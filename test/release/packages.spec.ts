import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { parse } from 'yaml';
import { withHelm } from '../deploy/manifests.js';

/** What is published, installed into an empty folder and run there. */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
jest.setTimeout(240_000);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hub-packages-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function packed(directory: string): { file: string; paths: string[] } {
  const out = execFileSync(
    'npm',
    ['pack', directory, '--json', '--ignore-scripts', '--pack-destination', folder],
    {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 32 * 1024 * 1024,
    },
  );
  const [{ filename, files }] = JSON.parse(out) as [{ filename: string; files: { path: string }[] }];
  return { file: join(folder, filename), paths: files.map(({ path }) => path) };
}

function installed(name: string, tarball: string): string {
  const project = join(folder, name);
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{"private":true,"type":"module"}');
  const flags = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { status, stderr } = spawnSync('npm', ['install', tarball, ...flags], {
    cwd: project,
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, expect.not.stringContaining('EBADENGINE')]);
  return project;
}

it('the hub: npx wechat-token-hub check, key and --version work', () => {
  const { file, paths: all } = packed('.');
  // What it needs comes with it, in the versions that were tested here: npm knows neither the lock file nor the
  // `overrides` of a package that it installs, and would take newer ones that no longer run on this Node.
  const paths = all.filter((path) => !path.startsWith('node_modules/'));
  expect(all).toContain('node_modules/@nestjs/core/package.json');
  expect(paths).toEqual(
    expect.arrayContaining(['dist/cli/main.js', 'dist/main.js', 'docs/apps.schema.json']),
  );
  const strangers = paths.filter((path) => !/^(?:dist\/|docs\/apps\.schema\.json$|[^/]+$)/.test(path));
  expect([strangers, paths.filter((path) => /\.spec\.|\.map$|\.env|apps\.yaml/.test(path))]).toEqual([
    [],
    [],
  ]);
  const project = installed('hub', file);
  const hub = (...args: string[]) =>
    spawnSync('npx', ['--no-install', 'wechat-token-hub', ...args], { cwd: project, encoding: 'utf8' });
  writeFileSync(join(project, 'good.yaml'), 'version: 1\napps: []\nclients: []\n');
  writeFileSync(join(project, 'bad.yaml'), 'version: 1\napps: []\nclients: [{ id: a, may: [gatway] }]\n');
  expect(hub('check', 'good.yaml').status).toBe(0);
  const bad = hub('check', 'bad.yaml');
  expect([bad.status, bad.stdout + bad.stderr]).toEqual([
    78,
    expect.stringContaining('did you mean "gateway"?'),
  ]);
  expect(hub('--version').stdout).toContain('0.1.0');
  expect(hub('key', 'create', '--id', 'a', '--json').status).toBe(0);
});

it('the client: a program that imports it runs', () => {
  const { file, paths } = packed('./packages/client');
  expect(paths).toEqual(expect.arrayContaining(['dist/index.js', 'dist/index.d.ts', 'LICENSE']));
  expect(paths.filter((path) => /^(?:src|test)\//.test(path))).toEqual([]);
  const project = installed('client', file);
  const program =
    "import { createTokenClient } from 'wechat-token-hub-client'; console.log(typeof createTokenClient);";
  writeFileSync(join(project, 'program.mjs'), program);
  expect(execFileSync(process.execPath, ['program.mjs'], { cwd: project, encoding: 'utf8' })).toBe(
    'function\n',
  );
});

withHelm('the chart', () => {
  it('as it is released knows its image, its runbooks and its pages, and carries rules and dashboard', () => {
    const helm = (...args: string[]) => {
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        ['--input-type=module', '-e', RUN_HELM, '--', ...args],
        {
          cwd: ROOT,
          encoding: 'utf8',
        },
      );
      expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
      return stdout;
    };
    execFileSync(
      process.execPath,
      [
        'scripts/pack-chart.mjs',
        '--repository',
        'example/hub',
        '--tag',
        'v9.8.7',
        '--version',
        '9.8.7',
      ].concat(['--image', 'ghcr.io/example/hub', '--out', join(folder, 'chart')]),
      { cwd: ROOT, stdio: 'pipe' },
    );
    expect(readdirSync(join(folder, 'chart'))).toEqual(['wechat-token-hub-9.8.7.tgz']);
    const tarball = join(folder, 'chart', 'wechat-token-hub-9.8.7.tgz');
    const flags = ['prometheusRule.enabled', 'grafanaDashboard.enabled'].flatMap((flag) => [
      '--set',
      `${flag}=true`,
    ]);
    const text = helm('template', 'hub', tarball, ...flags);
    expect(text).toContain('image: "ghcr.io/example/hub:9.8.7"');
    expect(text).toContain('https://github.com/example/hub/blob/v9.8.7/docs/runbooks/WxhubDown.md');
    expect(text).toContain('wxhub_token_expires_in_seconds');
    const chart = parse(helm('show', 'chart', tarball)) as Record<string, string>;
    expect(chart).toMatchObject({
      version: '9.8.7',
      appVersion: '9.8.7',
      home: 'https://github.com/example/hub',
      icon: 'https://raw.githubusercontent.com/example/hub/v9.8.7/docs/images/icon.svg',
    });
    expect(helm('show', 'readme', tarball)).toContain('| `appSecrets.existingSecrets` |');
    expect(helm('lint', '--strict', tarball)).toContain('0 chart(s) failed');
  });
});

const RUN_HELM = `
  const { kubeTool } = await import('./scripts/lib/kube-tools.mjs');
  const { spawnSync } = await import('node:child_process');
  process.exitCode = spawnSync(kubeTool('helm'), process.argv.slice(1), { stdio: 'inherit' }).status;
`;
