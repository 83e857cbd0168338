import { randomBytes } from 'node:crypto';
import { aHeld } from '../../../../test/support/builders.js';
import { accessTo, RedisServer, stopRedisServers, until } from '../../../../test/support/redis-server.js';
import { anError } from '../../../../test/support/builders.js';
import { SystemClock } from '../../../clock/system-clock.js';
import type { EncryptionKey } from '../../../config/environment.js';
import type { Held } from '../../../core/credential.js';
import { Secret } from '../../../core/secret.js';
import { classifyErrcode } from '../../../core/wechat-error.js';
import { HubEvents } from '../../../events/hub-events.js';
import type { Claim, ClaimRequest, StoreNews } from '../../token-store.js';
import { RedisTokenStore } from './redis-token-store.js';

/** A replica: a store with a clock of its own, which is off by any amount. */
class Replica {
  readonly news: StoreNews[] = [];
  readonly unreadable: unknown[] = [];
  readonly #clock = new SystemClock();
  readonly clock: SystemClock;
  readonly store: RedisTokenStore;

  constructor(offsetMs = 0, keys: readonly EncryptionKey[] = [], timeoutMs = 5000) {
    const clock = this.#clock;
    this.clock = Object.assign(Object.create(clock) as SystemClock, { now: () => clock.now() + offsetMs });
    const events = new HubEvents();
    events.on('storedUnreadable', (event) => this.unreadable.push(event));
    const environment = { redisPrefix: 'test:', encryptionKeys: keys, wechatTimeoutMs: timeoutMs };
    this.store = RedisTokenStore.at(accessTo(redis.url), environment, this.clock, events, {
      next: () => Math.random(),
    });
    this.store.onNews((news) => this.news.push(news));
    replicas.push(this);
  }

  async claim(request: Partial<ClaimRequest> = {}): Promise<Claim> {
    const outcome = await this.tryClaim(request);
    if (outcome.kind !== 'granted') throw new Error(`no claim: ${outcome.kind}`);
    return outcome.claim;
  }

  tryClaim(request: Partial<ClaimRequest> = {}) {
    return this.store.claim('wx1', { slot: 'token', seen: 0, urgent: false, ...request });
  }

  held(value: string, over: Partial<Held> = {}): Held {
    return aHeld({ value: new Secret(value), issuedAt: this.clock.now(), ...over });
  }

  /** What it sees of the app's token. */
  async read() {
    const [stored] = (await this.store.load(['wx1'])).get('wx1') ?? [];
    return stored === undefined ? undefined : { ...stored, value: stored.held?.value.reveal() };
  }

  /** Claims, and stores what it got. */
  async refresh(value: string, version: number): Promise<number> {
    const seen = (await this.read())?.stamp ?? 0;
    const outcome = await this.store.save('wx1', this.held(value, { version }), await this.claim({ seen }));
    if (!outcome.saved) throw new Error('refused');
    return outcome.stamp;
  }
}

let redis: RedisServer;
const replicas: Replica[] = [];

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterEach(async () => {
  for (const { store } of replicas.splice(0)) store.onApplicationShutdown();
  await redis.admin.flushall();
});

afterAll(stopRedisServers);

describe('the record', () => {
  it('is the same on every replica, whatever their clocks say, and never lives longer', async () => {
    const a = new Replica(-180_000);
    const b = new Replica(3_600_000);
    const held = a.held('A', { version: 7, kind: 'token', lifeMs: 7_200_000 });
    await a.store.save('wx1', held, await a.claim());
    const stored = await b.read();
    expect(stored).toMatchObject({
      slot: 'token',
      value: 'A',
      held: { version: 7, kind: 'token', lifeMs: 7_200_000 },
    });
    const gained = stored!.held!.expiresAt - b.clock.now() - (held.expiresAt - a.clock.now());
    expect(gained).toBeLessThanOrEqual(0);
    expect(gained).toBeGreaterThan(-200);
  });

  it('goes with the token', async () => {
    const a = new Replica();
    await a.store.save('wx1', a.held('A', { lifeMs: 300 }), await a.claim());
    expect(await redis.admin.pttl('test:{wx1}:token')).toBeLessThanOrEqual(300);
    await until(async () => (await a.read()) === undefined);
  });

  it('is put right by a replica that knows of a sooner end, and keeps all else that it holds', async () => {
    const a = new Replica();
    const b = new Replica();
    const held = a.held('A', { version: 7, kind: 'token', lifeMs: 7_200_000 });
    await a.store.save('wx1', { ...held, expiresAt: held.expiresAt + 60_000 }, await a.claim());
    const late = await b.read();
    const sooner = {
      ...late!.held!,
      confirmedAt: late!.held!.confirmedAt - 1000,
      expiresAt: late!.held!.expiresAt - 60_000,
    };
    expect(await b.store.save('wx1', sooner)).toMatchObject({ saved: true });
    const right = await b.read();
    expect(Math.abs(right!.held!.expiresAt - sooner.expiresAt)).toBeLessThan(200);
    expect(Math.abs(right!.held!.confirmedAt - late!.held!.confirmedAt)).toBeLessThan(200);
    // Nobody but WeChat moves it to later again, whether this counts as a later confirmation (by some ms) or not.
    await a.store.save('wx1', { ...held, expiresAt: held.expiresAt + 60_000 });
    const after = await b.read();
    expect(Math.abs(after!.held!.expiresAt - sooner.expiresAt)).toBeLessThan(200);
  });

  it('is never written for a token whose life is over', async () => {
    const a = new Replica();
    const over = a.held('A', { issuedAt: a.clock.now() - 7_200_000 });
    expect(await a.store.save('wx1', over, await a.claim())).toEqual({ saved: false, stored: undefined });
    expect(await a.read()).toBeUndefined();
  });

  it('of many apps comes with one look, tickets included', async () => {
    const a = new Replica();
    for (const appid of ['wx1', 'wx2', 'wx3']) await a.store.save(appid, a.held(`token-${appid}`));
    await a.store.save('wx2', a.held('ticket', { kind: 'jsapi' }));
    const found = await new Replica().store.load(['wx1', 'wx2', 'wx3', 'wx4']);
    expect(
      [...found].map(([appid, slots]) => [appid, slots.map(({ held }) => held?.value.reveal())]),
    ).toEqual([
      ['wx1', ['token-wx1']],
      ['wx2', ['token-wx2', 'ticket']],
      ['wx3', ['token-wx3']],
      ['wx4', []],
    ]);
  });

  it('keeps the names of all keys of an app in one slot of a Cluster', async () => {
    const a = new Replica();
    await a.refresh('A', 1);
    await (
      await a.claim({ seen: (await a.read())!.stamp })
    ).release({
      failure: { error: anError(), failures: 1, slowFailures: 0, fence: undefined },
      retryInMs: 1000,
    });
    await a.store.throttle('wx1', 'report', 1000);
    await a.store.spendForce('wx1');
    const keys = await redis.admin.keys('*');
    expect(keys.length).toBeGreaterThan(3);
    for (const key of keys) expect(key).toMatch(/^test:\{wx1\}:[a-z:]+$/);
  });
});

describe('a writer', () => {
  it('that was paused cannot put its older token over a newer one', async () => {
    const [a, b] = [new Replica(0, [], 100), new Replica()];
    const claim = await a.claim();
    const old = a.held('old', { version: 1 });
    await redis.admin.del('test:{wx1}:lease'); // as if it had lapsed
    await b.refresh('new', 2);
    const outcome = await a.store.save('wx1', old, claim);
    expect(outcome).toMatchObject({ saved: false, stored: { held: { version: 2 } } });
    expect(await b.read()).toMatchObject({ value: 'new' });
  });

  it('that was paused is refused even if its clock stood still meanwhile', async () => {
    const [a, b] = [new Replica(), new Replica()];
    const claim = await a.claim();
    await redis.admin.del('test:{wx1}:lease');
    await b.refresh('new', 2);
    const late = a.held('old', { version: 9, issuedAt: a.clock.now() + 60_000 });
    expect(await a.store.save('wx1', late, claim)).toMatchObject({ saved: false });
    expect(await b.read()).toMatchObject({ value: 'new', held: { version: 2 } });
  });

  it('that repeats itself changes nothing', async () => {
    const a = new Replica();
    const claim = await a.claim();
    const held = a.held('A', { version: 3 });
    await a.store.save('wx1', held, claim);
    const before = await a.read();
    expect(await a.store.save('wx1', held, claim)).toMatchObject({ saved: true, held: { version: 3 } });
    expect(await a.read()).toMatchObject({ value: 'A', held: { version: 3, fence: before!.held!.fence } });
  });

  it('whose version is not beyond the stored one is given one that is', async () => {
    const [a, b] = [new Replica(), new Replica()];
    const seen = await a.refresh('A', 17);
    const outcome = await b.store.save('wx1', b.held('B', { version: 4 }), await b.claim({ seen }));
    expect(outcome).toMatchObject({ saved: true, held: { version: 18 } });
    expect(await a.read()).toMatchObject({ value: 'B', held: { version: 18 } });
  });

  it('that confirms the token keeps its version and moves its end', async () => {
    const a = new Replica();
    const held = a.held('A', { version: 5, issuedAt: a.clock.now() - 10_000 });
    await a.store.save('wx1', held, await a.claim());
    const { stamp } = (await a.read())!;
    const confirmed = { ...held, confirmedAt: a.clock.now(), expiresAt: held.expiresAt + 5000 };
    expect(await a.store.save('wx1', confirmed, await a.claim({ seen: stamp }))).toMatchObject({
      saved: true,
    });
    const after = (await a.read())!;
    expect(after.held).toMatchObject({ version: 5 });
    expect(after.held!.expiresAt - held.expiresAt).toBeGreaterThan(4900);
    expect(after.stamp).toBeGreaterThan(stamp);
  });

  it('does not lengthen a life by being late: the end was named before the way began', async () => {
    const a = new Replica();
    const claim = await a.claim();
    const held = a.held('A', { lifeMs: 60_000 });
    await redis.admin.call('CLIENT', 'PAUSE', '300', 'WRITE');
    await a.store.save('wx1', held, claim);
    const stored = (await a.read())!;
    expect(stored.held!.expiresAt).toBeLessThanOrEqual(held.expiresAt);
    expect(stored.held!.expiresAt).toBeGreaterThan(held.expiresAt - 200);
  });
});

describe('a token got without a claim, while the store was gone', () => {
  it('goes in where its call was sent later than that of the stored one', async () => {
    const [a, b] = [new Replica(-90_000), new Replica(90_000)];
    await a.refresh('A', 5);
    const later = b.held('B', { version: 3, issuedAt: b.clock.now() + 1000 });
    expect(await b.store.save('wx1', later)).toMatchObject({ saved: true, held: { version: 6 } });
    const earlier = a.held('old', { version: 99, issuedAt: a.clock.now() - 60_000 });
    expect(await a.store.save('wx1', earlier)).toMatchObject({
      saved: false,
      stored: { held: { version: 6 } },
    });
    expect(await a.read()).toMatchObject({ value: 'B' });
  });

  it('gives way to one that a claim of before brings and that was sent still later', async () => {
    const [a, b] = [new Replica(), new Replica()];
    const claim = await a.claim();
    await b.store.save('wx1', b.held('B', { version: 3, issuedAt: b.clock.now() - 1000 }));
    expect(await a.store.save('wx1', a.held('A', { version: 3 }), claim)).toMatchObject({
      saved: true,
      held: { version: 4 },
    });
  });

  it('that is known already is not written again', async () => {
    const a = new Replica();
    const stamp = await a.refresh('A', 5);
    const same = (await a.read())!.held!;
    expect(await a.store.save('wx1', same)).toMatchObject({ saved: false, stored: { stamp } });
  });
});

describe('an empty or older memory of Redis', () => {
  it('takes what a replica holds, with its fence, and goes on beyond it', async () => {
    const a = new Replica();
    await a.refresh('A', 5);
    const { held } = (await a.read())!;
    await redis.admin.flushall();
    expect(await a.store.save('wx1', held!)).toMatchObject({
      saved: true,
      held: { version: 5, fence: held!.fence },
    });
    const { stamp } = (await a.read())!;
    expect((await new Replica().claim({ seen: stamp })).fence).toBeGreaterThan(held!.fence!);
  });

  it('still refuses a writer from before', async () => {
    const [a, b] = [new Replica(), new Replica()];
    const old = await a.claim();
    await redis.admin.flushall();
    await b.refresh('new', 1);
    expect(await a.store.save('wx1', a.held('old', { version: 9 }), old)).toMatchObject({ saved: false });
  });

  it('gives a token without predecessor a number beyond any that was counted up', async () => {
    const claim = await new Replica(-300_000).claim();
    expect(Math.abs(claim.firstVersion - Date.now() / 1000)).toBeLessThan(5);
  });
});

describe('a claim', () => {
  it('excludes other replicas until it is released, and not its own', async () => {
    const [a, b] = [new Replica(), new Replica()];
    const claim = await a.claim();
    const refused = await b.tryClaim();
    expect(refused).toMatchObject({ kind: 'leased' });
    if (refused.kind === 'leased') {
      expect(refused.lapsesInMs).toBeGreaterThan(6500);
      expect(refused.lapsesInMs).toBeLessThanOrEqual(7000);
    }
    const again = await a.claim();
    expect(again.fence).toBeGreaterThan(claim.fence);
    await claim.release(); // an old one: no longer this replica's to give back
    expect(await b.tryClaim()).toMatchObject({ kind: 'leased' });
    await again.release();
    expect((await b.claim()).fence).toBeGreaterThan(again.fence);
  });

  it('outlives an upstream call, and lapses by itself when its holder is gone', async () => {
    const [a, b] = [new Replica(0, [], 100), new Replica()];
    const claim = await a.claim();
    expect(claim.startBy + 100).toBeLessThan(claim.lapsesAt);
    const refused = await b.tryClaim();
    if (refused.kind !== 'leased') throw new Error(refused.kind);
    await new Promise((resolve) => setTimeout(resolve, refused.lapsesInMs + 20));
    await b.claim();
  });

  it('tells first what the store holds and the replica has not seen', async () => {
    const [a, b] = [new Replica(), new Replica()];
    const stamp = await a.refresh('A', 5);
    expect(await b.tryClaim()).toMatchObject({ kind: 'changed', stored: { stamp, held: { version: 5 } } });
    expect(await b.tryClaim({ seen: stamp })).toMatchObject({ kind: 'granted' });
  });

  it('is given back by the save, in the same step', async () => {
    const [a, b] = [new Replica(), new Replica()];
    const stamp = await a.refresh('A', 5);
    expect(await b.tryClaim({ seen: stamp })).toMatchObject({ kind: 'granted' });
  });

  it('after a failure is left to who failed, until that one must be gone', async () => {
    const [a, b] = [new Replica(), new Replica()];
    const error = classifyErrcode(40125, 'invalid appsecret');
    const failure = { error, failures: 2, slowFailures: 2, fence: undefined };
    await b.read();
    await until(() => b.news.length > 0);
    await (await a.claim()).release({ failure, retryInMs: 300 });
    const refused = await b.tryClaim();
    expect(refused).toMatchObject({ kind: 'paused' });
    if (refused.kind === 'paused') expect(refused.retryInMs).toBeLessThanOrEqual(2300);
    await until(() => b.news.some(({ kind }) => kind === 'failed'));
    expect(b.news.find(({ kind }) => kind === 'failed')).toEqual({
      kind: 'failed',
      appid: 'wx1',
      failure,
      retryInMs: 300,
    });
    expect(await b.tryClaim({ urgent: true })).toMatchObject({ kind: 'granted' });
    await redis.admin.del('test:{wx1}:lease');
    expect(await a.tryClaim()).toMatchObject({ kind: 'granted' });
  });

  it('is granted to one of ten that ask at once', async () => {
    const ten = Array.from({ length: 10 }, () => new Replica());
    const outcomes = await Promise.all(ten.map((replica) => replica.tryClaim()));
    expect(outcomes.filter(({ kind }) => kind === 'granted')).toHaveLength(1);
  });
});

describe('news', () => {
  it('of a new token reach the others within 200 ms, without the token', async () => {
    const [a, b] = [new Replica(), new Replica()];
    await Promise.all([a.read(), b.read()]);
    await until(() => b.news.length > 0 && a.news.length > 0);
    const raw: string[] = [];
    const listener = redis.admin.duplicate();
    await listener.subscribe('test:news');
    listener.on('message', (_channel, text) => raw.push(text));
    const sent = performance.now();
    await a.refresh('the-token-itself', 5);
    await until(() => b.news.some(({ kind }) => kind === 'changed'));
    expect(performance.now() - sent).toBeLessThan(200);
    expect(b.news).toContainEqual({ kind: 'changed', appid: 'wx1', slot: 'token' });
    expect(a.news.filter(({ kind }) => kind === 'changed')).toEqual([]);
    expect(raw.join()).not.toContain('the-token-itself');
    listener.disconnect();
  });

  it('of a reload and of removed apps travel too', async () => {
    const [a, b] = [new Replica(), new Replica()];
    await Promise.all([a.read(), b.read()]);
    await until(() => b.news.length > 0);
    await a.store.announce({ kind: 'reload' });
    await a.store.remove(['wx1', 'wx2']);
    await until(() => b.news.length >= 3);
    expect(b.news.slice(1)).toEqual([{ kind: 'reload' }, { kind: 'removed', appids: ['wx1', 'wx2'] }]);
  });

  it('that this hub does not know are passed over', async () => {
    const b = new Replica();
    await b.read();
    await until(() => b.news.length > 0);
    for (const text of [
      '',
      'no JSON',
      '7',
      'null',
      '{}',
      '{"kind":"changed"}',
      '{"kind":"changed","appid":"../x","slot":"token"}',
      '{"kind":"failed","appid":"wx1","failure":{}}',
      '{"kind":"later"}',
    ]) {
      await redis.admin.publish('test:news', text);
    }
    await redis.admin.publish('test:news', '{"kind":"reload"}');
    await until(() => b.news.length > 1);
    expect(b.news.slice(1)).toEqual([{ kind: 'reload' }]);
  });
});

describe('a removed app', () => {
  it('leaves no token behind, and what a claim of before brings is refused', async () => {
    const a = new Replica();
    const stamp = await a.refresh('A', 5);
    const claim = await a.claim({ seen: stamp });
    await a.store.remove(['wx1']);
    expect(await a.read()).toBeUndefined();
    expect(await a.store.save('wx1', a.held('B', { version: 6 }), claim)).toEqual({
      saved: false,
      stored: undefined,
    });
    expect((await redis.admin.keys('*')).sort()).toEqual(['test:{wx1}:counter', 'test:{wx1}:removed']);
    await a.refresh('C', 7);
    expect(await a.read()).toMatchObject({ value: 'C' });
  });
});

describe('limits over all replicas', () => {
  it('let one through in so long', async () => {
    const [a, b] = [new Replica(), new Replica()];
    expect(await a.store.throttle('wx1', 'report', 60_000)).toBe(0);
    const wait = await b.store.throttle('wx1', 'report', 60_000);
    expect(wait).toBeGreaterThan(59_000);
    expect(await b.store.throttle('wx2', 'report', 60_000)).toBe(0);
    expect(await b.store.throttle('wx1', 'check', 60_000)).toBe(0);
  });

  it('keep forced refreshes 30 s apart and 20 a day', async () => {
    const [a, b] = [new Replica(), new Replica()];
    expect(await a.store.spendForce('wx1')).toEqual({ waitMs: 0, left: 19 });
    const refused = await b.store.spendForce('wx1');
    expect(refused.left).toBe(19);
    expect(refused.waitMs).toBeGreaterThan(29_000);
    const now = Date.now();
    const used = Array.from({ length: 20 }, (_, nth) => now - 3_600_000 * (20 - nth));
    await redis.admin.del('test:{wx1}:forced');
    await redis.admin.rpush('test:{wx1}:forced', ...used);
    const spent = await b.store.spendForce('wx1');
    expect(spent.left).toBe(0);
    expect(Math.abs(spent.waitMs - 4 * 3_600_000)).toBeLessThan(5000);
  });
});

describe('encryption', () => {
  const keyOf = (id: string) => ({ id, key: new Secret(randomBytes(32).toString('base64')) });
  const old = keyOf('2025');
  const current = keyOf('2026');

  it('leaves no token in any value of Redis', async () => {
    const a = new Replica(0, [current]);
    await a.refresh('the-token-itself', 5);
    for (const key of await redis.admin.keys('*')) {
      expect(await redis.admin.get(key)).not.toContain('the-token-itself');
    }
    expect(await redis.admin.get('test:{wx1}:token')).toMatch(/ gcm:2026:/);
    expect(await new Replica(0, [current]).read()).toMatchObject({ value: 'the-token-itself' });
  });

  it('goes over to a new key with the next write, and reads the old one until then', async () => {
    await new Replica(0, [old]).refresh('A', 5);
    const b = new Replica(0, [current, old]);
    expect(await b.read()).toMatchObject({ value: 'A' });
    await b.refresh('B', 6);
    expect(await redis.admin.get('test:{wx1}:token')).toMatch(/ gcm:2026:/);
    expect(await new Replica(0, [current]).read()).toMatchObject({ value: 'B' });
  });

  it('takes what it cannot open for absent, says so once, and writes over it under a claim', async () => {
    const seen = await new Replica(0, [old]).refresh('A', 5);
    const b = new Replica(0, [current]);
    for (let i = 0; i < 3; i++) expect(await b.read()).toMatchObject({ stamp: seen, held: undefined });
    expect(b.unreadable).toEqual([{ appid: 'wx1', slot: 'token' }]);
    await b.refresh('B', 1);
    expect(await b.read()).toMatchObject({ value: 'B', held: { version: 6 } });
  });

  it('refuses a record moved to another app or with another version', async () => {
    const a = new Replica(0, [current]);
    await a.refresh('A', 5);
    const text = (await redis.admin.get('test:{wx1}:token'))!;
    await redis.admin.set('test:{wx2}:token', text);
    expect((await a.store.load(['wx2'])).get('wx2')).toMatchObject([{ held: undefined }]);
    const words = text.split(' ');
    words[2] = '6';
    await redis.admin.set('test:{wx1}:token', words.join(' '));
    expect(await a.read()).toMatchObject({ held: undefined });
  });

  it('takes what lies there unsealed for absent, whoever wrote it, and writes over it', async () => {
    await new Replica().refresh('planted', 5);
    const b = new Replica(0, [current]);
    expect(await b.read()).toMatchObject({ held: undefined });
    expect(b.unreadable).toEqual([{ appid: 'wx1', slot: 'token' }]);
    await b.refresh('B', 1);
    expect(await redis.admin.get('test:{wx1}:token')).toMatch(/ gcm:2026:/);
    expect(await b.read()).toMatchObject({ value: 'B', held: { version: 6 } });
  });
});
