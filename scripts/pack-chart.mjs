// node scripts/pack-chart.mjs --repository owner/name --tag v1.2.3 --version 1.2.3 --image registry/name --out folder:
// the chart as it is released. It knows then what this repository cannot: where its image, runbooks and icon are.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseDocument } from 'yaml';
import { root } from './lib/build.mjs';
import { kubeTool } from './lib/kube-tools.mjs';

const text = { type: 'string' };
const { values: given } = parseArgs({
  options: { repository: text, tag: text, version: text, image: text, out: text },
});
const missing = ['repository', 'tag', 'version', 'image', 'out'].filter((name) => !given[name]);
if (missing.length > 0) {
  process.stderr.write(`missing: ${missing.map((name) => `--${name}`).join(', ')}\n`);
  process.exit(64);
}

const { repository, tag, version, image, out } = given;
const home = `https://github.com/${repository}`;
const tree = `${home}/blob/${tag}`;
const work = mkdtempSync(join(tmpdir(), 'hub-chart-'));
const chart = join(work, 'wechat-token-hub');
try {
  // The rules and the dashboard are links in the repository, and files in what is packed.
  cpSync(join(root, 'deploy/helm/wechat-token-hub'), chart, { recursive: true, dereference: true });
  edit('values.yaml', (document) => {
    document.setIn(['image', 'repository'], image);
    document.setIn(['prometheusRule', 'runbookBaseUrl'], `${tree}/docs/runbooks`);
  });
  edit('Chart.yaml', (document) => {
    const annotations = {
      'artifacthub.io/category': 'integration-delivery',
      'artifacthub.io/license': 'Apache-2.0',
      'artifacthub.io/images': `- name: wechat-token-hub\n  image: ${image}:${version}\n  platforms: [linux/amd64, linux/arm64]\n`,
      'artifacthub.io/links': `- name: Documentation\n  url: ${tree}/docs/README.md\n- name: 文档\n  url: ${tree}/docs/README.zh-CN.md\n`,
      'artifacthub.io/changes': `- See ${tree}/CHANGELOG.md\n`,
    };
    document.set('version', version);
    document.set('appVersion', version);
    document.set('home', home);
    document.set('sources', [home]);
    document.set('icon', `https://raw.githubusercontent.com/${repository}/${tag}/docs/images/icon.svg`);
    document.set('annotations', annotations);
  });
  mkdirSync(out, { recursive: true });
  const { status } = spawnSync(kubeTool('helm') ?? 'helm', ['package', chart, '--destination', out], {
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(work, { recursive: true });
}

function edit(file, change) {
  const path = join(chart, file);
  const document = parseDocument(readFileSync(path, 'utf8'));
  change(document);
  writeFileSync(path, String(document));
}
