import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { bearer, sha256, startHub, testKey, type RunningHub } from '../support/start-hub.js';
import { jest } from '@jest/globals';

// A busy machine takes seconds to start a process.
jest.setTimeout(60_000);

/** The command line on a folder of tenants. */

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const secretOf = (appid: string): string => `simulated-secret-of-${appid}`;

let folder: string;
let environment: Record<string, string>;

function run(args: readonly string[], env = environment) {
  return new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    const child = spawn(process.execPath, [CLI, ...args], { env: { PATH: process.env.PATH, ...env } });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => (out += String(chunk)));
    child.stderr.on('data', (chunk) => (err += String(chunk)));
    child.once('close', (code) => resolve({ code, out, err }));
    child.stdin.end();
  });
}

const write = (name: string, content: object): void => {
  writeFileSync(join(folder, 'config', name), JSON.stringify({ version: 1, ...content }, undefined, 1));
};
const admin = (key: string) => ({
  id: 'admin',
  keys: [{ id: 'first', sha256: sha256(testKey(key)) }],
  apps: '*',
  may: ['read', 'admin'],
});
const apps = (...appids: string[]) => appids.map((appid) => ({ appid, secretFile: appid }));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hub-cli-tenants-'));
  for (const each of ['config', 'secrets/team-a', 'secrets/team-b'])
    mkdirSync(join(folder, each), { recursive: true });
  for (const [team, appid] of [
    ['team-a', 'wx-a'],
    ['team-b', 'wx-b'],
  ] as const)
    writeFileSync(join(folder, 'secrets', team, appid), secretOf(appid));
  write('hub.yaml', { clients: [admin('ops')] });
  write('team-a.yaml', { apps: apps('wx-a'), clients: [admin('a')] });
  write('team-b.yaml', { apps: apps('wx-b'), clients: [admin('b')] });
  environment = {
    HUB_APPS_FILE: join(folder, 'config'),
    HUB_SECRETS_DIR: join(folder, 'secrets'),
  };
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('check', () => {
  it('a folder that is good, and a file of it', async () => {
    expect(await run(['check', join(folder, 'config')])).toMatchObject({
      code: 0,
      out: expect.stringContaining('good, 2 app(s), 3 client(s)'),
    });
    expect(await run(['check', join(folder, 'config/team-a.yaml')])).toMatchObject({
      code: 0,
      out: expect.stringContaining('good, 1 app(s), 1 client(s)'),
    });
  });

  it('tells the problems of all files with their places; of one file its own alone', async () => {
    write('team-a.yaml', { apps: apps('wx-a', 'wx-b') });
    write('team-b.yaml', { apps: apps('wx-b', 'wx-none'), clients: [{ ...admin('b'), apps: ['wx-a'] }] });
    const all = await run(['check', join(folder, 'config')]);
    expect(all.code).toBe(78);
    expect(all.err).toMatch(/config\/team-b\.yaml:\d+ clients\[0\]\.apps\[0\]/);
    const one = await run(['check', join(folder, 'config/team-a.yaml'), '--json']);
    const { ok, problems } = JSON.parse(one.out) as {
      ok: boolean;
      problems: { file: string; path: string }[];
    };
    expect(one.code === 0).toBe(ok);
    expect(problems.every(({ file }) => file === 'team-a.yaml')).toBe(true);
    const none = await run(['check', '--no-secrets', join(folder, 'config/team-b.yaml')]);
    expect(none.err).toContain('clients[0].apps[0]');
    expect(none.err).not.toContain('team-a.yaml');
  });

  it('a missing secret is a problem, unless it is not asked for', async () => {
    rmSync(join(folder, 'secrets/team-a/wx-a'));
    expect(await run(['check', join(folder, 'config/team-a.yaml')])).toMatchObject({
      code: 78,
      err: expect.stringContaining('apps[0].secretFile'),
    });
    expect((await run(['check', '--no-secrets', join(folder, 'config/team-a.yaml')])).code).toBe(0);
    expect((await run(['check', join(folder, 'config/team-b.yaml')])).code).toBe(0);
  });

  it('warns of a certificate that nobody can show, in the file where it stands', async () => {
    const identities = [{ certificate: 'spiffe://prod/orders' }];
    write('team-a.yaml', { apps: apps('wx-a'), clients: [{ id: 'orders', identities, apps: '*' }] });
    const { code, err } = await run(['check', join(folder, 'config/team-a.yaml')]);
    expect([code, err]).toEqual([0, expect.stringContaining('HUB_TLS_CLIENT_CA_FILE')]);
    expect(err).toContain('team-a/orders');
    expect((await run(['check', join(folder, 'config/team-b.yaml')])).err).toBe('');
    const tls = { HUB_TLS_CERT_FILE: 'c', HUB_TLS_KEY_FILE: 'k', HUB_TLS_CLIENT_CA_FILE: 'ca' };
    const told = await run(['check', join(folder, 'config/team-a.yaml')], { ...environment, ...tls });
    expect([told.code, told.err]).toEqual([0, '']);
  });
});

describe('beside a running hub', () => {
  let simulator: WeChatSimulator;
  let hub: RunningHub;

  beforeEach(async () => {
    simulator = await WeChatSimulator.start({ acceptAnyApp: secretOf });
    hub = await startHub({ upstream: simulator.url, apps: [], clients: [], environment });
    for (const [appid, key] of [
      ['wx-a', 'a'],
      ['wx-b', 'b'],
    ] as const)
      await hub.get(`/v1/apps/${appid}/token`, bearer(testKey(key)));
  });

  afterEach(async () => {
    await hub.stop();
    await simulator.close();
  });

  const as = (key: string) => ({ ...environment, WXHUB_URL: hub.url, WXHUB_KEY: testKey(key) });

  it('status has a column of tenants and a filter for the operators, and its own alone for a team', async () => {
    const all = await run(['status'], as('ops'));
    expect(all).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^wx-a {3}team-a {2}valid.*\nwx-b {3}team-b {2}valid/),
    });
    const one = await run(['status', '--tenant', 'team-b'], as('ops'));
    expect([one.code, one.out.match(/^wx-\w/gm)]).toEqual([0, ['wx-b']]);
    expect(await run(['status', '--tenant', 'team-x'], as('ops'))).toMatchObject({
      code: 64,
      err: expect.stringContaining('team-x'),
    });
    expect((await run(['status'], as('a'))).out).not.toContain('wx-b');
    expect((await run(['status', '--tenant', 'team-b'], as('a'))).code).toBe(64);
  });

  it('reload prints the problems of each file, and of a team its own alone', async () => {
    write('team-b.yaml', { apps: 1 });
    const all = await run(['reload'], as('ops'));
    expect([all.code, `${all.out}${all.err}`]).toEqual([1, expect.stringContaining('team-b.yaml')]);
    expect(await run(['reload'], as('a'))).toMatchObject({ code: 0, err: '' });
  });

  it('doctor looks at the apps of all tenants, and names the file that has problems', async () => {
    const upstream = { ...environment, HUB_WECHAT_BASE_URL: simulator.url };
    const good = await run(['doctor'], upstream);
    expect(good.out).toMatch(/ok +wx-a: WeChat takes/);
    expect(good.out).toMatch(/ok +wx-b: WeChat takes/);
    expect(good.code).toBe(0);
    write('team-b.yaml', { apps: 1 });
    const bad = await run(['doctor'], upstream);
    expect(bad.out).toMatch(/problem +apps\.yaml: .*team-b\.yaml:\d+ apps/);
    expect(bad.out).toMatch(/ok +wx-a: WeChat takes/);
    expect(bad.code).toBe(1);
  });
});
