import { brotliCompressSync, deflateRawSync, gzipSync } from 'node:zlib';
import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { json, ok, ScriptedUpstream, type Script } from '../support/scripted-upstream.js';
import { bearer, startHub, testKey, type RunningHub } from '../support/start-hub.js';

const KEY = testKey('gateway');
const CLIENTS = [{ id: 'gateway', key: KEY, apps: '*', may: ['gateway', 'read'] }];
const STABLE = { appid: 'wx-stable', secret: 'simulated-secret-stable' };
const MINTED = { appid: 'wx-minted', secret: 'simulated-secret-minted', tokenApi: 'token' };
const pathOf = (appid: string) => `/v1/apps/${appid}/wechat/wxa/x`;

describe.each([
  ['stable_token', STABLE],
  ['token', MINTED],
] as const)('a token that died at WeChat before its time (%s)', (family, app) => {
  let simulator: WeChatSimulator;
  let hub: RunningHub;

  beforeEach(async () => {
    simulator = await WeChatSimulator.start({ apps: [app], latencyMs: 5 });
    hub = await startHub({ upstream: simulator.url, apps: [app], clients: CLIENTS });
    expect((await hub.get(`/v1/apps/${app.appid}/token`, bearer(KEY))).status).toBe(200);
  });

  afterEach(async () => {
    await hub.stop();
    await simulator.close();
  });

  const call = (init: RequestInit = {}) =>
    hub.request(pathOf(app.appid), { ...init, headers: { ...bearer(KEY), ...init.headers } });

  it.each([40001, 40014, 42001] as const)('%d: the caller sees only the second answer', async (errcode) => {
    simulator.setDeadTokenErrcode(errcode);
    simulator.killToken(app.appid, family);
    const { status, json: echo } = await call({ method: 'POST', body: 'a body' });
    expect(status).toBe(200);
    expect(echo).toMatchObject({ errcode: 0, bodyBytes: 6 });
    expect(simulator.mints()).toBe(2);
    expect(simulator.calls({ endpoint: 'business' })).toBe(2);
    const { text } = await hub.request(`${hub.opsUrl}/metrics`);
    expect(text).toContain('wxhub_gateway_calls_total{outcome="answered",repeated="true"} 1');
  });

  it('300 calls at once: one mint, and everybody has a good answer', async () => {
    simulator.killToken(app.appid, family);
    const answers = await Promise.all(Array.from({ length: 300 }, () => call()));
    expect(new Set(answers.map((answer) => answer.json?.errcode))).toEqual(new Set([0]));
    expect(simulator.mints()).toBe(2);
  });

  it('in mid-flight, with bodies: every call is repeated with the new token', async () => {
    const dead = simulator.fault({
      kind: 'errcode',
      errcode: 40001,
      endpoint: 'business',
      times: 20,
      delayMs: 1000,
    });
    const calls = Array.from({ length: 20 }, (_, index) =>
      call({ method: 'POST', body: 'x'.repeat(1000 + index * 10_000) }),
    );
    await dead.waitForHits(20);
    simulator.killToken(app.appid, family);
    const answers = await Promise.all(calls);
    expect(answers.map((answer) => answer.json.bodyBytes)).toEqual(
      answers.map((_, index) => 1000 + index * 10_000),
    );
    expect(simulator.mints()).toBe(2);
  });
});

/** Bytes as they are, of no type. */
const dressed =
  (body: Buffer, headers: Record<string, string> = {}, status = 200): Script =>
  (_request, response) => {
    response.writeHead(status, { 'content-length': String(body.length), ...headers }).end(body);
  };

describe('what is taken for a dead token', () => {
  let upstream: ScriptedUpstream;
  let hub: RunningHub;
  const DEAD = { errcode: 40001, errmsg: 'invalid credential' };

  beforeEach(async () => {
    upstream = await ScriptedUpstream.start();
    hub = await startHub({ upstream: upstream.url, apps: [STABLE], clients: CLIENTS });
    await hub.get('/v1/apps/wx-stable/token', bearer(KEY));
  });

  afterEach(async () => {
    await hub.stop();
    await upstream.stop();
  });

  const call = (init: RequestInit = {}) =>
    hub.request(pathOf('wx-stable'), { ...init, headers: { ...bearer(KEY), ...init.headers } });

  /** The first answer by `first`, the others good. */
  const first =
    (script: Script): Script =>
    (request, response, nth) => {
      (nth === 1 ? script : ok())(request, response, nth);
    };

  it('WeChat vouches for the same token (confirmed): repeated once with it', async () => {
    upstream.script = first(json(DEAD));
    expect((await call()).json).toEqual({ errcode: 0, errmsg: 'ok' });
    expect(upstream.arrived.map(({ url }) => url)).toEqual([
      '/wxa/x?access_token=SCRIPTED-token-1',
      '/wxa/x?access_token=SCRIPTED-token-1',
    ]);
  });

  it('twice dead: the second answer is the answer, and there is no third call', async () => {
    upstream.script = json(DEAD);
    expect((await call()).json).toEqual(DEAD);
    expect(upstream.arrived.length).toBe(2);
    // Nobody may be asked again so soon, and the token is the same: now the first answer is the answer.
    expect((await call()).json).toEqual(DEAD);
    expect(upstream.arrived.length).toBe(3);
    expect(upstream.grants).toBe(2);
  });

  it('with another token: repeated with that', async () => {
    upstream.rotate();
    upstream.script = first(json(DEAD));
    expect((await call()).json).toEqual({ errcode: 0, errmsg: 'ok' });
    expect(upstream.arrived[1]?.url).toBe('/wxa/x?access_token=SCRIPTED-token-2');
  });

  it.each<[string, Script]>([
    ['as text', json(DEAD, { 'content-type': 'text/plain' })],
    [
      'in chunks',
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write('{"errmsg":"x",');
        setTimeout(() => response.end('"errcode":42001}'), 5);
      },
    ],
    [
      'packed by gzip',
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
        response.end(gzipSync(JSON.stringify(DEAD)));
      },
    ],
    ...['text/html', 'plain/text', 'application/json:UTF-8', 'image/jpeg', ''].map(
      (type): [string, Script] => [`as ${JSON.stringify(type)}`, json(DEAD, { 'content-type': type })],
    ),
    ['under another status', dressed(Buffer.from(JSON.stringify(DEAD)), {}, 412)],
    ['in UTF-16', dressed(Buffer.from(`\uFEFF${JSON.stringify(DEAD)}`, 'utf16le'))],
    [
      'packed by raw deflate',
      dressed(deflateRawSync(JSON.stringify(DEAD)), { 'content-encoding': 'deflate' }),
    ],
    [
      'packed by br under another name',
      dressed(brotliCompressSync(JSON.stringify(DEAD)), { 'content-encoding': 'gzip' }),
    ],
    ['packed by gzip and silent about it', dressed(gzipSync(JSON.stringify(DEAD)))],
    [
      'not packed though it says so',
      dressed(Buffer.from(JSON.stringify(DEAD)), { 'content-encoding': 'gzip' }),
    ],
    [
      'before the body has come',
      (_request, response) => {
        const text = JSON.stringify(DEAD);
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length });
        response.end(text);
      },
    ],
  ])('%s: repeated', async (_what, script) => {
    upstream.rotate();
    upstream.script = first(script);
    expect((await call({ method: 'POST', body: Buffer.alloc(300_000, 'x') })).json).toEqual({
      errcode: 0,
      errmsg: 'ok',
    });
    expect((await upstream.arrived[1]?.body)?.length).toBe(300_000);
  });

  it.each<[string, Script]>([
    ['an errcode that means something else', json({ errcode: 40003 })],
    ['the number elsewhere', json({ errcode: 0, data: 40001 })],
    ['too long to be one', json({ pad: 'x'.repeat(70_000), ...DEAD })],
    ['a part of something', dressed(Buffer.from(JSON.stringify(DEAD)), {}, 206)],
    [
      'cut JSON',
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"errcode":40001,');
      },
    ],
  ])('%s: passed on, nothing reported', async (_what, script) => {
    upstream.script = script;
    await call();
    expect(upstream.arrived.length).toBe(1);
    expect(upstream.grants).toBe(1);
  });

  const chunked = (bytes: number): RequestInit => ({
    body: new ReadableStream({
      start(controller) {
        for (let left = bytes; left > 0; left -= 65_536)
          controller.enqueue(Buffer.alloc(Math.min(left, 65_536)));
        controller.close();
      },
    }),
    ...({ duplex: 'half' } as object),
  });

  it.each<[string, number, RequestInit]>([
    ['announced', 1_048_576, { body: Buffer.alloc(1_048_576) }],
    ['in chunks', 1_048_576, chunked(1_048_576)],
    ['in few chunks', 10, chunked(10)],
  ])('a body of up to 1 MiB, %s (%d bytes), is sent again', async (_what, bytes, init) => {
    upstream.rotate();
    upstream.script = first(json(DEAD));
    expect((await call({ method: 'POST', ...init })).json).toEqual({ errcode: 0, errmsg: 'ok' });
    expect((await upstream.arrived[1]?.body)?.equals(Buffer.alloc(bytes))).toBe(true);
  });

  it.each<[string, RequestInit]>([
    ['announced', { body: Buffer.alloc(1_048_577) }],
    ['in chunks', chunked(1_048_577)],
  ])('a larger one, %s, is not: the answer goes through, and the next call is good', async (_what, init) => {
    upstream.rotate();
    upstream.script = first(json(DEAD));
    expect((await call({ method: 'POST', ...init })).json).toEqual(DEAD);
    expect((await call()).json).toEqual({ errcode: 0, errmsg: 'ok' });
    expect(upstream.arrived.length).toBe(2);
    expect(upstream.grants).toBe(2);
  });

  it('the second call breaks off: 502, and not the first answer', async () => {
    upstream.rotate();
    upstream.script = (request, response, nth) => {
      if (nth === 1) json(DEAD)(request, response, nth);
      else request.socket.destroy();
    };
    expect(await call()).toMatchObject({ status: 502, json: { code: 'HUB_UPSTREAM_FAILED' } });
  });

  it('a caller that goes away meanwhile: no second call', async () => {
    let goneAt = 0;
    const abort = new AbortController();
    upstream.rotate();
    upstream.script = (request, response, nth) => {
      json(DEAD)(request, response, nth);
      goneAt = nth;
      abort.abort();
    };
    await expect(call({ signal: abort.signal })).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect({ goneAt, calls: upstream.arrived.length }).toEqual({ goneAt: 1, calls: 1 });
  });
});
