import fc from 'fast-check';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { createTokenClient, type HubError, type TokenClient, type TokenClientOptions } from '../src/index.js';

/**
 * The whole library on a clock that the test advances, against a hub that is a function. What is asked when, and what
 * callers get; the sockets are the other suites' matter.
 */

interface Asked {
  readonly at: number;
  readonly headers: Headers;
  readonly url: string;
}

type Answer = Response | Error | { readonly afterMs: number; readonly answer: () => Answer };

class FunctionHub {
  readonly asked: Asked[] = [];
  token = 'token-1';
  version = 1;
  expiresIn = 7200;
  #wake = new Set<() => void>();
  /** In place of the usual answer. */
  script: ((nth: number) => Answer | undefined) | undefined;

  constructor(private readonly clock: FakeClock) {}

  rotate(): void {
    this.version += 1;
    this.token = `token-${this.version}`;
    for (const wake of [...this.#wake]) wake();
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const headers = new Headers(init.headers);
    this.asked.push({ at: this.clock.now(), headers, url });
    let answer = this.script?.(this.asked.length);
    while (answer !== undefined) {
      if (answer instanceof Error) throw answer;
      if (answer instanceof Response) return answer;
      const { afterMs, answer: next } = answer;
      await this.#pause(afterMs, init.signal);
      answer = next();
    }
    const current = (): boolean => headers.get('if-none-match') === `"${this.version}"`;
    const wait = /wait=(\d+)/.exec(headers.get('prefer') ?? '')?.[1];
    if (current() && wait !== undefined) await this.#pause(Number(wait) * 1000, init.signal);
    return current() ? new Response(null, { status: 304 }) : this.answer();
  };

  answer(): Response {
    return Response.json({ access_token: this.token, expires_in: this.expiresIn, version: this.version });
  }

  #pause(ms: number, signal: AbortSignal | null | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        this.clock.clearTimeout(timer);
        this.#wake.delete(done);
        resolve();
      };
      const timer = this.clock.setTimeout(done, ms);
      this.#wake.add(done);
      signal?.addEventListener('abort', () => {
        this.clock.clearTimeout(timer);
        this.#wake.delete(done);
        reject(new DOMException('aborted', 'AbortError'));
      });
    });
  }
}

const APPID = 'wx-app';
const UNREACHABLE = Object.assign(new TypeError('fetch failed'), {
  cause: Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }),
});
const problem = (status: number, code: string, headers: Record<string, string> = {}): Response =>
  Response.json({ status, code, detail: code }, { status, headers });

let clock: FakeClock;
let hub: FunctionHub;
let client: TokenClient;

function start(options: Partial<TokenClientOptions> = {}): void {
  clock = new FakeClock();
  hub = new FunctionHub(clock);
  client = createTokenClient({
    hubUrl: 'https://hub.test/prefix',
    key: 'k'.repeat(40),
    fetch: hub.fetch,
    clock,
    random: () => 0,
    ...options,
  });
}

beforeEach(() => start());
afterEach(() => client.close());

/** What a promise has become by now; `undefined` while it is pending. */
function watch<T>(promise: Promise<T>): { value?: T; error?: HubError } {
  const seen: { value?: T; error?: HubError } = {};
  promise.then(
    (value) => (seen.value = value),
    (error: unknown) => (seen.error = error as HubError),
  );
  return seen;
}

async function minutes(n: number): Promise<void> {
  for (let i = 0; i < n * 60; i++) await clock.advance(1000);
}

describe('a token', () => {
  it('is fetched once, however many ask at the cold start, then served from memory', async () => {
    const tokens = await Promise.all(Array.from({ length: 300 }, () => client.getToken(APPID)));
    expect(new Set(tokens)).toEqual(new Set(['token-1']));
    expect(await client.getToken(APPID)).toBe('token-1');
    expect(hub.asked).toHaveLength(1);
    expect(hub.asked[0]?.url).toBe('https://hub.test/prefix/v1/apps/wx-app/token');
    expect(hub.asked[0]?.headers.get('authorization')).toBe(`Bearer ${'k'.repeat(40)}`);
  });

  it('is followed by long-polls, one at a time', async () => {
    await client.getToken(APPID);
    await minutes(5);
    const polls = hub.asked.slice(1);
    expect(polls.length).toBeGreaterThanOrEqual(5);
    expect(polls.length).toBeLessThanOrEqual(7);
    expect(polls[0]?.headers.get('if-none-match')).toBe('"1"');
    expect(polls[0]?.headers.get('prefer')).toBe('wait=50');
    hub.rotate();
    await clock.advance(0);
    expect(await client.getTokenInfo(APPID)).toMatchObject({ token: 'token-2', version: 2 });
    // The next poll comes a second after the last one was sent.
    await clock.advance(1000);
    expect(hub.asked.at(-1)?.headers.get('if-none-match')).toBe('"2"');
  });

  it('has a life that counts from the sending of the request, on the monotonic clock', async () => {
    hub.expiresIn = 100;
    hub.script = (nth) => (nth === 1 ? { afterMs: 3000, answer: () => hub.answer() } : UNREACHABLE);
    const first = watch(client.getTokenInfo(APPID));
    await clock.advance(3000);
    await clock.advance(0);
    expect(first.value?.expiresInMs).toBe(97_000);
    clock.jumpWall(-86_400_000);
    await clock.advance(91_999);
    expect(await client.getToken(APPID)).toBe('token-1');
    await clock.advance(1);
    const after = watch(client.getToken(APPID));
    await clock.advance(10_000);
    expect(after.error).toMatchObject({
      code: 'HUB_UNREACHABLE',
      message: 'The hub cannot be reached (ECONNREFUSED).',
    });
  });

  it('is served while the hub is down, and followed again when it is back', async () => {
    await client.getToken(APPID);
    hub.script = () => UNREACHABLE;
    for (let i = 0; i < 100; i++) {
      await minutes(1);
      expect(await client.getToken(APPID)).toBe('token-1');
    }
    // Half a minute apart at the end.
    expect(hub.asked.length).toBeLessThan(220);
    hub.rotate();
    hub.script = undefined;
    await minutes(1);
    expect(await client.getToken(APPID)).toBe('token-2');
  });

  it('is forgotten after half an hour without use, and its long-poll with it', async () => {
    await client.getToken(APPID);
    await minutes(20);
    await client.getToken(APPID);
    await minutes(29);
    const before = hub.asked.length;
    await minutes(3);
    const after = hub.asked.length;
    expect(after - before).toBeLessThanOrEqual(3);
    await minutes(60);
    expect(hub.asked).toHaveLength(after);
    expect(clock.armed()).toBe(0);
    hub.rotate();
    expect(await client.getToken(APPID)).toBe('token-2');
    expect(hub.asked).toHaveLength(after + 1);
  });

  it('that lives is kept without use, for when the hub is away at the next one', async () => {
    await client.getToken(APPID);
    await minutes(40);
    hub.script = () => UNREACHABLE;
    expect(await client.getToken(APPID)).toBe('token-1');
    hub.script = undefined;
    await minutes(1);
    hub.rotate();
    await clock.advance(1000);
    expect(await client.getToken(APPID)).toBe('token-2');
  });

  it('does not go back to an older version that a long-poll brings late', async () => {
    hub.version = 5;
    hub.token = 'token-5';
    await client.getToken(APPID);
    hub.script = () => Response.json({ access_token: 'token-4', expires_in: 7200, version: 4 });
    await clock.advance(60_000);
    expect(await client.getToken(APPID)).toBe('token-5');
  });

  it('of a hub that lost its numbering is taken over after two minutes, or when the held one ends', async () => {
    hub.version = 900;
    await client.getToken(APPID);
    hub.version = 3;
    hub.token = 'after-restart';
    await minutes(1.5);
    expect(await client.getToken(APPID)).toBe('token-1');
    await minutes(2);
    expect(await client.getToken(APPID)).toBe('after-restart');

    start();
    hub.version = 900;
    hub.expiresIn = 60;
    await client.getToken(APPID);
    hub.version = 3;
    hub.token = 'after-restart';
    await clock.advance(56_000);
    await clock.advance(0);
    expect(await client.getToken(APPID)).toBe('after-restart');
  });

  it('near its end is asked for anew, since the hub may vouch for it longer', async () => {
    hub.expiresIn = 100;
    await client.getToken(APPID);
    for (let i = 0; i < 300; i++) {
      await clock.advance(1000);
      expect(await client.getToken(APPID)).toBe('token-1');
    }
    expect(hub.asked.length).toBeLessThan(20);
  });
});

describe('without a token', () => {
  it('callers wait through a short failure', async () => {
    hub.script = (nth) =>
      nth < 3 ? problem(503, 'HUB_TOKEN_UNAVAILABLE', { 'retry-after': '1' }) : undefined;
    const waiting = watch(client.getToken(APPID));
    await clock.advance(999);
    expect(hub.asked).toHaveLength(1);
    await clock.advance(2001);
    expect(waiting.value).toBe('token-1');
    expect(hub.asked).toHaveLength(3);
  });

  it('Retry-After is honoured: callers are told at once, and the hub is left alone', async () => {
    hub.script = () => problem(503, 'HUB_TOKEN_UNAVAILABLE', { 'retry-after': '60' });
    const first = watch(client.getToken(APPID));
    await clock.advance(0);
    expect(first.error).toMatchObject({ code: 'HUB_TOKEN_UNAVAILABLE', status: 503, retryAfterMs: 60_000 });
    for (let second = 1; second < 60; second++) {
      await clock.advance(1000);
      const again = watch(client.getToken(APPID));
      await clock.advance(0);
      if (second < 50) expect(again.error?.retryAfterMs).toBe(60_000 - second * 1000);
    }
    expect(hub.asked).toHaveLength(1);
    await clock.advance(1000);
    expect(hub.asked).toHaveLength(2);
  });

  it('a refusal is told at once and not asked for again and again', async () => {
    hub.script = () => problem(401, 'HUB_UNAUTHENTICATED');
    let refusals = 0;
    for (let i = 0; i < 600; i++) {
      const asked = watch(client.getToken(APPID));
      await clock.advance(100);
      if (asked.error?.code === 'HUB_UNAUTHENTICATED') refusals += 1;
    }
    expect(refusals).toBe(600);
    expect(hub.asked.length).toBeLessThanOrEqual(12);
  });

  it('a refused app that nobody asks for any more is forgotten', async () => {
    hub.script = () => problem(403, 'HUB_NOT_GRANTED');
    watch(client.getToken(APPID));
    await minutes(1);
    expect(hub.asked).toHaveLength(1);
    expect(clock.armed()).toBe(0);
  });

  it('a hub that hangs is given up in time', async () => {
    hub.script = () => ({ afterMs: 1e9, answer: () => UNREACHABLE });
    const waiting = watch(client.getToken(APPID));
    await clock.advance(9999);
    expect(waiting).toEqual({});
    await clock.advance(1);
    expect(waiting.error).toMatchObject({ code: 'HUB_TIMEOUT', status: undefined });
  });

  it('also where the fetch that was given ignores its signal', async () => {
    start({ fetch: () => new Promise(() => undefined) });
    const waiting = watch(client.jssdkSignature(APPID, 'https://x'));
    await clock.advance(8000);
    await clock.advance(0);
    expect(waiting.error).toMatchObject({ code: 'HUB_TIMEOUT' });
  });

  it('a caller can stop waiting; the others wait on', async () => {
    hub.script = () => ({ afterMs: 1000, answer: () => hub.answer() });
    const stop = new AbortController();
    const one = watch(client.getToken(APPID, { signal: stop.signal }));
    const other = watch(client.getToken(APPID));
    await clock.advance(10);
    stop.abort(new Error('no longer'));
    await clock.advance(1000);
    await clock.advance(0);
    expect(one.error?.message).toBe('no longer');
    expect(other.value).toBe('token-1');
  });

  it('a token with no life left is a failure', async () => {
    hub.expiresIn = 0;
    const waiting = watch(client.getToken(APPID));
    await clock.advance(10_000);
    expect(waiting.error).toMatchObject({ code: 'HUB_BAD_ANSWER' });
    expect(hub.asked.length).toBeLessThanOrEqual(5);
  });
});

describe('after a sleep of the machine', () => {
  it('nobody is served an expired token from a long-poll that is still under way', async () => {
    await client.getToken(APPID);
    await clock.advance(2000);
    hub.rotate = () => undefined;
    hub.token = 'token-2';
    hub.version = 2;
    clock.stall(7_200_000);
    const woken = watch(client.getToken(APPID));
    await clock.advance(0);
    await clock.advance(0);
    expect(woken.value).toBe('token-2');
  });
});

describe('close', () => {
  it('ends the long-poll and all waiting', async () => {
    await client.getToken(APPID);
    await clock.advance(2000);
    hub.script = () => ({ afterMs: 1e9, answer: () => UNREACHABLE });
    const waiting = watch(client.getToken('wx-other'));
    await clock.advance(0);
    client.close();
    await clock.advance(0);
    expect(waiting.error).toMatchObject({ code: 'HUB_CLIENT_CLOSED' });
    expect(clock.armed()).toBe(0);
    await expect(client.getToken(APPID)).rejects.toMatchObject({ code: 'HUB_CLIENT_CLOSED' });
  });
});

it('background failures are told, and a hook that throws harms nothing', async () => {
  const told: string[] = [];
  start({
    onError: (error, appid) => {
      told.push(`${appid} ${error.code}`);
      throw new Error('a faulty hook');
    },
  });
  await client.getToken(APPID);
  hub.script = (nth) => (nth === 2 ? problem(500, 'HUB_INTERNAL') : undefined);
  await minutes(1);
  expect(told).toEqual([`${APPID} HUB_INTERNAL`]);
  hub.rotate();
  await clock.advance(0);
  expect(await client.getToken(APPID)).toBe('token-2');
});

it('two requests for a token are a second apart at least, whatever the hub answers', async () => {
  const answers = fc.constantFrom<(nth: number) => Answer>(
    (nth) => Response.json({ access_token: `t-${nth}`, expires_in: 7200, version: nth }),
    () => Response.json({ access_token: 'same', expires_in: 7200, version: 1 }),
    () => Response.json({ access_token: 'lower', expires_in: 7200, version: 0 }),
    () => Response.json({ access_token: 'short', expires_in: 1, version: 2 }),
    () => Response.json({ access_token: 'dead', expires_in: 0, version: 3 }),
    () => new Response(null, { status: 304 }),
    () => new Response('<html>'),
    () => new Response(null, { status: 302, headers: { location: 'https://elsewhere.invalid' } }),
    () => problem(503, 'HUB_TOKEN_UNAVAILABLE', { 'retry-after': '0' }),
    () => problem(429, 'HUB_RATE_LIMITED', { 'retry-after': '2' }),
    () => problem(401, 'HUB_UNAUTHENTICATED'),
    () => UNREACHABLE,
  );
  await fc.assert(
    fc.asyncProperty(fc.array(answers, { minLength: 1, maxLength: 6 }), async (script) => {
      start();
      hub.script = (nth) => script[nth % script.length]?.(nth);
      for (let i = 0; i < 60; i++) {
        watch(client.getToken(APPID));
        await clock.advance(500);
      }
      client.close();
      const gaps = hub.asked.slice(1).map(({ at }, i) => at - (hub.asked[i]?.at ?? 0));
      expect(Math.min(...gaps, Infinity)).toBeGreaterThanOrEqual(1000);
      expect(hub.asked.every(({ url }) => url.startsWith('https://hub.test/'))).toBe(true);
    }),
    { numRuns: 40 },
  );
});
