import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../test/support/free-port.js';
import { until } from '../../test/support/redis-server.js';
import { SystemClock } from '../clock/system-clock.js';
import { Secret } from '../core/secret.js';
import { HttpExchange, type HttpOutcome } from './http-exchange.js';
import { attemptLimitMs } from './outbound.js';

it.each([
  [100, 100],
  [500, 500],
  [1000, 500],
  [2000, 500],
  [5000, 1250],
  [30_000, 7500],
])('of a call of %p ms one address may take %p ms', (limit, attempt) => {
  expect(attemptLimitMs(limit)).toBe(attempt);
});

const PASSWORD = 'the-proxys-password';
const folder = mkdtempSync(join(tmpdir(), 'outbound-test-'));
const clock = new SystemClock();
const isThere = spawnSync('tinyproxy', ['-v']).error === undefined;
let wechat: Server;
let origin: string;
const seen: (string | undefined)[] = [];

beforeAll(async () => {
  wechat = createServer((request, response) => {
    seen.push(request.headers['proxy-authorization']);
    response.end(`answer to ${request.url}`);
  }).listen(0, '127.0.0.1');
  await once(wechat, 'listening');
  origin = `http://127.0.0.1:${(wechat.address() as AddressInfo).port}`;
});
afterAll(() => {
  wechat.closeAllConnections();
  wechat.close();
  clock.onApplicationShutdown();
  rmSync(folder, { recursive: true });
});

async function callBy(proxy: string): Promise<HttpOutcome> {
  const exchange = new HttpExchange(origin, 3000, clock, new Secret(proxy));
  const outcome = await exchange.call({ method: 'GET', path: '/cgi-bin/token?secret=x', headers: {} });
  await exchange.close();
  return outcome;
}

(isThere ? describe : describe.skip)('through a tinyproxy that asks for a password', () => {
  let child: ChildProcess;
  let place: string;

  beforeAll(async () => {
    const port = await freePort();
    place = `127.0.0.1:${port}`;
    const file = join(folder, 'tinyproxy.conf');
    writeFileSync(
      file,
      [
        `Port ${port}`,
        'Listen 127.0.0.1',
        'Allow 127.0.0.1',
        `BasicAuth hub ${PASSWORD}`,
        'LogLevel Error',
      ].join('\n'),
    );
    child = spawn('tinyproxy', ['-d', '-c', file], { stdio: 'ignore' });
    await until(
      () =>
        new Promise<boolean>((resolve) => {
          const socket = connect(port, '127.0.0.1', () => {
            socket.destroy();
            resolve(true);
          }).on('error', () => resolve(false));
        }),
    );
  });
  afterAll(() => child.kill('SIGKILL'));

  it('a call arrives, without what was shown to the proxy', async () => {
    expect(await callBy(`http://hub:${PASSWORD}@${place}`)).toMatchObject({
      ok: true,
      status: 200,
      body: 'answer to /cgi-bin/token?secret=x',
    });
    expect(seen).toEqual([undefined]);
  });

  it('a wrong password is told as the proxy’s refusal, and not repeated', async () => {
    const outcome = await callBy(`http://hub:not-${PASSWORD}@${place}`);
    expect(outcome).toMatchObject({ ok: false, error: { reason: 'unreachable', mayHaveActed: false } });
    const text = JSON.stringify(outcome);
    expect(text).toMatch(/PROXY_40[17]/);
    expect(text).toContain('HUB_OUTBOUND_PROXY');
    expect(text).not.toContain(PASSWORD);
  });
});

it('a proxy that is not there is told as such, and WeChat is not asked directly', async () => {
  const before = seen.length;
  const outcome = await callBy(`http://127.0.0.1:${await freePort()}`);
  expect(JSON.stringify(outcome)).toMatch(/PROXY_ECONNREFUSED.*HUB_OUTBOUND_PROXY/);
  expect(seen).toHaveLength(before);
});
