import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

/**
 * `kubectl kustomize`, as far as deploy/kustomize uses it: resources, components, namespace, images, patches (strategic
 * merge and JSON 6902 with add and remove), configMapGenerator without hashes. A field that is not here is an error,
 * never ignored. Where kubectl is installed, kustomize.spec.ts holds it against the real one.
 */

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; [key: string]: unknown };
  [key: string]: unknown;
}

interface Kustomization {
  apiVersion: string;
  kind: string;
  namespace?: string;
  resources?: string[];
  components?: string[];
  images?: { name: string; newName?: string; newTag?: string }[];
  patches?: { path?: string; patch?: string; target?: { kind: string; name: string } }[];
  configMapGenerator?: {
    name: string;
    behavior?: 'replace';
    files: string[];
    options: { disableNameSuffixHash: true; labels?: Record<string, string> };
  }[];
}

const KNOWN = [
  'apiVersion',
  'kind',
  'namespace',
  'resources',
  'components',
  'images',
  'patches',
  'configMapGenerator',
];

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The objects of a folder with a kustomization.yaml, in no order that matters. */
export function build(folder: string, inherited: readonly KubernetesObject[] = []): KubernetesObject[] {
  const file = join(folder, 'kustomization.yaml');
  const kustomization = parse(readFileSync(file, 'utf8')) as Kustomization;
  const unknown = Object.keys(kustomization).filter((key) => !KNOWN.includes(key));
  if (unknown.length > 0) throw new Error(`${file}: not understood: ${unknown.join(', ')}`);

  let objects = [...inherited];
  for (const resource of kustomization.resources ?? []) {
    const path = join(folder, resource);
    objects.push(...(resource.endsWith('.yaml') ? readObjects(path) : build(path)));
  }
  for (const generator of kustomization.configMapGenerator ?? []) {
    generate(folder, generator, objects);
  }
  for (const component of kustomization.components ?? []) objects = build(join(folder, component), objects);
  for (const { path, patch, target } of kustomization.patches ?? []) {
    const text = patch ?? readFileSync(join(folder, path ?? ''), 'utf8');
    applyPatch(objects, parse(text) as Json, target);
  }
  const { namespace, images = [] } = kustomization;
  for (const object of objects) {
    if (namespace !== undefined && object.kind !== 'Namespace') object.metadata.namespace = namespace;
    for (const image of images) setImage(object, image);
  }
  const names = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`${file}: ${twice} is there twice`);
  return objects;
}

export function readObjects(file: string): KubernetesObject[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS() as KubernetesObject);
}

function generate(
  folder: string,
  { name, behavior, files, options }: NonNullable<Kustomization['configMapGenerator']>[number],
  objects: KubernetesObject[],
): void {
  const data = Object.fromEntries(
    files.map((file) => [basename(file), readFileSync(join(folder, file), 'utf8')]),
  );
  const existing = objects.find((object) => object.kind === 'ConfigMap' && object.metadata.name === name);
  if ((behavior === 'replace') !== (existing !== undefined))
    throw new Error(`ConfigMap ${name}: wrong behavior`);
  if (existing !== undefined) existing.data = data;
  else {
    const labels = options.labels === undefined ? {} : { labels: options.labels };
    objects.push({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...labels }, data });
  }
}

function applyPatch(
  objects: KubernetesObject[],
  patch: Json,
  target: { kind: string; name: string } | undefined,
): void {
  const { kind, name } = target ?? {
    kind: (patch as never as KubernetesObject).kind,
    name: (patch as never as KubernetesObject).metadata.name,
  };
  const index = objects.findIndex((object) => object.kind === kind && object.metadata.name === name);
  const object = objects[index];
  if (object === undefined) throw new Error(`no ${kind}/${name} to patch`);
  if (!Array.isArray(patch)) {
    objects[index] = merge(object as never, patch, '') as never;
    return;
  }
  for (const operation of patch)
    applyOperation(object, operation as { op: string; path: string; value?: Json });
}

function applyOperation(
  object: KubernetesObject,
  { op, path, value }: { op: string; path: string; value?: Json },
): void {
  const steps = path.slice(1).split('/');
  const last = steps.pop() ?? '';
  let at: unknown = object;
  for (const step of steps) at = (at as Record<string, unknown>)[step];
  if (op === 'add' && last === '-' && Array.isArray(at)) at.push(value);
  else if (op === 'remove' && !Array.isArray(at)) Reflect.deleteProperty(at as object, last);
  else throw new Error(`not understood: ${op} ${path}`);
}

/** Lists of the pod spec that strategic merges join by a key; all others are replaced. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  '/spec/template/spec/containers': 'name',
  '/spec/template/spec/containers/env': 'name',
  '/spec/template/spec/containers/volumeMounts': 'mountPath',
  '/spec/template/spec/volumes': 'name',
};

function merge(below: Json, above: Json, path: string): Json {
  if (Array.isArray(above) && Array.isArray(below)) {
    const key = MERGE_KEYS[path];
    if (key === undefined) return above;
    const keyOf = (item: Json): Json | undefined => (item as Record<string, Json>)[key];
    const kept = below.map((item) => {
      const change = above.find((other) => keyOf(other) === keyOf(item));
      return change === undefined ? item : merge(item, change, path);
    });
    return [...above.filter((item) => !below.some((other) => keyOf(other) === keyOf(item))), ...kept];
  }
  if (!isMap(below) || !isMap(above)) return above;
  const merged = { ...below };
  for (const [name, value] of Object.entries(above)) {
    merged[name] = merged[name] === undefined ? value : merge(merged[name], value, `${path}/${name}`);
  }
  return merged;
}

function isMap(value: Json): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface PodTemplateHolder {
  spec?: { template?: { spec?: { containers?: { image: string }[] } } };
}

function setImage(
  object: KubernetesObject,
  image: { name: string; newName?: string; newTag?: string },
): void {
  for (const container of (object as PodTemplateHolder).spec?.template?.spec?.containers ?? []) {
    const [, name, tag] = /^(.*?)(?::([^/:]+))?$/.exec(container.image) ?? [];
    if (name !== image.name) continue;
    container.image = `${image.newName ?? name}:${image.newTag ?? tag ?? 'latest'}`;
  }
}
