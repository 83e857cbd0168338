import { get as httpGet, request as httpRequest } from 'node:http';
import { VirtualHub } from '../support/virtual-hub.js';

/** Pages of other sites, on a machine whose address lets it in: whatever they send is refused, on every way in. */

const APP = { appid: 'wx-page', secret: 'simulated-secret-of-wx-page', tokenApi: 'token' };
const MAY = ['read', 'report', 'gateway', 'admin'];
const BY_ADDRESS = { id: 'desk', apps: '*', may: MAY, allowIps: ['127.0.0.1'] };

const FROM_A_PAGE: readonly [string, Record<string, string>][] = [
  ['Origin', { origin: 'https://evil.example' }],
  ['Sec-Fetch-Site', { 'sec-fetch-site': 'same-origin', host: 'rebound.evil.example:3000' }],
  ['Cookie', { cookie: 'session=1' }],
];

describe('a browser at an address that is let in', () => {
  let virtual: VirtualHub;
  let token: string;

  beforeAll(async () => {
    virtual = await VirtualHub.start({ apps: [APP], clients: [BY_ADDRESS] });
    token = (await send('/v1/apps/wx-page/token')).json.access_token;
  });
  afterAll(() => virtual.stop());

  /** By node:http: fetch sends headers of its own. */
  const send = (
    path: string,
    method = 'GET',
    headers: Record<string, string> = {},
    port = virtual.hub.port,
  ) =>
    // Tests look into answers as they come.
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    new Promise<{ status: number | undefined; json: any }>((resolve, reject) => {
      httpRequest({ host: '127.0.0.1', port, path, method, headers }, (answer) => {
        let text = '';
        answer.on('data', (chunk) => (text += String(chunk)));
        answer.on('end', () => {
          resolve({ status: answer.statusCode, json: text.startsWith('{') ? JSON.parse(text) : text });
        });
      })
        .on('error', reject)
        .end();
    });

  const WAYS: readonly [string, string][] = [
    ['GET', '/v1/apps/wx-page/token'],
    ['POST', '/v1/apps/wx-page/token/reject'],
    ['GET', '/v1/apps/wx-page/tickets/jsapi'],
    ['POST', '/v1/apps/wx-page/jssdk-signature'],
    ['GET', '/v1/apps/wx-page/wechat/cgi-bin/getcallbackip'],
    ['POST', '/admin/reload'],
    ['GET', '/admin/apps'],
    ['GET', '/admin/apps/wx-page'],
    ['POST', '/admin/apps/wx-page/refresh'],
  ];

  describe.each(FROM_A_PAGE)('%s', (_name, headers) => {
    it.each(WAYS)('%s %s', async (method, path) => {
      const { status, json } = await send(path, method, headers);
      expect([status, json.code]).toEqual([403, 'HUB_IP_NOT_ALLOWED']);
      expect(json.detail).toContain('Send a key');
    });

    it('the gateway by a token', async () => {
      const { json } = await send(`/cgi-bin/getcallbackip?access_token=${token}`, 'GET', headers);
      expect(json.errcode).toBe(40164);
    });
  });

  it('what minted or told nothing: one call of the hub’s own', () => {
    expect(virtual.simulator.calls()).toBe(1);
  });

  it('every one of those ways is open to a backend there, one that uses Node’s fetch too', async () => {
    for (const headers of [{}, { 'sec-fetch-mode': 'cors' }] as Record<string, string>[]) {
      expect((await send('/admin/apps', 'GET', headers)).status).toBe(200);
      expect((await send('/v1/apps/wx-page/token', 'GET', headers)).status).toBe(200);
    }
  });

  it('every answer tells browsers not to guess its type', async () => {
    const typeOf = (path: string, port: number) =>
      new Promise((resolve, reject) => {
        httpGet({ host: '127.0.0.1', port, path }, (answer) => {
          answer.resume();
          resolve(answer.headers['x-content-type-options']);
        }).on('error', reject);
      });
    const { port, opsPort } = virtual.hub;
    for (const path of [
      '/v1/apps/wx-page/token',
      '/v1/apps/none/token',
      '/none',
      '/livez',
      '/cgi-bin/token',
    ]) {
      expect([path, await typeOf(path, port)]).toEqual([path, 'nosniff']);
    }
    for (const path of [
      '/metrics',
      '/livez',
      '/readyz',
      '/openapi.json',
      '/none',
      '/console',
      '/console/api/live',
    ]) {
      expect([path, await typeOf(path, opsPort)]).toEqual([path, 'nosniff']);
    }
  });

  describe('on the ops port', () => {
    const at = async (path: string, headers: Record<string, string>) =>
      (await send(path, 'GET', headers, virtual.hub.opsPort)).status;
    const OWN = { 'sec-fetch-site': 'same-origin', 'user-agent': 'Mozilla/5.0' };

    it.each(['/metrics', '/openapi.json'])('%s: under a public name no browser is answered', async (path) => {
      expect(await at(path, { host: 'rebound.evil.example:9090', ...OWN })).toBe(403);
      // Over plain HTTP a browser sends no Sec-Fetch-*.
      expect(await at(path, { host: 'rebound.evil.example:9090', 'user-agent': 'Mozilla/5.0 (X11)' })).toBe(
        403,
      );
      expect(await at(path, { host: '127.0.0.1:9090', origin: 'https://evil.example' })).toBe(403);
      expect(await at(path, { host: '127.0.0.1:9090', 'sec-fetch-site': 'cross-site' })).toBe(403);
      expect(await at(path, { host: '127.0.0.1:9090', ...OWN })).toBe(200);
      expect(
        await at(path, { host: 'localhost', 'sec-fetch-site': 'none', 'user-agent': 'Mozilla/5.0' }),
      ).toBe(200);
      // Prometheus, by whatever name it knows the hub.
      expect(await at(path, { host: 'hub-metrics.corp.example', 'user-agent': 'Prometheus/3.1.0' })).toBe(
        200,
      );
    });

    it('probes are answered to everybody: they tell nothing', async () => {
      expect(await at('/livez', { host: 'hub.corp.example', 'user-agent': 'Mozilla/5.0 (probe)' })).toBe(200);
    });
  });
});
