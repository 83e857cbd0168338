import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { delay } from './processes.mjs';
import { allHeldMs, startHub } from './scene.mjs';

/** So many hubs share the store. */
export const REPLICAS = 3;

/** A redis-server of its own on the loopback, without anything on disk. It is where the kernel puts it. */
export async function startRedis() {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'hub-bench-redis-'));
  const options = [
    '--port',
    port,
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--save',
    '',
    '--appendonly',
    'no',
  ];
  const child = spawn('redis-server', options.map(String), { stdio: 'ignore' });
  const failed = new Promise((_resolve, reject) => child.once('error', reject));
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  const admin = new Redis({ port, host: '127.0.0.1', retryStrategy: () => 50, maxRetriesPerRequest: null });
  admin.on('error', () => undefined);
  await Promise.race([admin.ping(), failed]);
  return {
    url: `redis://127.0.0.1:${port}`,
    admin,
    close: async () => {
      admin.disconnect();
      end();
      await exited;
      process.off('exit', end);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Hubs that share the Redis, each holding a token of every app. */
export async function startReplicas(scene, redis) {
  const hubs = [];
  for (let nth = 0; nth < REPLICAS; nth += 1) {
    const hub = await startHub(scene, {
      role: nth % 2 === 0 ? 'server' : 'others',
      environment: { HUB_REDIS_URL: redis.url },
    });
    await allHeldMs(hub, scene.appCount);
    hubs.push(hub);
  }
  return hubs;
}

/**
 * Commands that the hubs sent, by name. Redis counts what scripts run inside as well, so only names count that no
 * script uses; and each MGET is sent together with a TIME, which scripts use too.
 */
export async function commandsSent(redis) {
  const text = await redis.admin.info('commandstats');
  const counted = new Map(
    [...text.matchAll(/^cmdstat_([^:|]+):calls=(\d+)/gm)].map(([, name, calls]) => [name, Number(calls)]),
  );
  const sent = ['evalsha', 'eval', 'mget', 'ping', 'subscribe'].map((name) => [name, counted.get(name) ?? 0]);
  return new Map([...sent, ['time', counted.get('mget') ?? 0]]);
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  await delay(0);
  return port;
}
