import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SystemClock } from '../../src/clock/system-clock.js';
import { Secret } from '../../src/core/secret.js';
import type { Held } from '../../src/core/credential.js';
import { HubEvents } from '../../src/events/hub-events.js';
import { StateFile } from '../../src/token-cache/stores/file/state-file.js';
import { RedisTokenStore } from '../../src/token-cache/stores/redis/redis-token-store.js';
import { sealingKeys } from '../../src/token-cache/stores/redis/seal.js';
import { accessTo, RedisServer, stopRedisServers } from '../support/redis-server.js';

/** `wechat-token-hub state`: from Redis into a file, from there into a state file, and back into another Redis. */

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const BYTES = randomBytes(32).toString('base64');
const KEYS = [{ id: 'k1', key: new Secret(BYTES) }];
const ENCRYPTION = { HUB_ENCRYPTION_KEYS: `k1:${BYTES}` };

const clock = new SystemClock();
let folder: string;
const stores: RedisTokenStore[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hub-state-'));
});

afterEach(async () => {
  for (const store of stores.splice(0)) store.onApplicationShutdown();
  await stopRedisServers();
  rmSync(folder, { recursive: true });
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function state(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [CLI, 'state', ...args], {
      cwd: folder,
      env: { PATH: process.env.PATH, ...env },
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += String(chunk)));
    child.stderr.on('data', (chunk) => (err += String(chunk)));
    child.once('close', (code) => {
      resolve({ code, out, err });
    });
  });
}

function storeOn(url: string): RedisTokenStore {
  const environment = { redisPrefix: 'wxhub:', encryptionKeys: KEYS, wechatTimeoutMs: 5000 };
  const store = RedisTokenStore.at(accessTo(url), environment, clock, new HubEvents(), { next: () => 0.5 });
  stores.push(store);
  return store;
}

function held(name: string, over: Partial<Held> = {}): Held {
  const now = clock.now();
  return {
    value: new Secret(`simulated-value-of-${name}`),
    version: 41,
    kind: 'token',
    issuedAt: now - 1000,
    confirmedAt: now - 1000,
    expiresAt: now + 3_600_000,
    lifeMs: 7_200_000,
    ...over,
  };
}

it('Redis to file, file to state file, state file to Redis: tokens, tickets and records, never shown', async () => {
  const [from, to] = [await RedisServer.start(), await RedisServer.start()];
  const before = storeOn(from.url);
  const ends = clock.now() + 3_600_000;
  await before.save('wxa', held('wxa', { expiresAt: ends }));
  await before.save('wxa', held('ticket', { kind: 'jsapi' }));
  // Of an account that no apps.yaml names.
  await before.save('wxauthorizer', held('authorizer'));
  for (let nth = 0; nth < 300; nth += 1)
    await before.durable.write('platform.wxp', `wx${nth}`, `simulated-refresh-token-${nth}`, 0);

  const outputs: string[] = [];
  const step = async (args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> => {
    const ended = await state(args, { ...ENCRYPTION, ...env });
    outputs.push(ended.out, ended.err);
    expect(ended).toMatchObject({ code: 0, err: '' });
    return ended.out;
  };
  const redis = { HUB_REDIS_URL: from.url };
  const file = { HUB_STATE_FILE: 'state' };
  expect(await step(['export', 'one'], redis)).toBe(
    'one: 3 token(s) and ticket(s), 300 record(s), encrypted with the key "k1"\n',
  );
  expect(JSON.parse(await step(['import', 'one', '--json'], file))).toEqual({
    taken: { credentials: 3, records: 300 },
    left: { credentials: 0, records: 0 },
  });
  // Once more: what is there is as new.
  expect(JSON.parse(await step(['import', 'one', '--json'], file))).toMatchObject({
    taken: { records: 0 },
    left: { records: 300 },
  });
  await step(['export', 'two'], file);
  await step(['import', 'two'], { HUB_REDIS_URL: to.url });

  const after = storeOn(to.url);
  const [token] = (await after.load(['wxa'])).get('wxa') ?? [];
  expect(token?.held?.value.reveal()).toBe('simulated-value-of-wxa');
  expect(token?.held?.version).toBe(41);
  expect(ends - token!.held!.expiresAt).toBeGreaterThanOrEqual(0);
  expect(ends - token!.held!.expiresAt).toBeLessThan(1000);
  expect((await after.load(['wxauthorizer'])).get('wxauthorizer')).toHaveLength(1);
  const records = await after.durable.list('platform.wxp');
  expect(records.size).toBe(300);
  expect(records.get('wx299')?.value).toBe('simulated-refresh-token-299');

  const seen = [
    ...outputs,
    readFileSync(join(folder, 'one'), 'latin1'),
    readFileSync(join(folder, 'state'), 'latin1'),
  ];
  for (const text of seen) expect(text).not.toMatch(/simulated-(value|refresh)/);
}, 120_000);

it('what is newer in the store stays', async () => {
  const redis = await RedisServer.start();
  const store = storeOn(redis.url);
  const env = { ...ENCRYPTION, HUB_REDIS_URL: redis.url };
  await store.save('wxa', held('old'));
  const first = await store.durable.write('platform.wxp', 'wxb', 'old', 0);
  expect(await state(['export', 'file'], env)).toMatchObject({ code: 0 });
  await store.save('wxa', held('new', { version: 42, issuedAt: clock.now(), confirmedAt: clock.now() }));
  if (first.written) await store.durable.write('platform.wxp', 'wxb', 'new', first.version);
  expect(await state(['import', 'file'], env)).toMatchObject({
    code: 0,
    out: expect.stringContaining('left, since what is there is newer or their time is up: 1 and 1') as string,
  });
  const [token] = (await store.load(['wxa'])).get('wxa') ?? [];
  expect(token?.held?.value.reveal()).toBe('simulated-value-of-new');
  expect((await store.durable.read('platform.wxp', 'wxb'))?.value).toBe('new');
});

it('refuses, and says why', async () => {
  const path = join(folder, 'state');
  const env = { ...ENCRYPTION, HUB_STATE_FILE: path };
  const live = await StateFile.open(path, sealingKeys(KEYS), 'a hub');
  for (const act of ['export', 'import'])
    expect(await state([act, 'file'], env)).toMatchObject({
      code: 78,
      err: `${path} is in use by another process (a hub); run one hub on it, and stop that one first\n`,
    });
  live.release();
  expect(await state(['import', 'missing'], env)).toMatchObject({
    code: 78,
    err: `${join(folder, 'missing')} is not there\n`,
  });
  writeFileSync(join(folder, 'there'), 'x');
  expect(await state(['export', 'there'], env)).toMatchObject({
    code: 78,
    err: `${join(folder, 'there')} is there already, and is not written over\n`,
  });
  expect(readFileSync(join(folder, 'there'), 'utf8')).toBe('x');
  expect(await state(['import', 'there'], env)).toMatchObject({
    code: 78,
    err: expect.stringContaining('is not a state file of this hub') as string,
  });
  expect(await state(['export', 'file'], {})).toMatchObject({
    code: 78,
    err: expect.stringMatching(
      /HUB_REDIS_URL or HUB_STATE_FILE: must be set.*\nHUB_ENCRYPTION_KEYS: must be set/,
    ) as string,
  });
  expect(
    await state(['export', 'file'], { ...ENCRYPTION, HUB_REDIS_URL: 'redis://127.0.0.1:1' }),
  ).toMatchObject({
    code: 69,
    out: '',
  });
  expect((await state(['nonsense'], env)).code).toBe(64);
}, 60_000);
