import { FakeClock, settle } from '../../test/support/fake-clock.js';
import { http, RawServer } from '../../test/support/raw-server.js';
import { APP_DEFAULTS, type AppSettings } from '../core/app.js';
import { Secret } from '../core/secret.js';
import { HttpWeChatClient } from './http-wechat-client.js';

const APP: AppSettings = {
  ...APP_DEFAULTS,
  appid: 'wx0123456789abcdef',
  name: undefined,
  secret: new Secret('s3cr3t&/?#%'),
};
const TOKEN_ANSWER = http('{"access_token":"66_abc","expires_in":7200}');

let server: RawServer;
let client: HttpWeChatClient;
const clock = new FakeClock();

async function start(answer: ConstructorParameters<typeof RawServer>[0] | string, path = ''): Promise<void> {
  server = await RawServer.start(answer);
  client = new HttpWeChatClient(
    { wechatBaseUrl: server.url + path, wecomBaseUrl: server.url + path, wechatTimeoutMs: 5000 },
    clock,
  );
}

afterEach(async () => {
  await client.close();
  await server.stop();
});

describe('HttpWeChatClient', () => {
  it('asks stable_token by POST, in normal mode, and stamps the grant with the time of sending', async () => {
    await start(TOKEN_ANSWER);
    const sentAt = clock.now();
    const result = await client.fetchToken(APP);
    expect(result).toMatchObject({ ok: true, grant: { lifeMs: 7_200_000, sentAt } });
    expect(result.ok && result.grant.value.reveal()).toBe('66_abc');
    const [head, body] = server.requests[0]!.split('\r\n\r\n');
    expect(head).toMatch(/^POST \/cgi-bin\/stable_token HTTP\/1\.1\r\n/);
    expect(head).toMatch(/content-type: application\/json/i);
    expect(JSON.parse(body!)).toEqual({
      grant_type: 'client_credential',
      appid: 'wx0123456789abcdef',
      secret: 's3cr3t&/?#%',
      force_refresh: false,
    });
  });

  it('stamps with the time of sending also when the answer takes its time', async () => {
    await start((socket) => {
      clock.stall(3000);
      socket.write(TOKEN_ANSWER);
    });
    const sentAt = clock.now();
    expect(await client.fetchToken(APP)).toMatchObject({ ok: true, grant: { sentAt } });
  });

  it('forces only when told so', async () => {
    await start(TOKEN_ANSWER);
    await client.fetchToken(APP, { force: true });
    expect(server.requests[0]).toContain('"force_refresh":true');
  });

  it('asks the other token API by GET, everything encoded', async () => {
    await start(TOKEN_ANSWER);
    expect((await client.fetchToken({ ...APP, tokenApi: 'token' }, { force: true })).ok).toBe(true);
    expect(server.requests[0]).toMatch(
      /^GET \/cgi-bin\/token\?grant_type=client_credential&appid=wx0123456789abcdef&secret=s3cr3t%26%2F%3F%23%25 HTTP/,
    );
  });

  it('fetches a ticket', async () => {
    await start(http('{"errcode":0,"errmsg":"ok","ticket":"tick","expires_in":7200}'));
    const result = await client.fetchTicket(APP, 'wx_card', new Secret('66_t'));
    expect(result.ok && result.grant.value.reveal()).toBe('tick');
    expect(server.requests[0]).toMatch(
      /^GET \/cgi-bin\/ticket\/getticket\?access_token=66_t&type=wx_card HTTP/,
    );
  });

  it.each([
    ['{"ip_list":["1.2.3.4"]}', 'alive'],
    ['{"errcode":40001,"errmsg":"invalid credential"}', 'dead'],
  ])('probes a token: %s', async (body, verdict) => {
    await start(http(body));
    expect(await client.probeToken(APP, new Secret('66_t'))).toBe(verdict);
    expect(server.requests[0]).toMatch(/^GET \/cgi-bin\/getcallbackip\?access_token=66_t HTTP/);
  });

  it.each(['/wechat/v1', '/wechat/v1/'])(
    'puts the path of the base URL before WeChat’s: %s',
    async (path) => {
      await start(TOKEN_ANSWER, path);
      await client.fetchToken(APP);
      expect(server.requests[0]).toMatch(/^POST \/wechat\/v1\/cgi-bin\/stable_token HTTP/);
    },
  );

  it('keeps its connection: many calls in turn, one socket', async () => {
    await start(TOKEN_ANSWER);
    for (let i = 0; i < 10; i++) {
      expect((await client.fetchToken(APP)).ok).toBe(true);
      await settle(); // undici takes a connection for free a turn after the answer
    }
    expect(server.connections).toBe(1);
  });

  it('lets no call queue behind another: a socket each', async () => {
    await start((socket, nth) => {
      if (nth === 5) socket.write(TOKEN_ANSWER);
    });
    const calls = Array.from({ length: 5 }, () => client.fetchToken(APP));
    expect(await Promise.any(calls)).toMatchObject({ ok: true });
    expect(server.connections).toBe(5);
    await clock.advance(5000);
    expect((await Promise.all(calls)).filter(({ ok }) => ok)).toHaveLength(1);
  });

  it('uses no proxy of the environment', async () => {
    const { HTTP_PROXY, http_proxy } = process.env;
    process.env.HTTP_PROXY = process.env.http_proxy = 'http://127.0.0.1:1';
    try {
      await start(TOKEN_ANSWER);
      expect((await client.fetchToken(APP)).ok).toBe(true);
    } finally {
      restore('HTTP_PROXY', HTTP_PROXY);
      restore('http_proxy', http_proxy);
    }
  });

  it('repeats no call by itself, also when a kept connection turns out to be dead', async () => {
    await start((socket, nth) => (nth === 1 ? socket.write(TOKEN_ANSWER) : socket.resetAndDestroy()));
    await client.fetchToken({ ...APP, tokenApi: 'token' });
    const second = await client.fetchToken({ ...APP, tokenApi: 'token' });
    expect(second).toMatchObject({ ok: false, error: { reason: 'cut_off', mayHaveActed: true } });
    expect(server.requests).toHaveLength(2);
  });

  it('ends gracefully: the call under way gets its answer, a new one is refused', async () => {
    let answer: () => void = () => undefined;
    await start((socket) => {
      answer = () => socket.write(TOKEN_ANSWER);
    });
    const call = client.fetchToken(APP);
    await server.until(({ requests }) => requests.length === 1);
    let closed = false;
    const closing = client.onApplicationShutdown().then(() => (closed = true));
    expect(await client.fetchToken(APP)).toMatchObject({
      ok: false,
      error: { reason: 'internal', mayHaveActed: false },
    });
    expect(closed).toBe(false);
    answer();
    expect((await call).ok).toBe(true);
    await closing;
    await server.until((it) => it.closed === it.connections);
    expect(server.requests).toHaveLength(1);
  });

  it('returns a value also for a secret that no URL can carry', async () => {
    await start(TOKEN_ANSWER);
    const app: AppSettings = { ...APP, tokenApi: 'token', secret: new Secret('\ud800') };
    expect(await client.fetchToken(app)).toMatchObject({ ok: false, error: { reason: 'internal' } });
  });
});

function restore(name: string, value: string | undefined): void {
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
