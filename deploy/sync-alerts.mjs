// node deploy/sync-alerts.mjs: brings the rules of deploy/alerts/*.yaml (plain Prometheus rule files, what promtool
// checks) to where Helm and Kustomize can read them: neither looks outside of its own folder. A test compares.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';

const deploy = dirname(fileURLToPath(import.meta.url));
const NOTE = '# Made by deploy/sync-alerts.mjs from deploy/alerts; change it there.\n';

/** The groups of all rule files, in the order of the files' names; tests of promtool have none. */
export function alertGroups() {
  const folder = join(deploy, 'alerts');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => /\.ya?ml$/.test(file))
    .sort()
    .flatMap((file) => parse(readFileSync(join(folder, file), 'utf8'))?.groups ?? []);
}

/** What the two copies are to hold, by path below deploy. */
export function copies() {
  const groups = alertGroups();
  const labels = {
    'app.kubernetes.io/name': 'wechat-token-hub',
    'app.kubernetes.io/instance': 'wechat-token-hub',
  };
  const rule = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'wechat-token-hub', labels: { ...labels, 'app.kubernetes.io/component': 'ops' } },
    spec: { groups },
  };
  const yaml = (value) => NOTE + stringify(value, { lineWidth: 0, version: '1.1' });
  return {
    'helm/wechat-token-hub/files/alerts.yaml': yaml({ groups }),
    'kustomize/components/monitoring/prometheusrule.yaml': yaml(rule),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of Object.entries(copies())) {
    mkdirSync(dirname(join(deploy, path)), { recursive: true });
    writeFileSync(join(deploy, path), text);
  }
}
