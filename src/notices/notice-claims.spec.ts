import { accessTo, RedisServer, stopRedisServers } from '../../test/support/redis-server.js';
import { FakeClock } from '../../test/support/fake-clock.js';
import { HubEnvironment } from '../config/environment/environment.js';
import { SystemClock } from '../clock/system-clock.js';
import { Secret } from '../core/secret.js';
import { HubEvents } from '../events/hub-events.js';
import { MemoryTokenStore } from '../token-cache/stores/memory-token-store.js';
import { RedisTokenStore } from '../token-cache/stores/redis/redis-token-store.js';
import { NoticeClaims } from './notice-claims.js';

const HOUR = 3_600_000;

describe('with the memory store', () => {
  it('says when something was last told', async () => {
    const clock = new FakeClock();
    const claims = new NoticeClaims(new MemoryTokenStore(clock), clock, new HubEnvironment());
    const toldAt = clock.now();
    expect(await claims.claim('wx-a', 'refused', HOUR)).toBeUndefined();
    await clock.advance(HOUR - 1);
    expect(await claims.claim('wx-a', 'refused', HOUR)).toBe(toldAt);
    expect(await claims.claim('wx-b', 'refused', HOUR)).toBeUndefined();
    expect(await claims.claim('wx-a', 'quota_gone', HOUR)).toBeUndefined();
    await clock.advance(1);
    expect(await claims.claim('wx-a', 'refused', HOUR)).toBeUndefined();
  });
});

describe('of replicas on one Redis', () => {
  const stores: RedisTokenStore[] = [];
  let redis: RedisServer;

  beforeEach(async () => {
    redis = await RedisServer.start();
  });

  afterEach(async () => {
    for (const store of stores.splice(0)) store.onApplicationShutdown();
    await stopRedisServers();
  });

  function replica(): NoticeClaims {
    const clock = new SystemClock();
    const environment = { redisPrefix: 'test:', encryptionKeys: [], wechatTimeoutMs: 5000 };
    const store = RedisTokenStore.at(accessTo(redis.url), environment, clock, new HubEvents(), {
      next: () => 0.5,
    });
    stores.push(store);
    return new NoticeClaims(
      store,
      clock,
      Object.assign(new HubEnvironment(), { redisUrl: new Secret(redis.url) }),
    );
  }

  it('one alone tells, and the others know when', async () => {
    const replicas = [replica(), replica(), replica()];
    const before = Date.now();
    const answers = await Promise.all(replicas.map((claims) => claims.claim('wx-a', 'refused', HOUR)));
    const told = answers.filter((answer) => answer === undefined);
    expect(told).toHaveLength(1);
    for (const at of answers) {
      if (at !== undefined) expect(Math.abs(at - before)).toBeLessThan(60_000);
    }
  });

  it('who claims many things has its turn first; the next one finds them told', async () => {
    const [first, second] = [replica(), replica()];
    const apps = Array.from({ length: 200 }, (_, index) => `wx-${index}`);
    const tell = async (claims: NoticeClaims) => {
      await claims.turn('refused');
      const answers = await Promise.all(apps.map((appid) => claims.claim(appid, 'refused', HOUR)));
      return answers.filter((answer) => answer === undefined).length;
    };
    expect((await Promise.all([tell(first), tell(second)])).sort((a, b) => a - b)).toEqual([0, 200]);
  });

  it('what lasts and was told is found by who starts later, whatever span it is', async () => {
    const first = replica();
    expect(await first.lasts('wx-a', 'refused')).toBe(false);
    await first.noteLasting('wx-a', 'refused');
    expect(await replica().lasts('wx-a', 'refused')).toBe(true);
    expect(await replica().lasts('wx-a', 'quota_gone')).toBe(false);
  });

  it('tells, where the store cannot be asked', async () => {
    const claims = replica();
    await claims.claim('wx-a', 'refused', HOUR);
    await stopRedisServers();
    await claims.turn('refused');
    expect(await claims.claim('wx-a', 'refused', HOUR)).toBeUndefined();
  });
});
