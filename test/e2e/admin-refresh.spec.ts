import { TokenCache } from '../../src/token-cache/token-cache.service.js';
import { eventually } from '../support/eventually.js';
import { bearer, testKey, type Answer } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

const KEY = testKey('operator');
const APPS = [
  { appid: 'wx-stable', secret: 'simulated-secret-of-wx-stable' },
  { appid: 'wx-token', secret: 'simulated-secret-of-wx-token', tokenApi: 'token' },
];
const DAY_MS = 86_400_000;

describe('POST /admin/apps/{appid}/refresh', () => {
  let virtual: VirtualHub;

  beforeEach(async () => {
    virtual = await VirtualHub.start({
      apps: APPS,
      clients: [{ id: 'operator', key: KEY, apps: '*', may: ['admin', 'read'] }],
    });
  });

  afterEach(() => virtual.stop());

  const refresh = (appid: string, body?: object) =>
    virtual.hub.post(`/admin/apps/${appid}/refresh`, body, bearer(KEY));
  const force = () => refresh('wx-stable', { force: true });
  const read = async (appid: string) => (await virtual.hub.get(`/v1/apps/${appid}/token`, bearer(KEY))).json;

  function expectTooEarly({ status, headers, json }: Answer, seconds: number): void {
    expect({ status, code: json.code, retryAfter: headers.get('retry-after') }).toEqual({
      status: 429,
      code: 'HUB_RATE_LIMITED',
      retryAfter: String(seconds),
    });
    expect(json.detail).toContain(`${seconds} s`);
  }

  it('asks WeChat now, and answers GET’s body without the token', async () => {
    const before = await read('wx-stable');
    await virtual.pass(100_000);
    const { status, json, text } = await refresh('wx-stable', { force: false });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      appid: 'wx-stable',
      expires_in: 7100,
      version: before.version,
      state: 'valid',
    });
    expect(text).not.toContain('access_token');
    expect(virtual.simulator.calls({ appid: 'wx-stable' })).toBe(2);
    expect((await read('wx-stable')).access_token).toBe(before.access_token);
  });

  it('without a body is the same', async () => {
    expect((await refresh('wx-stable')).status).toBe(200);
    expect(virtual.simulator.journal({ appid: 'wx-stable' }).map(({ forced }) => forced)).toEqual([
      false,
      false,
    ]);
  });

  it('of a token app mints; both tokens work for a while', async () => {
    const before = await read('wx-token');
    expect((await refresh('wx-token', { force: true })).json.version).toBe(before.version + 1);
    const after = await read('wx-token');
    for (const { access_token: token } of [before, after])
      expect(virtual.simulator.isAlive(token)).toBe(true);
    expect(after.access_token).not.toBe(before.access_token);
  });

  it('is no way around the pace: again only after 5 s', async () => {
    expect((await refresh('wx-stable')).status).toBe(200);
    expectTooEarly(await refresh('wx-stable'), 5);
    await virtual.pass(4001);
    expectTooEarly(await refresh('wx-stable'), 1);
    await virtual.pass(999);
    expect((await refresh('wx-stable')).status).toBe(200);
    expect(virtual.simulator.calls({ appid: 'wx-stable' })).toBe(3);
  });

  describe('with force', () => {
    it('kills the token before, and callers have the new one at once', async () => {
      const before = await read('wx-stable');
      const { status, json } = await force();
      expect({ status, version: json.version }).toEqual({ status: 200, version: before.version + 1 });
      expect(json.forcedRefreshesLeft).toBe(19);
      const after = await read('wx-stable');
      expect(virtual.simulator.isAlive(before.access_token)).toBe(false);
      expect(virtual.simulator.isAlive(after.access_token)).toBe(true);
    });

    it('not again within 30 s: 429 with the time left, and WeChat is not asked', async () => {
      expect((await force()).status).toBe(200);
      const calls = virtual.simulator.calls();
      expectTooEarly(await force(), 30);
      await virtual.pass(10_500);
      expectTooEarly(await force(), 20);
      await virtual.pass(19_499);
      expectTooEarly(await force(), 1);
      expect(virtual.simulator.calls()).toBe(calls);
      await virtual.pass(1);
      const before = await read('wx-stable');
      expect((await force()).json.version).toBe(before.version + 1);
    });

    it('an ordinary refresh is possible meanwhile', async () => {
      expect((await force()).status).toBe(200);
      await virtual.pass(5000);
      expect((await refresh('wx-stable', { force: false })).status).toBe(200);
    });

    it('20 a day; the 21st is 429 until the first is a day old', async () => {
      const first = virtual.clock.now();
      for (let i = 0; i < 20; i++) {
        const { status, json } = await force();
        expect({ i, status, left: json.forcedRefreshesLeft }).toEqual({ i, status: 200, left: 19 - i });
        await virtual.pass(30_000);
      }
      expectTooEarly(await force(), (first + DAY_MS - virtual.clock.now()) / 1000);
      expect(virtual.simulator.journal().filter(({ forced }) => forced)).toHaveLength(20);
      await virtual.pass(first + DAY_MS - virtual.clock.now() - 1);
      expect((await force()).status).toBe(429);
      await virtual.pass(1);
      expect((await force()).status).toBe(200);
      const outcomes = virtual.simulator.journal().map(({ outcome }) => outcome);
      expect(outcomes.filter((outcome) => outcome !== 'ok')).toEqual([]);
    });

    it('of many at once: one is made, the others are too early', async () => {
      const answers = await Promise.all(Array.from({ length: 10 }, force));
      const statuses = answers.map(({ status }) => status).sort();
      expect(statuses).toEqual([200, ...Array<number>(9).fill(429)]);
      expect(virtual.simulator.journal().filter(({ forced }) => forced)).toHaveLength(1);
    });

    it('waits for an ordinary call that is under way, never beside it', async () => {
      const fault = virtual.simulator.fault({ kind: 'hang', appid: 'wx-stable' });
      await virtual.passUntil(() => fault.held === 1);
      const forcing = force();
      const cache = virtual.hub.app.get(TokenCache);
      await eventually(() => cache.status('wx-stable')?.forcedLeft === 19);
      fault.release();
      expect((await forcing).status).toBe(200);
      expect(virtual.simulator.maxConcurrent('wx-stable').credential).toBe(1);
      expect(virtual.simulator.journal({ appid: 'wx-stable' }).at(-1)?.forced).toBe(true);
    });
  });

  it('that fails keeps the token: 502 with WeChat’s words', async () => {
    const before = await read('wx-stable');
    virtual.simulator.fault({ kind: 'errcode', errcode: -1 });
    expect(await refresh('wx-stable')).toMatchObject({
      status: 502,
      json: { code: 'HUB_UPSTREAM_FAILED', wechat: { errcode: -1 } },
    });
    expect(await read('wx-stable')).toEqual(before);
  });

  it('that fails where there is no token: 503 with Retry-After', async () => {
    virtual.simulator.fault({ kind: 'status', times: Infinity });
    await virtual.pass(7300_000);
    const answer = await refresh('wx-stable');
    expect(answer).toMatchObject({ status: 503, json: { code: 'HUB_TOKEN_UNAVAILABLE' } });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  });

  it('leaves a line for the audit: who, from where, what, how it ended', async () => {
    await force();
    await force();
    const acts = virtual.hub.log
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ msg }) => msg === 'admin act');
    expect(acts).toMatchObject([
      {
        act: 'force_refresh',
        clientId: 'operator',
        keyId: 'first',
        address: '127.0.0.1',
        appid: 'wx-stable',
      },
      { act: 'force_refresh', outcome: 'too_early' },
    ]);
  });
});
