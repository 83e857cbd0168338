import { spawn } from 'node:child_process';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { eventually } from '../support/eventually.js';
import { RedisServer, stopRedisServers } from '../support/redis-server.js';
import { bearer, startHub, testKey, type RunningHub } from '../support/start-hub.js';

/** What `status` tells of two replicas, of the Redis that they share, and of whose file was refused. */

jest.setTimeout(60_000);

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const KEY = testKey('admin');
const APPS = [
  { appid: 'wx-one', secret: 'simulated-secret-one' },
  { appid: 'wx-two', secret: 'simulated-secret-two' },
];

let redis: RedisServer;
let simulator: WeChatSimulator;
let hubs: RunningHub[];

beforeEach(async () => {
  redis = await RedisServer.start();
  simulator = await WeChatSimulator.start({ apps: APPS });
  hubs = [];
  for (const name of ['prod-sh', 'prod-sh']) {
    hubs.push(
      await startHub({
        upstream: simulator.url,
        apps: APPS,
        clients: [{ id: 'admin', key: KEY, apps: '*', may: ['admin', 'read'] }],
        environment: { HUB_REDIS_URL: redis.url, HUB_NAME: name },
      }),
    );
  }
});

afterEach(async () => {
  for (const hub of hubs) await hub.stop();
  await simulator.close();
  await stopRedisServers();
});

function status(...args: string[]): Promise<{ readonly code: number | null; readonly out: string }> {
  return new Promise((resolve) => {
    const env = {
      PATH: process.env.PATH,
      WXHUB_URL: hubs[0]!.url,
      WXHUB_KEY: KEY,
      HUB_TIME_ZONE: 'Asia/Shanghai',
    };
    const child = spawn(process.execPath, [CLI, 'status', ...args], { env });
    let out = '';
    child.stdout.on('data', (chunk) => (out += String(chunk)));
    child.once('close', (code) => {
      resolve({ code, out });
    });
  });
}

const saysEventually = async (
  pattern: RegExp,
): Promise<{ readonly code: number | null; readonly out: string }> => {
  let last = await status();
  await eventually(async () => {
    last = await status();
    return pattern.test(last.out);
  }, String(pattern));
  return last;
};

it('names both replicas; one that refused its file, and a Redis that is away, are not well', async () => {
  const well = await saysEventually(/(replica [^]*){2}/);
  expect(well.code).toBe(0);
  expect(well.out).toContain('\n2 app(s): 2 valid\nRedis can be reached\n');
  expect(well.out).toContain(`replica ${hostname()} (this one, prod-sh): `);

  hubs[1]!.writeApps([{ ...APPS[0]!, tokenApi: 'tokem' }]);
  await hubs[1]!.post('/admin/reload', undefined, bearer(KEY));
  const refused = await saysEventually(/refused its file at .* UTC\+8/);
  expect(refused.code).toBe(1);
  expect(refused.out).toContain('It goes on with the one before');
  // The app itself is well.
  expect((await status('wx-one')).code).toBe(0);

  hubs[0]!.writeApps([{ ...APPS[0]!, tokenApi: 'tokem' }]);
  await hubs[0]!.post('/admin/reload', undefined, bearer(KEY));
  expect((await status()).out).toMatch(/\n {2}line \d+ apps\[0\]\.tokenApi: /);

  await redis.kill();
  const away = await saysEventually(/Redis has been away since \d{4}-.* UTC\+8/);
  expect(away.code).toBe(1);
  expect(away.out).toContain('doctor looks at each server');
  expect(JSON.parse((await status('--json')).out)).toMatchObject({
    apps: [{ appid: 'wx-one', state: 'valid' }, { appid: 'wx-two' }],
    hub: { name: 'prod-sh', store: { kind: 'redis', awaySince: expect.any(String) } },
  });
});
