import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import type { KubernetesObject } from '../kustomize.js';
import { Evaluator, print, type Functions, type Value, type ValueMap } from './evaluate.js';
import { FUNCTIONS } from './functions.js';
import { parseTemplate, type Node } from './parse.js';

export interface RenderOptions {
  readonly release?: string;
  readonly namespace?: string;
  /** As in `helm template -f`: laid over the chart's values.yaml. */
  readonly values?: ValueMap;
}

/** What an engine gets. */
export interface ChartInput {
  readonly templates: Readonly<Record<string, string>>;
  /** What `.Files.Get` finds. */
  readonly files: Readonly<Record<string, string>>;
  /** The dot of every template, without `Files`. */
  readonly root: ValueMap;
}

export function readChart(chart: string, options: RenderOptions = {}): ChartInput {
  const metadata = parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8')) as Record<string, Value>;
  const values = parse(readFileSync(join(chart, 'values.yaml'), 'utf8')) as ValueMap;
  return {
    templates: readFolder(join(chart, 'templates'), ''),
    files: readFolder(join(chart, 'files'), 'files/'),
    root: {
      Values: coalesce(values, options.values ?? {}),
      Chart: { Name: metadata.name, Version: metadata.version, AppVersion: metadata.appVersion },
      Release: {
        Name: options.release ?? 'release',
        Namespace: options.namespace ?? 'default',
        Service: 'Helm',
      },
    },
  };
}

/** What `helm template` would print, by the file of the chart: without hooks, sub-charts and `lookup`. */
export function render({ templates, files, root }: ChartInput): Record<string, string> {
  const parsed = Object.entries(templates).map(([file, text]) => [file, parseTemplate(file, text)] as const);
  const defines = new Map<string, Node[]>();
  for (const [name, body] of parsed.flatMap(([, template]) => [...template.defines])) {
    if (defines.has(name)) throw new Error(`${name} is defined twice`);
    defines.set(name, body);
  }
  const functions: Functions = {
    ...FUNCTIONS,
    include: (name, dot) => evaluator.call(print(name), dot),
  };
  const evaluator = new Evaluator(defines, functions);
  const dot: ValueMap = { ...root, Files: { Get: (path) => files[print(path)] ?? '' } };
  const rendered: Record<string, string> = {};
  for (const [file, { body }] of parsed) {
    if (file.startsWith('_')) continue;
    try {
      rendered[file] = evaluator.render(body, dot);
    } catch (error) {
      throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
  return rendered;
}

/** The objects of all documents of what was rendered. */
export function objectsOf(rendered: Readonly<Record<string, string>>): KubernetesObject[] {
  return Object.entries(rendered)
    .filter(([file]) => file.endsWith('.yaml'))
    .flatMap(([file, text]) =>
      parseAllDocuments(text).map((document) => {
        if (document.errors.length > 0) throw new Error(`${file}: ${String(document.errors[0])}`);
        return document.toJS() as KubernetesObject | null;
      }),
    )
    .filter((object) => object !== null);
}

function readFolder(folder: string, prefix: string): Record<string, string> {
  const names = readdirSync(folder).sort();
  return Object.fromEntries(names.map((name) => [prefix + name, readFileSync(join(folder, name), 'utf8')]));
}

/** Maps are merged, all else is replaced, null takes a key away. */
export function coalesce(below: ValueMap, above: ValueMap): ValueMap {
  const merged: Record<string, Value> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const under = merged[key];
    if (value === null) Reflect.deleteProperty(merged, key);
    else merged[key] = isMap(value) && isMap(under) ? coalesce(under, value) : value;
  }
  return merged;
}

function isMap(value: Value): value is ValueMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
