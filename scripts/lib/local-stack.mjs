import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { root } from './build.mjs';

/** Two invented apps, one of each token API; their secrets are made anew at each start and known to the simulator alone. */
const APPS = [
  { appid: 'wxdemo000000000001', name: 'Demo mini program', tokenApi: 'stable_token' },
  { appid: 'wxdemo000000000002', name: 'Demo official account', tokenApi: 'token' },
];

/** A simulator, an apps.yaml beside it and a key that may do everything; all of it gone after `close`. */
export async function startSimulatorWithApps() {
  const { WeChatSimulator } = await import(
    pathToFileURL(join(root, 'dist', 'simulator', 'simulator.js')).href
  );
  const apps = APPS.map((app) => ({ ...app, secret: randomBytes(16).toString('hex') }));
  const simulator = await WeChatSimulator.start({
    apps: apps.map(({ appid, secret }) => ({ appid, secret })),
    control: true,
  });
  const key = randomBytes(24).toString('base64url');
  const folder = mkdtempSync(join(tmpdir(), 'wechat-token-hub-'));
  const appsFile = join(folder, 'apps.yaml');
  writeFileSync(appsFile, appsYaml(apps, key), { mode: 0o600 });
  return {
    apps,
    key,
    appsFile,
    simulatorUrl: simulator.url,
    environment: { HUB_APPS_FILE: appsFile, HUB_WECHAT_BASE_URL: simulator.url },
    close: async () => {
      await simulator.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function appsYaml(apps, key) {
  const entries = apps.map(
    ({ appid, name, tokenApi, secret }) =>
      `  - { appid: ${appid}, name: ${name}, tokenApi: ${tokenApi}, secret: "${secret}" }\n`,
  );
  return `version: 1
apps:
${entries.join('')}clients:
  - id: demo
    keys: [{ id: first, sha256: "${createHash('sha256').update(key).digest('hex')}" }]
    apps: "*"
    may: [read, report, gateway, admin]
`;
}

/** Starts the hub; resolves to its ports once it listens. Its log lines go to `onLine`. */
export function startHub(environment, { nodeArguments = [], onLine = () => undefined } = {}) {
  const hub = spawn(process.execPath, [...nodeArguments, join(root, 'dist', 'main.js')], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const listening = new Promise((resolve, reject) => {
    createInterface({ input: hub.stdout }).on('line', (line) => {
      onLine(line);
      const entry = parse(line);
      if (entry?.msg === 'listening') resolve({ port: entry.port, opsPort: entry.opsPort });
    });
    hub.once('exit', (code) => reject(new Error(`the hub ended with exit code ${code}`)));
  });
  return { hub, listening };
}

function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
