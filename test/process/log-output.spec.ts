import { jest } from '@jest/globals';
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { appsYaml, bearer, testKey } from '../support/start-hub.js';

// A busy machine takes seconds to start a process.
jest.setTimeout(60_000);

/** Whatever becomes of stdout and of the audit file, the hub serves on and ends within its time. */

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const KEY = testKey('log');
const APP = { appid: 'wx-log', secret: 'simulated-secret-of-wx-log' };
const END_LIMIT_MS = 10_000;
/** More than a pipe and what Node reads ahead of it hold. */
const MANY = 600;

let simulator: WeChatSimulator;
let folder: string;
let child: ChildProcess | undefined;

beforeEach(async () => {
  simulator = await WeChatSimulator.start({ apps: [APP] });
  folder = mkdtempSync(join(tmpdir(), 'hub-log-'));
});

afterEach(async () => {
  child?.kill('SIGKILL');
  child = undefined;
  await simulator.close();
  rmSync(folder, { recursive: true, force: true });
});

async function start(stdout: number | 'pipe', environment: Record<string, string> = {}) {
  const [port, opsPort] = [await freePort(), await freePort()];
  writeFileSync(join(folder, 'apps.yaml'), appsYaml([APP], [{ id: 'log', key: KEY, apps: '*' }]));
  const stdio: StdioOptions = ['ignore', stdout, 'ignore'];
  const hub = (child = spawn(process.execPath, [MAIN], {
    cwd: folder,
    stdio,
    env: {
      PATH: process.env.PATH,
      HUB_HOST: '127.0.0.1',
      HUB_PORT: String(port),
      HUB_OPS_PORT: String(opsPort),
      HUB_APPS_FILE: 'apps.yaml',
      HUB_ACCESS_LOG: 'all',
      HUB_WECHAT_BASE_URL: simulator.url,
      ...environment,
    },
  }));
  const exited = new Promise<number | null>((resolve) => hub.once('exit', resolve));
  const url = `http://127.0.0.1:${port}`;
  const opsUrl = `http://127.0.0.1:${opsPort}`;
  const read = async (headers: Record<string, string> = {}) =>
    (await fetch(`${url}/v1/apps/wx-log/token`, { headers: { ...bearer(KEY), ...headers } })).status;
  await eventually(async () => (await read().catch(() => 0)) === 200, 'the first token');
  return { hub, exited, read, opsUrl };
}

/** Requests with long lines in the access log, and how the hub does meanwhile. */
async function servesOn({ read, opsUrl }: Awaited<ReturnType<typeof start>>): Promise<void> {
  for (let sent = 0; sent < MANY; sent += 1) {
    expect(await read({ 'x-request-id': String(sent).padStart(128, 'x') })).toBe(200);
  }
  expect((await fetch(`${opsUrl}/livez`)).status).toBe(200);
  expect(await (await fetch(`${opsUrl}/metrics`)).text()).toContain(
    'wxhub_log_lines_lost_total{log="stdout"}',
  );
}

async function endsInTime({ hub, exited }: Awaited<ReturnType<typeof start>>): Promise<void> {
  const before = performance.now();
  hub.kill('SIGTERM');
  expect(await exited).toBe(0);
  expect(performance.now() - before).toBeLessThan(END_LIMIT_MS);
}

it('a full disk', async () => {
  const started = await start(openSync('/dev/full', 'w'));
  await servesOn(started);
  await endsInTime(started);
});

it('a pipe that was closed; its lines are lost and counted', async () => {
  const started = await start('pipe');
  started.hub.stdout!.destroy();
  await servesOn(started);
  const metrics = await (await fetch(`${started.opsUrl}/metrics`)).text();
  expect(Number(/lines_lost_total\{log="stdout"\} (\d+)/.exec(metrics)?.[1])).toBeGreaterThan(MANY / 2);
  await endsInTime(started);
});

it('a reader that stalls', async () => {
  const started = await start('pipe');
  started.hub.stdout!.pause();
  await servesOn(started);
  await endsInTime(started);
});

it('an audit file on a full disk', async () => {
  const started = await start(openSync('/dev/null', 'w'), { HUB_AUDIT_LOG: '/dev/full' });
  await servesOn(started);
  await endsInTime(started);
});
