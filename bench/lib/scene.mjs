import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../scripts/lib/build.mjs';
import { startNode, delay } from './processes.mjs';

/** No secret: it opens nothing but a hub that lives as long as a sample. */
export const KEY = 'bench-key-0123456789-0123456789-0123456789';
const sha256 = (text) => createHash('sha256').update(text).digest('hex');
export const KEY_SHA256 = sha256(KEY);
/** Of a client that may call from anywhere. */
export const ROAMING_KEY = 'bench-key-roaming-0123456789-0123456789-01';
/** So many apps as the targets speak of. */
export const MANY = 10_000;
export const ALLOWED = { network: '127.0.0.0', prefix: 8 };
export const bearer = { authorization: `Bearer ${KEY}` };

export const appidOf = (index) => `wxbench${String(index).padStart(11, '0')}`;
export const tokenPath = (appid) => `/v1/apps/${appid}/token`;
export const tokenPaths = (count) => Array.from({ length: count }, (_, index) => tokenPath(appidOf(index)));

/** apps.yaml as operators write it, one entry over several lines; every other app of the older token API. */
export function appsYaml(count, { renamed = '', defaults = {} } = {}) {
  let apps = '';
  for (let index = 0; index < count; index += 1) {
    const appid = appidOf(index);
    apps += `  - appid: ${appid}\n    name: Bench app ${index}${index === 0 ? renamed : ''}\n    secret: bench-secret-${appid}\n`;
    apps += `    tokenApi: ${index % 2 === 0 ? 'stable_token' : 'token'}\n`;
  }
  return `version: 1
defaults: ${JSON.stringify(defaults)}
apps:
${apps}clients:
  - id: bench
    keys: [{ id: first, sha256: ${KEY_SHA256} }]
    allowIps: [${ALLOWED.network}/${ALLOWED.prefix}]
    apps: "*"
    may: [read, report, login, gateway, admin]
    requestsPerMinute: 10000000
  - id: roaming
    keys: [{ id: first, sha256: ${sha256(ROAMING_KEY)} }]
    apps: "*"
    may: [read]
    requestsPerMinute: 10000000
`;
}

/** A folder with apps.yaml and a simulator that knows every app of it. */
export async function setScene(appCount, { defaults = {}, latencyMs = 0, anyCode = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'hub-bench-'));
  const appsFile = join(folder, 'apps.yaml');
  const writeApps = (options) => writeFileSync(appsFile, appsYaml(appCount, { defaults, ...options }));
  writeApps();
  const simulator = startNode('others', [
    join(root, 'dist', 'simulator', 'main.js'),
    '--any-secret',
    'bench-secret-{appid}',
    '--control',
    '--latency',
    String(latencyMs),
    ...(anyCode ? ['--any-code'] : []),
  ]);
  const { url } = await simulator.line((entry) => entry.simulator === 'listening');
  return {
    appCount,
    appsFile,
    folder,
    writeApps,
    simulatorUrl: url,
    close: async () => {
      await simulator.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The hub as operators run it: limits, metrics and default logging on. Its log is read and dropped. */
export async function startHub(scene, options = {}) {
  const { role = 'server', nodeArguments = [], environment = {}, onLine } = options;
  const startedAt = performance.now();
  const hub = startNode(role, [...nodeArguments, join(root, 'dist', 'main.js')], {
    onLine,
    env: {
      HUB_HOST: '127.0.0.1',
      HUB_PORT: '0',
      HUB_OPS_PORT: '0',
      HUB_APPS_FILE: scene.appsFile,
      HUB_WECHAT_BASE_URL: scene.simulatorUrl,
      ...environment,
    },
  });
  const { port, opsPort } = await hub.line((entry) => entry.msg === 'listening');
  return { ...hub, port, opsPort, startedAt, listeningMs: performance.now() - startedAt };
}

/** Milliseconds since its start after which the hub says that it is ready. */
export async function readyMs(hub, limitMs = 60_000) {
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${hub.opsPort}/readyz`);
    await response.arrayBuffer();
    const elapsed = performance.now() - hub.startedAt;
    if (response.ok) return elapsed;
    if (elapsed > limitMs) throw new Error(`the hub is not ready after ${limitMs} ms`);
    await delay(20);
  }
}

/** Milliseconds since its start after which the hub holds a token of every app. */
export async function allHeldMs(hub, appCount, limitMs = 60_000) {
  for (;;) {
    const held = await heldTokens(hub);
    const elapsed = performance.now() - hub.startedAt;
    if (held === appCount) return elapsed;
    if (elapsed > limitMs) throw new Error(`the hub holds ${held} of ${appCount} tokens after ${limitMs} ms`);
    await delay(200);
  }
}

async function heldTokens({ opsPort }) {
  const text = await (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text();
  return text.match(/^wxhub_token_valid\{[^}]*\} 1$/gm)?.length ?? 0;
}

/** One run of the load generator beside the server. */
export async function load(server, options) {
  const generator = startNode('others', [join(root, 'bench', 'lib', 'load-generator.mjs')], {
    input: JSON.stringify({ port: server.port, serverPid: server.pid, headers: bearer, ...options }),
  });
  return generator.line();
}
