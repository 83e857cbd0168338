import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { TokenCache } from '../../src/token-cache/token-cache.service.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import { bearer, startHub, testKey, type RunningHub } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

const KEY = testKey('gateway');
const READER = testKey('reader');
const ELSEWHERE = testKey('elsewhere');
const APP = { appid: 'wx-shop', secret: 'simulated-secret-shop' };
const OTHER = { appid: 'wx-other', secret: 'simulated-secret-other' };
const CLIENTS = [
  { id: 'gateway', key: KEY, apps: ['wx-shop'], may: ['gateway', 'read', 'admin'] },
  { id: 'reader', key: READER, apps: ['wx-shop'] },
  { id: 'elsewhere', key: ELSEWHERE, apps: '*', may: ['gateway'], allowIps: ['192.0.2.0/24'] },
  { id: 'sdks', allowIps: ['127.0.0.2/32'], apps: ['wx-shop'], may: ['gateway'], requestsPerMinute: 50 },
  { id: 'few', allowIps: ['127.0.0.3/32'], apps: ['wx-shop'], may: ['gateway'], requestsPerMinute: 1 },
];

describe('any path with an access_token, as an SDK sends it', () => {
  let simulator: WeChatSimulator;
  let hub: RunningHub;

  beforeAll(async () => {
    simulator = await WeChatSimulator.start({ apps: [APP, OTHER] });
    hub = await startHub({ upstream: simulator.url, apps: [APP, OTHER], clients: CLIENTS });
  });

  afterAll(async () => {
    await hub.stop();
    await simulator.close();
  });

  const tokenOf = async (appid: string) => {
    const cache = hub.app.get(TokenCache);
    if (cache.read(appid)?.kind === 'pending') await cache.settled(appid);
    const reading = cache.read(appid);
    if (reading?.kind !== 'held') throw new Error('no token');
    return reading.held.value.reveal();
  };

  /** From another address of the loopback. */
  const from = async (localAddress: string, line: string, headers = '', body = '') => {
    const answer = await hub.raw(
      `${line} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n${headers}\r\n${body}`,
      {
        localAddress,
      },
    );
    return { ...answer, json: JSON.parse(answer.body) as Record<string, unknown> };
  };

  it('is forwarded for a caller known by its address', async () => {
    const token = await tokenOf('wx-shop');
    const body = '{"touser":"x"}';
    const { status, json } = await from(
      '127.0.0.2',
      `POST /cgi-bin/message/custom/send?access_token=${token}&x=1`,
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`,
      body,
    );
    expect(status).toBe(200);
    expect(json).toMatchObject({
      errcode: 0,
      appid: 'wx-shop',
      method: 'POST',
      rawQuery: 'x=1',
      bodyBytes: 14,
    });
  });

  it('is forwarded for a caller known by its key', async () => {
    const token = await tokenOf('wx-shop');
    const { json } = await hub.get(`/wxa/x?a=1&access_token=${token}`, bearer(KEY));
    expect(json).toMatchObject({ errcode: 0, appid: 'wx-shop', rawQuery: 'a=1' });
    expect(json.headers.authorization).toBeUndefined();
  });

  it('is refused in the shape that SDKs read', async () => {
    const shop = await tokenOf('wx-shop');
    const other = await tokenOf('wx-other');
    const get = async (path: string, headers = {}) => {
      const answer = await hub.get(path, headers);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('x-request-id')).toMatch(/^\S+$/);
      return answer.json as { errcode: number; errmsg: string };
    };
    const before = simulator.calls({ endpoint: 'business' });
    expect(await get('/wxa/x?access_token=never-served', bearer(KEY))).toMatchObject({ errcode: 40001 });
    expect(await get('/wxa/x?access_token=', bearer(KEY))).toMatchObject({ errcode: 40001 });
    expect(await get(`/wxa/x?access_token=${shop}`, bearer(READER))).toMatchObject({ errcode: 40013 });
    expect(await get(`/wxa/x?access_token=${other}`, bearer(KEY))).toMatchObject({ errcode: 40013 });
    expect(await get(`/wxa/x?access_token=${shop}`, bearer(testKey('wrong')))).toMatchObject({
      errcode: 40125,
    });
    for (const denied of [
      await get(`/wxa/x?access_token=${shop}`, bearer(ELSEWHERE)),
      await get(`/wxa/x?access_token=${shop}`),
      await get(`/wxa/x?access_token=${shop}`, { 'x-forwarded-for': '127.0.0.2' }),
    ]) {
      expect(denied.errcode).toBe(40164);
      expect(denied.errmsg).toContain('127.0.0.1');
    }
    expect(await get(`/cgi-bin/clear_quota?access_token=${shop}`, bearer(KEY))).toMatchObject({
      errcode: 40013,
    });
    expect(await get(`/wxa//x?access_token=${shop}`, bearer(KEY))).toMatchObject({ errcode: 40066 });
    expect(simulator.calls({ endpoint: 'business' })).toBe(before);
  });

  it('counts on requestsPerMinute', async () => {
    const token = await tokenOf('wx-shop');
    const line = `GET /wxa/x?access_token=${token}`;
    expect((await from('127.0.0.3', line)).json).toMatchObject({ errcode: 0 });
    expect((await from('127.0.0.3', line)).json).toMatchObject({ errcode: 45011 });
  });

  it('an upload above 20 MiB is refused in that shape too', async () => {
    const token = await tokenOf('wx-shop');
    const { json } = await from(
      '127.0.0.2',
      `POST /cgi-bin/media/upload?access_token=${token}`,
      `Content-Length: ${20 * 1024 * 1024 + 1}\r\n`,
    );
    expect(json).toMatchObject({ errcode: 45001 });
  });

  it('a token of before is as good: the call goes with the current one', async () => {
    const old = await tokenOf('wx-shop');
    await hub.post('/admin/apps/wx-shop/refresh', { force: true }, bearer(KEY));
    expect(simulator.isAlive(old)).toBe(false);
    expect(await tokenOf('wx-shop')).not.toBe(old);
    const mints = simulator.mints();
    const { json } = await from('127.0.0.2', `GET /wxa/x?access_token=${old}`);
    expect(json).toMatchObject({ errcode: 0, appid: 'wx-shop' });
    expect(simulator.mints()).toBe(mints);
  });

  it('getticket is still the hub’s own', async () => {
    const token = await tokenOf('wx-shop');
    const { json } = await from(
      '127.0.0.2',
      `GET /cgi-bin/ticket/getticket?access_token=${token}&type=jsapi`,
    );
    expect(json).toMatchObject({ errcode: 0, ticket: expect.any(String) });
  });

  it('getticket by another method or in another spelling is not forwarded beside it', async () => {
    const token = await tokenOf('wx-shop');
    const before = simulator.calls({ endpoint: 'business' });
    for (const line of [
      `POST /cgi-bin/ticket/getticket?access_token=${token}&type=jsapi`,
      `GET /CGI-BIN/ticket/getticket?access_token=${token}&type=jsapi`,
      `GET /cgi-bin/ticket/getticket/?access_token=${token}&type=jsapi`,
    ]) {
      expect((await from('127.0.0.2', line)).json).toMatchObject({ errcode: 40013 });
    }
    expect(simulator.calls({ endpoint: 'business' })).toBe(before);
  });

  it.each([
    `/sns/anything-else?appid=wx-shop&secret=${KEY}&js_code=x&grant_type=authorization_code`,
    '/SNS/anything-else?access_token=of-a-user&openid=x',
  ])(
    'a login is told why it is not forwarded, in an errcode on which no SDK repeats it: %s',
    async (path) => {
      const { status, json } = await hub.get(path);
      expect(status).toBe(200);
      expect(json).toMatchObject({
        errcode: 40013,
        errmsg: expect.stringContaining('no key of yours left the hub'),
      });
    },
  );

  it('without an access_token in the query there is no such path', async () => {
    for (const [method, path, body] of [
      ['GET', '/cgi-bin/user/info', undefined],
      ['GET', '/wxa/x?my_access_token=1', undefined],
      ['POST', '/wxa/x', 'access_token=abc'],
      ['POST', '/wxa/x', '{not json'],
      ['DELETE', '/anything', undefined],
    ] as const) {
      const answer = await hub.request(path, { method, body: body ?? null });
      expect(answer).toMatchObject({ status: 404, json: { code: 'HUB_NOT_FOUND' } });
    }
    const { text } = await hub.request(`${hub.opsUrl}/metrics`);
    expect(text).toContain('wxhub_http_requests_total{route="unmatched",status="404"}');
    expect(text).toContain('wxhub_http_requests_total{route="/*",status="200"}');
  });

  it('an app that a reload removed is served no longer', async () => {
    const token = await tokenOf('wx-shop');
    hub.writeApps(
      [OTHER],
      [{ id: 'sdks', allowIps: ['127.0.0.2/32'], apps: '*', may: ['gateway', 'admin'] }],
    );
    expect((await hub.post('/admin/reload', undefined, bearer(KEY))).status).toBe(200);
    expect((await from('127.0.0.2', `GET /wxa/x?access_token=${token}`)).json).toMatchObject({
      errcode: 40001,
    });
    const other = await tokenOf('wx-other');
    expect((await from('127.0.0.2', `GET /wxa/x?access_token=${other}`)).json).toMatchObject({ errcode: 0 });
  });
});

describe('the last two hours', () => {
  it('a replaced token is known for so long, and then never was served', async () => {
    const virtual = await VirtualHub.start({
      apps: [APP],
      clients: [{ id: 'gateway', key: KEY, apps: '*', may: ['gateway', 'read', 'admin'] }],
    });
    try {
      const { json } = await virtual.hub.get('/v1/apps/wx-shop/token', bearer(KEY));
      const old: string = json.access_token;
      await virtual.hub.post('/admin/apps/wx-shop/refresh', { force: true }, bearer(KEY));
      const call = async () =>
        (await virtual.hub.get(`/wxa/x?access_token=${old}`, bearer(KEY))).json.errcode;
      expect(await call()).toBe(0);
      await virtual.pass(2 * 3600 * 1000 - 1000);
      expect(await call()).toBe(0);
      await virtual.pass(2000);
      expect(await call()).toBe(40001);
    } finally {
      await virtual.stop();
    }
  });
});

describe('without WeChat', () => {
  it('an SDK is told that the system is busy, a caller of /v1 that WeChat failed', async () => {
    const upstream = await ScriptedUpstream.start();
    const hub = await startHub({
      upstream: upstream.url,
      apps: [APP],
      clients: [{ id: 'gateway', key: KEY, apps: '*', may: ['gateway', 'read'] }],
    });
    try {
      const { json } = await hub.get('/v1/apps/wx-shop/token', bearer(KEY));
      await upstream.stop();
      const transparent = await hub.get(`/wxa/x?access_token=${json.access_token}`, bearer(KEY));
      expect(transparent).toMatchObject({ status: 200, json: { errcode: -1 } });
      const explicit = await hub.get('/v1/apps/wx-shop/wechat/wxa/x', bearer(KEY));
      expect(explicit).toMatchObject({ status: 502, json: { code: 'HUB_UPSTREAM_FAILED' } });
    } finally {
      await hub.stop();
    }
  });
});
