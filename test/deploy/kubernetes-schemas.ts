import { createRequire } from 'node:module';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { KubernetesObject } from './manifests.js';

/**
 * Holds manifests against the Kubernetes API's own schemas, as the npm packages kubernetes-models and
 * @kubernetes-models/prometheus-operator bring them, in two ways:
 * - their validators (made from the OpenAPI schema): required fields, types, formats, enumerations;
 * - their types, by the TypeScript compiler: fields that do not exist. The API server drops those without a word
 *   unless it is asked to be strict; a misspelt securityContext would be none.
 */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const require = createRequire(import.meta.url);

/** The module and the class of each kind that deploy/ uses. */
const KINDS: Readonly<Record<string, readonly [module: string, name: string]>> = {
  'v1 Namespace': ['kubernetes-models/v1', 'Namespace'],
  'v1 ServiceAccount': ['kubernetes-models/v1', 'ServiceAccount'],
  'v1 ConfigMap': ['kubernetes-models/v1', 'ConfigMap'],
  'v1 Secret': ['kubernetes-models/v1', 'Secret'],
  'v1 Pod': ['kubernetes-models/v1', 'Pod'],
  'v1 Service': ['kubernetes-models/v1', 'Service'],
  'apps/v1 Deployment': ['kubernetes-models/apps/v1', 'Deployment'],
  'policy/v1 PodDisruptionBudget': ['kubernetes-models/policy/v1', 'PodDisruptionBudget'],
  'autoscaling/v2 HorizontalPodAutoscaler': ['kubernetes-models/autoscaling/v2', 'HorizontalPodAutoscaler'],
  'networking.k8s.io/v1 NetworkPolicy': ['kubernetes-models/networking.k8s.io/v1', 'NetworkPolicy'],
  'networking.k8s.io/v1 Ingress': ['kubernetes-models/networking.k8s.io/v1', 'Ingress'],
  'gateway.networking.k8s.io/v1 HTTPRoute': [
    '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1',
    'HTTPRoute',
  ],
  'monitoring.coreos.com/v1 ServiceMonitor': [
    '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1',
    'ServiceMonitor',
  ],
  'monitoring.coreos.com/v1 PrometheusRule': [
    '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1',
    'PrometheusRule',
  ],
};

interface Model {
  validate(): void;
}
type ModelClass = new (data: object) => Model;

/** What is wrong, each with the object's kind and name. The compiler is started once: pass all objects together. */
export function problemsOf(objects: readonly KubernetesObject[]): string[] {
  return [...objects.flatMap(schemaProblems), ...typeProblems(objects)];
}

function schemaProblems(object: KubernetesObject): string[] {
  const [module, name] = kindOf(object);
  const loaded = require(module) as Record<string, ModelClass>;
  const found = loaded[name];
  if (found === undefined) throw new Error(`${module} has no ${name}`);
  try {
    new found(object).validate();
    return [];
  } catch (error) {
    return [`${titleOf(object)}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

function typeProblems(objects: readonly KubernetesObject[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'hub-manifests-'));
  try {
    const lines = objects.map((object, index) => {
      const [module, name] = kindOf(object);
      // On one line: the line of a diagnostic is the object's.
      return `import { type I${name} as T${index} } from '${module}'; export const o${index}: T${index} = ${JSON.stringify(object)};`;
    });
    const file = join(folder, 'manifests.ts');
    writeFileSync(file, lines.join('\n'));
    const program = ts.createProgram([file], {
      noEmit: true,
      strict: true,
      skipLibCheck: true,
      types: [],
      module: ts.ModuleKind.CommonJS,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      target: ts.ScriptTarget.ES2022,
      paths: { '*': [join(ROOT, 'node_modules/*'), join(ROOT, 'node_modules/@types/*')] },
    });
    const source = program.getSourceFile(file);
    return [...program.getOptionsDiagnostics(), ...ts.getPreEmitDiagnostics(program, source)].map(
      (diagnostic) => {
        const line = source?.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line ?? 0;
        const object = objects[line];
        const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, ' ');
        return `${object === undefined ? '' : titleOf(object)}: ${text}`;
      },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function kindOf(object: KubernetesObject): readonly [string, string] {
  const kind = KINDS[`${object.apiVersion} ${object.kind}`];
  if (kind === undefined) throw new Error(`no schema for ${object.apiVersion} ${object.kind}`);
  return kind;
}

function titleOf({ kind, metadata }: KubernetesObject): string {
  return `${kind}/${metadata.name}`;
}
