import type { FaultSpec } from '../../src/simulator/faults.js';
import { bearer, testKey } from '../support/start-hub.js';
import { VirtualHub, type VirtualHubOptions } from '../support/virtual-hub.js';

/** How often the hub asks, read off the simulator's journal. All times are exact: the clock is the test's. */

const KEY = testKey('pace');
const STABLE = { appid: 'wx-pace', secret: 'simulated-secret-of-wx-pace' };
const TOKEN = { ...STABLE, tokenApi: 'token' };
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const ALWAYS = { times: Infinity };

let virtual: VirtualHub;
afterEach(() => virtual.stop());

async function start(app: typeof STABLE, options: Partial<VirtualHubOptions> = {}): Promise<void> {
  virtual = await VirtualHub.start({
    apps: [app],
    clients: [{ id: 'pace', key: KEY, apps: '*', may: ['read', 'admin'] }],
    ...options,
  });
}

const read = () => virtual.hub.get('/v1/apps/wx-pace/token', bearer(KEY));

function expectBetween(values: readonly number[], low: number, high: number): void {
  for (const value of values) {
    expect(value).toBeGreaterThanOrEqual(low);
    expect(value).toBeLessThanOrEqual(high);
  }
}

describe('while all is well', () => {
  it('stable_token is asked each 5 minutes, 10 % more or less, and the token stays', async () => {
    await start(STABLE);
    const first = (await read()).json;
    await virtual.pass(60 * MINUTE);
    expectBetween(virtual.gaps(), 270 * SECOND, 330 * SECOND);
    expect(virtual.simulator.calls()).toBeGreaterThanOrEqual(11);
    expect((await read()).json).toMatchObject({ access_token: first.access_token, version: first.version });
    expect(virtual.simulator.mints()).toBe(1);
  });

  it('stable_token gets the new token within 30 s of the handover, 300 s before the end', async () => {
    await start({ ...STABLE, reconcileSeconds: 3600 } as typeof STABLE);
    const { bornAt, expiresAt } = virtual.simulator.validity((await read()).json.access_token)!;
    await virtual.pass(expiresAt - bornAt - 300 * SECOND - 1);
    const before = (await read()).json;
    await virtual.pass(30 * SECOND + 2);
    expect((await read()).json.version).toBe(before.version + 1);
    expect(virtual.simulator.mints()).toBe(2);
  });

  it('token is minted once, 300 s before its end, plus at most 10 % of that', async () => {
    await start(TOKEN);
    await virtual.pass(2 * 7200 * SECOND);
    expectBetween(virtual.gaps(), 6900 * SECOND, 6930 * SECOND);
    expect(virtual.simulator.calls()).toBe(3);
  });

  it('token of a short life is minted at half of it', async () => {
    await start(TOKEN, { simulator: { tokenLifeSeconds: 60 } });
    await virtual.pass(10 * MINUTE);
    expectBetween(virtual.gaps(), 30 * SECOND, 33 * SECOND);
  });

  it('a forced refresh by somebody else is noticed within reconcileSeconds', async () => {
    await start(STABLE);
    virtual.simulator.forceByOther('wx-pace');
    await virtual.pass(330 * SECOND);
    const { json } = await read();
    expect(virtual.simulator.isAlive(json.access_token)).toBe(true);
  });

  it('callers cost nothing: a thousand reads are no call', async () => {
    await start(STABLE);
    await Promise.all(Array.from({ length: 1000 }, read));
    expect(virtual.simulator.calls()).toBe(1);
  });
});

describe('while WeChat fails', () => {
  it.each([STABLE, TOKEN])('and no token is held: again after 1 s, then every 5 to 6 s', async (app) => {
    await start(app, { faults: [{ kind: 'status', ...ALWAYS }] });
    await virtual.pass(3 * MINUTE);
    const [first, ...more] = virtual.gaps();
    expect(first).toBe(SECOND);
    expect(more.length).toBeGreaterThan(25);
    expectBetween(more, 5 * SECOND, 6 * SECOND);
    expect(new Set(more).size).toBeGreaterThan(10);
  });

  it('by silence: a call of 5 s each, never closer than that, never two at a time', async () => {
    await start(STABLE, { faults: [{ kind: 'hang', ...ALWAYS }] });
    await virtual.pass(3 * MINUTE);
    expectBetween(virtual.gaps(), 5 * SECOND, 6 * SECOND);
    expect(virtual.simulator.maxConcurrent('wx-pace').credential).toBe(1);
  });

  it('and the token lives for long: 1 s, then 5 s doubling to 60 s', async () => {
    await start(STABLE);
    virtual.simulator.resetJournal();
    virtual.simulator.fault({ kind: 'empty', ...ALWAYS });
    await virtual.pass(20 * MINUTE);
    const expected = [1, 5, 10, 20, 40, 60, 60, 60].map((seconds) => seconds * SECOND);
    for (const [index, gap] of virtual.gaps().slice(0, expected.length).entries()) {
      expectBetween([gap], expected[index] ?? 0, (expected[index] ?? 0) * 1.1);
    }
    expect((await read()).status).toBe(200);
  });

  it('and the token has less than 10 minutes to live: every 5 to 6 s again', async () => {
    await start(TOKEN, { simulator: { tokenLifeSeconds: 1100 } });
    await virtual.pass(790 * SECOND);
    virtual.simulator.fault({ kind: 'empty', ...ALWAYS });
    virtual.simulator.resetJournal();
    await virtual.pass(300 * SECOND);
    const [first, ...more] = virtual.gaps({ endpoint: 'token' });
    expect(first).toBe(SECOND);
    expectBetween(more, 5 * SECOND, 6 * SECOND);
    expect(more.length).toBeGreaterThan(30);
  });

  it('callers never cause an attempt, and are answered at once', async () => {
    await start(STABLE, { faults: [{ kind: 'status', ...ALWAYS }] });
    await virtual.pass(3 * SECOND);
    const calls = virtual.simulator.calls();
    const answers = await Promise.all(Array.from({ length: 200 }, read));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    expect(virtual.simulator.calls()).toBe(calls);
  });

  it('who asks during an attempt gets its result', async () => {
    await start(STABLE, { faults: [{ kind: 'delay', delayMs: 2000 }] });
    const waiting = Array.from({ length: 20 }, read);
    await virtual.pass(2 * SECOND);
    const answers = await Promise.all(waiting);
    expect(new Set(answers.map(({ status, json }) => `${status} ${json.version}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(200);
    expect(virtual.simulator.calls()).toBe(1);
  });

  it('one app’s trouble is no other’s', async () => {
    const apps = ['wx-good', 'wx-bad'].map((appid) => ({ appid, secret: `simulated-secret-of-${appid}` }));
    await start(STABLE, { apps, faults: [{ kind: 'hang', appid: 'wx-bad', ...ALWAYS }] });
    const good = await virtual.hub.get('/v1/apps/wx-good/token', bearer(KEY));
    expect(good.status).toBe(200);
    await virtual.pass(20 * MINUTE);
    expectBetween(virtual.gaps({ appid: 'wx-good' }), 270 * SECOND, 330 * SECOND);
  });
});

describe('while WeChat refuses', () => {
  const refusals: FaultSpec[] = [40125, 40164, 45009, 50007].map((errcode) => ({
    kind: 'errcode',
    errcode,
    ...ALWAYS,
  }));

  it.each(refusals)('($errcode): 60 s, doubling to 10 minutes', async (fault) => {
    await start(STABLE, { faults: [fault] });
    await virtual.pass(60 * MINUTE);
    const expected = [60, 120, 240, 480, 600, 600].map((seconds) => seconds * SECOND);
    const gaps = virtual.gaps();
    expect(gaps.length).toBeGreaterThanOrEqual(expected.length);
    for (const [index, gap] of gaps.entries()) {
      const wanted = expected[index] ?? 600 * SECOND;
      expectBetween([gap], wanted, wanted * 1.1);
    }
  });

  it('for an hour (89507) or a day (89506): not before that', async () => {
    await start(STABLE, {
      faults: [
        { kind: 'errcode', errcode: 89507 },
        { kind: 'errcode', errcode: 89506 },
      ],
    });
    await virtual.pass(30 * 60 * MINUTE);
    const [hour = 0, day = 0] = virtual.gaps();
    expectBetween([hour], 60 * MINUTE, 66 * MINUTE);
    expectBetween([day], 24 * 60 * MINUTE, 26 * 60 * MINUTE);
  });

  it('a reload of the app tries at once, and starts counting anew', async () => {
    await start(STABLE);
    virtual.simulator.setSecret('wx-pace', 'simulated-secret-after-reset');
    await virtual.pass(30 * MINUTE);
    virtual.simulator.resetJournal();
    virtual.hub.writeApps([{ ...STABLE, secret: 'simulated-secret-after-reset' }]);
    expect((await virtual.hub.post('/admin/reload', undefined, bearer(KEY))).json.changed).toEqual([
      'wx-pace',
    ]);
    await virtual.quiet();
    expect(virtual.simulator.journal().map(({ outcome }) => outcome)).toEqual(['ok']);
    const { json } = await virtual.hub.get('/admin/apps/wx-pace', bearer(KEY));
    expect(json.state).toBe('valid');
  });

  it('a reload that still has it wrong tries at once, and waits 60 s again', async () => {
    await start(STABLE, { faults: [{ kind: 'errcode', errcode: 40125, ...ALWAYS }] });
    await virtual.pass(30 * MINUTE);
    virtual.simulator.resetJournal();
    virtual.hub.writeApps([{ ...STABLE, secret: 'simulated-secret-wrong-again' }]);
    await virtual.hub.post('/admin/reload', undefined, bearer(KEY));
    await virtual.pass(67 * SECOND);
    expectBetween(virtual.gaps(), 60 * SECOND, 66 * SECOND);
    expect(virtual.simulator.calls()).toBe(2);
  });

  it('an admin’s refresh tries at once', async () => {
    await start(STABLE, { faults: [{ kind: 'errcode', errcode: 40164 }] });
    expect((await read()).status).toBe(503);
    const refreshed = await virtual.hub.post('/admin/apps/wx-pace/refresh', {}, bearer(KEY));
    expect(refreshed.status).toBe(200);
    expect((await read()).status).toBe(200);
  });
});

describe('at the start of many apps', () => {
  it('at most 50 calls are under way at a time', async () => {
    const apps = Array.from({ length: 180 }, (_, index) => ({
      appid: `wx-many-${index}`,
      secret: `simulated-secret-of-${index}`,
    }));
    await start(STABLE, { apps, simulator: { latencyMs: 100 } });
    expect(virtual.simulator.calls()).toBe(50);
    await virtual.pass(SECOND);
    expect(virtual.simulator.calls()).toBe(180);
    expect(virtual.simulator.maxConcurrent().credential).toBe(50);
  });

  it('tickets that are kept warm and apps that try again are among the 50', async () => {
    const apps = Array.from({ length: 240 }, (_, index) => ({
      appid: `wx-many-${index}`,
      secret: `simulated-secret-of-${index}`,
      tickets: ['jsapi'],
    }));
    const faults: FaultSpec[] = apps
      .filter((_, index) => index % 6 === 0)
      .map(({ appid }) => ({ kind: 'errcode', errcode: -1, appid, times: 2 }));
    await start(STABLE, { apps, faults, simulator: { latencyMs: 400 } });
    await virtual.pass(20 * SECOND);
    const granted = virtual.simulator.journal().filter(({ outcome }) => outcome === 'ok');
    expect(granted).toHaveLength(2 * apps.length);
    expect(virtual.simulator.maxConcurrent().all).toBe(50);
  });
});
