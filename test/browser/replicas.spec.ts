import { hostname } from 'node:os';
import { jest } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { LiveAnswer } from '../../src/console/wire.js';
import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { startBrowser, WatchedPage } from '../support/browser.js';
import { RedisServer, stopRedisServers } from '../support/redis-server.js';
import { bearer, startHub, testKey, type RunningHub } from '../support/start-hub.js';

/** The console of one of two replicas that share a Redis. */

jest.setTimeout(60_000);

const ADMIN = testKey('console-admin');
const APPS = [{ appid: 'wx0000000000000001', name: 'Shop', secret: 'simulated-secret-of-the-shop' }];
const GATEWAY = testKey('console-gateway');
const TEAM = testKey('console-team');
const CLIENTS = [
  { id: 'operations', key: ADMIN, apps: '*', may: ['admin', 'read'] },
  { id: 'team', key: TEAM, apps: [APPS[0]!.appid], may: ['admin'] },
  { id: 'backend', key: GATEWAY, apps: '*', may: ['gateway', 'login'] },
];

let browser: Browser;
let redis: RedisServer;
let simulator: WeChatSimulator;
let hubs: RunningHub[];
let watched: WatchedPage;

beforeAll(async () => {
  browser = await startBrowser();
});

afterAll(() => browser.close());

beforeEach(async () => {
  redis = await RedisServer.start();
  simulator = await WeChatSimulator.start({ apps: APPS.map(({ appid, secret }) => ({ appid, secret })) });
  const start = () =>
    startHub({
      upstream: simulator.url,
      apps: APPS,
      clients: CLIENTS,
      environment: { HUB_REDIS_URL: redis.url, HUB_NAME: 'prod-sh' },
    });
  hubs = [await start(), await start()];
  watched = await WatchedPage.open(browser);
  await watched.page.goto(`${hubs[0]!.opsUrl}/console`);
  await watched.page.fill('#key', ADMIN);
  await watched.page.keyboard.press('Enter');
  await watched.page.waitForSelector('.app');
});

afterEach(async () => {
  await watched.close();
  for (const hub of hubs) await hub.stop();
  await simulator.close();
  await stopRedisServers();
});

it('lists both; one whose reload was refused is told on the other, whoever looks', async () => {
  const { page } = watched;
  const list = page.locator('.replicas');
  await list.getByText('2 replicas').click({ timeout: 15_000 });
  expect(await list.innerText()).toContain('this one');
  expect((await list.innerText()).split(hostname())).toHaveLength(3);
  hubs[1]!.writeApps([{ ...APPS[0]!, tokenApi: 'tokem' }]);
  await hubs[1]!.post('/admin/reload', undefined, bearer(ADMIN));
  await page.locator('.banner', { hasText: 'Another replica refused apps.yaml' }).waitFor({ timeout: 5000 });
  await watched.shot('replicas');
  hubs[1]!.writeApps(APPS);
  await hubs[1]!.post('/admin/reload', undefined, bearer(ADMIN));
  await page.locator('.banner').waitFor({ state: 'detached', timeout: 5000 });
});

it('shows what the other sees of its apps, and says of an app that it is not well there', async () => {
  const { page } = watched;
  const list = page.locator('.replicas');
  await list.getByText('2 replicas').click({ timeout: 15_000 });
  await list.getByText('1 valid, 0 failing, 0 unavailable').nth(1).waitFor({ timeout: 30_000 });
  // Who sees some apps is not told of all: not even how many are well.
  const seenBy = async (key: string) => {
    const url = `${hubs[0]!.opsUrl}/console/api/live`;
    const { hub } = (await (await fetch(url, { headers: bearer(key) })).json()) as LiveAnswer;
    return hub.replicas.map(({ view }) => view?.valid ?? null);
  };
  expect([await seenBy(ADMIN), await seenBy(TEAM)]).toEqual([
    [1, 1],
    [null, null],
  ]);
  // Another AppSecret in the file of the second alone: there, and nowhere else, the app fails.
  hubs[1]!.writeApps([{ ...APPS[0]!, secret: 'simulated-secret-that-is-wrong' }]);
  await hubs[1]!.post('/admin/reload', undefined, bearer(ADMIN));
  await list.getByText('0 valid, 1 failing, 0 unavailable').waitFor({ timeout: 30_000 });
  await list.locator('.replica-view a', { hasText: 'Shop' }).click();
  await page.getByText(`Not valid on other replicas: ${hostname()}`).waitFor({ timeout: 5000 });
  await watched.shot('replica-view');
});

it('an app’s detail has charts of what callers did through this replica', async () => {
  const { page } = watched;
  const path = '/v1/apps/wx0000000000000001';
  const hub = hubs[0]!;
  for (let call = 0; call < 3; call += 1)
    expect((await hub.get(`${path}/wechat/cgi-bin/getcallbackip`, bearer(GATEWAY))).status).toBe(200);
  const code = simulator.makeCode({ appid: APPS[0]!.appid, openid: 'o-anna' });
  await hub.post(`${path}/login/session`, { code }, bearer(GATEWAY));
  await page.getByRole('link', { name: 'Shop' }).first().click();
  const chart = (heading: string) => page.locator('section', { hasText: heading }).getByRole('img');
  await chart('Calls through the gateway').waitFor({ timeout: 15_000 });
  expect(await chart('Calls through the gateway').getAttribute('aria-label')).toContain('3 calls, 0 failed');
  expect(await chart('User logins, by this replica').getAttribute('aria-label')).toContain(
    '1 calls, 0 failed',
  );
  await watched.shot('app-traffic');
});

it('Redis away is a banner within seconds, with since when and what to do', async () => {
  const { page } = watched;
  await redis.kill();
  const banner = page.locator('.banner', { hasText: 'Redis has been away since' });
  await banner.waitFor({ timeout: 7000 });
  expect(await banner.innerText()).toContain('doctor');
  await watched.shot('redis-away');
  await redis.launch();
  await banner.waitFor({ state: 'detached', timeout: 15_000 });
});
