import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTokenClient, type HubError, type TokenClient } from '../src/index.js';
import { WeChatSimulator } from '../../../src/simulator/simulator.js';
import { bearer, startHub, testKey, type RunningHub } from '../../../test/support/start-hub.js';
import { makeCertificate } from '../../../test/support/certificates.js';
import { until } from './contract-hub.js';

const KEY = testKey('orders');
const APP = { appid: 'wx-shop', secret: 'simulated-secret-shop' };
const OTHER = { appid: 'wx-other', secret: 'simulated-secret-other' };
const CLIENTS = [{ id: 'orders', key: KEY, apps: ['wx-shop'], may: ['read', 'report', 'admin'] }];

/** The library against the hub itself, over sockets. */
describe('the client library and the hub', () => {
  let simulator: WeChatSimulator;
  let hub: RunningHub;
  const clients: TokenClient[] = [];

  const client = (options: Partial<Parameters<typeof createTokenClient>[0]> = {}): TokenClient => {
    const made = createTokenClient({ hubUrl: hub.url, key: KEY, ...options });
    clients.push(made);
    return made;
  };
  const start = (environment: Record<string, string> = {}): Promise<RunningHub> =>
    startHub({ upstream: simulator.url, apps: [APP, OTHER], clients: CLIENTS, environment });
  const forceRefresh = () => hub.post('/admin/apps/wx-shop/refresh', { force: true }, bearer(KEY));

  beforeEach(async () => {
    simulator = await WeChatSimulator.start({ apps: [APP, OTHER] });
    hub = await start();
  });

  afterEach(async () => {
    for (const each of clients.splice(0)) each.close();
    await hub.stop();
    await simulator.close();
  });

  it('gives tokens that WeChat takes: one request for any number of callers', async () => {
    const tokens = client();
    const all = await Promise.all(Array.from({ length: 200 }, () => tokens.getToken('wx-shop')));
    expect(new Set(all).size).toBe(1);
    expect(simulator.isAlive(all[0] ?? '')).toBe(true);
    const info = await tokens.getTokenInfo('wx-shop');
    expect(info.expiresInMs).toBeGreaterThan(7_100_000);
    expect(Math.abs(info.expiresAt - Date.now() - info.expiresInMs)).toBeLessThan(1000);
    expect(info.version).toBeGreaterThan(0);
  });

  it('follows a rotation without being asked', async () => {
    const tokens = client();
    const before = await tokens.getTokenInfo('wx-shop');
    expect((await forceRefresh()).status).toBe(200);
    await until(async () => (await tokens.getToken('wx-shop')) !== before.token, 'the rotation');
    const after = await tokens.getTokenInfo('wx-shop');
    expect(after.version).toBe(before.version + 1);
    expect(simulator.isAlive(after.token)).toBe(true);
    expect(simulator.isAlive(before.token)).toBe(false);
  });

  it('serves from memory while the hub is away, and follows again when it is back', async () => {
    const told: HubError[] = [];
    const tokens = client({ onError: (error) => told.push(error) });
    const before = await tokens.getToken('wx-shop');
    const port = String(hub.port);
    await hub.stop();
    await until(() => told.some(({ code }) => code === 'HUB_UNREACHABLE'), 'a failed poll');
    expect(await tokens.getToken('wx-shop')).toBe(before);
    hub = await start({ HUB_PORT: port });
    expect(await tokens.getToken('wx-shop')).toBe(before);
    await forceRefresh();
    await until(async () => (await tokens.getToken('wx-shop')) !== before, 'the rotation');
    expect(simulator.isAlive(await tokens.getToken('wx-shop'))).toBe(true);
  });

  it('a caller at a cold start waits through a hub that is not up yet', async () => {
    const port = String(hub.port);
    await hub.stop();
    const tokens = client();
    const waiting = tokens.getToken('wx-shop');
    hub = await start({ HUB_PORT: port });
    expect(simulator.isAlive(await waiting)).toBe(true);
  });

  it('a wrong key, an app not granted and a wrong address are told apart', async () => {
    const wrong = testKey('nobody');
    const failure = (promise: Promise<unknown>) => promise.catch((error: unknown) => error as HubError);
    expect(await failure(client({ key: wrong }).getToken('wx-shop'))).toMatchObject({
      name: 'HubError',
      code: 'HUB_UNAUTHENTICATED',
      status: 401,
      requestId: expect.any(String),
    });
    expect(await failure(client().getToken('wx-other'))).toMatchObject({
      code: 'HUB_NOT_GRANTED',
      status: 403,
    });
    const astray = client({ hubUrl: hub.opsUrl, acquireTimeoutMs: 100 });
    expect(await failure(astray.getToken('wx-shop'))).toMatchObject({ code: 'HUB_BAD_ANSWER', status: 404 });
    expect(JSON.stringify(await failure(client({ key: wrong }).getToken('wx-shop')))).not.toContain(wrong);
  });

  it('what the hub says of WeChat’s refusal comes through', async () => {
    await hub.stop();
    simulator.freeze('wx-shop', 50004);
    hub = await start();
    await expect(client().getToken('wx-shop')).rejects.toMatchObject({
      code: 'HUB_TOKEN_UNAVAILABLE',
      status: 503,
      retryAfterMs: expect.any(Number),
      wechat: { errcode: 50004 },
    });
  });

  it('over HTTPS the hub’s certificate is checked; a private CA can be named', async () => {
    await hub.stop();
    const folder = mkdtempSync(join(tmpdir(), 'hub-client-tls-'));
    const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const pair = await makeCertificate('localhost', { isAuthority: true });
    writeFileSync(certFile, pair.cert);
    writeFileSync(keyFile, pair.key);
    hub = await start({ HUB_TLS_CERT_FILE: certFile, HUB_TLS_KEY_FILE: keyFile });
    const distrustful = client({ acquireTimeoutMs: 500 }).getToken('wx-shop');
    await expect(distrustful).rejects.toMatchObject({
      code: 'HUB_UNREACHABLE',
      message: expect.stringContaining('SELF_SIGNED'),
    });
    const trusting = client({ tls: { ca: pair.cert } });
    expect(simulator.isAlive(await trusting.getToken('wx-shop'))).toBe(true);
    rmSync(folder, { recursive: true });
  });

  it('close ends the long-poll at the hub', async () => {
    const tokens = client();
    await tokens.getToken('wx-shop');
    const connections = () =>
      new Promise<number>((resolve) => {
        hub.app.getHttpServer().getConnections((_error: unknown, count: number) => {
          resolve(count);
        });
      });
    await until(async () => (await connections()) > 0);
    tokens.close();
    await until(async () => (await connections()) === 0, 'the end of the connections');
    await expect(tokens.getToken('wx-shop')).rejects.toMatchObject({ code: 'HUB_CLIENT_CLOSED' });
  });
});
