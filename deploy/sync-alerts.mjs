// node deploy/sync-alerts.mjs [base]: brings the rules of deploy/alerts/*.yaml (plain Prometheus rule files, what
// promtool checks) and the dashboard of deploy/grafana to where Helm and Kustomize can read them: neither looks outside
// of its own folder. `base`: where you keep docs/runbooks, for the links of the alerts. A test compares.
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

/** Where the rules say that the runbooks are. The chart puts its own value in its place. */
const RUNBOOKS = 'https://wechat-token-hub.example.com/docs/runbooks';

/** What the copies are to hold, by path below deploy. */
export function copies(runbooks = RUNBOOKS) {
  const groups = JSON.parse(JSON.stringify(alertGroups()).replaceAll(RUNBOOKS, runbooks.replace(/\/$/, '')));
  const dashboard = readFileSync(join(deploy, 'grafana', 'wechat-token-hub.json'), 'utf8');
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
    'helm/wechat-token-hub/files/dashboard.json': dashboard,
    'kustomize/components/dashboard/wechat-token-hub.json': dashboard,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of Object.entries(copies(process.argv[2]))) {
    mkdirSync(dirname(join(deploy, path)), { recursive: true });
    writeFileSync(join(deploy, path), text);
  }
}
