import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { freePort } from '../support/free-port.js';
import {
  RedisServer,
  startCluster,
  startSentinelSet,
  stopRedisServers,
  until,
} from '../support/redis-server.js';

/** `wechat-token-hub doctor` on real Redis servers of each form. */

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
/** Of a test, several of whose processes take seconds each to start on a busy machine. */
const LIMIT_MS = 90_000;
const folder = mkdtempSync(join(tmpdir(), 'doctor-test-'));
const appsFile = join(folder, 'apps.yaml');
let simulator: WeChatSimulator;

beforeAll(async () => {
  writeFileSync(appsFile, 'version: 1\napps: []\nclients: []\n');
  simulator = await WeChatSimulator.start();
});
afterEach(stopRedisServers);
afterAll(async () => {
  await simulator.close();
  rmSync(folder, { recursive: true });
});

interface Finding {
  readonly what: string;
  readonly result: string;
  readonly detail: string;
  readonly fix?: string;
}

/** What it finds about Redis, and how it ends. */
async function doctor(redisUrl: string): Promise<{ findings: Finding[]; code: number; text: string }> {
  const env = {
    PATH: process.env.PATH,
    HUB_APPS_FILE: appsFile,
    HUB_WECHAT_BASE_URL: simulator.url,
    HUB_REDIS_URL: redisUrl,
  };
  const { code, text } = await new Promise<{ code: number; text: string }>((resolve) => {
    const child = execFile(process.execPath, [CLI, 'doctor', '--json'], { env }, (_error, text) =>
      resolve({ code: child.exitCode ?? -1, text }),
    );
  });
  const { findings } = JSON.parse(text) as { findings: Finding[] };
  return { findings: findings.filter(({ what }) => /Redis|Sentinel/.test(what)), code, text };
}

it(
  'a server that is well, and nothing is left on it',
  async () => {
    const redis = await RedisServer.start();
    const { findings, code } = await doctor(redis.url);
    expect(findings).toEqual([
      {
        what: `Redis ${redis.place}`,
        result: 'ok',
        detail: expect.stringMatching(/^master, version \d.*, answers in .* ms, takes writes$/),
      },
      { what: 'clock of Redis', result: 'ok', detail: expect.any(String) },
    ]);
    expect(code).toBe(0);
    expect(await redis.admin.dbsize()).toBe(0);
  },
  LIMIT_MS,
);

it(
  'a replica, a full memory, keys that may be thrown away',
  async () => {
    const redis = await RedisServer.start({ config: ['maxmemory 100mb', 'maxmemory-policy allkeys-lru'] });
    expect((await doctor(redis.url)).findings[0]).toMatchObject({
      result: 'warning',
      fix: expect.stringContaining('noeviction'),
    });
    await redis.admin.config('SET', 'maxmemory-policy', 'noeviction');
    await redis.admin.config('SET', 'maxmemory', '1');
    expect(await doctor(redis.url)).toMatchObject({
      code: 1,
      findings: [{ result: 'problem', fix: expect.stringContaining('maxmemory') }, {}],
    });
    await redis.admin.config('SET', 'maxmemory', '0');
    await redis.admin.call('REPLICAOF', '127.0.0.1', '1');
    expect((await doctor(redis.url)).findings[0]).toMatchObject({
      result: 'problem',
      detail: expect.stringContaining('READONLY'),
    });
  },
  LIMIT_MS,
);

it(
  'one that is not there, a wrong password, a user who may not do what the hub does',
  async () => {
    const nowhere = await doctor(`redis://127.0.0.1:${await freePort()}`);
    expect(nowhere).toMatchObject({
      code: 1,
      findings: [{ result: 'problem', detail: expect.stringContaining('ECONNREFUSED') }],
    });
    const redis = await RedisServer.start({ password: 'the-right-password' });
    const wrong = await doctor(`redis://:the-wrong-password@${redis.place}`);
    expect(wrong.findings).toMatchObject([{ result: 'problem', fix: expect.stringContaining('password') }]);
    expect(wrong.text).not.toContain('the-wrong-password');
    await redis.admin.call(
      'ACL',
      'SETUSER',
      'narrow',
      'on',
      '>its-password',
      '~other:*',
      '&other:*',
      '+@all',
    );
    const narrow = await doctor(`redis://narrow:its-password@${redis.place}`);
    expect(narrow.findings[0]).toMatchObject({
      result: 'problem',
      fix: expect.stringContaining('ACL SETUSER'),
    });
    expect(narrow.text).not.toContain('its-password');
  },
  LIMIT_MS,
);

it(
  'Sentinels: all well; then without the master’s replica and one Sentinel',
  async () => {
    const { replica, sentinels, url } = await startSentinelSet();
    const well = await doctor(url);
    expect(well.findings.map(({ result }) => result)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok', 'ok']);
    await replica.kill();
    await sentinels[0]!.kill();
    const ill = await doctor(url);
    expect(ill.findings.filter(({ result }) => result === 'warning').length).toBeGreaterThanOrEqual(2);
    expect(ill.code).toBe(0);
    const unknown = await doctor(url.replace('/hub', '/other'));
    expect(unknown.findings).toContainEqual(
      expect.objectContaining({ result: 'problem', detail: 'knows no master of that name' }),
    );
  },
  LIMIT_MS,
);

it(
  'a Cluster: all well; then without one of its nodes; and a node of it taken for a single server',
  async () => {
    const { nodes, url } = await startCluster();
    const well = await doctor(url);
    expect(well.findings.map(({ result }) => result)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
    expect((await doctor(nodes[0]!.url)).findings[0]).toMatchObject({
      result: 'problem',
      fix: expect.stringContaining('redis+cluster://'),
    });
    await nodes[1]!.kill();
    await until(async () => String(await nodes[0]!.admin.call('CLUSTER', 'NODES')).includes('fail'));
    const ill = await doctor(url);
    expect(ill.findings).toContainEqual(
      expect.objectContaining({ what: `Redis ${nodes[1]!.place}`, result: 'problem' }),
    );
  },
  LIMIT_MS,
);
