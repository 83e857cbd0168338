import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { HubProcess } from '../support/hub-process.js';
import { build, type KubernetesObject } from './kustomize.js';
import { problemsOf } from './kubernetes-schemas.js';
import { promises, violations } from './promises.js';

/** The plain manifests of deploy/kustomize. */

const DEPLOY = fileURLToPath(new URL('../../deploy/', import.meta.url));
const FOLDERS = ['base', 'overlays/single', 'overlays/replicated'];
const objectsOf = (folder: string) => build(join(DEPLOY, 'kustomize', folder));

jest.setTimeout(60_000);

describe.each(FOLDERS)('%s', (folder) => {
  const objects = objectsOf(folder);

  it('is what Kubernetes accepts: no schema violated, no unknown field', () => {
    expect(problemsOf(objects)).toEqual([]);
  });

  it('keeps what every deployment of the hub must keep', () => {
    expect(violations(objects)).toEqual([]);
  });

  it('reads the same as YAML 1.1 and 1.2', () => {
    for (const file of yamlFilesOf(join(DEPLOY, 'kustomize'))) {
      const text = readFileSync(file, 'utf8');
      expect([file, parse(text, { version: '1.1' })]).toEqual([file, parse(text, { version: '1.2' })]);
    }
  });

  it("is resolved as kubectl's own kustomize does it, where kubectl is installed", () => {
    const { status, stdout } = spawnSync('kubectl', ['kustomize', join(DEPLOY, 'kustomize', folder)], {
      encoding: 'utf8',
    });
    if (status === null) return; // No kubectl here.
    const real = parseAllDocuments(stdout).map((document) => document.toJS() as KubernetesObject);
    expect(sorted(objects)).toEqual(sorted(real));
  });
});

describe('apps.yaml', () => {
  const appsOf = (folder: string) =>
    (objectsOf(folder).find(({ kind }) => kind === 'ConfigMap') as { data?: Record<string, string> }).data?.[
      'apps.yaml'
    ] ?? '';
  let hub: HubProcess;
  afterEach(async () => {
    await hub.dispose();
  });

  it('of the base: the hub starts with it, and serves nobody', async () => {
    hub = new HubProcess({ yaml: appsOf('base') });
    await hub.listening();
  });

  it.each(['overlays/single', 'overlays/replicated'])(
    'of %s: nothing but the Secret is missing',
    async (folder) => {
      hub = new HubProcess({ yaml: appsOf(folder) });
      expect(await hub.exited).toMatchObject({ code: 78 });
      expect(hub.stderr).toEqual([
        expect.stringMatching(/apps\[0\]\.secretFile: the file cannot be read \(ENOENT\)/),
      ]);
    },
  );
});

describe('the checks themselves', () => {
  const deployment = () => objectsOf('base').find(({ kind }) => kind === 'Deployment')!;
  const changed = (change: (object: never) => void) => {
    const object = structuredClone(deployment());
    change(object as never);
    return [object];
  };

  it('find a field that does not exist, deep inside', () => {
    const objects = changed(
      (object: { spec: { template: { spec: { containers: Record<string, unknown>[] } } } }) => {
        object.spec.template.spec.containers[0]!.securityContxt = {};
      },
    );
    expect(problemsOf(objects)).toEqual([
      expect.stringMatching(/Deployment\/wechat-token-hub: .*'?securityContxt/),
    ]);
  });

  it('find a field of the wrong type, and one that is missing', () => {
    const objects = changed((object: { spec: Record<string, unknown> }) => {
      object.spec.replicas = 'one';
      delete object.spec.selector;
    });
    expect(problemsOf(objects).join('\n')).toMatch(/replicas[^\n]*integer/);
    expect(problemsOf(objects).join('\n')).toMatch(/selector/);
  });

  it.each(promises.map(({ name, breakIt }) => [name, breakIt] as const))('find: %s', (name, breakIt) => {
    const objects = objectsOf('overlays/replicated');
    breakIt(objects);
    expect(violations(objects)).toContain(name);
  });
});

it('the alerts are those of deploy/alerts: else run node deploy/sync-alerts.mjs', async () => {
  const script = '../../deploy/sync-alerts.mjs';
  const { copies } = (await import(script)) as {
    copies: () => Record<string, string>;
  };
  for (const [path, text] of Object.entries(copies())) {
    expect([path, existsSync(join(DEPLOY, path)) && readFileSync(join(DEPLOY, path), 'utf8')]).toEqual([
      path,
      text,
    ]);
  }
});

function sorted(objects: readonly KubernetesObject[]): KubernetesObject[] {
  const key = ({ kind, metadata }: KubernetesObject) => `${kind}/${metadata.name}`;
  return [...objects].sort((a, b) => key(a).localeCompare(key(b)));
}

function* yamlFilesOf(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* yamlFilesOf(path);
    else if (path.endsWith('.yaml')) yield path;
  }
}
