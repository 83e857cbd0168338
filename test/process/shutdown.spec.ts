import { jest } from '@jest/globals';
import { Agent, get } from 'node:http';
import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { eventually } from '../support/eventually.js';
import { HubProcess, type HubProcessOptions } from '../support/hub-process.js';
import { bearer, testKey } from '../support/start-hub.js';

// A busy machine takes seconds to start a process.
jest.setTimeout(60_000);

/** SIGTERM: readiness fails, requests under way are answered, a refresh under way ends, exit 0 within 10 s. */

const KEY = testKey('shutdown');
const APP = { appid: 'wx-end', secret: 'simulated-secret-of-wx-end' };
const LIMIT_MS = 10_000;

let simulator: WeChatSimulator;
let hub: HubProcess;

beforeEach(async () => {
  simulator = await WeChatSimulator.start({ apps: [APP] });
});

afterEach(async () => {
  await hub.dispose();
  await simulator.close();
});

async function start(options: HubProcessOptions = {}) {
  hub = new HubProcess({
    upstream: simulator.url,
    apps: [APP],
    clients: [{ id: 'end', key: KEY, apps: '*' }],
    ...options,
  });
  const { url, opsUrl } = await hub.listening();
  const read = async (headers: Record<string, string> = {}) => {
    const answer = await fetch(`${url}/v1/apps/wx-end/token`, { headers: { ...bearer(KEY), ...headers } });
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers,
      json: text === '' ? undefined : JSON.parse(text),
    };
  };
  return { url, opsUrl, read };
}

async function expectGoodEnd(): Promise<void> {
  const { code, signal, afterMs } = await hub.exited;
  expect({ code, signal }).toEqual({ code: 0, signal: null });
  expect(afterMs).toBeLessThan(LIMIT_MS);
  expect(hub.stderr).toEqual([]);
}

it.each(['SIGTERM', 'SIGINT'] as const)(
  '%s: a long poll is answered, readiness fails first',
  async (signal) => {
    const { url, opsUrl, read } = await start();
    const first = await read();
    expect(first.status).toBe(200);
    expect((await fetch(`${opsUrl}/readyz`)).status).toBe(200);
    const polling = read({ 'if-none-match': `"${String(first.json.version)}"`, prefer: 'wait=50' });
    // The long poll is in when a request that was sent after it on the same port is answered.
    await read();
    hub.kill(signal);
    await hub.logged('shutting down');

    for (const base of [url, opsUrl]) {
      expect((await fetch(`${base}/readyz`)).status).toBe(503);
      expect((await fetch(`${base}/livez`)).status).toBe(200);
    }
    // Who has not yet heard is served, and told not to come back on this connection.
    const late = await read();
    expect(late.status).toBe(200);
    expect(late.headers.get('connection')).toBe('close');

    expect((await polling).status).toBe(304);
    await expectGoodEnd();
    expect(hub.log.at(-1)).toMatchObject({ level: 'info', msg: 'stopped' });
  },
);

it('a refresh under way ends, and who waits for it gets its token', async () => {
  simulator.fault({ kind: 'delay', delayMs: 3500 });
  const { read } = await start();
  await simulator.waitForCalls(1);
  const waiting = read();
  hub.kill('SIGTERM');
  const { status, json } = await waiting;
  expect(status).toBe(200);
  expect(simulator.isAlive(json.access_token)).toBe(true);
  await expectGoodEnd();
  expect(simulator.calls()).toBe(1);
});

it('while WeChat hangs: who waits gets 503, and the hub ends in time', async () => {
  simulator.fault({ kind: 'hang', times: Infinity });
  const { read } = await start();
  await simulator.waitForCalls(1);
  const waiting = read();
  hub.kill('SIGTERM');
  expect((await waiting).status).toBe(503);
  await expectGoodEnd();
});

it('while WeChat hangs for longer than anybody would wait: who waits gets 503, and the hub ends in time', async () => {
  const fault = simulator.fault({ kind: 'hang', times: Infinity });
  const { read } = await start({ environment: { HUB_WECHAT_TIMEOUT_MS: '60000' } });
  await fault.waitForHits(1);
  const waiting = read();
  hub.kill('SIGTERM');
  expect((await waiting).status).toBe(503);
  await expectGoodEnd();
  expect(hub.log.at(-1)).toMatchObject({ level: 'info', msg: 'stopped' });
});

it('connections that idle hold nothing up', async () => {
  const { url } = await start();
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  await Promise.all(
    Array.from(
      { length: 20 },
      () =>
        new Promise<void>((resolve, reject) => {
          get(`${url}/livez`, { agent }, (response) => response.resume().once('end', resolve)).once(
            'error',
            reject,
          );
        }),
    ),
  );
  await eventually(() => Object.values(agent.freeSockets).flat().length === 20);
  hub.kill('SIGTERM');
  const { code, afterMs } = await hub.exited;
  expect(code).toBe(0);
  expect(afterMs).toBeLessThan(5000);
  agent.destroy();
});
