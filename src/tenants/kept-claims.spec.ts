import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accessTo, RedisServer, stopRedisServers } from '../../test/support/redis-server.js';
import { SystemClock } from '../clock/system-clock.js';
import type { AppsConfig } from '../config/reload/apps-config.service.js';
import { Secret } from '../core/secret.js';
import { HubEvents } from '../events/hub-events.js';
import type { WriteOutcome } from '../token-cache/durable-records.js';
import { StoreUnavailable } from '../token-cache/token-store.js';
import { MemoryTokenStore } from '../token-cache/stores/memory-token-store.js';
import { FileTokenStore } from '../token-cache/stores/file/file-token-store.js';
import { StateFile } from '../token-cache/stores/file/state-file.js';
import { MemoryRecords } from '../token-cache/stores/memory-records.js';
import { RedisTokenStore } from '../token-cache/stores/redis/redis-token-store.js';
import { sealingKeys } from '../token-cache/stores/redis/seal.js';
import { KeptClaims } from './kept-claims.js';

const clock = new SystemClock();
const folder = mkdtempSync(join(tmpdir(), 'hub-claims-'));
const stores: RedisTokenStore[] = [];
let redis: RedisServer;

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterAll(async () => {
  for (const store of stores) store.onApplicationShutdown();
  rmSync(folder, { recursive: true });
  await stopRedisServers();
});

/** Only to be told of whom it asks. */
const config = { remember: () => undefined } as unknown as AppsConfig;
const claims = (count: number, salt: string): string[] =>
  Array.from({ length: count }, (_, nth) => `${salt}${nth}`.padEnd(12, '_'));

async function inRedis(): Promise<KeptClaims> {
  const environment = { redisPrefix: 'claims:', encryptionKeys: [], wechatTimeoutMs: 5000 };
  const events = new HubEvents();
  const store = RedisTokenStore.at(accessTo(redis.url), environment, clock, events, { next: () => 0.5 });
  stores.push(store);
  return Promise.resolve(new KeptClaims(store.durable, store, events, config));
}

const key = { id: 'a', key: new Secret(randomBytes(32).toString('base64')) };
async function inFile(): Promise<KeptClaims> {
  const file = await StateFile.open(join(folder, 'state'), sealingKeys([key]), 'a test');
  const store = new FileTokenStore(file, clock, new HubEvents());
  const kept = new KeptClaims(store.durable, store, new HubEvents(), config);
  return Object.assign(kept, { end: () => store.onApplicationShutdown() });
}

describe.each([
  ['Redis', inRedis],
  ['the state file', inFile],
])('claims in %s', (_where, open) => {
  it('are there for the next process: many, fewer, and none', async () => {
    const next = async (): Promise<[KeptClaims, ReadonlyMap<string, readonly string[]>]> => {
      const kept = await open();
      return [kept, await kept.recall()];
    };
    const end = async (kept: KeptClaims): Promise<void> => {
      await kept.written();
      await (kept as { end?: () => Promise<void> }).end?.();
    };
    const [first, nothing] = await next();
    expect([...nothing]).toEqual([]);
    first.keep('team-a.yaml', claims(15_000, 'a'));
    first.keep('team.b.yaml', claims(2, 'b'));
    await end(first);
    const [second, found] = await next();
    expect([...found.keys()].toSorted()).toEqual(['team-a.yaml', 'team.b.yaml']);
    expect(found.get('team-a.yaml')?.toSorted()).toEqual(claims(15_000, 'a').toSorted());
    second.keep('team-a.yaml', claims(3, 'x'));
    second.keep('team.b.yaml', []);
    await end(second);
    const [third, left] = await next();
    expect([...left]).toEqual([['team-a.yaml', claims(3, 'x')]]);
    await end(third);
  });
});

it('two replicas that write the same, and then not the same, end with what was written last', async () => {
  const [one, other] = [await inRedis(), await inRedis()];
  await Promise.all([one.recall(), other.recall()]);
  for (const each of [one, other]) each.keep('shared.yaml', claims(2, 's'));
  await Promise.all([one.written(), other.written()]);
  other.keep('shared.yaml', claims(1, 't'));
  await other.written();
  expect((await (await inRedis()).recall()).get('shared.yaml')).toEqual(claims(1, 't'));
});

it('what could not be written while the store was away is written when it is back', async () => {
  class Records extends MemoryRecords {
    away = true;
    override async write(...args: Parameters<MemoryRecords['write']>): Promise<WriteOutcome> {
      if (this.away) throw new StoreUnavailable('away, for the test');
      return super.write(...args);
    }
  }
  const records = new Records(clock);
  const store = new MemoryTokenStore(clock);
  const events = new HubEvents();
  const kept = new KeptClaims(records, store, events, config);
  kept.keep('a.yaml', claims(1, 'a'));
  await kept.written();
  expect([...(await records.list('claims'))]).toEqual([]);
  records.away = false;
  events.emit('storeChanged', { available: true, cause: undefined });
  await kept.written();
  expect((await new KeptClaims(records, store, events, config).recall()).get('a.yaml')).toEqual(
    claims(1, 'a'),
  );
});

it('where the store cannot be reached nobody is known to have had anything, and the start goes on', async () => {
  await redis.stop();
  expect([...(await (await inRedis()).recall())]).toEqual([]);
});
