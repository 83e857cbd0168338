import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';

/** What Helm and kubectl make of deploy/: their own programs, not ours. */

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; [key: string]: unknown };
  [key: string]: unknown;
}

export type Values = Readonly<Record<string, unknown>>;

export interface Release {
  readonly release: string;
  readonly namespace: string;
  /** Laid over the chart's values.yaml. */
  readonly values?: Values;
  /** Also what `helm test` runs. */
  readonly hooks?: boolean;
}

export const DEPLOY = fileURLToPath(new URL('../../deploy/', import.meta.url));
export const CHART = join(DEPLOY, 'helm/wechat-token-hub');

const script = '../../scripts/lib/kube-tools.mjs';
const { kubeTool } = (await import(script)) as { kubeTool: (name: string) => string | undefined };
const HELM = kubeTool('helm');
const KUBECTL = kubeTool('kubectl');

/** A suite that needs the program: skipped where there is none, after a line that says so. */
export const withHelm = HELM === undefined ? describe.skip : describe;
export const withKubectl = KUBECTL === undefined ? describe.skip : describe;
export const withBoth = HELM === undefined ? describe.skip : withKubectl;

const texts = new Map<string, string>();

/** `helm template`: all that it prints. @throws {Error} with what Helm says where it refuses the values. */
export function helmTemplate({ release, namespace, values = {}, hooks = false }: Release): string {
  const command = ['template', release, CHART, '--namespace', namespace, '--kube-version', '1.34.0'];
  if (!hooks) command.push('--no-hooks');
  const input = JSON.stringify(values);
  const key = [...command, input].join(' ');
  const text = texts.get(key) ?? run(HELM!, [...command, '--values', '-'], input);
  texts.set(key, text);
  return text;
}

/** NOTES.txt, which `helm template` leaves out. */
export function helmNotes({ release, namespace, values = {} }: Release): string {
  const command = ['install', release, CHART, '--namespace', namespace, '--values', '-', '--dry-run=client'];
  const text = run(HELM!, [...command, '--output', 'json'], JSON.stringify(values));
  return (JSON.parse(text) as { info: { notes: string } }).info.notes;
}

/** `helm lint --strict`: nothing, or what it finds. */
export function helmLint(values: Values): string {
  const { status, stdout } = spawnSync(HELM!, ['lint', CHART, '--strict', '--values', '-'], {
    input: JSON.stringify(values),
    encoding: 'utf8',
  });
  return status === 0 ? '' : stdout;
}

/** `kubectl kustomize` of a folder below deploy/. */
export function kustomize(folder: string): KubernetesObject[] {
  const text = texts.get(folder) ?? run(KUBECTL!, ['kustomize', join(DEPLOY, folder)]);
  texts.set(folder, text);
  return objectsOf(text);
}

/** The objects of all documents, each time anew: who gets them may change them. */
export function objectsOf(text: string): KubernetesObject[] {
  return parseAllDocuments(text)
    .map((document) => {
      if (document.errors.length > 0) throw new Error(String(document.errors[0]));
      return document.toJS() as KubernetesObject | null;
    })
    .filter((object) => object !== null);
}

/** apps.yaml and dashboards in a ConfigMap as what they say, not how they are written. */
export function readable(object: KubernetesObject): KubernetesObject {
  if (object.kind !== 'ConfigMap') return object;
  const { data } = object as never as { data: Record<string, string> };
  return {
    ...object,
    data: Object.fromEntries(Object.entries(data).map(([file, text]) => [file, parse(text) as unknown])),
  };
}

function run(program: string, programArguments: readonly string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync(program, programArguments, {
    input,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`${program} ${programArguments.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}
