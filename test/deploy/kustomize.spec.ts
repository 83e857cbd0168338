import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { jest } from '@jest/globals';
import { parse } from 'yaml';
import { problemsOf } from './kubernetes-schemas.js';
import { DEPLOY, kustomize, withKubectl } from './manifests.js';
import { promises, violations } from './promises.js';

/** The plain manifests of deploy/kustomize. */

const CLI = join(DEPLOY, '../dist/cli/main.js');
const FOLDERS = ['base', 'overlays/single', 'overlays/replicated'];
const objectsOf = (folder: string) => kustomize(`kustomize/${folder}`);

jest.setTimeout(60_000);

withKubectl.each(FOLDERS)('%s', (folder) => {
  it('is what Kubernetes accepts: no schema violated, no unknown field', () => {
    expect(problemsOf(objectsOf(folder))).toEqual([]);
  });

  it('keeps what every deployment of the hub must keep', () => {
    expect(violations(objectsOf(folder))).toEqual([]);
  });
});

it('reads the same as YAML 1.1 and 1.2', () => {
  for (const file of yamlFilesOf(join(DEPLOY, 'kustomize'))) {
    const text = readFileSync(file, 'utf8');
    expect([file, parse(text, { version: '1.1' })]).toEqual([file, parse(text, { version: '1.2' })]);
  }
});

withKubectl('components/openshift', () => {
  it('leaves user and groups to OpenShift, and asks its name servers', () => {
    const work = mkdtempSync(join(tmpdir(), 'hub-openshift-'));
    const below = (path: string) => relative(work, join(DEPLOY, 'kustomize', path));
    writeFileSync(
      join(work, 'kustomization.yaml'),
      JSON.stringify({ resources: [below('base')], components: [below('components/openshift')] }),
    );
    const objects = kustomize(relative(DEPLOY, work));
    rmSync(work, { recursive: true });
    expect(problemsOf(objects)).toEqual([]);
    const text = (kind: string) => JSON.stringify(objects.find((each) => each.kind === kind)?.spec);
    expect(text('Deployment')).not.toMatch(/runAsUser|runAsGroup|fsGroup/);
    expect(text('Deployment')).toContain('"runAsNonRoot":true');
    expect(text('NetworkPolicy')).toContain('openshift-dns');
    expect(text('NetworkPolicy')).not.toContain('"port":53,');
  });
});

withKubectl('components/service-account-issuer', () => {
  it('mounts a token and the cluster’s CA, and lets the hub reach the API server', () => {
    const work = mkdtempSync(join(tmpdir(), 'hub-issuer-'));
    const below = (path: string) => relative(work, join(DEPLOY, 'kustomize', path));
    const components = [below('components/service-account-issuer')];
    writeFileSync(
      join(work, 'kustomization.yaml'),
      JSON.stringify({ resources: [below('base')], components }),
    );
    const objects = kustomize(relative(DEPLOY, work));
    rmSync(work, { recursive: true });
    expect(problemsOf(objects)).toEqual([]);
    const text = (kind: string) => JSON.stringify(objects.find((each) => each.kind === kind)?.spec);
    expect(text('Deployment')).toContain('"mountPath":"/var/run/secrets/wechat-token-hub/issuer"');
    expect(text('Deployment')).toContain('"serviceAccountToken":{"expirationSeconds":3600,"path":"token"}');
    expect(text('NetworkPolicy')).toContain('"port":6443');
  });
});

withKubectl('apps.yaml', () => {
  const check = (folder: string) => {
    const map = objectsOf(folder).find(({ kind }) => kind === 'ConfigMap') as never as {
      data: Record<string, string>;
    };
    const file = join(work, 'apps.yaml');
    writeFileSync(file, map.data['apps.yaml']!);
    const { status, stdout } = spawnSync(process.execPath, [CLI, 'check', file, '--json'], {
      encoding: 'utf8',
      env: {},
    });
    const { problems } = JSON.parse(stdout) as { problems: { path: string; message: string }[] };
    return { status, problems: problems.map(({ path, message }) => `${path}: ${message}`) };
  };
  let work: string;
  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), 'hub-kustomize-'));
  });
  afterAll(() => {
    rmSync(work, { recursive: true });
  });

  it('of the base is one that the hub takes', () => {
    expect(check('base')).toEqual({ status: 0, problems: [] });
  });

  it.each(['overlays/single', 'overlays/replicated'])(
    'of %s: nothing but the Secret is missing',
    (folder) => {
      expect(check(folder)).toEqual({
        status: 78,
        problems: [expect.stringMatching(/apps\[0\]\.secretFile: the file cannot be read \(ENOENT\)/)],
      });
    },
  );
});

withKubectl('the checks themselves', () => {
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
  const { COPY, prometheusRule } = (await import(script)) as { COPY: string; prometheusRule: () => string };
  expect(readFileSync(join(DEPLOY, COPY), 'utf8')).toBe(prometheusRule());
});

function* yamlFilesOf(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* yamlFilesOf(path);
    else if (path.endsWith('.yaml')) yield path;
  }
}
