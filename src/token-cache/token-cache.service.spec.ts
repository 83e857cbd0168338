import { anApp, anError } from '../../test/support/builders.js';
import { startCache } from '../../test/support/start-cache.js';
import { Secret } from '../core/secret.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

function tokenOf(hub: Awaited<ReturnType<typeof startCache>>, appid = 'wx-test-app'): string | undefined {
  const reading = hub.cache.read(appid);
  return reading?.kind === 'held' ? reading.held.value.reveal() : reading?.kind;
}

describe('the first fetch', () => {
  it('is one call, however many ask', async () => {
    const hub = await startCache();
    expect(tokenOf(hub)).toBe('pending');
    const waiters = Array.from({ length: 300 }, () => hub.cache.settled('wx-test-app'));
    await hub.client.last.grant('A');
    await Promise.all(waiters);
    expect(tokenOf(hub)).toBe('A');
    expect(hub.client.calls).toHaveLength(1);
  });

  it('that fails leaves callers with 503 at once, and a second attempt a second later', async () => {
    const hub = await startCache();
    await hub.client.last.fail();
    expect(hub.cache.read('wx-test-app')).toMatchObject({ kind: 'unavailable', retryAfterSeconds: 1 });
    await hub.clock.advance(SECOND - 1);
    expect(hub.client.calls).toHaveLength(1);
    await hub.clock.advance(1);
    expect(hub.client.calls).toHaveLength(2);
    expect(tokenOf(hub)).toBe('pending');
    await hub.client.last.grant('A');
    expect(tokenOf(hub)).toBe('A');
  });

  it('of an app nobody configured is no fetch at all', async () => {
    const hub = await startCache();
    expect(hub.cache.read('wx-other')).toBeUndefined();
  });

  it('of thousands of apps: at most 50 calls at a time, and who is waited for goes first', async () => {
    const apps = Array.from({ length: 2000 }, (_, nth) => anApp({ appid: `wx-${nth}` }));
    const hub = await startCache({ apps });
    expect(hub.client.calls).toHaveLength(50);
    void hub.cache.settled('wx-1999');
    await hub.client.calls[0]!.grant('A');
    expect(hub.client.calls[50]!.app.appid).toBe('wx-1999');
    hub.client.automatically = (app, call) => void call.grant(`token-${app.appid}`);
    for (const call of hub.client.calls.slice(1)) void call.grant('A');
    while (!hub.cache.firstRoundEnded) await hub.clock.advance(0);
    expect(hub.client.mostUnderWay).toBe(50);
    expect(hub.client.calls).toHaveLength(2000);
  });
});

describe('a refresh', () => {
  it('that fails keeps the token that is valid, to its last millisecond', async () => {
    const hub = await startCache();
    await hub.client.last.grant('A', 60);
    hub.client.automatically = (_app, call) => void call.fail();
    await hub.clock.advance(60 * SECOND - 1);
    expect(hub.client.calls.length).toBeGreaterThan(3);
    expect(hub.cache.status('wx-test-app')?.health).toBe('failing');
    expect(tokenOf(hub)).toBe('A');
    await hub.clock.advance(1);
    expect(tokenOf(hub)).toBe('unavailable');
  });

  it('under way does not make callers wait while a token is valid', async () => {
    const hub = await startCache({ apps: [anApp({ tokenApi: 'token' })] });
    await hub.client.last.grant('A', 7200);
    await hub.clock.advance(6930 * SECOND);
    expect(hub.client.calls).toHaveLength(2);
    expect(tokenOf(hub)).toBe('A');
    await hub.client.last.grant('B', 7200);
    expect(tokenOf(hub)).toBe('B');
  });

  it('gives the remaining life, rounded down, at each reading anew', async () => {
    const hub = await startCache();
    await hub.client.last.grant('A', 7200);
    await hub.clock.advance(1);
    expect(hub.cache.read('wx-test-app')).toMatchObject({ expiresInSeconds: 7199 });
    await hub.clock.advance(10 * SECOND);
    expect(hub.cache.read('wx-test-app')).toMatchObject({ expiresInSeconds: 7189 });
  });

  it('is not moved by the wall clock', async () => {
    const hub = await startCache();
    await hub.client.last.grant('A', 7200);
    hub.clock.jumpWall(365 * 24 * 60 * MINUTE);
    expect(hub.cache.read('wx-test-app')).toMatchObject({ kind: 'held', expiresInSeconds: 7200 });
    hub.clock.jumpWall(-2 * 365 * 24 * 60 * MINUTE);
    expect(hub.cache.read('wx-test-app')).toMatchObject({ kind: 'held', expiresInSeconds: 7200 });
  });

  it('that throws where nothing may throw is a failure with a next attempt, not the end', async () => {
    const hub = await startCache();
    await hub.client.last.grant('A', 7200);
    hub.client.automatically = () => {
      throw new Error('a bug');
    };
    await hub.clock.advance(6 * MINUTE);
    expect(hub.troubles).not.toHaveLength(0);
    expect(tokenOf(hub)).toBe('A');
    hub.client.automatically = (_app, call) => void call.grant('B', 7200);
    await hub.clock.advance(2 * MINUTE);
    expect(tokenOf(hub)).toBe('B');
  });

  it('for one app that hangs holds up no other', async () => {
    const apps = Array.from({ length: 500 }, (_, nth) => anApp({ appid: `wx-${nth}` }));
    const hub = await startCache({ apps, automatically: (_app, call) => void call.grant('A', 7200) });
    while (!hub.cache.firstRoundEnded) await hub.clock.advance(0);
    const asked = new Set<string>();
    hub.client.automatically = (app, call) => {
      asked.add(app.appid);
      if (app.appid === 'wx-7') void call.grant('B', 7200);
    };
    await hub.clock.advance(330 * SECOND);
    expect(asked.size).toBe(500);
    expect(tokenOf(hub, 'wx-7')).toBe('B');
    expect(tokenOf(hub, 'wx-8')).toBe('A');
  });
});

describe('waiting for a newer token', () => {
  const setUp = async () => {
    const hub = await startCache();
    await hub.client.last.grant('A', 7200);
    const version = hub.cache.status('wx-test-app')!.state.held!.version;
    let ended = false;
    const gone = new AbortController();
    const wait = hub.cache
      .newerThan('wx-test-app', version, 50 * SECOND, gone.signal)
      .then(() => (ended = true));
    return { hub, gone, wait, hasEnded: () => ended };
  };

  it('ends with it', async () => {
    const { hub, wait } = await setUp();
    await hub.cache.requestRefresh('wx-test-app', false);
    await hub.clock.advance(0);
    await hub.client.last.grant('B', 7200);
    await wait;
    expect(tokenOf(hub)).toBe('B');
  });

  it('is not ended by a refresh that brings the same token', async () => {
    const { hub, hasEnded } = await setUp();
    await hub.cache.requestRefresh('wx-test-app', false);
    await hub.clock.advance(0);
    await hub.client.last.grant('A', 7100);
    await hub.clock.advance(49 * SECOND);
    expect(hasEnded()).toBe(false);
    await hub.clock.advance(SECOND);
    expect(hasEnded()).toBe(true);
  });

  it.each<[string, (context: Awaited<ReturnType<typeof setUp>>) => unknown]>([
    [
      'the client going away',
      ({ gone }) => {
        gone.abort();
      },
    ],
    ['the app being removed', ({ hub }) => hub.reload([])],
    ['the shutdown', ({ hub }) => hub.cache.close()],
  ])('is ended by %s, and leaves no timer behind', async (_what, end) => {
    const context = await setUp();
    void end(context);
    await context.wait;
    expect(context.hub.clock.armed()).toBeLessThanOrEqual(1);
  });
});

describe('a reload', () => {
  it('never drops the token of an app that stays, also under a new secret, which is tried at once', async () => {
    const hub = await startCache();
    await hub.client.last.grant('A', 7200);
    hub.reload([anApp({ secret: new Secret('a-new-test-secret') })]);
    await hub.clock.advance(0);
    expect(tokenOf(hub)).toBe('A');
    expect(hub.client.calls).toHaveLength(2);
    expect(hub.client.last.app.secret.reveal()).toBe('a-new-test-secret');
    await hub.client.last.fail(anError('configuration'));
    expect(tokenOf(hub)).toBe('A');
  });

  it('that changes the family keeps the old token until the new family’s is there', async () => {
    const hub = await startCache();
    await hub.client.last.grant('A', 7200);
    hub.reload([anApp({ tokenApi: 'token' })]);
    await hub.clock.advance(0);
    expect(tokenOf(hub)).toBe('A');
    await hub.client.last.grant('B', 7200);
    expect(tokenOf(hub)).toBe('B');
    expect(hub.cache.status('wx-test-app')?.state.held?.kind).toBe('token');
  });

  it('under a call: the old credentials’ failure does not count, the new ones are tried at once', async () => {
    const hub = await startCache();
    hub.reload([anApp({ secret: new Secret('a-new-test-secret') })]);
    expect(hub.client.calls).toHaveLength(1);
    await hub.client.last.fail(anError('configuration'));
    await hub.clock.advance(0);
    expect(hub.client.calls).toHaveLength(2);
    expect(hub.client.mostUnderWay).toBe(1);
    await hub.client.last.grant('A');
    expect(tokenOf(hub)).toBe('A');
  });

  it('of an app whose first call waits for its place: one call, with the new credentials', async () => {
    const apps = Array.from({ length: 51 }, (_, nth) => anApp({ appid: `wx-${nth}`, tokenApi: 'token' }));
    const hub = await startCache({ apps });
    const renewed = anApp({ appid: 'wx-50', tokenApi: 'token', secret: new Secret('a-new-test-secret') });
    hub.reload([...apps.slice(0, 50), renewed]);
    for (const call of [...hub.client.calls]) await call.grant('A');
    await hub.client.last.grant('B');
    await hub.clock.advance(MINUTE);
    const calls = hub.client.calls.filter(({ app }) => app.appid === 'wx-50');
    expect(calls.map(({ app }) => app.secret.reveal())).toEqual(['a-new-test-secret']);
    expect(tokenOf(hub, 'wx-50')).toBe('B');
  });

  it('of an app that is healthy and changes only its name makes no call', async () => {
    const hub = await startCache();
    await hub.client.last.grant('A', 7200);
    hub.reload([anApp({ name: 'another' })]);
    await hub.clock.advance(SECOND);
    expect(hub.client.calls).toHaveLength(1);
  });

  it('of an app that fails slowly tries at once', async () => {
    const hub = await startCache();
    await hub.client.last.fail(anError('configuration'));
    await hub.clock.advance(5 * SECOND);
    expect(hub.client.calls).toHaveLength(1);
    hub.reload([anApp({ name: 'touched' })]);
    await hub.clock.advance(0);
    expect(hub.client.calls).toHaveLength(2);
  });

  it('removes an app at once, its timer and its stored token too; its call’s answer is dropped', async () => {
    const hub = await startCache();
    hub.reload([]);
    expect(hub.cache.read('wx-test-app')).toBeUndefined();
    await hub.client.last.grant('A', 7200);
    expect(hub.scheduler.armed).toBe(0);
    expect((await hub.store.load(['wx-test-app'])).size).toBe(0);
  });

  it('decides at once which apps there are, also for who asked a moment ago', async () => {
    const hub = await startCache();
    const has = (): boolean[] => ['wx-test-app', 'wx-other'].map((appid) => hub.cache.has(appid));
    expect(has()).toEqual([true, false]);
    hub.reload([anApp({ appid: 'wx-other' })]);
    expect(has()).toEqual([false, true]);
    hub.reload([anApp({ appid: 'wx-other' }), anApp()]);
    expect(has()).toEqual([true, true]);
    hub.reload([]);
    expect(has()).toEqual([false, false]);
  });

  it('decides which apps there are before this cache has heard of it', async () => {
    const hub = await startCache();
    expect(hub.cache.has('wx-test-app')).toBe(true);
    hub.swapUnheard([]);
    expect(hub.cache.has('wx-test-app')).toBe(false);
  });

  it('that removes an app and adds it again under a call: still one call at a time', async () => {
    const hub = await startCache();
    hub.reload([]);
    hub.reload([anApp()]);
    await hub.clock.advance(SECOND);
    expect(hub.client.calls).toHaveLength(1);
    await hub.client.calls[0]!.grant('of its first life');
    await hub.clock.advance(0);
    expect(hub.client.calls).toHaveLength(2);
    await hub.client.last.grant('B', 7200);
    expect(tokenOf(hub)).toBe('B');
  });
});

describe('an admin’s refresh', () => {
  it('tries at once, also between failing attempts, but not twice within 5 s', async () => {
    const hub = await startCache();
    await hub.client.last.fail(anError('configuration'));
    const asked = await hub.cache.requestRefresh('wx-test-app', false);
    expect(asked?.accepted).toBe(true);
    await hub.clock.advance(0);
    expect(hub.client.calls).toHaveLength(2);
    await hub.client.last.fail();
    await hub.clock.advance(2 * SECOND);
    expect(await hub.cache.requestRefresh('wx-test-app', false)).toEqual({
      accepted: false,
      retryAfterMs: 3 * SECOND,
    });
  });

  it('forced on stable_token goes after an unforced call under way, and 30 s apart', async () => {
    const hub = await startCache();
    await hub.cache.requestRefresh('wx-test-app', true);
    await hub.client.last.grant('A', 7200);
    await hub.clock.advance(0);
    expect(hub.client.calls.map(({ force }) => force)).toEqual([false, true]);
    await hub.client.last.grant('B', 7200);
    expect(tokenOf(hub)).toBe('B');
    expect(hub.cache.status('wx-test-app')?.forcedLeft).toBe(19);
    expect(await hub.cache.requestRefresh('wx-test-app', true)).toMatchObject({
      accepted: false,
      retryAfterMs: 30_000,
    });
  });
});

describe('a forced refresh that the budget of all replicas refuses', () => {
  it('is not spent, and says when; it is made once the budget lets it', async () => {
    const hub = await startCache({ automatically: (_app, call) => void call.grant('A') });
    const forced = () => hub.client.calls.filter(({ force }) => force).length;
    let waitMs = 60 * SECOND;
    hub.store.spendForce = () => Promise.resolve({ waitMs, left: 0 });
    for (let nth = 0; nth < 20; nth += 1) {
      await hub.clock.advance(31 * SECOND);
      const refused = await hub.cache.requestRefresh('wx-test-app', true);
      expect(refused).toEqual({ accepted: false, retryAfterMs: 60 * SECOND });
    }
    expect([hub.cache.status('wx-test-app')?.forcedLeft, forced()]).toEqual([20, 0]);
    waitMs = 0;
    await hub.clock.advance(31 * SECOND);
    expect(await hub.cache.requestRefresh('wx-test-app', true)).toMatchObject({ accepted: true });
    await hub.clock.advance(0);
    expect([hub.cache.status('wx-test-app')?.forcedLeft, forced()]).toEqual([19, 1]);
  });
});

describe('the shutdown', () => {
  it('stops the timers and waits for the call under way, whose token is stored', async () => {
    const hub = await startCache();
    let closed = false;
    const closing = hub.shutDown().then(() => (closed = true));
    await hub.clock.advance(0);
    expect(closed).toBe(false);
    await hub.client.last.grant('A', 7200);
    await closing;
    expect(hub.clock.armed()).toBe(0);
    expect((await hub.store.load(['wx-test-app'])).get('wx-test-app')?.[0]?.held?.value.reveal()).toBe('A');
  });

  it('gives up what waits in the queue', async () => {
    const apps = Array.from({ length: 200 }, (_, nth) => anApp({ appid: `wx-${nth}` }));
    const hub = await startCache({ apps });
    const closing = hub.shutDown();
    for (const call of [...hub.client.calls]) await call.fail();
    await closing;
    expect(hub.client.calls).toHaveLength(50);
  });
});

describe('a store', () => {
  it('that holds a valid token at the start spares the call', async () => {
    const first = await startCache();
    await first.client.last.grant('A', 7200);
    const second = await startCache({ store: first.store, clock: first.clock });
    expect(tokenOf(second)).toBe('A');
    expect(second.cache.firstRoundEnded).toBe(true);
    expect(second.client.calls).toHaveLength(0);
    await first.clock.advance(330 * SECOND);
    expect(second.client.calls).toHaveLength(1);
  });

  it('that holds an expired one does not', async () => {
    const first = await startCache();
    await first.client.last.grant('A', 60);
    await first.shutDown();
    await first.clock.advance(61 * SECOND);
    const second = await startCache({ store: first.store, clock: first.clock });
    expect(second.client.calls).toHaveLength(1);
  });

  it.each(['load', 'lease', 'save', 'remove'] as const)('whose %s rejects costs no token', async (method) => {
    const hub = await startCache({ breakStore: method });
    await hub.clock.advance(2 * SECOND);
    if (hub.client.calls.length > 0) await hub.client.last.grant('A', 7200);
    if (method === 'remove') hub.reload([]);
    await hub.clock.advance(0);
    expect(hub.troubles).not.toHaveLength(0);
    if (method !== 'lease' && method !== 'remove') expect(tokenOf(hub)).toBe('A');
  });

  it('that never answers at the start delays it by 2 s at most', async () => {
    const hub = await startCache({ hangStore: true });
    expect(tokenOf(hub)).toBe('pending');
    await hub.clock.advance(2 * SECOND);
    await hub.client.last.grant('A', 7200);
    expect(tokenOf(hub)).toBe('A');
  });
});
