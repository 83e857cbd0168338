import { createHash } from 'node:crypto';
import { createTokenClient, type TokenClient } from '../../packages/client/src/index.js';
import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { startHub, testKey, type RunningHub } from '../support/start-hub.js';

const KEY = testKey('orders');
const MINI = { appid: 'wx-mini', secret: 'simulated-secret-mini' };
const OFFICIAL = { appid: 'wx-official', secret: 'simulated-secret-official', tokenApi: 'token' };

/** The client library, the hub and WeChat: what a backend sees when a token dies. */
describe('the client library on a running hub', () => {
  let simulator: WeChatSimulator;
  let hub: RunningHub;
  let client: TokenClient;

  beforeEach(async () => {
    simulator = await WeChatSimulator.start({
      apps: [MINI, OFFICIAL].map(({ appid, secret }) => ({ appid, secret })),
    });
    hub = await startHub({
      upstream: simulator.url,
      apps: [MINI, OFFICIAL],
      clients: [{ id: 'orders', key: KEY, apps: '*' }],
    });
    client = createTokenClient({ hubUrl: hub.url, key: KEY, wechatUrl: simulator.url });
  });

  afterEach(async () => {
    client.close();
    await hub.stop();
    await simulator.close();
  });

  it.each([
    ['stable_token', MINI.appid],
    ['token', OFFICIAL.appid],
  ] as const)(
    '%s: calls go on when the token dies at WeChat; one mint, however many find out',
    async (family, appid) => {
      const dead = await client.getToken(appid);
      simulator.killToken(appid, family);
      const mints = simulator.mints({ appid });
      const answers = await Promise.all(
        Array.from({ length: 100 }, async () => {
          const answer = await client.fetchWechat(appid, '/cgi-bin/menu/create', {
            method: 'POST',
            body: '{}',
          });
          return (await answer.json()) as { errcode: number; appid: string };
        }),
      );
      expect(answers.every((answer) => answer.errcode === 0 && answer.appid === appid)).toBe(true);
      expect(simulator.mints({ appid }) - mints).toBe(1);
      const token = await client.getToken(appid);
      expect(token).not.toBe(dead);
      expect(simulator.isAlive(token)).toBe(true);
    },
  );

  it('reject names the outcome, and a late report of the token before does no harm', async () => {
    const first = await client.getTokenInfo(OFFICIAL.appid);
    simulator.killToken(OFFICIAL.appid, 'token');
    const refreshed = await client.reject(OFFICIAL.appid, first.token, 40001);
    expect(refreshed).toMatchObject({ outcome: 'refreshed', version: first.version + 1 });
    expect(await client.reject(OFFICIAL.appid, first.token)).toMatchObject({
      outcome: 'superseded',
      token: refreshed.token,
    });
    expect(await client.reject(OFFICIAL.appid, refreshed.token)).toMatchObject({
      outcome: 'throttled',
      token: refreshed.token,
    });
    expect(await client.getToken(OFFICIAL.appid)).toBe(refreshed.token);
  });

  it.each([MINI, OFFICIAL])(
    'WeChat insists on a token that lives: confirmed, and it stays',
    async ({ appid }) => {
      const token = await client.getToken(appid);
      expect(await client.reject(appid, token)).toMatchObject({ outcome: 'confirmed', token });
      expect(await client.getToken(appid)).toBe(token);
    },
  );

  it('tickets and signatures', async () => {
    const { ticket, expiresInMs } = await client.ticket(OFFICIAL.appid, 'jsapi');
    // Nobody saw it come: it is promised until the hub has looked again.
    expect(expiresInMs).toBeGreaterThan(100_000);
    expect(await client.ticket(OFFICIAL.appid, 'jsapi')).toMatchObject({ ticket });
    const url = 'https://shop.example.com/a?b=1';
    const signed = await client.jssdkSignature(OFFICIAL.appid, `${url}#part`);
    const text = `jsapi_ticket=${ticket}&noncestr=${signed.nonceStr}&timestamp=${signed.timestamp}&url=${url}`;
    expect(signed).toMatchObject({
      appId: OFFICIAL.appid,
      signature: createHash('sha1').update(text).digest('hex'),
    });
  });
});
