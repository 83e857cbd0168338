import dns from 'node:dns';
import { createServer, type Server } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';

import { jest } from '@jest/globals';

import { FakeClock, settle } from '../../test/support/fake-clock.js';
import { http, RawServer } from '../../test/support/raw-server.js';
import { makeCertificate } from '../../test/support/certificates.js';
import { SpedUpClock } from '../../test/support/sped-up-clock.js';
import type { UpstreamFailure } from '../core/upstream.js';
import { HttpExchange, type HttpOutcome } from './http-exchange.js';

const GET = { method: 'GET', path: '/cgi-bin/token?secret=s3cr3t', headers: {} } as const;
const OK = http('{"access_token":"66_abc","expires_in":7200}');
const TIMEOUT_MS = 5000;

let clock: FakeClock;
let server: RawServer | undefined;
let exchange: HttpExchange | undefined;

beforeEach(() => {
  clock = new FakeClock();
});

afterEach(async () => {
  await exchange?.close();
  await server?.stop();
  exchange = server = undefined;
});

async function start(
  answer: string | ((socket: Socket, nth: number) => void),
): Promise<[RawServer, HttpExchange]> {
  server = await RawServer.start(answer);
  exchange = new HttpExchange(server.url, TIMEOUT_MS, clock, undefined);
  return [server, exchange];
}

function expectFailure(outcome: HttpOutcome, reason: UpstreamFailure, mayHaveActed: boolean): void {
  expect(outcome).toMatchObject({ ok: false, error: { class: 'transient', reason, mayHaveActed } });
  expect(JSON.stringify(outcome)).not.toMatch(/s3cr3t|cgi-bin|127\.0\.0\.1/);
}

describe('HttpExchange: what comes back', () => {
  it.each<[string, string, string]>([
    ['with a length', OK, '{"access_token":"66_abc","expires_in":7200}'],
    [
      'in chunks',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{"\r\n3\r\na":\r\n2\r\n1}\r\n0\r\n\r\n',
      '{"a":1}',
    ],
    ['empty', http(''), ''],
    ['HTML with status 200', http('<html></html>'), '<html></html>'],
    ['after 103 Early Hints', `HTTP/1.1 103 Early Hints\r\n\r\n${http('{}')}`, '{}'],
    ['of 64 KiB', http('x'.repeat(65_536)), 'x'.repeat(65_536)],
  ])('an answer %s', async (_what, bytes, body) => {
    const [, it] = await start(bytes);
    expect(await it.call(GET)).toEqual({ ok: true, status: 200, body, sentAt: clock.now() });
    expect(clock.armed()).toBe(0);
  });

  it('an answer that ends with its connection, its characters cut anywhere', async () => {
    const bytes = Buffer.from('HTTP/1.1 200 OK\r\n\r\n{"errmsg":"系统繁忙"}');
    const [, it] = await start((socket) => {
      socket.write(bytes.subarray(0, 32));
      setImmediate(() => socket.end(bytes.subarray(32)));
    });
    expect(await it.call(GET)).toMatchObject({ ok: true, body: '{"errmsg":"系统繁忙"}' });
  });

  it.each([
    ['500 Internal Server Error', ''],
    ['502 Bad Gateway', ''],
    ['204 No Content', ''],
    ['302 Found', 'location: /elsewhere\r\n'],
  ])('HTTP %s: the status, no body, no redirect followed', async (status, headers) => {
    const [raw, it] = await start(http('{"access_token":"66_abc","expires_in":7200}', status, headers));
    expect(await it.call(GET)).toMatchObject({ ok: true, status: Number(status.slice(0, 3)), body: '' });
    expect(raw.requests).toHaveLength(1);
  });
});

describe('HttpExchange: answers that are none', () => {
  it.each<[string, (socket: Socket) => void, UpstreamFailure]>([
    ['closed without a byte', (socket) => socket.end(), 'cut_off'],
    ['reset without a byte', (socket) => socket.resetAndDestroy(), 'cut_off'],
    ['cut in the headers', (socket) => socket.end('HTTP/1.1 200 OK\r\ncont'), 'cut_off'],
    ['cut in the body', (socket) => socket.end(OK.slice(0, -5)), 'cut_off'],
    [
      'cut in the chunks',
      (s) => s.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab'),
      'cut_off',
    ],
    [
      'garbage for chunks',
      (s) => s.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nab'),
      'not_json',
    ],
    ['not HTTP', (socket) => socket.write('220 smtp.example ESMTP\r\n'), 'not_json'],
    [
      'headers of 100 KiB',
      (s) => s.write(`HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(20_000)}\r\n`),
      'too_large',
    ],
    ['a body of 64 KiB + 1, announced', (socket) => socket.write(http('x'.repeat(65_537))), 'too_large'],
    [
      'a body without end',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        const flood = () => {
          while (!socket.destroyed && socket.write('x'.repeat(16_384)));
        };
        socket.on('drain', flood);
        flood();
      },
      'too_large',
    ],
  ])('%s', async (_what, answer, reason) => {
    const [raw, it] = await start(answer);
    expectFailure(await it.call(GET), reason, true);
    await raw.until(({ closed }) => closed === 1);
    expect(raw.requests).toHaveLength(1);
    expect(clock.armed()).toBe(0);
  });

  it('nobody listens', async () => {
    const [raw, it] = await start(OK);
    await raw.stop();
    server = undefined;
    expectFailure(await it.call(GET), 'unreachable', false);
  });

  it('a certificate that nobody vouches for', async () => {
    const pair = await makeCertificate('localhost');
    const https: Server = createServer(pair, (_request, response) => response.end('{}'));
    await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve));
    const { port } = https.address() as AddressInfo;
    exchange = new HttpExchange(`https://127.0.0.1:${port}`, TIMEOUT_MS, clock, undefined);
    const outcome = await exchange.call(GET);
    expectFailure(outcome, 'unreachable', false);
    expect(outcome).toMatchObject({ error: { errmsg: expect.stringMatching(/CERT/) as string } });
    expect(outcome).toMatchObject({
      error: { hint: expect.stringMatching(/NODE_EXTRA_CA_CERTS/) as string },
    });
    await new Promise((resolve) => https.close(resolve));
  });

  it('an upstream that fails goes on working when it recovers', async () => {
    const [, it] = await start((socket, nth) => (nth === 1 ? socket.resetAndDestroy() : socket.write(OK)));
    expect((await it.call(GET)).ok).toBe(false);
    expect((await it.call(GET)).ok).toBe(true);
  });
});

describe('HttpExchange: the limit of time', () => {
  it.each<[string, (socket: Socket) => void, RegExp]>([
    ['no answer', () => undefined, /no answer within 5000 ms/],
    ['half a header', (socket) => socket.write('HTTP/1.1 200 OK\r\nx'), /no answer within/],
    ['headers and no body', (socket) => socket.write(OK.slice(0, -43)), /no end of the answer within/],
  ])('%s', async (_what, answer, errmsg) => {
    const [raw, it] = await start((socket) => {
      answer(socket);
    });
    let outcome: HttpOutcome | undefined;
    const call = it.call(GET).then((value) => (outcome = value));
    await raw.until(({ requests }) => requests.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 20)); // what was written arrives
    await clock.advance(TIMEOUT_MS - 1);
    expect(outcome).toBeUndefined();
    await clock.advance(1);
    expectFailure(await call, 'timeout', true);
    expect(outcome).toMatchObject({ error: { errmsg: expect.stringMatching(errmsg) as string } });
    await raw.until(({ closed }) => closed === 1);
  });

  it('is the whole call’s: an answer that drips does not stretch it', async () => {
    exchange = undefined;
    server = await RawServer.start((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n');
      const drip = setInterval(() => socket.write('x'), 5);
      socket.on('close', () => {
        clearInterval(drip);
      });
    });
    exchange = new HttpExchange(server.url, TIMEOUT_MS, new SpedUpClock(50), undefined); // 100 real ms
    const start = performance.now();
    expectFailure(await exchange.call(GET), 'timeout', true);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it('covers a handshake that never ends: WeChat cannot have acted', async () => {
    server = await RawServer.start(() => undefined);
    exchange = new HttpExchange(`https://127.0.0.1:${server.port}`, TIMEOUT_MS, clock, undefined);
    const call = exchange.call(GET);
    await server.until(({ connections }) => connections === 1);
    await clock.advance(TIMEOUT_MS);
    const outcome = await call;
    expectFailure(outcome, 'timeout', false);
    expect(outcome).toMatchObject({
      error: { errmsg: expect.stringMatching(/no connection within/) as string },
    });
  });

  it('sends nothing any more when the connection comes too late', async () => {
    const [raw] = await start(OK);
    await exchange?.close();
    const found: (() => void)[] = [];
    const lookup = jest.spyOn(dns, 'lookup').mockImplementation(((
      _name: string,
      _options: unknown,
      done: unknown,
    ) => {
      found.push(() => {
        (done as (error: null, addresses: object[]) => void)(null, [{ address: '127.0.0.1', family: 4 }]);
      });
    }) as never);
    try {
      exchange = new HttpExchange(`http://wechat.invalid:${raw.port}`, TIMEOUT_MS, clock, undefined);
      const call = exchange.call(GET);
      await settle();
      await clock.advance(TIMEOUT_MS);
      expectFailure(await call, 'timeout', false);
      expect(found).toHaveLength(1);
      found[0]!();
      await raw.until(({ connections }) => connections === 1);
      // A request of somebody else arrives after whatever could still come.
      connect(raw.port, '127.0.0.1').end('GET /other HTTP/1.1\r\n\r\n');
      await raw.until(({ requests }) => requests.length === 1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(raw.requests).toEqual([expect.stringContaining('/other')]);
    } finally {
      lookup.mockRestore();
    }
  });

  it('does not keep a closing hub waiting for a connection that hangs', async () => {
    server = await RawServer.start(() => undefined);
    exchange = new HttpExchange(`https://127.0.0.1:${server.port}`, TIMEOUT_MS, clock, undefined);
    const call = exchange.call(GET);
    await server.until(({ connections }) => connections === 1);
    const closing = exchange.close();
    await clock.advance(TIMEOUT_MS);
    await call;
    await closing;
    await exchange.close();
  });
});
