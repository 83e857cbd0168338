import type { FaultSpec } from '../../src/simulator/faults.js';
import { bearer, testKey, type Answer } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

/**
 * WeChat misbehaves in every way that the simulator knows. Whatever the way:
 * never a token out of a broken answer, a valid one survives, 503 while there is none, and then recovery.
 */

const KEY = testKey('faults');
const LIFE_SECONDS = 120;
/** A call that is still under way ends after 5 s, the next one comes at most 6 s later. */
const RECOVERY_MS = 12_000;
const APPS = [
  { appid: 'wx-stable', secret: 'simulated-secret-of-stable', tokenApi: 'stable_token' },
  { appid: 'wx-token', secret: 'simulated-secret-of-token', tokenApi: 'token' },
];

/** `Omit` over a union, branch by branch. */
type Fault = FaultSpec extends infer Spec ? (Spec extends unknown ? Omit<Spec, 'times'> : never) : never;
const patch = (fields: Record<string, unknown>): Fault => ({ kind: 'patch', patch: fields });

const SPOILT: readonly (readonly [string, Fault])[] = [
  ['no token in the answer', { kind: 'missing_field' }],
  ['no expires_in in the answer', { kind: 'missing_field', field: 'expires_in' }],
  ['an empty token', { kind: 'blank_token' }],
  ['a token that is a number', patch({ access_token: 12345 })],
  ['a token that is null', patch({ access_token: null })],
  ['a token with a line break', patch({ access_token: 'one\ntwo' })],
  ['a token of 5000 characters', patch({ access_token: 'x'.repeat(5000) })],
  ['a life of 0', patch({ expires_in: 0 })],
  ['a life below 0', patch({ expires_in: -7200 })],
  ['a life of half a second', patch({ expires_in: 0.5 })],
  ['a life of ten thousand years', patch({ expires_in: 1e12 })],
  ['a life that is a word', patch({ expires_in: 'soon' })],
  ['a life that is null', patch({ expires_in: null })],
  ['a token beside the errcode of a busy WeChat', patch({ errcode: -1, errmsg: 'system error' })],
  ['a token beside an errcode that is none', patch({ errcode: 'no' })],
  ['an answer after the time-out', { kind: 'delay', delayMs: 6000 }],
  ['an answer after the time-out, minted only then', { kind: 'delay', delayMs: 6000, applied: false }],
  ['a byte a second', { kind: 'drip' }],
];

const OUTRIGHT: readonly (readonly [string, Fault])[] = [
  ['busy (-1)', { kind: 'errcode', errcode: -1 }],
  ['an errcode that nobody knows', { kind: 'errcode', errcode: 99_999 }],
  ['an empty body', { kind: 'empty' }],
  ['HTML with status 200', { kind: 'html' }],
  ['status 502', { kind: 'status' }],
  ['status 404', { kind: 'status', status: 404 }],
  ['half of a JSON', { kind: 'not_json' }],
  ['an answer of 128 KiB', { kind: 'huge' }],
  ['a reset connection', { kind: 'reset' }],
  ['a cut answer', { kind: 'cut' }],
  ['no answer', { kind: 'hang' }],
];

const CASES: readonly (readonly [string, Fault])[] = [
  ...SPOILT,
  ...OUTRIGHT,
  ...OUTRIGHT.map(([name, fault]) => [`${name}, though WeChat minted`, { ...fault, applied: true }] as const),
];

describe('WeChat answers with', () => {
  let virtual: VirtualHub;
  afterEach(() => virtual.stop());

  const read = async (appid: string) => {
    await virtual.readable(appid);
    return virtual.hub.get(`/v1/apps/${appid}/token`, bearer(KEY));
  };

  it.each(CASES)('%s', async (_name, fault) => {
    const lasting = { ...fault, times: Infinity };
    virtual = await VirtualHub.start({
      apps: APPS,
      clients: [{ id: 'faults', key: KEY, apps: '*' }],
      simulator: { tokenLifeSeconds: LIFE_SECONDS },
      faults: [lasting],
    });

    // Cold: no token, no invention of one.
    await virtual.pass(5000);
    for (const { appid } of APPS) expectUnavailable(await read(appid));
    virtual.simulator.clearFaults();
    await virtual.pass(RECOVERY_MS);
    const first = await readAll();

    // Warm: what is valid is served to its end, and not a moment longer.
    virtual.simulator.fault(lasting);
    const end = virtual.clock.now() + LIFE_SECONDS * 1000;
    while (virtual.clock.now() <= end) {
      for (const { appid } of APPS) await expectHonest(appid, first[appid] ?? '');
      const isNearTheEnd = end - virtual.clock.now() < 20_000;
      await virtual.pass(isNearTheEnd ? 500 : 10_000);
    }
    for (const { appid } of APPS) expectUnavailable(await read(appid));

    // And it comes back by itself.
    virtual.simulator.clearFaults();
    await virtual.pass(RECOVERY_MS);
    const second = await readAll();
    for (const { appid } of APPS) expect(second[appid]).not.toBe(first[appid]);
  });

  async function readAll(): Promise<Record<string, string>> {
    const tokens: Record<string, string> = {};
    for (const { appid } of APPS) {
      const { status, json } = await read(appid);
      expect([appid, status]).toEqual([appid, 200]);
      expect(virtual.simulator.isAlive(json.access_token)).toBe(true);
      tokens[appid] = json.access_token;
    }
    return tokens;
  }

  async function expectHonest(appid: string, first: string): Promise<void> {
    const { status, json } = await read(appid);
    const now = virtual.clock.now();
    const left = (virtual.simulator.validity(first)?.diesAt ?? 0) - now;
    // expires_in is rounded down: in the last second the hub may already have let go of it.
    if (left > 1000) expect([appid, left, status]).toEqual([appid, left, 200]);
    if (status !== 200) return;
    expect(virtual.simulator.isAlive(json.access_token)).toBe(true);
    expect(virtual.simulator.validity(json.access_token)?.diesAt).toBeGreaterThanOrEqual(
      now + json.expires_in * 1000,
    );
  }

  function expectUnavailable({ status, headers, text, json }: Answer): void {
    expect({ status, code: json.code }).toEqual({ status: 503, code: 'HUB_TOKEN_UNAVAILABLE' });
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    const retryAfter = Number(headers.get('retry-after'));
    expect(retryAfter).toBeGreaterThanOrEqual(1);
    expect(retryAfter).toBeLessThanOrEqual(7);
    expect(text).not.toMatch(/access_token"|never-minted/);
  }
});

describe('an answer that is unusual, but good', () => {
  it.each<[string, Fault]>([
    ['expires_in as a string', { kind: 'expires_in_string' }],
    ['errcode 0 beside the token', patch({ errcode: 0, errmsg: 'ok' })],
    ['fields that nobody knows', patch({ openid: 'x', nested: { access_token: 'not this one' } })],
    ['an answer just within the time', { kind: 'delay', delayMs: 4900 }],
  ])('%s', async (_name, fault) => {
    const virtual = await VirtualHub.start({
      apps: APPS,
      clients: [{ id: 'faults', key: KEY, apps: '*' }],
      faults: [{ ...fault, times: Infinity }],
    });
    await virtual.pass(5000);
    for (const { appid } of APPS) {
      const { status, json } = await virtual.hub.get(`/v1/apps/${appid}/token`, bearer(KEY));
      expect(status).toBe(200);
      expect(virtual.simulator.isAlive(json.access_token)).toBe(true);
    }
    await virtual.stop();
  });
});
