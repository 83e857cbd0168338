import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** What GitHub runs, as far as it can be judged without GitHub. */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = join(ROOT, '.github/workflows');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}
interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly unknown[]>> };
  readonly steps: readonly { readonly uses?: string; readonly run?: string; readonly with?: object }[];
}

const files = readdirSync(FOLDER).map((file) => join('.github/workflows', file));
const workflows = files.map((file) => [file, parse(read(file)) as Workflow] as const);
const jobs = workflows.flatMap(([file, { jobs: all }]) =>
  Object.entries(all).map(([name, job]) => [`${file} ${name}`, job] as const),
);
const script = '../../scripts/lib/actionlint.mjs';
const { actionlint } = (await import(script)) as { actionlint: () => string | undefined };
const ACTIONLINT = actionlint();

(ACTIONLINT === undefined ? it.skip : it)('actionlint finds nothing', () => {
  const { status, stdout } = spawnSync(ACTIONLINT!, ['-shellcheck='], { cwd: ROOT, encoding: 'utf8' });
  expect([status, stdout]).toEqual([0, '']);
});

it.each(files)('%s: each action is pinned by its digest, beside the version that it is', (file) => {
  const uses = [...read(file).matchAll(/uses: (.*)$/gm)].map(([, text]) => text!);
  expect(uses.length).toBeGreaterThan(5);
  expect(uses.filter((text) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(text))).toEqual([]);
});

it('one action is one version everywhere', () => {
  const pins = files.flatMap((file) => [...read(file).matchAll(/uses: ([^@]+)@(\S+)/g)]);
  const byAction = new Map(pins.map(([, action, digest]) => [action, digest]));
  for (const [, action, digest] of pins) expect([action, digest]).toEqual([action, byAction.get(action)]);
});

it.each(workflows)('%s: nothing may be written unless a job says so', (_file, { permissions }) => {
  expect(Object.values(permissions).filter((right) => right !== 'read')).toEqual([]);
});

it('no job keeps the credentials of its checkout', () => {
  const checkouts = jobs.flatMap(([name, { steps }]) =>
    steps.filter(({ uses }) => uses?.startsWith('actions/checkout@')).map((step) => [name, step.with]),
  );
  expect(checkouts.length).toBeGreaterThan(5);
  for (const [name, given] of checkouts) {
    expect([name, given]).toEqual([name, expect.objectContaining({ 'persist-credentials': false })]);
  }
});

it('what is published is signed or proven by the job itself: no key, no token of npm', () => {
  const release = workflows.find(([file]) => file.endsWith('release.yml'))![1].jobs;
  for (const name of ['image', 'chart', 'npm'])
    expect([name, release[name]?.permissions?.['id-token']]).toEqual([name, 'write']);
  const secrets = read('.github/workflows/release.yml').match(/secrets\.\w+/g);
  expect(secrets).toEqual(['secrets.MIRROR_USERNAME', 'secrets.MIRROR_PASSWORD']);
});

it('the Nodes of the matrix are those of npm run test:nodes', async () => {
  const nodes = '../../scripts/lib/node-binaries.mjs';
  const { NODES } = (await import(nodes)) as { NODES: Readonly<Record<string, unknown>> };
  const matrix = jobs.find(([name]) => name.endsWith('ci.yml nodes'))?.[1].strategy?.matrix.node;
  expect(matrix?.map(String)).toEqual(Object.keys(NODES));
});

it('scripts and files that are named exist', () => {
  const commands = jobs.flatMap(([, { steps }]) => steps.flatMap(({ run }) => run ?? [])).join('\n');
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const names = [...commands.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name!);
  expect(names.filter((name) => scripts[name] === undefined)).toEqual([]);
  const paths = [...commands.matchAll(/(?:scripts|test|deploy|\.github)\/[\w./-]+/g)].map(([path]) => path);
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  expect(paths.length).toBeGreaterThan(4);
});

it('a release changes the version wherever it stands', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  const config = JSON.parse(read('.github/release-please-config.json')) as {
    packages: Record<string, { 'extra-files': { path: string; jsonpath?: string }[] }>;
  };
  expect(JSON.parse(read('.github/release-please-manifest.json'))).toEqual({ '.': version });
  for (const { path, jsonpath } of config.packages['.']!['extra-files']) {
    const text = read(path);
    if (jsonpath === undefined) expect(text).toMatch(/x-release-please-start-version\n.*\d+\.\d+\.\d+\n/);
    else expect((parse(text) as Record<string, unknown>)[jsonpath.slice(2)]).toBe(version);
  }
});
