import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HubEvents } from '../../src/events/hub-events.js';
import type { WeChatSimulator } from '../../src/simulator/simulator.js';
import { makeCertificate } from './certificates.js';
import { parseMetrics, type Family } from './prometheus.js';
import { RedisServer, stopRedisServers, until } from './redis-server.js';
import { startSimulator, stopSimulators } from './simulator-harness.js';
import { AUDIENCE, signingKey } from './issuer.js';
import { bearer, startHub, testKey, type AppEntry, type RunningHub } from './start-hub.js';

const KEY = testKey('busy');
const APPS = [
  { appid: 'wx-stable', secret: 'simulated-secret-of-wx-stable', tickets: ['jsapi'] },
  { appid: 'wx-token', secret: 'simulated-secret-of-wx-token', tokenApi: 'token' },
  { appid: 'wx-refused', secret: 'simulated-secret-of-wx-refused' },
];
const ALONE = { appid: 'wx-alone', secret: 'simulated-secret-of-wx-alone' };
const PLATFORM = {
  appid: 'wxplatform-busy',
  secret: 'simulated-secret-of-the-platform',
  pushToken: 'pushTokenOfTests1',
  aesKeys: 'OnlyKeyOfTests123456789abcdefghijklmnopqrst',
} as const;
const CLIENTS = [
  { id: 'busy', key: KEY, apps: '*', may: ['read', 'report', 'login', 'gateway', 'admin'] },
  { id: 'elsewhere', key: testKey('elsewhere'), allowIps: ['192.0.2.1'], apps: '*' },
];
const TOKEN = '/v1/apps/wx-stable/token';

/**
 * Three hubs on one Redis, between them with everything that a metric can tell of: two share their encryption key,
 * the third has another and HTTPS; and one with a state file
 * and a platform. {@link work} gives the first one traffic of every sort.
 */
export class BusyHubs {
  readonly #folder = mkdtempSync(join(tmpdir(), 'busy-hub-'));
  readonly hubs: RunningHub[] = [];
  /** Where pushes go on to. */
  readonly #receiver: Server = createServer((request, response) => {
    request.resume();
    response.end('success');
  });

  private constructor(readonly simulator: WeChatSimulator) {}

  static async start(): Promise<BusyHubs> {
    const redis = await RedisServer.start();
    const apps = [...APPS, ALONE].map(({ appid, secret }) => ({ appid, secret }));
    const simulator = await startSimulator({ apps });
    simulator.fault({ kind: 'errcode', errcode: 40164, appid: 'wx-refused', times: Infinity });
    const busy = new BusyHubs(simulator);
    const certificate = await makeCertificate('busy-hub');
    const file = (name: string, text: string) => {
      writeFileSync(join(busy.#folder, name), text);
      return join(busy.#folder, name);
    };
    const keys = ['a', 'b'].map((id) => `${id}:${randomBytes(32).toString('base64')}`);
    const tls = {
      HUB_TLS_CERT_FILE: file('cert.pem', certificate.cert),
      HUB_TLS_KEY_FILE: file('key.pem', certificate.key),
    };
    const { jwk } = await signingKey('of-the-issuer');
    const jwksFile = file('jwks.json', JSON.stringify({ keys: [jwk] }));
    const issuers = [{ id: 'cluster', issuer: 'https://issuer.example', audience: AUDIENCE, jwksFile }];
    for (const [key, extra] of [
      [keys[0], {}],
      [keys[0], {}],
      [keys[1], tls],
    ] as const) {
      const environment = { HUB_REDIS_URL: redis.url, HUB_ENCRYPTION_KEYS: key!, ...extra };
      const lost: unknown = { appid: 'wx-lost', secretFile: join(busy.#folder, 'no-such-file') };
      const apps = [...APPS, lost as AppEntry];
      const entries = { apps, clients: CLIENTS, issuers };
      const hub = await startHub({ upstream: simulator.url, ...entries, environment });
      busy.hubs.push(hub);
      await until(async () => (await hub.get(`${hub.opsUrl}/readyz`)).status === 200);
    }
    const environment = { HUB_STATE_FILE: join(busy.#folder, 'state'), HUB_ENCRYPTION_KEYS: keys[0]! };
    await new Promise<void>((done) => busy.#receiver.listen(0, '127.0.0.1', done));
    const { port } = busy.#receiver.address() as AddressInfo;
    const platforms = [{ ...PLATFORM, forwardTo: [`http://127.0.0.1:${port}/push`] }];
    const { appid, secret, pushToken: token, aesKeys: aesKey } = PLATFORM;
    simulator.platforms.add({ appid, secret, token, aesKey });
    const entries = { apps: [ALONE], clients: CLIENTS, platforms };
    const alone = await startHub({ upstream: simulator.url, ...entries, environment });
    busy.hubs.push(alone);
    for (const push of [
      simulator.platforms.ticketPush(appid),
      simulator.platforms.authorize(appid, 'wx-token').push,
    ]) {
      const init = { method: 'POST', headers: { 'content-type': 'text/xml' }, body: push.body };
      await alone.request(`/platforms/${appid}/push?${push.query}`, init);
    }
    const forwarded = /^wxhub_platform_forwards_total\{.*delivered/m;
    await until(async () => forwarded.test((await alone.get(`${alone.opsUrl}/metrics`)).text));
    return busy;
  }

  async stop(): Promise<void> {
    for (const hub of this.hubs) await hub.stop();
    this.#receiver.closeAllConnections();
    this.#receiver.close();
    await stopSimulators();
    await stopRedisServers();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get first(): RunningHub {
    return this.hubs[0]!;
  }

  /** Each sort of request once, well and badly. */
  async work(): Promise<void> {
    const { first: hub, simulator } = this;
    const asClient = bearer(KEY);
    const { json } = await hub.get(TOKEN, asClient);
    await hub.get(TOKEN);
    await hub.get(TOKEN, bearer(testKey('nobody')));
    await hub.get(TOKEN, bearer(testKey('elsewhere')));
    await hub.get('/v1/apps/wx-refused/token', asClient);
    await hub.get('/v1/apps/wx-stable/tickets/jsapi', asClient);
    await hub.get(`/cgi-bin/token?grant_type=client_credential&appid=wx-stable&secret=${KEY}`);
    await hub.get(`/cgi-bin/token?grant_type=client_credential&appid=wx-refused&secret=${KEY}`);
    await hub.get('/v1/apps/wx-stable/wechat/cgi-bin/getcallbackip', asClient);
    await hub.post('/v1/apps/wx-stable/login/session', { code: 'no-code-of-anybody' }, asClient);
    simulator.killToken('wx-stable', 'stable_token');
    await hub.get('/v1/apps/wx-stable/wechat/cgi-bin/getcallbackip', asClient);
    await hub.post('/v1/apps/wx-stable/token/reject', { access_token: json.access_token }, asClient);
    const minted = await hub.get('/v1/apps/wx-token/token', asClient);
    await hub.post(
      '/v1/apps/wx-token/token/reject',
      { access_token: minted.json.access_token, errcode: 40001 },
      asClient,
    );
    await hub.post('/admin/apps/wx-stable/refresh', { force: true }, asClient);
    await hub.post('/admin/reload', undefined, asClient);
    hub.app.get(HubEvents).emit('troubleSeen', { where: 'a test', error: new Error('made up') });
  }

  /** Somebody else forces a refresh, and the hub finds out. Not within 5 s of {@link work}, which asks WeChat too. */
  async rival(): Promise<void> {
    this.simulator.killToken('wx-stable', 'stable_token');
    await this.first.post('/admin/apps/wx-stable/refresh', {}, bearer(KEY));
  }

  async texts(): Promise<string[]> {
    return Promise.all(this.hubs.map(async (hub) => (await hub.get(`${hub.opsUrl}/metrics`)).text));
  }

  /** Of all hubs together: each family once, with the samples of all. */
  async families(): Promise<Map<string, Family>> {
    const together = new Map<string, Family>();
    for (const family of (await this.texts()).flatMap(parseMetrics)) {
      const samples = [...(together.get(family.name)?.samples ?? []), ...family.samples];
      together.set(family.name, { ...family, samples });
    }
    return together;
  }
}
