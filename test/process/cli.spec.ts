import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasValidChecksum } from '../../src/core/access/key.js';
import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { appsYaml, sha256, startHub, testKey, type RunningHub } from '../support/start-hub.js';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const KEY = testKey('admin');
const GOOD = { appid: 'wx-good', secret: 'simulated-secret-good', name: 'Good one' };
const CLASSIC = { appid: 'wx-classic', secret: 'simulated-secret-classic', tokenApi: 'token' };

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The command as it runs for real, without a terminal. */
function run(
  args: readonly string[],
  options: { env?: Record<string, string>; input?: string } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [CLI, ...args], {
      env: { PATH: process.env.PATH, ...options.env },
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += String(chunk)));
    child.stderr.on('data', (chunk) => (err += String(chunk)));
    child.once('close', (code) => resolve({ code, out, err }));
    child.stdin.end(options.input ?? '');
  });
}

describe('wechat-token-hub', () => {
  it('--version, --help, and help in every command', async () => {
    expect((await run(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
    const help = await run(['--help']);
    const commands = ['serve', 'check', 'doctor', 'key', 'status', 'refresh', 'reload'];
    for (const command of commands) {
      expect(help.out).toContain(`  ${command} `);
      expect(await run([command, '--help'])).toMatchObject({
        code: 0,
        out: expect.stringContaining(command),
      });
    }
  });

  it.each([
    [['nonsense']],
    [['check', '--nonsense']],
    [['refresh']],
    [['key']],
    [['refresh', 'wx', '--force']],
  ])('%j is a wrong command line: exit code 64 and the help', async (args) => {
    const { code, err, out } = await run(args, { env: { WXHUB_KEY: KEY } });
    expect({ code, out }).toEqual({ code: 64, out: '' });
    expect(err).toContain('wechat-token-hub');
  });
});

describe('wechat-token-hub key', () => {
  it('create makes a key that the hub takes, and the hash that goes with it', async () => {
    const { key, sha256: hash } = JSON.parse((await run(['key', 'create', '--json'])).out);
    expect(key).toMatch(/^wxh_[0-9A-Za-z]{46}$/);
    expect(hasValidChecksum(key)).toBe(true);
    expect(hash).toBe(sha256(key));
    expect(await run(['key', 'hash'], { input: `${key}\n` })).toMatchObject({ code: 0, out: `${hash}\n` });
  });

  it('create shows the key on stdout alone', async () => {
    const { out, err } = await run(['key', 'create', '--id', '2026-11']);
    expect(out).toMatch(/^wxh_\w{46}\n$/);
    expect(err).toContain(`sha256: ${sha256(out.trim())}`);
    expect(err).not.toContain(out.trim());
  });

  it('create refuses an id that the hub would refuse', async () => {
    expect(await run(['key', 'create', '--id', 'bad id!'])).toMatchObject({
      code: 64,
      out: '',
      err: expect.stringContaining('"bad id!" is no id'),
    });
  });

  it.each([['too short'], [`wxh_${'A'.repeat(46)}`]])('hash refuses %j', async (input) => {
    const { code, out, err } = await run(['key', 'hash'], { input });
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).not.toContain(input);
  });
});

describe('wechat-token-hub check', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cli-test-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (text: string): string => {
    const file = join(folder, 'apps.yaml');
    writeFileSync(file, text);
    return file;
  };

  it('a good file: exit code 0', async () => {
    const file = write(appsYaml([GOOD], [{ id: 'a', key: KEY, apps: '*' }]));
    expect(await run(['check', file])).toEqual({
      code: 0,
      out: `${file}: good, 1 app(s), 1 client(s)\n`,
      err: '',
    });
  });

  it('problems: one per line with its place, exit code 78, and no secret', async () => {
    const file = write(
      `version: 1\napps:\n  - appid: wx1\n    secret: hidden-test-value\n    tokenApi: other\n    secretEnv: NOT_SET\n`,
    );
    const { code, err } = await run(['check', file], { env: { HUB_PORT: 'x' } });
    expect(code).toBe(78);
    expect(err.trim().split('\n').length).toBeGreaterThanOrEqual(3);
    expect(err).toContain('HUB_PORT');
    expect(err).toContain('apps[0].tokenApi');
    expect(err).not.toContain('hidden-test-value');
    const json = JSON.parse((await run(['check', file, '--json'])).out);
    expect(json).toMatchObject({
      ok: false,
      problems: expect.arrayContaining([expect.objectContaining({ line: 5 })]),
    });
  });

  it('a file that is not there', async () => {
    expect(await run(['check', join(folder, 'none.yaml')])).toMatchObject({ code: 78 });
  });
});

describe('against a running hub', () => {
  let simulator: WeChatSimulator;
  let hub: RunningHub;
  let env: Record<string, string>;

  beforeAll(async () => {
    simulator = await WeChatSimulator.start({ apps: [GOOD, CLASSIC] });
    hub = await startHub({
      upstream: simulator.url,
      apps: [GOOD, CLASSIC],
      clients: [{ id: 'admin', key: KEY, apps: '*', may: ['admin', 'read'] }],
    });
    env = { WXHUB_URL: hub.url, WXHUB_KEY: KEY };
  });
  afterAll(async () => {
    await hub.stop();
    await simulator.close();
  });

  it('status: a line per app, exit code by their state', async () => {
    const { code, out } = await run(['status'], { env: { ...env, HUB_TIME_ZONE: 'Asia/Shanghai' } });
    expect(code).toBe(0);
    expect(out).toMatch(
      /^wx-good\s+valid\s+stable_token\s+(1 h 59 min|2 h) left, until \d{4}-.* UTC\+8, v\d+ {2}Good one\nwx-classic\s+valid/,
    );
    expect(JSON.parse((await run(['status', 'wx-good', '--json'], { env })).out).apps).toHaveLength(1);
  });

  it('status of a failing app says why and what to do', async () => {
    const fault = simulator.fault({ kind: 'errcode', errcode: 40125, appid: 'wx-classic', times: Infinity });
    expect(await run(['refresh', 'wx-classic'], { env })).toMatchObject({
      code: 1,
      err: expect.stringContaining('40125'),
    });
    const { code, out } = await run(['status', '--failing'], { env });
    fault.clear();
    expect(code).toBe(1);
    expect(out).toContain('AppSecret');
    expect(out).not.toContain('wx-good');
  });

  it('status of many apps with one cause: what to do stands once, below them', async () => {
    const many = Array.from({ length: 5 }, (_, nth) => ({
      appid: `wx-${nth}`,
      secret: `simulated-secret-${nth}`,
    }));
    const refusing = await WeChatSimulator.start({ apps: many });
    refusing.fault({ kind: 'errcode', errcode: 40164, errmsg: 'invalid ip 203.0.113.7', times: Infinity });
    const failing = await startHub({
      upstream: refusing.url,
      apps: many,
      clients: [{ id: 'admin', key: KEY, apps: '*', may: ['admin', 'read'] }],
    });
    try {
      const { code, out } = await run(['status'], { env: { ...env, WXHUB_URL: failing.url } });
      expect(code).toBe(1);
      expect(out.match(/40164: invalid ip/g)).toHaveLength(5);
      expect(out.match(/Put 203\.0\.113\.7 on/g)).toHaveLength(1);
      expect(out).toContain('\n5 of these: Put 203.0.113.7 on');
      expect(out).toContain('\n5 app(s): 5 unavailable\nmemory store, one replica\n');
    } finally {
      await failing.stop();
      await refusing.close();
    }
  });

  it('status: an app whose ticket cannot be had is not well', async () => {
    const fault = simulator.fault({
      kind: 'errcode',
      errcode: 48001,
      endpoint: 'getticket',
      times: Infinity,
    });
    const asked = await hub.get('/v1/apps/wx-good/tickets/jsapi', { authorization: `Bearer ${KEY}` });
    fault.clear();
    expect(asked.status).toBe(503);
    const { code, out } = await run(['status', 'wx-good'], { env });
    expect(code).toBe(1);
    expect(out).toMatch(/wx-good\s+valid.*\n\s+ticket jsapi: unavailable, none\n.*\n.*no right to this API/);
    const again = await run(['refresh', '--failing'], { env });
    expect(again).toMatchObject({
      code: 0,
      out: expect.stringMatching(/app\(s\) are tried now: (.*, )?wx-good[,;]/),
    });
  });

  it('what is refused is JSON as well, where that is asked for', async () => {
    const refused = await run(['refresh', 'wx-nobody', '--json'], { env });
    expect(refused).toMatchObject({ code: 1, err: '' });
    expect(JSON.parse(refused.out)).toMatchObject({ code: 'HUB_NOT_GRANTED' });
    const gone = await run(['status', '--json', '--url', 'http://127.0.0.1:1'], { env });
    expect([gone.code, JSON.parse(gone.out)]).toMatchObject([69, { code: 'UNREACHABLE' }]);
  });

  it('another server that answers is none of a hub: one line, exit code 69', async () => {
    const server = createServer((_request, response) => response.end('{"apps":{"wx":1},"version":"1"}'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      for (const args of [
        ['status'],
        ['status', 'wx'],
        ['refresh', 'wx'],
        ['refresh', '--failing'],
        ['reload'],
      ]) {
        const { code, err } = await run([...args, '--url', url], { env });
        expect([code, err]).toEqual([69, `${url} does not answer as a hub; is --url right?\n`]);
      }
    } finally {
      server.close();
    }
  });

  it('a reader that has seen enough is no fault', async () => {
    const child = spawn('sh', ['-c', `"${process.execPath}" "${CLI}" status | true`], {
      env: { PATH: process.env.PATH, ...env },
    });
    let err = '';
    child.stderr.on('data', (chunk) => (err += String(chunk)));
    await new Promise((resolve) => child.once('close', resolve));
    expect(err).toBe('');
  });

  it('refresh, also forced', async () => {
    expect(await run(['refresh', 'wx-good', '--force', '--yes'], { env })).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^wx-good: version \d+, good for 7\d{3} s\n$/),
    });
  });

  it('quotas and refused calls', async () => {
    expect(await run(['quota', 'wx-good', '/cgi-bin/menu/get'], { env })).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\/cgi-bin\/menu\/get: 0 of \d+ used today, \d+ left\n$/),
    });
    const refused = await run(['quota', 'wx-good', '/sns/auth'], { env });
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('76022') });
    const rid = /rid: ([0-9a-f-]+)/.exec(refused.err)?.[1] ?? '';
    const { out } = await run(['rid', 'wx-good', rid], { env });
    expect(out).toContain('access_token=[redacted]');
    expect(await run(['quota-clear', 'wx-good'], { env })).toMatchObject({ code: 64 });
    expect(await run(['quota-clear', 'wx-good', '--yes'], { env })).toMatchObject({
      code: 0,
      out: 'wx-good: cleared; 9 left in this month\n',
    });
  });

  it('a token of the server that the hub replaces comes on stdin; an app that needs none is told so', async () => {
    const input = 'simulated-token-of-a-central-server\n';
    expect(await run(['seed', 'wx-good', '--expires-in', '5400'], { env, input })).toMatchObject({
      code: 1,
      err: expect.stringContaining('tokenApi: token'),
    });
    expect(await run(['seed', 'wx-good'], { env, input })).toMatchObject({ code: 64 });
  });

  it('reload, and the problems of a file that is refused', async () => {
    expect(await run(['reload'], { env })).toMatchObject({
      code: 0,
      out: 'reloaded: 0 added, 0 changed, 0 removed, 2 unchanged\n',
    });
    writeFileSync(hub.appsFile, 'version: 2\n');
    expect(await run(['reload'], { env })).toMatchObject({
      code: 1,
      err: expect.stringContaining('line 1 version'),
    });
  });

  it('a wrong key, a hub that is not there, no key at all', async () => {
    expect(await run(['status'], { env: { ...env, WXHUB_KEY: testKey('nobody') } })).toMatchObject({
      code: 1,
      err: expect.stringContaining('HUB_UNAUTHENTICATED'),
    });
    expect(await run(['status', '--url', 'http://127.0.0.1:1'], { env })).toMatchObject({ code: 69 });
    expect(await run(['status'], { env: { WXHUB_URL: hub.url } })).toMatchObject({ code: 64 });
  });
});

describe('wechat-token-hub doctor', () => {
  it('finds what is wrong, names the address that WeChat sees, and changes no token', async () => {
    const simulator = await WeChatSimulator.start({ apps: [GOOD, CLASSIC] });
    const folder = mkdtempSync(join(tmpdir(), 'cli-test-'));
    const file = join(folder, 'apps.yaml');
    writeFileSync(file, appsYaml([GOOD, CLASSIC, { appid: 'wx-wrong', secret: 'simulated-wrong' }], []));
    simulator.addApp({ appid: 'wx-wrong', secret: 'simulated-right' });
    simulator.setWhitelist('wx-classic', ['10.9.8.7']);
    const env = { HUB_APPS_FILE: file, HUB_WECHAT_BASE_URL: simulator.url };
    try {
      const { code, out } = await run(['doctor'], { env });
      expect(code).toBe(1);
      expect(out).toMatch(/ok +environment/);
      expect(out).toMatch(/warning +apps\.yaml: 3 app\(s\), 0 client\(s\)/);
      expect(out).toMatch(/warning +callers’ port: plain HTTP on 0\.0\.0\.0/);
      expect(out).toMatch(/ok +way to WeChat/);
      expect(out).toMatch(/ok +wx-good \(Good one\).*\nproblem +wx-classic[^]*problem +wx-wrong/);
      expect(out).toMatch(/problem +wx-classic: .*127\.0\.0\.1/);
      expect(out).toMatch(/problem +wx-wrong: /);
      expect(simulator.calls({ endpoint: 'token', appid: 'wx-classic' })).toBe(0);
      const { findings } = JSON.parse((await run(['doctor', '--json', '--skip-apps'], { env })).out);
      expect(findings.map(({ result }: { result: string }) => result)).not.toContain('problem');
    } finally {
      await simulator.close();
      rmSync(folder, { recursive: true });
    }
    const gone = await run(['doctor', '--skip-apps'], { env });
    expect(gone.code).toBe(78);
  });
});
