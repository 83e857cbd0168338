import {
  askStableToken,
  askToken,
  HandClock,
  request,
  startSimulator,
  stopSimulators,
} from '../../test/support/simulator-harness.js';
import type { FaultSpec } from './faults.js';

afterEach(stopSimulators);

/** The code of the network error that a call died of. */
async function failure(call: Promise<unknown>): Promise<unknown> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeDefined();
  return (error as { cause?: { code?: unknown } }).cause?.code;
}

describe('faults with an answer', () => {
  it.each<[string, FaultSpec, number, unknown]>([
    ['errcode', { kind: 'errcode', errcode: -1 }, 200, /^{"errcode":-1,"errmsg":"system error rid: /],
    [
      'errcode with words',
      { kind: 'errcode', errcode: 7, errmsg: 'no' },
      200,
      /^{"errcode":7,"errmsg":"no rid: /,
    ],
    ['empty', { kind: 'empty' }, 200, /^$/],
    ['html', { kind: 'html' }, 200, /^<html>/],
    ['status', { kind: 'status' }, 502, /^<html>/],
    ['status of choice', { kind: 'status', status: 503 }, 503, /^<html>/],
    ['not_json', { kind: 'not_json' }, 200, /^{"access_token":$/],
    ['huge', { kind: 'huge' }, 200, /^{"padding":"x{131072}","access_token":"99_/],
    ['missing_field', { kind: 'missing_field' }, 200, /^{"expires_in":7200}$/],
    [
      'missing expires_in',
      { kind: 'missing_field', field: 'expires_in' },
      200,
      /^{"access_token":"\d\d_[^"]*"}$/,
    ],
    ['expires_in_string', { kind: 'expires_in_string' }, 200, /,"expires_in":"7200"}$/],
    ['blank_token', { kind: 'blank_token' }, 200, /^{"access_token":"","expires_in":7200}$/],
    [
      'patch',
      { kind: 'patch', patch: { expires_in: -1 } },
      200,
      /^{"access_token":"\d\d_[^"]*","expires_in":-1}$/,
    ],
  ])('%s', async (_name, spec, status, text) => {
    const sim = await startSimulator({ clock: new HandClock() });
    sim.fault(spec);
    const answer = await askStableToken(sim);
    expect(answer.status).toBe(status);
    expect(answer.text).toMatch(text as RegExp);
    expect(sim.journal()[0]?.outcome).toBe(`fault:${spec.kind}`);
    expect((await askStableToken(sim)).json.expires_in).toBe(7200);
  });

  it('blank and missing mean the ticket where there is one', async () => {
    const sim = await startSimulator();
    const token = String((await askStableToken(sim)).json.access_token);
    const url = `${sim.url}/cgi-bin/ticket/getticket?type=jsapi&access_token=${token}`;
    sim.fault({ kind: 'blank_token', endpoint: 'getticket' });
    sim.fault({ kind: 'missing_field', endpoint: 'getticket' });
    expect((await request(url)).json).toEqual({ errcode: 0, errmsg: 'ok', ticket: '', expires_in: 7200 });
    expect((await request(url)).json).toEqual({ errcode: 0, errmsg: 'ok', expires_in: 7200 });
  });

  it('delay gives the real answer later, in simulated time', async () => {
    const sim = await startSimulator({ speed: 100 });
    sim.fault({ kind: 'delay', delayMs: 5000 });
    const before = sim.now();
    expect((await askStableToken(sim)).json.access_token).toBeDefined();
    expect(sim.now() - before).toBeGreaterThanOrEqual(4990);
  });

  it.each([
    [undefined, 1],
    [true, 1],
    [false, 0],
  ])('delay, applied: %s: a caller who gives up has caused %i mints', async (applied, mints) => {
    const sim = await startSimulator();
    sim.fault({ kind: 'delay', delayMs: 60_000, applied });
    await expect(askStableToken(sim, { signal: AbortSignal.timeout(50) })).rejects.toBeDefined();
    expect(sim.mints()).toBe(mints);
  });

  it('any fault may come late', async () => {
    const sim = await startSimulator({ speed: 100 });
    sim.fault({ kind: 'errcode', errcode: -1, delayMs: 3000 });
    const before = sim.now();
    expect((await askStableToken(sim)).json.errcode).toBe(-1);
    expect(sim.now() - before).toBeGreaterThanOrEqual(2990);
  });

  it('a clock with timers of its own times the delays', async () => {
    const clock = new HandClock();
    const armed: { callback: () => void; delayMs: number }[] = [];
    const sim = await startSimulator({
      clock: {
        now: () => clock.at,
        setTimeout: (callback, delayMs) => {
          armed.push({ callback, delayMs });
          return {};
        },
      },
    });
    sim.fault({ kind: 'delay', delayMs: 5000 });
    const call = askStableToken(sim);
    await sim.waitForCalls(1);
    expect(armed.map(({ delayMs }) => delayMs)).toEqual([5000]);
    armed[0]?.callback();
    expect((await call).json.expires_in).toBe(7200);
  });

  it('drip gives the real answer byte by byte', async () => {
    const sim = await startSimulator({ speed: 1000 });
    const response = await drip(sim.url);
    expect(response.chunks).toBeGreaterThan(20);
    expect(JSON.parse(response.text)).toMatchObject({ access_token: expect.any(String) });

    async function drip(url: string): Promise<{ chunks: number; text: string }> {
      sim.fault({ kind: 'drip', intervalMs: 1000 });
      const { body } = await fetch(`${url}/cgi-bin/stable_token`, {
        method: 'POST',
        body: JSON.stringify({
          grant_type: 'client_credential',
          appid: 'wx-simulated-1',
          secret: 'simulated-secret-1',
        }),
      });
      const received: Uint8Array[] = [];
      for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) received.push(chunk);
      return { chunks: received.length, text: Buffer.concat(received).toString() };
    }
  });
});

describe('faults of the connection', () => {
  it('reset kills it before any answer', async () => {
    const sim = await startSimulator();
    sim.fault({ kind: 'reset' });
    expect(await failure(askToken(sim))).toBe('ECONNRESET');
    expect((await askToken(sim)).status).toBe(200);
  });

  it('cut gives headers and half of the body', async () => {
    const sim = await startSimulator();
    sim.fault({ kind: 'cut', applied: true });
    const query = 'grant_type=client_credential&appid=wx-simulated-1&secret=simulated-secret-1';
    const response = await fetch(`${sim.url}/cgi-bin/token?${query}`);
    expect(response.status).toBe(200);
    const length = Number(response.headers.get('content-length'));
    const chunks: Uint8Array[] = [];
    const reading = async (): Promise<void> => {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) chunks.push(chunk);
    };
    await expect(reading()).rejects.toBeDefined();
    expect(Buffer.concat(chunks).length).toBe(Math.floor(length / 2));
  });

  it('cut also in the middle of a download', async () => {
    const sim = await startSimulator();
    const token = String((await askStableToken(sim)).json.access_token);
    sim.fault({ kind: 'cut', applied: true, endpoint: 'business' });
    const response = await fetch(`${sim.url}/cgi-bin/media/get?access_token=${token}&bytes=1000000`);
    expect(response.headers.get('content-length')).toBe('1000000');
    await expect(response.arrayBuffer()).rejects.toBeDefined();
  });

  it('hang gives nothing until it is released, then the real answer', async () => {
    const sim = await startSimulator();
    const hang = sim.fault({ kind: 'hang', times: Number.POSITIVE_INFINITY });
    const calls = [askStableToken(sim), askStableToken(sim)];
    await hang.waitForHits(2);
    expect([hang.held, hang.hits, sim.mints()]).toEqual([2, 2, 0]);
    hang.clear();
    expect((await askStableToken(sim)).json.access_token).toBeDefined();
    hang.release();
    const tokens = (await Promise.all(calls)).map(({ json }) => json.access_token);
    expect(tokens.every((token) => sim.isAlive(String(token)))).toBe(true);
    expect(hang.held).toBe(0);
  });

  it('hang lets go of a caller that gives up', async () => {
    const sim = await startSimulator();
    const hang = sim.fault({ kind: 'hang' });
    const call = askStableToken(sim, { signal: AbortSignal.timeout(50) });
    await expect(call).rejects.toBeDefined();
    while (hang.held > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(sim.mints()).toBe(0);
  });

  it('clearFaults releases what hangs', async () => {
    const sim = await startSimulator();
    const hang = sim.fault({ kind: 'hang' });
    const call = askStableToken(sim);
    await hang.waitForHits(1);
    sim.clearFaults();
    expect((await call).json.access_token).toBeDefined();
  });
});

describe('applied: whether WeChat acted although the answer was lost', () => {
  const outright: FaultSpec[] = [
    { kind: 'errcode', errcode: -1 },
    { kind: 'empty' },
    { kind: 'html' },
    { kind: 'status' },
    { kind: 'not_json' },
    { kind: 'huge' },
    { kind: 'reset' },
    { kind: 'cut' },
  ];
  const rows = outright.flatMap((spec) =>
    [false, true].map((applied) => ({ ...spec, applied }) as FaultSpec),
  );

  it.each(rows)('$kind, applied: $applied', async (spec) => {
    const sim = await startSimulator();
    sim.fault(spec);
    await askToken(sim).catch(() => undefined);
    expect(sim.mints()).toBe('applied' in spec && spec.applied === true ? 1 : 0);
  });

  it('a hang that was applied has minted while it hangs', async () => {
    const sim = await startSimulator();
    const hang = sim.fault({ kind: 'hang', applied: true });
    const call = askToken(sim);
    await hang.waitForHits(1);
    await sim.waitForCalls(1);
    hang.release();
    expect(sim.isAlive(String((await call).json.access_token))).toBe(true);
    expect(sim.mints()).toBe(1);
  });

  it('a huge answer that was not applied shows a token that works nowhere', async () => {
    const sim = await startSimulator();
    sim.fault({ kind: 'huge' });
    expect(sim.isAlive(String((await askToken(sim)).json.access_token))).toBe(false);
  });
});

describe('which calls a fault hits', () => {
  const errcode = async (answer: Promise<{ json: Record<string, unknown> }>): Promise<unknown> =>
    (await answer).json.errcode;

  it('one endpoint', async () => {
    const sim = await startSimulator();
    sim.fault({ kind: 'errcode', errcode: -1, endpoint: 'token' });
    expect(await errcode(askStableToken(sim))).toBeUndefined();
    expect(await errcode(askToken(sim))).toBe(-1);
  });

  it('one app', async () => {
    const sim = await startSimulator({ acceptAnyApp: (appid) => `of-${appid}` });
    sim.fault({ kind: 'errcode', errcode: -1, appid: 'wx-other', times: Number.POSITIVE_INFINITY });
    expect(await errcode(askToken(sim))).toBeUndefined();
    const app = { appid: 'wx-other', secret: 'of-wx-other' };
    expect(await errcode(askToken(sim, app))).toBe(-1);
    const stable = { app };
    expect(await errcode(askStableToken(sim, stable))).toBe(-1);
  });

  it('so many, then no more', async () => {
    const sim = await startSimulator();
    const fault = sim.fault({ kind: 'errcode', errcode: -1, times: 2 });
    expect(await errcode(askToken(sim))).toBe(-1);
    expect(await errcode(askToken(sim))).toBe(-1);
    expect(await errcode(askToken(sim))).toBeUndefined();
    expect(fault.hits).toBe(2);
  });

  it('a lasting one until it is cleared; one-shots come first, in order; a later lasting one overrides', async () => {
    const sim = await startSimulator();
    const times = Number.POSITIVE_INFINITY;
    sim.fault({ kind: 'errcode', errcode: 1, times });
    const later = sim.fault({ kind: 'errcode', errcode: 2, times });
    sim.fault({ kind: 'errcode', errcode: 3 });
    sim.fault({ kind: 'errcode', errcode: 4 });
    const seen: unknown[] = [];
    for (let count = 0; count < 4; count += 1) seen.push(await errcode(askToken(sim)));
    later.clear();
    seen.push(await errcode(askToken(sim)));
    sim.clearFaults();
    seen.push(await errcode(askToken(sim)));
    expect(seen).toEqual([3, 4, 2, 2, 1, undefined]);
  });

  it('by chance', async () => {
    let draw = 0.5;
    const sim = await startSimulator({ random: () => draw });
    sim.fault({ kind: 'errcode', errcode: -1, times: Number.POSITIVE_INFINITY, probability: 0.5 });
    expect(await errcode(askToken(sim))).toBeUndefined();
    draw = 0.49;
    expect(await errcode(askToken(sim))).toBe(-1);
  });

  it('business calls by the app of their token', async () => {
    const sim = await startSimulator();
    const token = String((await askStableToken(sim)).json.access_token);
    sim.fault({ kind: 'errcode', errcode: 40001, endpoint: 'business', appid: 'wx-simulated-1' });
    const url = `${sim.url}/cgi-bin/message/send?access_token=${token}`;
    expect(await errcode(request(url, { method: 'POST', body: '{}' }))).toBe(40001);
    expect(await errcode(request(url, { method: 'POST', body: '{}' }))).toBe(0);
  });
});
