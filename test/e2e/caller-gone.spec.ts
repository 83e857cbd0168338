import { connect, type Socket } from 'node:net';
import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { TokenCache } from '../../src/token-cache/token-cache.service.js';
import { eventually } from '../support/eventually.js';
import { ok, ScriptedUpstream } from '../support/scripted-upstream.js';
import { bearer, startHub, testKey, type RunningHub } from '../support/start-hub.js';

/**
 * Whatever way a caller goes, everything that waited or was held for it is given back: places in the gateway, bytes of
 * bodies, calls to WeChat, long-polls, waits for a token or ticket. Several requests are under way on its connection,
 * and Node tells only the first of them.
 */

const KEY = testKey('caller');
const APP = { appid: 'wx-shop', secret: 'simulated-secret-shop' };
const CLIENTS = [
  {
    id: 'caller',
    key: KEY,
    apps: '*',
    may: ['gateway', 'read', 'report'],
    requestsPerMinute: 1_000_000,
  },
];
const PIPELINED = 12;

const request = (line: string, headers = '', body = '') =>
  `${line} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${KEY}\r\n${headers}\r\n${body}`;
const post = (path: string, body: string) =>
  request(`POST ${path}`, `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`, body);

const WAYS: readonly [string, (socket: Socket) => void][] = [
  ['closes', (socket) => void socket.destroy()],
  ['resets', (socket) => void socket.resetAndDestroy()],
  ['closes its own side', (socket) => void socket.end()],
  ['never reads, and closes its own side', (socket) => void socket.pause().end()],
];

let hub: RunningHub;
let socket: Socket;

const connected = (): Socket => {
  socket = connect(hub.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  return socket;
};

const gauge = async (name: string): Promise<number> => {
  const { text } = await hub.request(`${hub.opsUrl}/metrics`);
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
};

/** Who waits for an attempt of the app's token or one of its tickets. */
const waiters = (): number => {
  const entry = hub.app.get(TokenCache).entry(APP.appid);
  if (entry === undefined) return 0;
  return [entry.token, ...entry.tickets.values()].reduce((sum, cell) => sum + cell.waiting, 0);
};

describe.each(WAYS)('a caller that %s', (_how, leave) => {
  describe('while WeChat thinks about its calls', () => {
    let upstream: ScriptedUpstream;

    beforeEach(async () => {
      upstream = await ScriptedUpstream.start(() => undefined);
      hub = await startHub({ upstream: upstream.url, apps: [APP], clients: CLIENTS });
      await hub.get('/v1/apps/wx-shop/token', bearer(KEY));
    });

    afterEach(async () => {
      socket.destroy();
      await hub.stop();
      await upstream.stop();
    });

    it.each([
      ['calls', request('GET /v1/apps/wx-shop/wechat/wxa/x'), 0],
      ['uploads', post('/v1/apps/wx-shop/wechat/wxa/x', `"${'x'.repeat(100_000)}"`), 100_002],
    ])('gives its %s back, and WeChat hears of it', async (_what, text, held) => {
      connected().write(text.repeat(PIPELINED));
      await upstream.request(PIPELINED);
      await eventually(async () => (await gauge('wxhub_gateway_held_bytes')) === held * PIPELINED);
      expect(await gauge('wxhub_gateway_calls_under_way')).toBe(PIPELINED);
      leave(socket);
      await Promise.all(upstream.arrived.map(({ over }) => over));
      await eventually(async () => (await gauge('wxhub_gateway_calls_under_way')) === 0);
      expect(await gauge('wxhub_gateway_held_bytes')).toBe(0);
      // The places are free again.
      upstream.script = ok();
      expect((await hub.get('/v1/apps/wx-shop/wechat/wxa/x', bearer(KEY))).status).toBe(200);
    });

    it('gives an upload back that has not come whole', async () => {
      connected().write(post('/v1/apps/wx-shop/wechat/wxa/x', `"${'x'.repeat(100_000)}"`).slice(0, 50_000));
      await eventually(async () => (await gauge('wxhub_gateway_held_bytes')) > 0);
      leave(socket);
      await eventually(async () => (await gauge('wxhub_gateway_calls_under_way')) === 0);
      expect(await gauge('wxhub_gateway_held_bytes')).toBe(0);
    });

    it('gives its long-polls back', async () => {
      const poll = request(
        'GET /v1/apps/wx-shop/token',
        `If-None-Match: "${(await hub.get('/v1/apps/wx-shop/token', bearer(KEY))).json.version}"\r\nPrefer: wait=55\r\n`,
      );
      connected().write(poll.repeat(PIPELINED));
      await eventually(async () => (await gauge('wxhub_long_polls')) === PIPELINED);
      expect(waiters()).toBe(PIPELINED);
      leave(socket);
      await eventually(async () => (await gauge('wxhub_long_polls')) === 0);
      expect(waiters()).toBe(0);
    });
  });

  it('while a first token is fetched, on every route that waits for it', async () => {
    const simulator = await WeChatSimulator.start({ apps: [APP] });
    const hang = simulator.fault({ kind: 'hang', endpoint: 'stable_token' });
    hub = await startHub({
      upstream: simulator.url,
      apps: [APP],
      clients: CLIENTS,
      environment: { HUB_WECHAT_TIMEOUT_MS: '30000' },
    });
    try {
      await hang.waitForHits(1);
      const waiting = [
        request('GET /v1/apps/wx-shop/token'),
        request('GET /v1/apps/wx-shop/wechat/wxa/x'),
        post('/v1/apps/wx-shop/wechat/wxa/x', '{}'),
        request(`GET /cgi-bin/token?grant_type=client_credential&appid=wx-shop&secret=${KEY}`),
        post(
          '/cgi-bin/stable_token',
          JSON.stringify({ grant_type: 'client_credential', appid: 'wx-shop', secret: KEY }),
        ),
        post('/v1/apps/wx-shop/token/reject', '{"access_token":"never-served"}'),
      ];
      connected().write(waiting.join(''));
      await eventually(() => waiters() === waiting.length);
      leave(socket);
      await eventually(() => waiters() === 0);
      expect(await gauge('wxhub_gateway_calls_under_way')).toBe(0);
    } finally {
      hang.release();
      socket.destroy();
      await hub.stop();
      await simulator.close();
    }
  });

  it('while a ticket is fetched, on every route that waits for it', async () => {
    const simulator = await WeChatSimulator.start({ apps: [APP] });
    hub = await startHub({
      upstream: simulator.url,
      apps: [APP],
      clients: CLIENTS,
      environment: { HUB_WECHAT_TIMEOUT_MS: '30000' },
    });
    const { access_token: token } = (await hub.get('/v1/apps/wx-shop/token', bearer(KEY))).json;
    const hang = simulator.fault({ kind: 'hang', endpoint: 'getticket' });
    try {
      const waiting = [
        request('GET /v1/apps/wx-shop/tickets/jsapi'),
        post('/v1/apps/wx-shop/jssdk-signature', '{"url":"https://shop.example/"}'),
        request(`GET /cgi-bin/ticket/getticket?access_token=${token}&type=jsapi`),
      ];
      connected().write(waiting.join(''));
      await eventually(() => waiters() === waiting.length);
      leave(socket);
      await eventually(() => waiters() === 0);
    } finally {
      hang.release();
      socket.destroy();
      await hub.stop();
      await simulator.close();
    }
  });
});
