import { jest } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { eventually } from '../support/eventually.js';
import { HubProcess } from '../support/hub-process.js';
import { bearer, testKey } from '../support/start-hub.js';

// A busy machine takes seconds to start a process.
jest.setTimeout(60_000);

/** The process and what is around it: ports, streams, signals, files. */

const KEY = testKey('running');
const CLIENTS = [{ id: 'running', key: KEY, apps: '*', may: ['read', 'admin'] }];
const app = (appid: string) => ({ appid, secret: `simulated-secret-of-${appid}` });

let simulator: WeChatSimulator;
let hub: HubProcess;

beforeEach(async () => {
  simulator = await WeChatSimulator.start({
    acceptAnyApp: (appid) => `simulated-secret-of-${appid}`,
  });
});

afterEach(async () => {
  await hub.dispose();
  await simulator.close();
});

const start = (environment: Record<string, string> = {}) =>
  new HubProcess({ upstream: simulator.url, apps: [app('wx-run')], clients: CLIENTS, environment });
const statusOf = async (url: string, appid = 'wx-run', key = KEY) =>
  (await fetch(`${url}/v1/apps/${appid}/token`, { headers: bearer(key) })).status;

it.each(['HUB_PORT', 'HUB_OPS_PORT'])('%s that is taken: exit code 1 and a hint', async (variable) => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  hub = start({ [variable]: String((other.address() as AddressInfo).port) });
  const { code } = await hub.exited;
  other.close();
  expect(code).toBe(1);
  const line = hub.log.find(({ msg }) => msg === 'cannot listen');
  expect(line).toMatchObject({ level: 'error', hint: expect.stringContaining('HUB_PORT') });
});

it('each line of the log is JSON with level, time and msg, and stderr is empty', async () => {
  hub = start({ HUB_LOG_LEVEL: 'trace', HUB_ACCESS_LOG: 'all' });
  const { url } = await hub.listening();
  await eventually(async () => (await statusOf(url)) === 200);
  await statusOf(url, 'wx-\u20ac%0a"}{', testKey('wrong'));
  await fetch(`${url}/v1/apps/%/token`);
  simulator.fault({ kind: 'errcode', errcode: 40164, errmsg: 'line\nbreak "quote" \u2028' });
  await fetch(`${url}/admin/apps/wx-run/refresh`, { method: 'POST', headers: bearer(KEY) });
  await hub.logged('refresh failed');
  hub.kill('SIGTERM');
  await hub.exited;
  expect(hub.stderr).toEqual([]);
  expect(hub.stdout.length).toBeGreaterThan(10);
  for (const line of hub.log) {
    expect(line.level).toMatch(/^(trace|debug|info|warn|error|fatal)$/);
    expect(new Date(line.time).toISOString()).toBe(line.time);
    expect(line.msg).toMatch(/^\S/);
  }
});

it('says where it listens and what it serves', async () => {
  hub = start();
  await hub.listening();
  expect(await hub.logged('listening')).toMatchObject({
    level: 'info',
    host: '127.0.0.1',
    scheme: 'http',
    apps: 1,
    clients: 1,
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
  });
});

it('goes on when nobody reads stdout and stderr any more', async () => {
  hub = start({ HUB_ACCESS_LOG: 'all' });
  const { url } = await hub.listening();
  await eventually(async () => (await statusOf(url)) === 200);
  hub.child.stdout?.destroy();
  hub.child.stderr?.destroy();
  for (let i = 0; i < 50; i++) {
    expect(await statusOf(url)).toBe(200);
    expect(await statusOf(url, 'wx-none')).toBe(403);
  }
  expect(hub.child.exitCode).toBe(null);
  hub.kill('SIGTERM');
  expect(await hub.exited).toMatchObject({ code: 0 });
});

it('SIGHUP reloads; a bad file is refused and the process lives', async () => {
  hub = start();
  const { url } = await hub.listening();
  await eventually(async () => (await statusOf(url)) === 200);
  hub.writeApps([app('wx-run'), app('wx-more')], CLIENTS);
  hub.kill('SIGHUP');
  await hub.logged('configuration reloaded', ({ added }) => added === 1);
  await eventually(async () => (await statusOf(url, 'wx-more')) === 200);

  hub.writeApps([], [], 'version: 2\napps: []\n');
  hub.kill('SIGHUP');
  const refused = await hub.logged('configuration refused; the running one stays');
  expect(refused).toMatchObject({ level: 'error', problems: [expect.stringContaining('version')] });
  expect(await statusOf(url, 'wx-more')).toBe(200);
  expect(hub.child.exitCode).toBe(null);
});

it('a file of 2000 apps is read in a thread of its own; bad ones as well', async () => {
  hub = start();
  const { url } = await hub.listening();
  const many = Array.from({ length: 2000 }, (_, index) => app(`wx-${index}`));
  hub.writeApps([app('wx-run'), ...many], CLIENTS);
  const reload = async () => {
    const answer = await fetch(`${url}/admin/reload`, { method: 'POST', headers: bearer(KEY) });
    return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
  };
  // The watcher may have been faster: then the reload that was asked for finds nothing new.
  expect((await reload()).status).toBe(200);
  await eventually(async () => (await statusOf(url, 'wx-1999')) === 200);
  hub.writeApps([app('wx-run'), ...many, { ...app('wx-bad'), tokenApi: 'no' }], CLIENTS);
  expect(await reload()).toMatchObject({
    status: 422,
    json: { problems: [{ path: 'apps[2001].tokenApi' }] },
  });
  expect(await statusOf(url, 'wx-1999')).toBe(200);
});

it('the audit log goes to its file whatever the level, and on SIGHUP to a new one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hub-audit-'));
  const file = join(folder, 'audit.log');
  const acts = (path: string) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { log: string; act: string }).act);
  hub = start({ HUB_AUDIT_LOG: file });
  const { url } = await hub.listening();
  await eventually(async () => (await statusOf(url)) === 200);
  await eventually(() => acts(file).includes('token.issued'));
  renameSync(file, `${file}.1`);
  hub.kill('SIGHUP');
  await eventually(() => existsSync(file) && acts(file).includes('config.reload'));
  await statusOf(url, 'wx-run', testKey('wrong'));
  await statusOf(url, 'wx-run', testKey('wrong'));
  hub.kill('SIGTERM');
  await hub.exited;
  // The second denial was only counted: the shutdown writes it.
  expect(acts(file)).toEqual(['config.reload', 'request.denied', 'request.denied']);
  expect(acts(`${file}.1`)).toEqual(['token.issued']);
  expect(hub.stdout.filter((line) => line.includes('"audit"'))).toEqual([]);
  hub.leaks.sawText('audit log', readFileSync(file, 'utf8'));
  rmSync(folder, { recursive: true, force: true });
});

it('an audit log that cannot be written is told once and changes nothing else', async () => {
  hub = start({ HUB_AUDIT_LOG: '/nowhere/audit.log' });
  const { url } = await hub.listening();
  await eventually(async () => (await statusOf(url)) === 200);
  const line = await hub.logged('the audit log cannot be written; its lines wait in memory');
  expect(line).toMatchObject({ level: 'error', file: '/nowhere/audit.log' });
  hub.kill('SIGTERM');
  expect((await hub.exited).code).toBe(0);
  expect(hub.log.filter(({ msg }) => msg.startsWith('the audit log'))).toHaveLength(1);
});
