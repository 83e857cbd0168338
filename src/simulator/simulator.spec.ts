import { createHash } from 'node:crypto';
import { get } from 'node:http';
import {
  askStableToken,
  askToken,
  HandClock,
  request,
  SIMULATED_APP,
  startSimulator,
  stopSimulators,
} from '../../test/support/simulator-harness.js';
import type { WeChatSimulator } from './simulator.js';

afterEach(stopSimulators);

const { appid } = SIMULATED_APP;

async function liveToken(sim: WeChatSimulator): Promise<string> {
  return String((await askStableToken(sim)).json.access_token);
}

function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

describe('the endpoints over HTTP', () => {
  it('GET /cgi-bin/token answers as WeChat does', async () => {
    const sim = await startSimulator();
    const { status, headers, json } = await askToken(sim);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/json; encoding=utf-8');
    expect(json).toEqual({ access_token: expect.any(String), expires_in: 7200 });
    expect(sim.isAlive(String(json.access_token))).toBe(true);
    expect(sim.validity(String(json.access_token))).toMatchObject({ appid, family: 'token' });
  });

  it('POST /cgi-bin/stable_token answers as WeChat does', async () => {
    const sim = await startSimulator({ clock: new HandClock() });
    const first = await askStableToken(sim);
    expect((await askStableToken(sim)).json).toEqual(first.json);
    expect((await askStableToken(sim, { force: true })).json.access_token).not.toBe(first.json.access_token);
    expect(sim.journal().map(({ forced, outcome }) => [forced, outcome])).toEqual([
      [false, 'ok'],
      [false, 'ok'],
      [true, 'ok'],
    ]);
  });

  it.each([
    ['GET on stable_token', '/cgi-bin/stable_token', {}, 43002],
    ['POST on token', '/cgi-bin/token', { method: 'POST' }, 43001],
    ['a body that is no JSON', '/cgi-bin/stable_token', { method: 'POST', body: 'appid=x' }, 47001],
    ['a body that is no object', '/cgi-bin/stable_token', { method: 'POST', body: '[]' }, 47001],
    ['no body', '/cgi-bin/stable_token', { method: 'POST' }, 47001],
    ['no appid', '/cgi-bin/token', {}, 41002],
    ['an appid that is no string', '/cgi-bin/stable_token', { method: 'POST', body: '{"appid":7}' }, 41002],
    ['an unknown path without token', '/cgi-bin/menu/get', {}, 41001],
    ['a ticket with an unknown token', '/cgi-bin/ticket/getticket?type=jsapi&access_token=x', {}, 40014],
    ['control calls while they are off', '/_sim/stats', {}, 41001],
  ])('%s', async (_name, path, init, errcode) => {
    const sim = await startSimulator();
    const { status, json } = await request(`${sim.url}${path}`, init);
    expect(status).toBe(200);
    expect(json).toEqual({ errcode, errmsg: expect.stringContaining('rid: ') });
    expect(sim.journal()[0]?.outcome).toBe(`errcode:${errcode}`);
  });

  it('tickets and getcallbackip take the token', async () => {
    const sim = await startSimulator();
    const token = await liveToken(sim);
    const ticket = await request(`${sim.url}/cgi-bin/ticket/getticket?access_token=${token}&type=jsapi`);
    expect(ticket.json).toEqual({ errcode: 0, errmsg: 'ok', ticket: expect.any(String), expires_in: 7200 });
    const probe = `${sim.url}/cgi-bin/getcallbackip?access_token=${token}`;
    expect((await request(probe)).json).toEqual({ ip_list: [expect.any(String), expect.any(String)] });
    sim.killToken(appid, 'stable_token');
    expect((await request(probe)).json.errcode).toBe(40001);
  });

  it('the whitelist sees the address of the socket', async () => {
    const sim = await startSimulator();
    sim.setWhitelist(appid, ['192.0.2.1']);
    const { json } = await askStableToken(sim);
    expect(json.errcode).toBe(40164);
    expect(json.errmsg).toContain('invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist');
  });
});

describe('business endpoints', () => {
  it('echo what arrived, without the token', async () => {
    const sim = await startSimulator();
    const token = await liveToken(sim);
    const body = Buffer.alloc(300_000, 'media');
    const { json } = await request(`${sim.url}/wxa/x%20y?a=1&access_token=${token}&a=2&b=%E4%BD%A0`, {
      method: 'PUT',
      body,
      headers: { 'x-mine': 'yes' },
    });
    expect(json).toMatchObject({ errcode: 0, errmsg: 'ok', appid, method: 'PUT', path: '/wxa/x%20y' });
    expect(json).toMatchObject({ query: { a: ['1', '2'], b: '你' }, rawQuery: 'a=1&a=2&b=%E4%BD%A0' });
    expect(json).toMatchObject({ bodyBytes: body.length, bodySha256: sha256(body) });
    expect(json.headers).toMatchObject({ 'x-mine': 'yes' });
    expect(JSON.stringify(json)).not.toContain(token);
  });

  it('refuse a dead token after they took in the body', async () => {
    const sim = await startSimulator();
    const { json } = await request(`${sim.url}/cgi-bin/media/upload?access_token=dead`, {
      method: 'POST',
      body: Buffer.alloc(2_000_000),
    });
    expect(json.errcode).toBe(40014);
  });

  it('stream media of any length', async () => {
    const sim = await startSimulator();
    const bytes = 1_000_003;
    const response = await fetch(
      `${sim.url}/cgi-bin/media/get?access_token=${await liveToken(sim)}&bytes=${bytes}`,
    );
    expect(response.headers.get('content-length')).toBe(String(bytes));
    const received = new Uint8Array(await response.arrayBuffer());
    const expected = Uint8Array.from({ length: bytes }, (_, index) => index % 251);
    expect(sha256(received)).toBe(sha256(expected));
  });

  it('survive a caller that leaves in the middle of a download', async () => {
    const sim = await startSimulator();
    const url = `${sim.url}/cgi-bin/media/get?access_token=${await liveToken(sim)}&bytes=2000000000`;
    await new Promise<void>((resolve) => {
      get(url, (response) => {
        response.once('data', () => {
          response.destroy();
          resolve();
        });
      });
    });
    expect((await askToken(sim)).status).toBe(200);
  });

  it('redirect to another host', async () => {
    const sim = await startSimulator();
    const answer = await request(`${sim.url}/cgi-bin/redirect?access_token=${await liveToken(sim)}`);
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe('http://elsewhere.invalid/landed');
  });

  it('are slow in simulated time', async () => {
    const sim = await startSimulator({ speed: 100 });
    const token = await liveToken(sim);
    const before = sim.now();
    const { json } = await request(`${sim.url}/cgi-bin/slow?ms=5000&access_token=${token}`);
    expect(json.path).toBe('/cgi-bin/slow');
    expect(sim.now() - before).toBeGreaterThanOrEqual(4990);
  });
});

describe('time', () => {
  it('is the injected clock, hand-moved', async () => {
    const clock = new HandClock();
    const sim = await startSimulator({ clock });
    const { json } = await askStableToken(sim);
    clock.at += 6_899_999;
    expect((await askStableToken(sim)).json).toEqual({ ...json, expires_in: 300 });
    clock.at += 1;
    expect((await askStableToken(sim)).json.access_token).not.toBe(json.access_token);
    expect(sim.journal().map(({ at }) => at - sim.now())).toEqual([-6_900_000, -1, 0]);
  });

  it('runs as fast as it is told', async () => {
    const sim = await startSimulator({ speed: 1000 });
    const before = sim.now();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(sim.now() - before).toBeGreaterThanOrEqual(45_000);
  });
});

describe('the journal', () => {
  it('counts calls per endpoint and app, mints, and concurrency', async () => {
    const sim = await startSimulator({ acceptAnyApp: (id) => `of-${id}` });
    const hang = sim.fault({ kind: 'hang', times: 3 });
    const other = { appid: 'wx-other', secret: 'of-wx-other' };
    const calls = [askToken(sim), askStableToken(sim), askToken(sim, other)];
    await sim.waitForCalls(3);
    await hang.waitForHits(3);
    expect(sim.maxConcurrent()).toEqual({ all: 3, credential: 3 });
    expect(sim.maxConcurrent(appid)).toEqual({ all: 2, credential: 2 });
    expect(sim.maxConcurrent('wx-other')).toEqual({ all: 1, credential: 1 });
    hang.release();
    await Promise.all(calls);
    expect(sim.calls()).toBe(3);
    expect(sim.calls({ endpoint: 'token' })).toBe(2);
    expect(sim.calls({ endpoint: 'token', appid })).toBe(1);
    expect(sim.calls({ appid: 'wx-none' })).toBe(0);
    expect(sim.mints()).toBe(3);
    expect(sim.stats('wx-other')).toMatchObject({
      calls: { token: 1 },
      mints: { token: 1, stable_token: 0 },
    });
  });

  it('does not see calls in sequence as concurrent', async () => {
    const sim = await startSimulator({ quotas: { tokenPerDay: 10_000 } });
    for (let count = 0; count < 200; count += 1) await askToken(sim);
    expect(sim.maxConcurrent(appid)).toEqual({ all: 1, credential: 1 });
  });

  it('sees calls that are sent together as concurrent where calls take time', async () => {
    const sim = await startSimulator({ latencyMs: 100 });
    await Promise.all([askToken(sim), askToken(sim), askToken(sim)]);
    expect(sim.maxConcurrent(appid)).toEqual({ all: 3, credential: 3 });
  });

  it('stays bounded, counters go on', async () => {
    const sim = await startSimulator({ journalEntries: 10 });
    for (let count = 0; count < 50; count += 1) await askToken(sim);
    expect(sim.journal().length).toBeLessThanOrEqual(20);
    expect(sim.journal().length).toBeGreaterThanOrEqual(10);
    expect(sim.calls()).toBe(50);
    sim.resetJournal();
    expect([sim.calls(), sim.journal().length, sim.mints()]).toEqual([0, 0, 50]);
  });

  it('notes callers that went away', async () => {
    const sim = await startSimulator();
    const token = await liveToken(sim);
    const controller = new AbortController();
    const slow = fetch(`${sim.url}/cgi-bin/slow?ms=60000&access_token=${token}`, {
      signal: controller.signal,
    });
    await sim.waitForCalls(1, { endpoint: 'business' });
    controller.abort();
    await expect(slow).rejects.toBeDefined();
    while (sim.journal({ endpoint: 'business' })[0]?.outcome === 'pending') {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(sim.journal({ endpoint: 'business' })[0]?.outcome).toBe('aborted');
  });
});

describe('close', () => {
  it('ends calls under way at once', async () => {
    const sim = await startSimulator();
    sim.fault({ kind: 'hang', endpoint: 'token' });
    sim.fault({ kind: 'delay', delayMs: 600_000, endpoint: 'stable_token' });
    const calls = Promise.allSettled([askToken(sim), askStableToken(sim)]);
    await sim.waitForCalls(2);
    await sim.close();
    expect((await calls).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
