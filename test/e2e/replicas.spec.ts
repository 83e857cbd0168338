import type { AppSettings } from '../../src/core/app.js';
import { Secret } from '../../src/core/secret.js';
import { classifyErrcode } from '../../src/core/wechat-error.js';
import { anApp } from '../support/builders.js';
import { SimulatedReplicas } from '../support/simulated-replicas.js';

/** Several replicas on one Redis that is well: stories that a chance seldom tells. Each runs the hub's own cache and store. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const APP = anApp({ appid: 'wx-a', tokenApi: 'token' });
const renewed = (app: AppSettings): AppSettings => ({ ...app, secret: new Secret('a-new-test-secret') });

describe('a cold start of two replicas', () => {
  it.each([
    [1, 0],
    [200, 0],
    [200, 50],
  ])('of %i apps, the second %i ms later: one mint an app', async (count, laterMs) => {
    const story = new SimulatedReplicas(count + laterMs);
    const apps = Array.from({ length: count }, (_, nth) => ({ ...APP, appid: `wx-${nth}` }));
    const a = story.start('a', apps);
    await story.world.pass(laterMs);
    const b = story.start('b', apps);
    await story.world.pass(3 * MINUTE);
    const minted = story.tokenCalls().map(({ app }) => app?.appid);
    expect(minted.length).toBe(count);
    expect(new Set(minted).size).toBe(count);
    for (const { appid } of apps) {
      expect(a.token(appid)).toBeDefined();
      expect(b.token(appid)).toBe(a.token(appid));
    }
  });
});

describe('another AppSecret', () => {
  it.each([0, 200, 20 * SECOND])(
    'that each of three replicas reads %i ms after the one before is one mint',
    async (apartMs) => {
      const story = new SimulatedReplicas(3);
      const replicas = ['a', 'b', 'c'].map((name) => story.start(name, [APP]));
      await story.world.pass(MINUTE);
      const before = story.calls.length;
      for (const replica of replicas) {
        replica.reload([renewed(APP)]);
        await story.world.pass(apartMs);
      }
      await story.world.pass(MINUTE);
      const secrets = story.tokenCalls(before).map(({ app }) => app?.secret.reveal());
      expect(secrets).toEqual(['a-new-test-secret']);
      expect(new Set(replicas.map((replica) => replica.token('wx-a'))).size).toBe(1);
    },
  );

  it('that comes with a restart waits for no back-off of the wrong one, on no replica', async () => {
    const story = new SimulatedReplicas(5);
    const right = renewed(APP);
    story.onToken = ({ secret }) =>
      secret.equals(right.secret) ? 'token-of-the-right-secret' : classifyErrcode(40125, 'invalid appsecret');
    const old = ['old-1', 'old-2'].map((name) => story.start(name, [APP]));
    await story.world.pass(20 * MINUTE);
    // The moment after a failure: the back-off of 10 minutes has just begun.
    const failures = story.calls.length;
    while (story.calls.length === failures) await story.world.pass(SECOND);
    for (const replica of old) replica.kill();
    const fresh = ['new-1', 'new-2'].map((name) => story.start(name, [right]));
    await story.world.pass(5 * SECOND);
    expect(fresh.map((replica) => replica.token('wx-a'))).toEqual([
      'token-of-the-right-secret',
      'token-of-the-right-secret',
    ]);
    expect(story.tokenCalls(failures + 1)).toHaveLength(1);
  });
});

describe('a ticket whose end nobody knows', () => {
  it('is asked for once a minute by all replicas together, also by those that take it over from the store', async () => {
    const story = new SimulatedReplicas(11);
    const apps = [{ ...APP, tickets: ['jsapi' as const] }];
    const looks = (from: number) => story.calls.slice(from).filter(({ kind }) => kind === 'jsapi').length;
    const old = ['a', 'b', 'c'].map((name) => story.start(name, apps));
    await story.world.pass(30 * MINUTE);
    expect(looks(0)).toBeGreaterThanOrEqual(30);
    expect(looks(0)).toBeLessThanOrEqual(36);
    const held = await old[2]!.tickets.read('wx-a', 'jsapi');
    for (const replica of old) replica.kill();
    const before = story.calls.length;
    const [d] = ['d', 'e'].map((name) => story.start(name, apps));
    await story.world.pass(30 * MINUTE);
    expect(looks(before)).toBeGreaterThanOrEqual(29);
    expect(looks(before)).toBeLessThanOrEqual(36);
    const version = held?.kind === 'held' ? held.held.version : undefined;
    expect(await d!.tickets.read('wx-a', 'jsapi')).toMatchObject({ held: { version } });
  });
});

describe('trouble of a ticket', () => {
  const REFUSALS = [
    ['the quota is used up', classifyErrcode(45009, 'reach max api daily quota limit', 'ticket')],
    ['the token is said to be dead', classifyErrcode(40001, 'invalid credential', 'ticket')],
  ] as const;

  it.each(REFUSALS)('is no trouble of the token, on any replica: %s', async (_what, refusal) => {
    const story = new SimulatedReplicas(7);
    story.onTicket = () => refusal;
    const a = story.start('a', [APP]);
    await story.world.pass(2 * SECOND);
    const b = story.start('b', [APP]);
    await story.world.pass(10 * SECOND);
    const before = [a, b].map((replica) => replica.cache.status('wx-a')?.nextAttemptAt);
    void a.tickets.read('wx-a', 'jsapi');
    void b.tickets.read('wx-a', 'jsapi');
    await story.world.pass(30 * SECOND);
    expect(story.calls.filter(({ kind }) => kind === 'jsapi').length).toBeGreaterThan(0);
    expect([a, b].map((replica) => replica.cache.status('wx-a')?.nextAttemptAt)).toEqual(before);
    for (const replica of [a, b]) {
      expect(replica.cache.status('wx-a')).toMatchObject({
        health: 'valid',
        state: { failures: 0, lastError: undefined },
      });
    }
    expect(story.tokenCalls()).toHaveLength(1);
  });

  it.each(REFUSALS)(
    'does not keep another replica from the rotation, when the one that failed is killed: %s',
    async (_what, refusal) => {
      const story = new SimulatedReplicas(9);
      story.lifeMs = 20 * MINUTE;
      const PLANNED_MS = 15 * MINUTE;
      story.onTicket = () => refusal;
      const a = story.start('a', [APP]);
      await story.world.pass(2 * SECOND);
      story.start('b', [APP]);
      const first = story.calls[0]!.at;
      await story.world.pass(first + PLANNED_MS - 5 * SECOND - story.world.now);
      void a.tickets.read('wx-a', 'jsapi');
      await story.world.pass(SECOND);
      expect(story.calls.at(-1)).toMatchObject({ replica: 'a', kind: 'jsapi' });
      a.kill();
      await story.world.pass(2 * MINUTE);
      const [mint, ...more] = story.tokenCalls(1);
      expect(more).toEqual([]);
      expect(mint?.replica).toBe('b');
      // The plan has a jitter of 30 s.
      expect((mint?.at ?? 0) - first - PLANNED_MS).toBeLessThanOrEqual(31 * SECOND);
    },
  );
});
