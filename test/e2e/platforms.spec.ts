import { jest } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PlatformRecords } from '../../src/platforms/platform-records.js';
import type { MadePush } from '../../src/simulator/platforms/push-maker.js';
import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { seededRandom } from '../support/seeded-random.js';
import { eventually } from '../support/eventually.js';
import { RedisServer, stopRedisServers } from '../support/redis-server.js';
import { bearer, startHub, testKey, type Answer, type RunningHub } from '../support/start-hub.js';

// Some wait for the pace at which WeChat may be asked again.
jest.setTimeout(60_000);

/** A third-party platform over real sockets, with its authorisations in a real Redis. */

const PLATFORM = {
  appid: 'wxplatform00000001',
  secret: 'platform-test-secret',
  pushToken: 'pushTokenOfTests1',
  aesKeys: 'NewKeyOfTests0123456789abcdefghijklmnopqrst,OldKeyOfTests0123456789abcdefghijklmnopqrst',
} as const;
const [NEW_KEY = '', OLD_KEY = ''] = PLATFORM.aesKeys.split(',');
const SHOP = { appid: 'wxauthorizer0001', secret: 'shop-own-test-secret', kind: 'official' } as const;
const NEWS = { appid: 'wxauthorizer0002', secret: 'news-own-test-secret', kind: 'mini_program' } as const;
const OWN = { appid: 'wx-own-app', secret: 'own-app-test-secret' };

const BACKEND = testKey('backend');
const ONE = testKey('one');
const PLATFORM_KEY = testKey('platform');
const ADMIN = testKey('admin');
const CLIENTS = [
  {
    id: 'backend',
    key: BACKEND,
    apps: ['wxplatform00000001/*'],
    may: ['read', 'report', 'login', 'gateway'],
  },
  { id: 'one', key: ONE, apps: ['wxplatform00000001/wxauthorizer0001'] },
  { id: 'platform', key: PLATFORM_KEY, apps: ['wxplatform00000001/*'], may: ['platform'] },
  { id: 'admin', key: ADMIN, apps: '*', may: ['admin'] },
];

let redis: RedisServer;
let simulator: WeChatSimulator;
let hub: RunningHub;
const hubs: RunningHub[] = [];
let runs = 0;
let prefix = '';

beforeAll(async () => {
  redis = await RedisServer.start();
});
afterAll(stopRedisServers);

beforeEach(async () => {
  prefix = `run${(runs += 1)}:`;
  simulator = await WeChatSimulator.start({ apps: [OWN, SHOP, NEWS] });
  const { appid, secret, pushToken: token } = PLATFORM;
  simulator.platforms.add({ appid, secret, token, aesKey: NEW_KEY });
});
afterEach(async () => {
  await Promise.all(hubs.splice(0).map((running) => running.stop()));
  await simulator.close();
});

async function start(
  platform: Record<string, unknown> = {},
  environment: Record<string, string> = { HUB_REDIS_URL: redis.url, HUB_REDIS_PREFIX: prefix },
): Promise<RunningHub> {
  const running = await startHub({
    upstream: simulator.url,
    apps: [OWN],
    clients: CLIENTS,
    platforms: [{ ...PLATFORM, ...platform }],
    environment,
  });
  hubs.push(running);
  return (hub = running);
}

function push({ query, body }: MadePush, to = hub, appid: string = PLATFORM.appid): Promise<Answer> {
  return to.request(`/platforms/${appid}/push?${query}`, {
    method: 'POST',
    headers: { 'content-type': 'text/xml' },
    body,
  });
}

const ticket = (to = hub) => push(simulator.platforms.ticketPush(PLATFORM.appid), to);
const token = (appid: string, key = BACKEND, to = hub) => to.get(`/v1/apps/${appid}/token`, bearer(key));

/** Ticket, authorisation, first token. */
async function authorised(app: { readonly appid: string } = SHOP): Promise<string> {
  expect((await ticket()).text).toBe('success');
  const own = `/v1/platforms/${PLATFORM.appid}/token`;
  await eventually(async () => (await hub.get(own, bearer(PLATFORM_KEY))).status === 200, 'its own token');
  const { push: made } = simulator.platforms.authorize(PLATFORM.appid, app.appid);
  expect((await push(made)).text).toBe('success');
  await eventually(async () => (await token(app.appid)).status === 200, `the token of ${app.appid}`);
  return ((await token(app.appid)).json as { access_token: string }).access_token;
}

describe('a third-party platform', () => {
  it('has its own token from the first ticket on, for who may act for it alone', async () => {
    await start();
    const path = `/v1/platforms/${PLATFORM.appid}/token`;
    expect((await hub.get(path, bearer(PLATFORM_KEY))).status).toBe(503);
    await eventually(() => simulator.platforms.isStarted(PLATFORM.appid), 'api_start_push_ticket');
    const first = await ticket();
    expect([first.status, first.text]).toEqual([200, 'success']);
    await eventually(async () => (await hub.get(path, bearer(PLATFORM_KEY))).status === 200, 'the token');
    const { access_token: value } = (await hub.get(path, bearer(PLATFORM_KEY))).json as {
      access_token: string;
    };
    expect(simulator.isAlive(value)).toBe(true);
    expect((await hub.get(path, bearer(BACKEND))).status).toBe(403);
    expect((await token(PLATFORM.appid, ADMIN)).status).toBe(403);
    expect((await token(PLATFORM.appid, PLATFORM_KEY)).status).toBe(403);
    expect((await hub.get('/v1/platforms/wx-own-app/token', bearer(PLATFORM_KEY))).status).toBe(403);
  });

  it('accounts that authorise it are apps at once, until they withdraw', async () => {
    await start();
    expect((await token(SHOP.appid)).status).toBe(403);
    const value = await authorised();
    expect(simulator.isAlive(value)).toBe(true);
    expect((await token(SHOP.appid, ONE)).status).toBe(200);
    await authorised(NEWS);
    expect((await token(NEWS.appid, ONE)).status).toBe(403);
    expect(simulator.platforms.authorizerMints).toBeLessThanOrEqual(4);

    expect((await push(simulator.platforms.withdraw(PLATFORM.appid, SHOP.appid))).text).toBe('success');
    expect((await token(SHOP.appid)).status).toBe(403);
    expect((await token(NEWS.appid)).status).toBe(200);
  });

  it('authorizers have tickets, the gateway, the drop-in, reports and logins', async () => {
    await start();
    await authorised();
    const { appid } = SHOP;
    expect((await hub.get(`/v1/apps/${appid}/tickets/jsapi`, bearer(BACKEND))).status).toBe(200);
    const echo = await hub.get(`/v1/apps/${appid}/wechat/cgi-bin/user/info?openid=o1`, bearer(BACKEND));
    expect(echo.json).toMatchObject({ errcode: 0, appid });
    const dropIn = await hub.get(
      `/cgi-bin/token?grant_type=client_credential&appid=${appid}&secret=${BACKEND}`,
    );
    expect(dropIn.json).toEqual({
      access_token: expect.any(String) as string,
      expires_in: expect.any(Number) as number,
    });
    const { access_token: current } = dropIn.json as { access_token: string };
    const ticketOf = await hub.get(`/cgi-bin/ticket/getticket?access_token=${current}&type=jsapi`);
    expect(ticketOf.json).toMatchObject({ errcode: 0 });
    const report = await hub.post(
      `/v1/apps/${appid}/token/reject`,
      { access_token: current },
      bearer(BACKEND),
    );
    expect(report.json).toMatchObject({ outcome: 'confirmed' });

    const code = simulator.makeCode({ appid, kind: 'oauth', openid: 'o-user' } as never);
    const login = await hub.get(
      `/sns/oauth2/access_token?appid=${appid}&secret=${BACKEND}&code=${code}&grant_type=authorization_code`,
    );
    expect(login.json).toMatchObject({ openid: 'o-user' });
  });

  it('its backend has WeChat’s own endpoints, and never a real refresh token', async () => {
    await start();
    await authorised();
    const component = await hub.post('/cgi-bin/component/api_component_token', {
      component_appid: PLATFORM.appid,
      component_appsecret: PLATFORM_KEY,
      component_verify_ticket: 'anything',
    });
    expect(component.json).toEqual({
      component_access_token: expect.any(String) as string,
      expires_in: expect.any(Number) as number,
    });
    const { component_access_token: value } = component.json as { component_access_token: string };
    const authorizer = await hub.post(
      `/cgi-bin/component/api_authorizer_token?component_access_token=${value}`,
      {
        component_appid: PLATFORM.appid,
        authorizer_appid: SHOP.appid,
        authorizer_refresh_token: 'whatever the caller has',
      },
    );
    expect(authorizer.json).toMatchObject({ authorizer_refresh_token: 'whatever the caller has' });
    const { authorizer_access_token: got } = authorizer.json as { authorizer_access_token: string };
    expect(simulator.validity(got)).toMatchObject({ appid: SHOP.appid, family: 'authorizer_token' });
    expect(
      (
        await hub.post(`/cgi-bin/component/api_authorizer_token?component_access_token=${value}`, {
          authorizer_appid: OWN.appid,
        })
      ).json,
    ).toMatchObject({ errcode: 61003 });

    const at = `/v1/platforms/${PLATFORM.appid}/wechat/cgi-bin/component`;
    const info = await hub.post(
      `${at}/api_get_authorizer_info`,
      { authorizer_appid: SHOP.appid },
      bearer(PLATFORM_KEY),
    );
    expect(info.json).toMatchObject({ authorization_info: { authorizer_appid: SHOP.appid } });
    expect(info.text).not.toContain('refresh');
    for (const api of ['api_component_token', 'api_authorizer_token', 'api_start_push_ticket'])
      expect((await hub.post(`${at}/${api}`, {}, bearer(PLATFORM_KEY))).status).toBe(403);
    expect((await hub.post(`${at}/api_get_authorizer_info`, {}, bearer(BACKEND))).status).toBe(403);
    const leaving = await hub.post(`${at}/anything`, { key: BACKEND }, bearer(PLATFORM_KEY));
    expect(leaving.json).toMatchObject({ code: 'HUB_BAD_REQUEST' });
  });

  it('a dead token of the platform is replaced when a call finds it dead', async () => {
    await start();
    await authorised();
    simulator.platforms.killComponentToken(PLATFORM.appid);
    const at = `/v1/platforms/${PLATFORM.appid}/wechat/cgi-bin/component/api_get_authorizer_info`;
    const answer = await hub.post(at, { authorizer_appid: SHOP.appid }, bearer(PLATFORM_KEY));
    expect(answer.json).toMatchObject({ authorization_info: { authorizer_appid: SHOP.appid } });
  });
});

describe('pushes', () => {
  it.each([
    ['with another signature', (made: MadePush) => ({ ...made, query: made.query.replace(/.$/, flipped) })],
    ['without a signature', (made: MadePush) => ({ ...made, query: made.query.replace(/msg_/, 'x_') })],
    [
      'of another time',
      (made: MadePush) => ({ ...made, query: made.query.replace(/timestamp=\d/, 'timestamp=2') }),
    ],
    [
      'altered',
      (made: MadePush) => ({
        ...made,
        body: made.body.replace(/<Encrypt><!\[CDATA\[[A-Za-z0-9+/]{2}/, '<Encrypt><![CDATA[00'),
      }),
    ],
  ])('%s are refused', async (_what, mangle) => {
    await start();
    const made = mangle(simulator.platforms.ticketPush(PLATFORM.appid));
    expect((await push(made)).json).toMatchObject({ code: 'HUB_NOT_GRANTED' });
    expect((await push(made, hub, 'wx-nobody')).json).toMatchObject({ code: 'HUB_NOT_GRANTED' });
    expect((await hub.get('/admin/platforms', bearer(ADMIN))).json).toMatchObject({
      platforms: [{ appid: PLATFORM.appid, lastTicketAt: null }],
    });
  });

  it('are taken once; of the key before a change too; with a document type never; large ones not', async () => {
    await start();
    const made = simulator.platforms.ticketPush(PLATFORM.appid);
    expect((await push(made)).text).toBe('success');
    expect((await push(made)).status).toBe(403);
    simulator.platforms.change(PLATFORM.appid, { aesKey: OLD_KEY });
    expect((await ticket()).text).toBe('success');
    const { query, body } = simulator.platforms.ticketPush(PLATFORM.appid);
    const withType = `<!DOCTYPE xml [<!ENTITY a "b">]>${body}`;
    expect((await push({ query, body: withType })).status).toBe(400);
    expect((await push({ query, body: `${body}${' '.repeat(70_000)}` })).status).toBe(413);
  });

  it('go on as they came, once they are stored', async () => {
    const got: { url: string; body: string }[] = [];
    const legacy: Server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        got.push({ url: request.url ?? '', body });
        response.end('success');
      });
    });
    await new Promise<void>((resolve) => legacy.listen(0, '127.0.0.1', resolve));
    const { port } = legacy.address() as AddressInfo;
    await start({ forwardTo: [`http://127.0.0.1:${port}/push`] });
    const made = simulator.platforms.push(PLATFORM.appid, { InfoType: 'notify_third_fasteregister' });
    expect((await push(made)).text).toBe('success');
    await eventually(() => got.length === 1, 'the push at the legacy system');
    expect(got[0]).toEqual({ url: `/push?${made.query}`, body: made.body });
    legacy.closeAllConnections();
    legacy.close();
  });

  it('500 mangled ones: none is taken, none is a 500', async () => {
    await start();
    await ticket();
    const random = seededRandom(9);
    const below = (most: number): number => Math.floor(random() * most);
    const seen = new Map<number, number>();
    for (let nth = 0; nth < 500; nth += 1) {
      const made = simulator.platforms.push(PLATFORM.appid, {
        InfoType: 'unauthorized',
        AuthorizerAppid: SHOP.appid,
      });
      const text = nth % 2 === 0 ? made.query : made.body;
      const at = below(text.length);
      const cut = text.slice(0, at) + String.fromCharCode(33 + below(90)) + text.slice(at + 1 + below(3));
      const mangled = nth % 2 === 0 ? { ...made, query: cut } : { ...made, body: cut };
      // What is not signed may say anything.
      if (nth % 2 === 0 && signedPart(made.query) === signedPart(cut)) continue;
      const { status, text: answer } = await push(mangled);
      seen.set(status, (seen.get(status) ?? 0) + 1);
      if (status === 200 && nth % 2 === 0) throw new Error(`taken: ${cut}`);
      expect(answer.includes('HUB_INTERNAL')).toBe(false);
    }
    expect([...seen.keys()].every((status) => [200, 400, 403].includes(status))).toBe(true);
    // A body whose envelope alone is written otherwise says the same.
    expect(seen.get(200) ?? 0).toBeLessThan(150);
    expect(hub.app.get(PlatformRecords).authorizations(PLATFORM.appid)).toEqual(
      seen.has(200) ? [expect.objectContaining({ state: 'withdrawn' })] : [],
    );
  }, 120_000);
});

describe('what must not be lost', () => {
  it('survives a restart: tokens are served from the store, and the refresh token is known', async () => {
    await start();
    const value = await authorised();
    const mints = simulator.platforms.authorizerMints;
    await hubs.splice(0)[0]?.stop();
    await start();
    expect((await token(SHOP.appid)).json).toMatchObject({ access_token: value });
    expect(simulator.platforms.authorizerMints).toBe(mints);
    const stored = await redis.admin.get(
      `${prefix}{platform.${PLATFORM.appid}}:record:authorizer.${SHOP.appid}`,
    );
    expect(stored).toContain('refreshtoken@@@');
  });

  it('the same with a state file in place of Redis', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hub-platform-'));
    const key = Buffer.alloc(32, 7).toString('base64');
    const environment = { HUB_STATE_FILE: join(folder, 'state'), HUB_ENCRYPTION_KEYS: `one:${key}` };
    try {
      await start({}, environment);
      simulator.platforms.change(PLATFORM.appid, { rotates: true });
      const value = await authorised();
      await hubs.splice(0)[0]?.stop();
      const mints = simulator.platforms.authorizerMints;
      await start({}, environment);
      expect((await token(SHOP.appid)).json).toMatchObject({ access_token: value });
      expect(simulator.platforms.authorizerMints).toBe(mints);
      const path = `/admin/platforms/${PLATFORM.appid}/authorizers/${SHOP.appid}/refresh`;
      expect((await hub.post(path, undefined, bearer(ADMIN))).status).toBe(200);
      expect(
        simulator.isAlive(((await token(SHOP.appid)).json as { access_token: string }).access_token),
      ).toBe(true);
    } finally {
      await Promise.all(hubs.splice(0).map((running) => running.stop()));
      rmSync(folder, { recursive: true });
    }
  });

  it('a refresh token that rotates is stored with each refresh, and used from then on', async () => {
    await start();
    simulator.platforms.change(PLATFORM.appid, { rotates: true });
    await authorised();
    const known = () =>
      hub.app.get(PlatformRecords).authorization(PLATFORM.appid, SHOP.appid)?.refreshToken?.reveal() ?? '';
    const path = `/admin/platforms/${PLATFORM.appid}/authorizers/${SHOP.appid}/refresh`;
    const before = known();
    expect((await hub.post(path, undefined, bearer(ADMIN))).status).toBe(200);
    expect(known()).not.toBe(before);
    expect(simulator.platforms.isGoodRefreshToken(PLATFORM.appid, SHOP.appid, known())).toBe(true);
    const stored = await redis.admin.get(
      `${prefix}{platform.${PLATFORM.appid}}:record:authorizer.${SHOP.appid}`,
    );
    expect(stored).toContain(known());
  });

  it('a refresh token that changed unseen comes back from WeChat’s list', async () => {
    await start();
    await authorised();
    simulator.platforms.rotateUnseen(PLATFORM.appid, SHOP.appid);
    const asked = await hub.post(
      `/admin/platforms/${PLATFORM.appid}/authorizers/${SHOP.appid}/refresh`,
      undefined,
      bearer(ADMIN),
    );
    expect(asked.status).toBeGreaterThanOrEqual(200);
    await eventually(() => {
      const known = hub.app.get(PlatformRecords).authorization(PLATFORM.appid, SHOP.appid)?.refreshToken;
      return (
        known !== undefined &&
        simulator.platforms.isGoodRefreshToken(PLATFORM.appid, SHOP.appid, known.reveal())
      );
    }, 'the refresh token of the list');
  }, 60_000);

  it('who authorised while no event came is found on the list; who is missing there is told', async () => {
    await start();
    simulator.platforms.authorize(PLATFORM.appid, NEWS.appid);
    // The code of the event was used by somebody else.
    simulator.platforms.rotateUnseen(PLATFORM.appid, NEWS.appid);
    await ticket();
    await eventually(async () => (await token(NEWS.appid)).status === 200, 'the account on the list');
    const shown = await hub.get(`/admin/platforms/${PLATFORM.appid}/authorizers`, bearer(ADMIN));
    expect(shown.json).toMatchObject({
      authorizers: [{ appid: NEWS.appid, state: 'authorized', listed: true, errcode: null }],
    });
  }, 60_000);

  it('a replica knows what another was told', async () => {
    const first = await start();
    const second = await start();
    hub = first;
    await authorised();
    await eventually(
      async () => (await token(SHOP.appid, BACKEND, second)).status === 200,
      'the token at the other replica',
    );
    expect(simulator.platforms.authorizerMints).toBeLessThanOrEqual(2);
    expect((await push(simulator.platforms.withdraw(PLATFORM.appid, SHOP.appid), second)).text).toBe(
      'success',
    );
    await eventually(async () => (await token(SHOP.appid)).status === 403, 'the withdrawal');
  });
});

describe('links for merchants', () => {
  it('lead back to where the link says, once', async () => {
    await start();
    await ticket();
    const link = () =>
      hub.post(
        `/admin/platforms/${PLATFORM.appid}/authorize-link`,
        { redirectUri: 'https://shop.example/done?x=1', authType: 3, hubUrl: hub.url },
        bearer(ADMIN),
      );
    await eventually(async () => (await link()).status === 200, 'the platform’s token');
    const url = new URL(((await link()).json as { url: string }).url);
    expect([url.host, url.pathname]).toEqual(['mp.weixin.qq.com', '/cgi-bin/componentloginpage']);
    const callback = url.searchParams.get('redirect_uri') ?? '';
    const { code } = simulator.platforms.authorize(PLATFORM.appid, SHOP.appid);
    const back = `${callback}&auth_code=${encodeURIComponent(code)}&expires_in=600`;
    const forged = back.replace(/state=./, (state) => `state=${state.endsWith('A') ? 'B' : 'A'}`);
    expect((await hub.get(forged)).json).toMatchObject({ code: 'HUB_BAD_REQUEST' });
    const first = await hub.get(back);
    expect([first.status, first.headers.get('location')]).toEqual([302, 'https://shop.example/done?x=1']);
    expect((await hub.get(back)).json).toMatchObject({ code: 'HUB_BAD_REQUEST' });
    await eventually(async () => (await token(SHOP.appid)).status === 200, 'the token');
  });

  it('a body of another form is refused', async () => {
    await start();
    for (const body of [
      {},
      { redirectUri: 'javascript:alert(1)' },
      { redirectUri: 'https://a.example/', x: 1 },
    ])
      expect(
        (await hub.post(`/admin/platforms/${PLATFORM.appid}/authorize-link`, body, bearer(ADMIN))).json,
      ).toMatchObject({ code: 'HUB_BAD_REQUEST' });
  });
});

function flipped(char: string): string {
  return char === '0' ? '1' : '0';
}

/** What of a query has a part in the signature. */
function signedPart(text: string): string {
  const query = new URLSearchParams(text);
  return ['timestamp', 'nonce', 'msg_signature'].map((name) => query.get(name) ?? '').join(' ');
}
