import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import {
  helmTemplate,
  kustomize,
  objectsOf,
  withHelm,
  withKubectl,
  type KubernetesObject,
  type Values,
} from './manifests.js';
import { violations } from './promises.js';

/** docs/kubernetes.md and its Chinese twin. There is no cluster here: what the commands name is looked at instead. */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const [english, chinese] = ['docs/kubernetes.md', 'docs/kubernetes.zh-CN.md'].map(read) as [string, string];
const blocksOf = (text: string, language: string) =>
  [...text.matchAll(/```(\w+)\n([\s\S]*?)```/g)]
    .filter((match) => match[1] === language)
    .map((match) => match[2]!);
const linesLike = (text: string, pattern: RegExp) =>
  text.split('\n').filter((line) => pattern.test(line)).length;

it('both languages have the same commands and examples, and the same parts', () => {
  for (const language of ['sh', 'yaml'])
    expect(blocksOf(chinese, language)).toEqual(blocksOf(english, language));
  for (const pattern of [/^## /, /^\| /, /^- /, /^\d\. /]) {
    expect([pattern, linesLike(chinese, pattern)]).toEqual([pattern, linesLike(english, pattern)]);
  }
});

it.each([
  ['English', english],
  ['Chinese', chinese],
])('%s: links inside the page lead to headings', (_name, text) => {
  const anchors = [...text.matchAll(/^## (.*)$/gm)].map((match) =>
    match[1]!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-'),
  );
  const links = [...text.matchAll(/\]\(#([^)]+)\)/g)].map((match) => match[1]!);
  expect(links.filter((link) => !anchors.includes(link))).toEqual([]);
  expect(links.length).toBeGreaterThan(anchors.length - 1);
});

it('the files and folders that it names exist', () => {
  const named = [...english.matchAll(/(?:deploy|test)\/[\w./-]*\w/g)].map(([path]) => path);
  const missing = named.filter((path) => !existsSync(join(ROOT, path)));
  expect(missing).toEqual([]);
  expect(named.length).toBeGreaterThan(5);
});

withHelm('its values', () => {
  it('are accepted, and render to a good deployment', () => {
    const examples = blocksOf(english, 'yaml').map((text) => parse(text) as Values);
    expect(examples).toHaveLength(3);
    for (const values of examples) {
      const release = { release: 'hub', namespace: 'hub', values };
      expect(violations(objectsOf(helmTemplate(release)))).toEqual([]);
    }
  });
});

it('the values of its table exist', () => {
  const defaults = parse(read('deploy/helm/wechat-token-hub/values.yaml')) as Record<string, unknown>;
  const table = english.slice(english.indexOf('| value | default |'), english.indexOf('## With Kustomize'));
  for (const row of table.split('\n').filter((line) => line.startsWith('| `'))) {
    for (const [, path] of row.split('|')[1]!.matchAll(/`([^`]+)`/g)) {
      const found = path!
        .split('.')
        .reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], defaults);
      expect([path, found === undefined]).toEqual([path, false]);
    }
  }
});

withKubectl('what its commands name', () => {
  it('is what the manifests are called', () => {
    const objects: KubernetesObject[] = kustomize('kustomize/overlays/replicated');
    const has = (kind: string, name: string) =>
      objects.some((each) => each.kind === kind && each.metadata.name === name);
    const commands = blocksOf(english, 'sh').join('\n');
    for (const [, name] of commands.matchAll(/deployment\/(\S+)/g))
      expect(has('Deployment', name!)).toBe(true);
    for (const [, name] of commands.matchAll(/(?:-n|--namespace|create namespace) (\S+)/g)) {
      expect(has('Namespace', name!)).toBe(true);
    }
    const manifests = JSON.stringify(objects);
    for (const [, name] of commands.matchAll(/secret generic (\S+)/g))
      expect(manifests).toContain(`"${name!}"`);
    expect(commands).toContain('wechat-token-hub/callers=allowed');
    expect(manifests).toContain('"wechat-token-hub/callers":"allowed"');
  });
});

it.each([
  ['src/config/environment/names.ts', 'was set by Kubernetes'],
  ['src/config/apps-file/secrets.ts', 'the file cannot be read ('],
  ['deploy/helm/wechat-token-hub/templates/_helpers.tpl', 'more than one replica needs Redis'],
  ['docker-compose.yaml', 'demo-key-of-docker-compose-not-a-secret'],
])('what it quotes is said by %s', (file, text) => {
  expect(english).toContain(text);
  expect(read(file)).toContain(text);
});
