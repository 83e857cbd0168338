import { createHash, randomBytes } from 'node:crypto';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { json, ok, ScriptedUpstream } from '../support/scripted-upstream.js';
import { bearer, startHub, testKey, type RunningHub } from '../support/start-hub.js';

const KEY = testKey('gateway');
const NARROW = testKey('narrow');
const READER = testKey('reader');
const SLOW = testKey('slow');
const APP = { appid: 'wx-shop', secret: 'simulated-secret-shop' };
const OTHER = { appid: 'wx-other', secret: 'simulated-secret-other' };
const CLIENTS = [
  { id: 'gateway', key: KEY, apps: ['wx-shop'], may: ['gateway'] },
  {
    id: 'narrow',
    key: NARROW,
    apps: ['wx-shop'],
    may: ['gateway'],
    gatewayPaths: ['/wxa/*', '/cgi-bin/Message/send'],
  },
  { id: 'reader', key: READER, apps: ['wx-shop'] },
  { id: 'slow', key: SLOW, apps: ['wx-shop'], may: ['gateway'], requestsPerMinute: 2 },
];
const PREFIX = '/v1/apps/wx-shop/wechat';
const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');

describe('/v1/apps/{appid}/wechat/… against the simulator', () => {
  let simulator: WeChatSimulator;
  let hub: RunningHub;

  beforeAll(async () => {
    simulator = await WeChatSimulator.start({ apps: [APP, OTHER] });
    hub = await startHub({ upstream: simulator.url, apps: [APP, OTHER], clients: CLIENTS });
    hub.leaks.addCredential('a key', KEY);
  });

  afterAll(async () => {
    await hub.stop();
    await simulator.close();
  });

  const call = (path: string, init: RequestInit = {}, key = KEY) =>
    hub.request(`${PREFIX}${path}`, { ...init, headers: { ...bearer(key), ...init.headers } });

  it('puts the current token in, and is what the caller sent otherwise', async () => {
    const body = randomBytes(3000);
    const { status, json: echo } = await call('/cgi-bin/message/custom/send?b=%2F+x&a=1&&c&a=2', {
      method: 'POST',
      body,
      headers: {
        'content-type': 'multipart/form-data; boundary=x',
        'wechatmp-appid': 'kept',
        'x-own': 'dropped',
      },
    });
    expect(status).toBe(200);
    expect(echo).toMatchObject({
      errcode: 0,
      appid: 'wx-shop',
      method: 'POST',
      path: '/cgi-bin/message/custom/send',
      rawQuery: 'b=%2F+x&a=1&&c&a=2',
      bodyBytes: 3000,
      bodySha256: sha256(body),
    });
    expect(echo.headers).toMatchObject({
      'content-type': 'multipart/form-data; boundary=x',
      'wechatmp-appid': 'kept',
      'content-length': '3000',
    });
    expect(echo.headers).not.toHaveProperty('x-own');
  });

  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('forwards %s', async (method) => {
    const bodies = method === 'GET' ? {} : { body: 'abc' };
    const { json: echo } = await call('/wxa/any', { method, ...bodies });
    expect(echo).toMatchObject({ method, bodyBytes: method === 'GET' ? 0 : 3 });
  });

  it('forwards HEAD and its headers', async () => {
    const { status, headers, text } = await call('/cgi-bin/media/get?bytes=5000', { method: 'HEAD' });
    expect({ status, text, length: headers.get('content-length') }).toEqual({
      status: 200,
      text: '',
      length: '5000',
    });
  });

  it('does not forward TRACE, whose answer would be the token', async () => {
    const answer = await hub.raw(
      `TRACE ${PREFIX}/wxa/x HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${KEY}\r\n\r\n`,
    );
    expect(answer.status).toBe(404);
  });

  it('streams media down, unchanged', async () => {
    const response = await fetch(`${hub.url}${PREFIX}/cgi-bin/media/get?bytes=3000000`, {
      headers: bearer(KEY),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(response.headers.get('content-type')).toBe('image/jpeg');
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="simulated.jpg"');
    expect(bytes.length).toBe(3_000_000);
    expect(bytes.every((byte, index) => byte === index % 251)).toBe(true);
  });

  it('does not follow redirects', async () => {
    const { status, headers } = await call('/cgi-bin/redirect');
    expect(status).toBe(302);
    expect(headers.get('location')).toBe('http://elsewhere.invalid/landed');
  });

  it('getticket is the hub’s own, for who may read', async () => {
    const get = (path: string, key: string) =>
      hub.get(`${PREFIX}/cgi-bin/ticket/getticket${path}`, bearer(key));
    expect(await get('?type=jsapi', KEY)).toMatchObject({ status: 403, json: { code: 'HUB_NOT_GRANTED' } });
    const { status, json, headers } = await get('?type=jsapi', READER);
    expect({ status, json }).toEqual({
      status: 200,
      json: { errcode: 0, errmsg: 'ok', ticket: expect.any(String), expires_in: expect.any(Number) },
    });
    expect(headers.get('cache-control')).toBe('no-store');
    const native = await hub.get('/v1/apps/wx-shop/tickets/jsapi', bearer(READER));
    expect(json.ticket).toBe(native.json.ticket);
    expect(simulator.calls({ endpoint: 'getticket' })).toBe(1);
    expect(await get('?type=other', READER)).toMatchObject({ status: 404 });
    expect(await get('/?type=jsapi', KEY)).toMatchObject({ status: 403 });
    expect(await get('.json?type=jsapi', KEY)).toMatchObject({ status: 403 });
  });

  it('what is never forwarded is refused with the reason, and where the hub has it', async () => {
    const rid = await call('/cgi-bin/openapi/rid/get', { method: 'POST', body: '{"rid":"x"}' });
    expect(rid).toMatchObject({ status: 403, json: { code: 'HUB_NOT_GRANTED' } });
    expect(rid.json.detail).toContain('/admin/apps/{appid}/rid/{rid}');
  });

  it('is granted by may, app and gatewayPaths', async () => {
    const notGranted = { status: 403, json: { code: 'HUB_NOT_GRANTED' } };
    expect(await call('/wxa/x', {}, READER)).toMatchObject(notGranted);
    expect(await hub.get('/v1/apps/wx-other/wechat/wxa/x', bearer(KEY))).toMatchObject(notGranted);
    expect(await hub.get('/v1/apps/wx-none/wechat/wxa/x', bearer(KEY))).toMatchObject(notGranted);
    expect(await hub.get(`${PREFIX}/wxa/x`)).toMatchObject({ status: 401 });
    expect(await call('/wxa/x', {}, NARROW)).toMatchObject({ status: 200 });
    expect(await call('/cgi-bin/message/send', {}, NARROW)).toMatchObject({ status: 200 });
    expect(await call('/cgi-bin/message/send/more', {}, NARROW)).toMatchObject(notGranted);
    expect(await call('/wxa', {}, NARROW)).toMatchObject(notGranted);
    expect(await call('/wxapi/x', {}, NARROW)).toMatchObject(notGranted);
  });

  it('counts on requestsPerMinute', async () => {
    expect((await call('/wxa/x', {}, SLOW)).status).toBe(200);
    expect((await call('/wxa/x', {}, SLOW)).status).toBe(200);
    const third = await call('/wxa/x', {}, SLOW);
    expect(third).toMatchObject({ status: 429, json: { code: 'HUB_RATE_LIMITED' } });
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('never asked for a second token, and shows in the metrics', async () => {
    expect(simulator.calls({ endpoint: 'stable_token', appid: 'wx-shop' })).toBe(1);
    const { text } = await hub.request(`${hub.opsUrl}/metrics`);
    expect(text).toMatch(/^wxhub_gateway_calls_total\{outcome="answered",repeated="false"\} \d+$/m);
    expect(text).toMatch(/^wxhub_gateway_call_duration_seconds_count\{outcome="answered"\} \d+$/m);
    expect(text).toContain('route="/v1/apps/:appid/wechat/*"');
  });
});

describe('what passes, against an upstream written by hand', () => {
  let upstream: ScriptedUpstream;
  let hub: RunningHub;

  beforeAll(async () => {
    upstream = await ScriptedUpstream.start();
    hub = await startHub({ upstream: `${upstream.url}/behind/prefix`, apps: [APP], clients: CLIENTS });
  });

  afterAll(async () => {
    await hub.stop();
    await upstream.stop();
  });

  beforeEach(() => {
    upstream.arrived.length = 0;
    upstream.script = ok();
  });

  const raw = (headers: string, line = `GET ${PREFIX}/wxa/x HTTP/1.1`, body = '') =>
    hub.raw(`${line}\r\nHost: hub.example\r\nAuthorization: Bearer ${KEY}\r\n${headers}\r\n${body}`);

  const seen = () => {
    const { rawHeaders } = upstream.arrived.at(-1)!;
    return rawHeaders
      .map((part, index) => (index % 2 === 0 ? `${part}: ${rawHeaders[index + 1]}` : ''))
      .filter((line) => line !== '');
  };

  it('passes what a call to WeChat needs, and nothing else', async () => {
    await raw(
      [
        'Accept: */*',
        'Accept-Language: zh',
        'accept-language: en',
        'Connection: keep-alive, Range',
        'Range: bytes=0-1',
        'X-Anything: 1',
        'Keep-Alive: timeout=5',
        'Proxy-Authorization: Basic x',
        'Proxy-Connection: keep-alive',
        'TE: trailers',
        'Trailer: X-After',
        'Upgrade: websocket',
        'Cookie: session=1',
        'X-Forwarded-For: 192.0.2.1',
        'X-Forwarded-Proto: https',
        'Forwarded: for=192.0.2.1',
        'X-Real-IP: 192.0.2.1',
        'X-Original-URL: /cgi-bin/token',
        'Accept-Encoding: gzip, zstd;q=0.5, br',
        'User-Agent: sdk/1.0',
        '',
      ].join('\r\n'),
    );
    const host = new URL(upstream.url).host;
    expect(seen()).toEqual([
      `host: ${host}`,
      'connection: keep-alive',
      'Accept: */*',
      'Accept-Language: zh',
      'accept-language: en',
      'User-Agent: sdk/1.0',
      'accept-encoding: identity',
    ]);
    expect(upstream.tunnels).toBe(0);
  });

  it('gives back status, headers and body as they are', async () => {
    upstream.script = (_request, response) => {
      response.writeHead(418, [
        'Content-Type',
        'text/plain',
        'Set-Cookie',
        'a=1',
        'Set-Cookie',
        'b=2',
        'Cache-Control',
        'private, max-age=7',
        'Connection',
        'close, X-Hop',
        'X-Hop',
        '1',
        'Proxy-Authenticate',
        'Basic',
        'X-Request-Id',
        'of-the-upstream',
        'Content-Length',
        '3',
      ]);
      response.end('tea');
    };
    const answer = await hub.get(`${PREFIX}/wxa/x`, { ...bearer(KEY), 'x-request-id': 'of-the-caller' });
    expect(answer).toMatchObject({ status: 418, text: 'tea' });
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'cache-control': 'private, max-age=7',
      'x-request-id': 'of-the-caller',
      'content-length': '3',
    });
    for (const name of ['x-hop', 'proxy-authenticate']) expect(answer.headers.has(name)).toBe(false);
  });

  it.each([204, 304])('passes %d on without a body', async (status) => {
    upstream.script = (_request, response) => {
      response.writeHead(status, { etag: '"x"' }).end();
    };
    const answer = await raw('Connection: close\r\n');
    expect(answer).toMatchObject({ status, body: '' });
    expect(answer.headers.get('etag')).toBe('"x"');
    expect(answer.headers.has('transfer-encoding')).toBe(false);
  });

  it('passes gzip on byte for byte', async () => {
    const packed = gzipSync(JSON.stringify({ errcode: 0, list: 'x'.repeat(500) }));
    upstream.script = (_request, response) => {
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-encoding': 'gzip',
        'content-length': packed.length,
      });
      response.end(packed);
    };
    const answer = await raw('Accept-Encoding: gzip\r\n');
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(Buffer.from(answer.body, 'latin1').equals(packed)).toBe(true);
  });

  it('puts its token in the place of every other', async () => {
    await raw(
      '',
      `GET ${PREFIX}/wxa/x?access_token=a&b=1&access%5Ftoken=b&Access_Token=c&c=access_token HTTP/1.1`,
    );
    expect(upstream.arrived[0]?.url).toBe(
      '/behind/prefix/wxa/x?access_token=SCRIPTED-token-1&b=1&c=access_token',
    );
  });

  it('never gives its token back in a header', async () => {
    upstream.script = (request, response) => {
      response.writeHead(302, { location: `https://elsewhere.example${request.url}` }).end();
    };
    const answer = await hub.get(`${PREFIX}/wxa/x?a=1`, bearer(KEY));
    expect(answer.headers.get('location')).toMatch(/access_token=REDACTED&a=1$/);
  });

  describe('never gives its token back in a body', () => {
    const TOKEN = 'SCRIPTED-token-1';
    const stars = '*'.repeat(TOKEN.length);
    const quoted = { errcode: 0, request: { request_url: `access_token=${TOKEN}` } };
    const clean = { errcode: 0, request: { request_url: `access_token=${stars}` } };
    const answer = (body: Buffer | string, headers: Record<string, string> = {}, status = 200) => {
      upstream.script = (_request, response) => {
        response
          .writeHead(status, { 'content-length': String(Buffer.byteLength(body)), ...headers })
          .end(body);
      };
      return hub.get(`${PREFIX}/wxa/x`, bearer(KEY));
    };

    it('JSON, a page, a redirect: in as many characters', async () => {
      for (const [headers, status] of [
        [{ 'content-type': 'application/json' }, 200],
        [{ 'content-type': 'text/html' }, 200],
        [{ location: '/x' }, 302],
      ] as const) {
        expect((await answer(JSON.stringify(quoted), headers, status)).json).toEqual(clean);
        const page = await answer(`<p>${TOKEN}</p>`, headers, status);
        expect([page.text, page.headers.get('content-length')]).toEqual([`<p>${stars}</p>`, '23']);
      }
    });

    it('a body that streams, with the token across two pieces', async () => {
      upstream.script = (_request, response) => {
        response.writeHead(200, { 'content-type': 'video/mp4' });
        response.write(`x${TOKEN.slice(0, 7)}`);
        setTimeout(() => response.end(`${TOKEN.slice(7)}y`), 30);
      };
      expect((await hub.get(`${PREFIX}/wxa/x`, bearer(KEY))).text).toBe(`x${stars}y`);
    });

    it.each<[string, (text: string) => Buffer, string]>([
      ['gzip', gzipSync, 'gzip'],
      ['zlib', deflateSync, 'deflate'],
      ['raw deflate', deflateRawSync, 'deflate'],
      ['br', brotliCompressSync, 'br'],
      ['gzip that calls itself br', gzipSync, 'br'],
    ])('%s: unpacked where it holds the token', async (_what, pack, coding) => {
      const { json: body, headers } = await answer(pack(JSON.stringify(quoted)), {
        'content-encoding': coding,
      });
      expect(body).toEqual(clean);
      expect([headers.get('content-encoding'), headers.get('content-length')]).toEqual([
        null,
        String(JSON.stringify(clean).length),
      ]);
    });

    it('what is packed, long, and holds the token is not passed on', async () => {
      const packed = gzipSync(Buffer.concat([Buffer.from(JSON.stringify(quoted)), randomBytes(200_000)]));
      const { status, json: problem } = await answer(packed, { 'content-encoding': 'gzip' });
      expect({ status, problem }).toMatchObject({ status: 502, problem: { code: 'HUB_UPSTREAM_FAILED' } });
    });
  });

  it('answers Expect: 100-continue, and does not pass it on', async () => {
    const answer = await raw(
      'Expect: 100-continue\r\nConnection: close\r\nContent-Length: 2\r\n',
      `POST ${PREFIX}/wxa/x HTTP/1.1`,
      'hi',
    );
    expect(answer.text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    expect(String(await upstream.arrived[0]?.body)).toBe('hi');
    expect(seen().join()).not.toMatch(/expect/i);
  });

  it('forwards chunks as chunks, before the last one is there, once they are too many to be looked into', async () => {
    const { connect } = await import('node:net');
    const socket = connect(hub.port, '127.0.0.1');
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
    socket.write(
      `POST ${PREFIX}/wxa/x HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${KEY}\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(5)}`,
    );
    const request = await upstream.request(1);
    socket.write('3\r\ndef\r\n0\r\n\r\n');
    expect(String(await request.body)).toBe(`${'x'.repeat(5 * 0x4000)}def`);
    expect(seen().map((line) => line.toLowerCase())).toContain('transfer-encoding: chunked');
    socket.destroy();
  });

  it('a small body that comes in chunks is sent with its length: some of WeChat’s endpoints take no chunks', async () => {
    await raw(
      'Connection: close\r\nTransfer-Encoding: chunked\r\n',
      `POST ${PREFIX}/wxa/x HTTP/1.1`,
      '3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n',
    );
    expect(String(await upstream.arrived[0]?.body)).toBe('abcdef');
    expect(seen()).toContain('content-length: 6');
  });

  it('an answer in pieces arrives in pieces', async () => {
    let goOn = (): void => undefined;
    upstream.script = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream' });
      response.write('first');
      goOn = () => response.end('second');
    };
    const response = await fetch(`${hub.url}${PREFIX}/wxa/x`, { headers: bearer(KEY) });
    const reader = response.body!.getReader();
    expect(Buffer.from((await reader.read()).value).toString()).toBe('first');
    goOn();
    expect(Buffer.from((await reader.read()).value).toString()).toBe('second');
    expect((await reader.read()).done).toBe(true);
  });

  it('an answer shows its head as soon as something of its body is there, whatever it is', async () => {
    upstream.script = (_request, response) => {
      response.writeHead(200, { 'content-type': 'image/png' });
      response.write('\x89PNG');
    };
    const response = await fetch(`${hub.url}${PREFIX}/wxa/x`, { headers: bearer(KEY) });
    expect(response.status).toBe(200);
    await response.body?.cancel();
  });

  it('an upstream that echoes JSON of every size is passed on as it is', async () => {
    for (const size of [0, 1, 65_000, 65_536, 70_000, 500_000]) {
      upstream.script = json({ pad: 'x'.repeat(size), errcode: 0 });
      const { json: body } = await hub.get(`${PREFIX}/wxa/x`, bearer(KEY));
      expect(body.pad.length).toBe(size);
    }
  });
});
