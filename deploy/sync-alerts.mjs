// node deploy/sync-alerts.mjs [base]: makes the PrometheusRule of Kustomize from deploy/alerts/*.yaml (plain Prometheus
// rule files, what promtool checks). `base`: where you keep docs/runbooks, for the links of the alerts; without it they
// have none. The chart reads the rule file itself. A test compares.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';

const deploy = dirname(fileURLToPath(import.meta.url));
export const COPY = 'kustomize/components/monitoring/prometheusrule.yaml';
const NOTE = '# Made by deploy/sync-alerts.mjs from deploy/alerts; change it there.\n';
/** Stands in the rules for where the runbooks are. */
const PLACEHOLDER = 'https://wechat-token-hub.example.com/docs/runbooks';

/** The groups of all rule files, in the order of the files' names; tests of promtool have none. */
function alertGroups() {
  const folder = join(deploy, 'alerts');
  return readdirSync(folder)
    .filter((file) => /\.ya?ml$/.test(file))
    .sort()
    .flatMap((file) => parse(readFileSync(join(folder, file), 'utf8'))?.groups ?? []);
}

/** What {@link COPY} is to hold. */
export function prometheusRule(runbooks) {
  const link = (key, value) => {
    if (key !== 'runbook_url') return value;
    return runbooks === undefined ? undefined : value.replace(PLACEHOLDER, runbooks.replace(/\/$/, ''));
  };
  const labels = {
    'app.kubernetes.io/name': 'wechat-token-hub',
    'app.kubernetes.io/instance': 'wechat-token-hub',
    'app.kubernetes.io/component': 'ops',
  };
  const rule = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'wechat-token-hub', labels },
    spec: { groups: JSON.parse(JSON.stringify(alertGroups(), link)) },
  };
  return NOTE + stringify(rule, { lineWidth: 0, version: '1.1' });
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(join(deploy, COPY), prometheusRule(process.argv[2]));
