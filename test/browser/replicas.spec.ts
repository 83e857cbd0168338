import { hostname } from 'node:os';
import { jest } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { startBrowser, WatchedPage } from '../support/browser.js';
import { RedisServer, stopRedisServers } from '../support/redis-server.js';
import { bearer, startHub, testKey, type RunningHub } from '../support/start-hub.js';

/** The console of one of two replicas that share a Redis. */

jest.setTimeout(60_000);

const ADMIN = testKey('console-admin');
const APPS = [{ appid: 'wx0000000000000001', name: 'Shop', secret: 'simulated-secret-of-the-shop' }];
const CLIENTS = [{ id: 'operations', key: ADMIN, apps: '*', may: ['admin', 'read'] }];

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
