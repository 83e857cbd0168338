import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { accessTo, RedisServer, stopRedisServers } from '../../test/support/redis-server.js';
import { SystemClock } from '../clock/system-clock.js';
import type { EncryptionKey } from '../config/environment/readers.js';
import { Secret } from '../core/secret.js';
import { HubEvents } from '../events/hub-events.js';
import { nextVersion, type DurableRecords } from './durable-records.js';
import { FileTokenStore } from './stores/file/file-token-store.js';
import { StateFile } from './stores/file/state-file.js';
import { MemoryRecords } from './stores/memory-records.js';
import { RedisTokenStore } from './stores/redis/redis-token-store.js';
import { sealingKeys } from './stores/redis/seal.js';

const clock = new SystemClock();
const stores: RedisTokenStore[] = [];
const files: FileTokenStore[] = [];
const folder = mkdtempSync(join(tmpdir(), 'hub-records-'));
let redis: RedisServer;

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterAll(async () => {
  for (const store of stores) store.onApplicationShutdown();
  for (const store of files) await store.onApplicationShutdown();
  rmSync(folder, { recursive: true });
  await stopRedisServers();
});

function inRedis(keys: readonly EncryptionKey[] = [], prefix = `t${stores.length}:`): DurableRecords {
  const environment = { redisPrefix: prefix, encryptionKeys: keys, wechatTimeoutMs: 5000 };
  const store = RedisTokenStore.at(accessTo(redis.url), environment, clock, new HubEvents(), {
    next: () => 0.5,
  });
  stores.push(store);
  return store.durable;
}

async function inFile(): Promise<DurableRecords> {
  const file = await StateFile.open(
    join(folder, `state-${files.length}`),
    sealingKeys([aKey('a')]),
    'a test',
  );
  const store = new FileTokenStore(file, clock, new HubEvents());
  files.push(store);
  return store.durable;
}

function aKey(id: string): EncryptionKey {
  return { id, key: new Secret(randomBytes(32).toString('base64')) };
}

/** What every store of records keeps to. */
describe.each([
  ['memory', () => new MemoryRecords(clock)],
  ['Redis', () => inRedis()],
  ['Redis, encrypted', () => inRedis([aKey('a')])],
  ['a file', () => inFile()],
])('%s', (_name, make) => {
  let records: DurableRecords;
  beforeEach(async () => {
    records = await make();
  });

  it('has nothing at first', async () => {
    expect(await records.read('p1', 'ticket')).toBeUndefined();
    expect(await records.list('p1')).toEqual(new Map());
  });

  it('gives back what was written, from its own collection alone', async () => {
    const first = await records.write('p1', 'ticket', 'one | 1', 0);
    expect(first).toEqual({ written: true, version: expect.any(Number) as number });
    await records.write('p2', 'ticket', 'other', 0);
    expect(await records.read('p1', 'ticket')).toMatchObject({ value: 'one | 1' });
    expect([...(await records.list('p1')).keys()]).toEqual(['ticket']);
  });

  it('writes only over the version that the writer knows', async () => {
    const first = await records.write('p1', 'a', 'one', 0);
    if (!first.written) throw new Error('not written');
    expect(await records.write('p1', 'a', 'late', 0)).toEqual({
      written: false,
      found: { version: first.version, value: 'one' },
    });
    const second = await records.write('p1', 'a', 'two', first.version);
    if (!second.written) throw new Error('not written');
    expect(second.version).toBeGreaterThan(first.version);
    expect((await records.write('p1', 'a', 'late', first.version)).written).toBe(false);
    expect(await records.read('p1', 'a')).toEqual({ version: second.version, value: 'two' });
    expect(await records.write('p1', 'b', 'late', first.version)).toEqual({
      written: false,
      found: undefined,
    });
  });

  it('deletes only the version that is known, and what comes after is another', async () => {
    const first = await records.write('p1', 'a', 'one', 0);
    await records.write('p1', 'b', 'stays', 0);
    if (!first.written) throw new Error('not written');
    expect((await records.delete('p1', 'a', first.version - 1)).written).toBe(false);
    expect((await records.delete('p1', 'a', first.version)).written).toBe(true);
    expect((await records.delete('p1', 'a', first.version)).written).toBe(false);
    expect([...(await records.list('p1')).keys()]).toEqual(['b']);
    await new Promise((resolve) => setTimeout(resolve, 2));
    const again = await records.write('p1', 'a', 'anew', 0);
    expect(again.written && again.version > first.version).toBe(true);
  });

  it('its revision changes with each change', async () => {
    const seen = new Set([await records.revision('p1')]);
    const first = await records.write('p1', 'a', 'one', 0);
    seen.add(await records.revision('p1'));
    if (first.written) await records.delete('p1', 'a', first.version);
    seen.add(await records.revision('p1'));
    expect(seen.size).toBe(3);
    await records.read('p1', 'a');
    expect(seen).toContain(await records.revision('p1'));
  });

  it('of writers at the same time one wins', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, nth) => records.write('p1', 'a', `${nth}`, 0)),
    );
    expect(outcomes.filter(({ written }) => written)).toHaveLength(1);
  });

  it('lists as many as there are', async () => {
    for (let nth = 0; nth < 600; nth += 1) await records.write('p1', `wx${nth}`, `${nth}`, 0);
    const all = await records.list('p1');
    expect(all.size).toBe(600);
    expect(all.get('wx599')?.value).toBe('599');
  });
});

describe('what is in Redis', () => {
  it('is told as unreadable under another key, altered, moved, or written by somebody else', async () => {
    const key = aKey('a');
    const writer = inRedis([key], 'shared:');
    await writer.write('p1', 'a', 'secret text', 0);
    await writer.write('p1', 'b', 'other', 0);
    const raw = (await redis.admin.get('shared:{p1}:record:a')) ?? '';
    expect(raw).not.toContain('secret text');
    const stranger = inRedis([aKey('b')], 'shared:');
    expect((await stranger.read('p1', 'a'))?.value).toBeUndefined();
    expect((await stranger.read('p1', 'a'))?.version).toBeGreaterThan(0);

    await redis.admin.set('shared:{p1}:record:b', raw);
    expect((await writer.read('p1', 'b'))?.value).toBeUndefined();
    await redis.admin.set('shared:{p1}:record:a', raw.replace(/^1 \d+/, '1 7'));
    expect(await writer.read('p1', 'a')).toEqual({ version: 7, value: undefined });
    await redis.admin.set('shared:{p1}:record:a', '1 7 raw:forged');
    expect(await writer.read('p1', 'a')).toEqual({ version: 7, value: undefined });
    await redis.admin.set('shared:{p1}:record:a', 'nonsense');
    expect(await writer.read('p1', 'a')).toEqual({ version: 0, value: undefined });
    expect((await writer.write('p1', 'a', 'anew', 0)).written).toBe(true);
    expect((await writer.list('p1')).get('a')?.value).toBe('anew');
  });
});

it('versions grow, whatever the wall clock says', () => {
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 2e12, noNaN: true }), (over, now) => {
      const version = nextVersion(over, now);
      expect(version).toBeGreaterThan(over);
      expect(Number.isSafeInteger(version)).toBe(true);
    }),
  );
});
