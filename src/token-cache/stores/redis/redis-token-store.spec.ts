import { randomBytes } from 'node:crypto';
import { aHeld } from '../../../../test/support/builders.js';
import { accessTo, RedisServer, stopRedisServers, until } from '../../../../test/support/redis-server.js';
import { anError } from '../../../../test/support/builders.js';
import { SystemClock } from '../../../clock/system-clock.js';
import type { EncryptionKey } from '../../../config/environment/readers.js';
import type { Held } from '../../../core/credential.js';
import { Secret } from '../../../core/secret.js';
import { classifyErrcode } from '../../../core/wechat-error.js';
import { HubEvents } from '../../../events/hub-events.js';
import type { Lease, LeaseRequest, PeerEvent } from '../../token-store.js';
import { RedisTokenStore } from './redis-token-store.js';

/** A replica: a store with a clock of its own, which is off by any amount. */
class Replica {
  readonly news: PeerEvent[] = [];
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
    this.store.onPeerEvent((event) => this.news.push(event));
    replicas.push(this);
  }

  async lease(request: Partial<LeaseRequest> = {}): Promise<Lease> {
    const outcome = await this.tryLease(request);
    if (outcome.kind !== 'granted') throw new Error(`no lease: ${outcome.kind}`);
    return outcome.lease;
  }

  tryLease(request: Partial<LeaseRequest> = {}) {
    const asked = {
      slot: 'token',
      seen: 0,
      urgency: 'patient',
      credentialsId: CREDENTIALS,
      ...request,
    } as const;
    return this.store.lease('wx1', asked);
  }

  held(value: string, over: Partial<Held> = {}): Held {
    return aHeld({ value: new Secret(value), issuedAt: this.clock.now(), ...over });
  }

  /** What it sees of the app's token. */
  async read() {
    const [stored] = (await this.store.load(['wx1'])).get('wx1') ?? [];
    return stored === undefined ? undefined : { ...stored, value: stored.held?.value.reveal() };
  }

  /** Takes the lease, and stores what it got. */
  async refresh(value: string, version: number): Promise<number> {
    const seen = (await this.read())?.stamp ?? 0;
    const outcome = await this.store.save('wx1', this.held(value, { version }), await this.lease({ seen }));
    if (!outcome.saved) throw new Error('refused');
    return outcome.stamp;
  }
}

const CREDENTIALS = '0123456789abcdef';
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
    await a.store.save('wx1', held, await a.lease());
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
    await a.store.save('wx1', a.held('A', { lifeMs: 300 }), await a.lease());
    expect(await redis.admin.pttl('test:{wx1}:token')).toBeLessThanOrEqual(300);
    await until(async () => (await a.read()) === undefined);
  });

  it('is put right by a replica that knows of a sooner end, and keeps all else that it holds', async () => {
    const a = new Replica();
    const b = new Replica();
    const held = a.held('A', { version: 7, kind: 'token', lifeMs: 7_200_000 });
    await a.store.save('wx1', { ...held, expiresAt: held.expiresAt + 60_000 }, await a.lease());
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
    expect(await a.store.save('wx1', over, await a.lease())).toEqual({ saved: false, stored: undefined });
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
      await a.lease({ seen: (await a.read())!.stamp })
    ).release({
      failure: { error: anError(), fence: undefined, credentialsId: CREDENTIALS },
      retryInMs: 1000,
      sinceSentMs: 0,
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
    const lease = await a.lease();
    const old = a.held('old', { version: 1 });
    await redis.admin.del('test:{wx1}:lease:token'); // as if it had lapsed
    await b.refresh('new', 2);
    const outcome = await a.store.save('wx1', old, lease);
    expect(outcome).toMatchObject({ saved: false, stored: { held: { version: 2 } } });
    expect(await b.read()).toMatchObject({ value: 'new' });
  });

  it('that was paused is refused even if its clock stood still meanwhile', async () => {
    const [a, b] = [new Replica(), new Replica()];
    const lease = await a.lease();
    await redis.admin.del('test:{wx1}:lease:token');
    await b.refresh('new', 2);
    const late = a.held('old', { version: 9, issuedAt: a.clock.now() + 60_000 });
    expect(await a.store.save('wx1', late, lease)).toMatchObject({ saved: false });
    expect(await b.read()).toMatchObject({ value: 'new', held: { version: 2 } });
  });

  it('that repeats itself changes nothing', async () => {
    const a = new Replica();
    const lease = await a.lease();
    const held = a.held('A', { version: 3 });
    await a.store.save('wx1', held, lease);
    const before = await a.read();
    expect(await a.store.save('wx1', held, lease)).toMatchObject({ saved: true, held: { version: 3 } });
    expect(await a.read()).toMatchObject({ value: 'A', held: { version: 3, fence: before!.held!.fence } });
  });

  it('whose version is not beyond the stored one is given one that is', async () => {
    const [a, b] = [new Replica(), new Replica()];
    const seen = await a.refresh('A', 17);
    const outcome = await b.store.save('wx1', b.held('B', { version: 4 }), await b.lease({ seen }));
    expect(outcome).toMatchObject({ saved: true, held: { version: 18 } });
    expect(await a.read()).toMatchObject({ value: 'B', held: { version: 18 } });
  });

  it('that confirms the token keeps its version and moves its end', async () => {
    const a = new Replica();
    const held = a.held('A', { version: 5, issuedAt: a.clock.now() - 10_000 });
    await a.store.save('wx1', held, await a.lease());
    const { stamp } = (await a.read())!;
    const confirmed = { ...held, confirmedAt: a.clock.now(), expiresAt: held.expiresAt + 5000 };
    expect(await a.store.save('wx1', confirmed, await a.lease({ seen: stamp }))).toMatchObject({
      saved: true,
    });
    const after = (await a.read())!;
    expect(after.held).toMatchObject({ version: 5 });
    expect(after.held!.expiresAt - held.expiresAt).toBeGreaterThan(4900);
    expect(after.stamp).toBeGreaterThan(stamp);
  });

  it('does not lengthen a life by being late: the end was named before the way began', async () => {
    const a = new Replica();
    const lease = await a.lease();
    const held = a.held('A', { lifeMs: 60_000 });
    await redis.admin.call('CLIENT', 'PAUSE', '150', 'WRITE');
    await a.store.save('wx1', held, lease);
    const stored = (await a.read())!;
    expect(stored.held!.expiresAt).toBeLessThanOrEqual(held.expiresAt);
    expect(stored.held!.expiresAt).toBeGreaterThan(held.expiresAt - 200);
  });
});

describe('a token got without a lease, while the store was gone', () => {
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

  it('gives way to one that a lease of before brings and that was sent still later', async () => {
    const [a, b] = [new Replica(), new Replica()];
    const lease = await a.lease();
    await b.store.save('wx1', b.held('B', { version: 3, issuedAt: b.clock.now() - 1000 }));
    expect(await a.store.save('wx1', a.held('A', { version: 3 }), lease)).toMatchObject({
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
    expect((await new Replica().lease({ seen: stamp })).fence).toBeGreaterThan(held!.fence!);
  });

  it('still refuses a writer from before', async () => {
    const [a, b] = [new Replica(), new Replica()];
    const old = await a.lease();
    await redis.admin.flushall();
    await b.refresh('new', 1);
    expect(await a.store.save('wx1', a.held('old', { version: 9 }), old)).toMatchObject({ saved: false });
  });

  it('gives a token without predecessor a number beyond any that was counted up', async () => {
    const lease = await new Replica(-300_000).lease();
    expect(Math.abs(lease.firstVersion - Date.now() / 1000)).toBeLessThan(5);
  });
});

describe('a lease', () => {
  it('excludes other replicas until it is released, and not its own', async () => {
    const [a, b] = [new Replica(), new Replica()];
    const lease = await a.lease();
    const refused = await b.tryLease();
    expect(refused).toMatchObject({ kind: 'leased' });
    if (refused.kind === 'leased') {
      expect(refused.lapsesInMs).toBeGreaterThan(6500);
      expect(refused.lapsesInMs).toBeLessThanOrEqual(7000);
    }
    const again = await a.lease();
    expect(again.fence).toBeGreaterThan(lease.fence);
    await lease.release(); // an old one: no longer this replica's to give back
    expect(await b.tryLease()).toMatchObject({ kind: 'leased' });
    await again.release();
    expect((await b.lease()).fence).toBeGreaterThan(again.fence);
  });

  it('outlives an upstream call, and lapses by itself when its holder is gone', async () => {
    const [a, b] = [new Replica(0, [], 100), new Replica()];
    const lease = await a.lease();
    expect(lease.startBy + 100).toBeLessThan(lease.lapsesAt);
    const refused = await b.tryLease();
    if (refused.kind !== 'leased') throw new Error(refused.kind);
    await new Promise((resolve) => setTimeout(resolve, refused.lapsesInMs + 20));
    await b.lease();
  });

  it('tells first what the store holds and the replica has not seen', async () => {
    const [a, b] = [new Replica(), new Replica()];
    const stamp = await a.refresh('A', 5);
    expect(await b.tryLease()).toMatchObject({ kind: 'changed', stored: { stamp, held: { version: 5 } } });
    expect(await b.tryLease({ seen: stamp })).toMatchObject({ kind: 'granted' });
  });

  it('is given back by the save, in the same step', async () => {
    const [a, b] = [new Replica(), new Replica()];
    const stamp = await a.refresh('A', 5);
    expect(await b.tryLease({ seen: stamp })).toMatchObject({ kind: 'granted' });
  });

  it('after a failure is left to who failed, until that one must be gone', async () => {
    const [a, b] = [new Replica(), new Replica()];
    const error = classifyErrcode(40125, 'invalid appsecret');
    const failure = { error, fence: 7, credentialsId: CREDENTIALS };
    await b.read();
    await until(() => b.news.length > 0);
    await (await a.lease()).release({ failure, retryInMs: 300, sinceSentMs: 0 });
    const refused = await b.tryLease();
    expect(refused).toMatchObject({ kind: 'paused' });
    if (refused.kind === 'paused') expect(refused.retryInMs).toBeLessThanOrEqual(2300);
    await until(() => b.news.some(({ kind }) => kind === 'failed'));
    expect(b.news.find(({ kind }) => kind === 'failed')).toEqual({
      kind: 'failed',
      appid: 'wx1',
      slot: 'token',
      failure: { ...failure, error: classifyErrcode(40125, 'as another replica was told') },
      retryInMs: 300,
    });
    expect(await b.tryLease({ urgency: 'regardless' })).toMatchObject({ kind: 'granted' });
    await redis.admin.del('test:{wx1}:lease:token');
    expect(await a.tryLease()).toMatchObject({ kind: 'granted' });
  });

  it('is granted to one of ten that ask at once', async () => {
    const ten = Array.from({ length: 10 }, () => new Replica());
    const outcomes = await Promise.all(ten.map((replica) => replica.tryLease()));
    expect(outcomes.filter(({ kind }) => kind === 'granted')).toHaveLength(1);
  });
});

describe('what holds a lease off', () => {
  const pausedFor = async (a: Replica, retryInMs: number, credentialsId = CREDENTIALS) => {
    const failure = { error: anError('configuration'), fence: 1, credentialsId };
    await (await a.lease({ credentialsId })).release({ failure, retryInMs, sinceSentMs: 0 });
  };

  it('a pause is respected by the schedule, for 5 s by who asks, and not by who has been held off too long', async () => {
    const [a, b] = [new Replica(), new Replica()];
    await pausedFor(a, 600_000);
    const waits = async (urgency: LeaseRequest['urgency']) => {
      const outcome = await b.tryLease({ urgency });
      return outcome.kind === 'paused' ? outcome.retryInMs : 0;
    };
    expect(await waits('patient')).toBeGreaterThan(600_000);
    const urgent = await waits('urgent');
    expect(urgent).toBeGreaterThan(4000);
    expect(urgent).toBeLessThanOrEqual(5000);
    expect(await waits('regardless')).toBe(0);
  });

  it('a pause after a failure of other credentials holds nobody off', async () => {
    const [a, b] = [new Replica(), new Replica()];
    await pausedFor(a, 600_000);
    expect(await b.tryLease({ credentialsId: 'fedcba9876543210' })).toMatchObject({ kind: 'granted' });
  });

  it('a lease or a pause of one slot holds no other slot off', async () => {
    const [a, b] = [new Replica(), new Replica()];
    await pausedFor(a, 600_000);
    expect(await b.tryLease({ slot: 'jsapi' })).toMatchObject({ kind: 'granted' });
    expect(await a.tryLease({ slot: 'wx_card' })).toMatchObject({ kind: 'granted' });
    expect(await a.tryLease()).toMatchObject({ kind: 'granted' });
  });

  it('a lease of a replica that waits for WeChat longer than this one does holds this one off as well', async () => {
    const [patient, hasty] = [new Replica(0, [], 30_000), new Replica(0, [], 1000)];
    await patient.lease();
    expect(await hasty.tryLease()).toMatchObject({ kind: 'leased' });
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
  it('leaves no token behind, and what a lease of before brings is refused', async () => {
    const a = new Replica();
    const stamp = await a.refresh('A', 5);
    const lease = await a.lease({ seen: stamp });
    await a.store.remove(['wx1']);
    expect(await a.read()).toBeUndefined();
    expect(await a.store.save('wx1', a.held('B', { version: 6 }), lease)).toEqual({
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

  it('takes what it cannot open for absent, says so once, and writes over it under a lease', async () => {
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

describe('whatever lies in Redis', () => {
  const DAY = 86_400_000;
  const KEYS = ['token', 'lease:token', 'pause:token', 'counter', 'removed', 'throttle:report', 'forced'];
  const key = (what: string) => `test:{wx1}:${what}`;
  /** What is served next comes with one mint: a lease at once, a save, and both replicas see it. */
  async function oneMintIsEnough(): Promise<void> {
    const [a, b] = [new Replica(), new Replica()];
    const seen = (await a.read())?.stamp ?? 0;
    const outcome = await a.tryLease({ seen });
    expect(outcome).toMatchObject({ kind: 'granted' });
    if (outcome.kind !== 'granted') return;
    expect(outcome.lease.startBy).toBeGreaterThan(a.clock.now());
    const saved = await a.store.save('wx1', a.held('new', { version: 6 }), outcome.lease);
    expect(saved).toMatchObject({ saved: true });
    const stored = await b.read();
    expect(stored).toMatchObject({ value: 'new' });
    expect(Number.isSafeInteger(stored!.held!.version)).toBe(true);
    expect(await a.read()).toMatchObject({ value: 'new', stamp: stored!.stamp });
    expect(await b.tryLease({ seen: stored!.stamp })).toMatchObject({ kind: 'granted' });
    const next = await b.refresh('newer', 7);
    expect(await a.read()).toMatchObject({ value: 'newer', stamp: next });
  }

  it.each(KEYS)('a key %s without an end of its life holds nothing off', async (what) => {
    await redis.admin.set(key(what), what === 'removed' ? `${Date.now() + 60_000}` : 'someone 1 1');
    await oneMintIsEnough();
    expect(await new Replica().store.throttle('wx1', 'report', 60_000)).toBe(0);
    expect(await new Replica().store.spendForce('wx1')).toEqual({ waitMs: 0, left: 19 });
  });

  it.each([
    ['lease:token', `someone ${Date.now()}`],
    ['pause:token', `someone ${CREDENTIALS} ${Date.now()}`],
    ['throttle:report', '1'],
  ])('a key %s that lives longer than any of a hub holds nothing off', async (what, text) => {
    for (const px of [undefined, 8 * DAY, 9_000_000_000_000_000]) {
      await redis.admin.flushall();
      if (px === undefined) await redis.admin.set(key(what), text);
      else await redis.admin.set(key(what), text, 'PX', px);
      await oneMintIsEnough();
      expect(await new Replica().store.throttle('wx1', 'report', 60_000)).toBe(0);
    }
  });

  it.each(KEYS)('a key %s of another type holds nothing off', async (what) => {
    for (const make of ['rpush', 'sadd'] as const) {
      await redis.admin.del(key(what));
      await redis.admin[make](key(what), 'x', 'y');
      await oneMintIsEnough();
      expect(await new Replica().store.throttle('wx1', 'report', 60_000)).toBe(0);
      expect(await new Replica().store.spendForce('wx1')).toMatchObject({ waitMs: 0 });
      await redis.admin.flushall();
    }
  });

  it.each(['inf', '-inf', 'nan', '1e300', '-1', '0x10', '1.5', '9007199254740993', '9'.repeat(400), '', 'x'])(
    'a counter of %j is none',
    async (counter) => {
      await redis.admin.set(key('counter'), counter);
      await oneMintIsEnough();
      expect(Number(await redis.admin.get(key('counter')))).toBeLessThan(Date.now() + 60_000);
    },
  );

  /** Stamp, version, fence, kind, issued, confirmed, expires, life: the words of a record, from 1. */
  const NUMBERS = [1, 2, 3, 5, 6, 7, 8];
  const ABSURD = ['9'.repeat(400), '9007199254740993', '9007199254740991', `${Date.now() + 40 * DAY}`, '0'];

  it.each(NUMBERS.flatMap((word) => ABSURD.map((number) => [word, number.slice(0, 20), number] as const)))(
    'a record whose word %p is %s… costs one mint',
    async (word, _short, number) => {
      await new Replica().refresh('old', 5);
      const words = (await redis.admin.get(key('token')))!.split(' ');
      words[word] = number;
      await redis.admin.set(key('token'), words.join(' '), 'PX', 60_000);
      await oneMintIsEnough();
    },
  );

  it.each([
    ['a fence as far ahead as a clock may be', DAY - 1000],
    ['a fence that is in bounds no longer', DAY + 60_000],
  ])('%s costs one mint', async (_what, ahead) => {
    await new Replica().refresh('old', 5);
    const words = (await redis.admin.get(key('token')))!.split(' ');
    words[1] = words[3] = `${Date.now() + ahead}`;
    await redis.admin.set(key('token'), words.join(' '), 'PX', 60_000);
    await oneMintIsEnough();
  });

  it.each([
    '',
    'x',
    '2 1 1',
    '1 1 1 1 token 1 1 1 1 x raw:x',
    '2 1 1 1 token 1 1 1 1 a.b raw:x',
    '2 1 1 1 token 1 1 1 1 x x',
    '\u0000',
    '2 '.repeat(50_000),
  ])('a record that is none costs one mint (%#)', async (text) => {
    await redis.admin.set(key('token'), text);
    await oneMintIsEnough();
  });

  it('forced refreshes that lie ahead, or are no times, are not counted', async () => {
    await redis.admin.rpush(key('forced'), 'nan', 'inf', '1e300', `${Date.now() + DAY}`, '-5', 'x');
    expect(await new Replica().store.spendForce('wx1')).toEqual({ waitMs: 0, left: 19 });
  });
});

describe('messages where keys are set', () => {
  const keyOf = (id: string) => ({ id, key: new Secret(randomBytes(32).toString('base64')) });
  const current = keyOf('2026');

  async function listening(keys: readonly EncryptionKey[]): Promise<Replica> {
    const replica = new Replica(0, keys);
    await replica.read();
    await until(() => replica.news.length > 0);
    replica.news.length = 0;
    return replica;
  }

  it('are believed of replicas that have one of the keys', async () => {
    const [old, rotating] = [keyOf('2025'), keyOf('2027')];
    const b = await listening([current, old]);
    const a = await listening([old]);
    await a.refresh('A', 5);
    await until(() => b.news.length > 0);
    expect(b.news).toEqual([{ kind: 'changed', appid: 'wx1', slot: 'token' }]);
    await (await listening([rotating])).store.announce({ kind: 'reload' });
    await a.store.announce({ kind: 'reload' });
    await until(() => b.news.length > 1);
    expect(b.news.slice(1)).toEqual([{ kind: 'reload' }]);
  });

  it('are not believed of anybody else, whatever they say', async () => {
    const b = await listening([current]);
    const genuine: string[] = [];
    const listener = redis.admin.duplicate();
    await listener.subscribe('test:news');
    listener.on('message', (_channel, text) => genuine.push(text));
    await new Replica(0, [current]).store.announce({ kind: 'removed', appids: ['wx1'] });
    await until(() => b.news.length > 0 && genuine.length > 0);
    const failed = {
      origin: 'x',
      kind: 'failed',
      appid: 'wx1',
      slot: 'token',
      failure: { error: { reason: '89506', errcode: 89506, errmsg: 'x' } },
      retryInMs: 1,
    };
    const [id, mac, ...rest] = genuine[0]!.split(':');
    for (const forged of [
      '{"origin":"x","kind":"reload"}',
      JSON.stringify(failed),
      `${id}:${mac}:${JSON.stringify(failed)}`,
      `2025:${mac}:${rest.join(':')}`,
      `${id}:${'A'.repeat(22)}:${rest.join(':')}`,
      `${id}::${rest.join(':')}`,
      `${genuine[0]} `,
    ]) {
      await redis.admin.publish('test:news', forged);
    }
    await new Replica(0, [current]).store.announce({ kind: 'reload' });
    await until(() => b.news.some(({ kind }) => kind === 'reload'));
    expect(b.news).toEqual([{ kind: 'removed', appids: ['wx1'] }, { kind: 'reload' }]);
    listener.disconnect();
  });
});
