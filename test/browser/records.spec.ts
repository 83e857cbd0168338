import { jest } from '@jest/globals';
import type { Browser, Locator } from 'playwright-core';
import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { faults } from '../support/axe.js';
import { startBrowser, WatchedPage } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import { AUDIENCE, Issuer, signingKey, SUBJECT } from '../support/issuer.js';
import { bearer, sha256, startHub, testKey, type RunningHub } from '../support/start-hub.js';

/** Keys that end, callers without keys, records by their outcome, and problems of the file in the reader's language. */

jest.setTimeout(90_000);

const DAY = 86_400_000;
const ADMIN = testKey('console-admin');
const APP = { appid: 'wx0000000000000001', name: 'Shop', secret: 'simulated-secret-of-the-shop' };
const OTHER = { appid: 'wx0000000000000002', name: 'Members', secret: 'simulated-secret-of-members' };
const inDays = (days: number): string => new Date(Date.now() + days * DAY + 1_800_000).toISOString();
const keyed = (id: string, days: number) => ({
  id,
  apps: [APP.appid],
  keys: [{ id: 'first', sha256: sha256(testKey(id)), expiresAt: inDays(days) }],
});
const CLIENTS = [
  { id: 'operations', key: ADMIN, apps: '*', may: ['admin', 'read'] },
  keyed('billing', 300),
  keyed('campaign', 3),
  keyed('old-batch', -2),
  { id: 'orders', apps: [APP.appid], identities: [{ issuer: 'cluster', subject: SUBJECT }] },
];

let browser: Browser;
let simulator: WeChatSimulator;
let issuer: Issuer;
let hub: RunningHub;
let watched: WatchedPage;

beforeAll(async () => {
  browser = await startBrowser();
});

afterAll(() => browser.close());

beforeEach(async () => {
  issuer = await Issuer.start(await signingKey('first'));
  const apps = [APP, OTHER];
  simulator = await WeChatSimulator.start({ apps: apps.map(({ appid, secret }) => ({ appid, secret })) });
  hub = await startHub({
    upstream: simulator.url,
    apps,
    clients: CLIENTS,
    issuers: [{ id: 'cluster', issuer: issuer.url, audience: AUDIENCE }],
  });
  const token = await issuer.token();
  const path = `/v1/apps/${APP.appid}/token`;
  const held = await hub.get(path, bearer(token));
  await hub.post(`${path}/reject`, { access_token: held.json.access_token }, bearer(token));
  expect((await hub.get(`/v1/apps/${OTHER.appid}/token`, bearer(token))).status).toBe(403);
});

afterEach(async () => {
  expect(watched.complaints).toEqual([]);
  hub.leaks.sawText('the page and its answers', await watched.everything());
  await watched.close();
  await simulator.close();
  await hub.stop();
  await issuer.stop();
});

const WORDS = {
  en: {
    denied: 'denied',
    by: `cluster: ${SUBJECT}`,
    soon: /expires in 3 d/,
    out: /expired/,
    problem: 'must be one of stable_token, token, none (did you mean "token"?)',
    records: '1 problem',
  },
  zh: {
    denied: '已拒绝',
    by: `签发方 cluster：${SUBJECT}`,
    soon: /3 天/,
    out: /过期/,
    problem: '必须是其中之一：stable_token, token, none（是不是“token”？）',
    records: '1 个问题',
  },
} as const;

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

it.each([
  ['en-GB', 'light', {}],
  ['en-GB', 'dark', {}],
  ['zh-CN', 'light', {}],
  ['zh-CN', 'dark', {}],
  ['en-GB', 'dark', PHONE],
  ['zh-CN', 'light', PHONE],
] as const)('in %s, %s, %j', async (locale, colorScheme, form) => {
  const language = locale.startsWith('zh') ? 'zh' : 'en';
  const words = WORDS[language];
  watched = await WatchedPage.open(browser, { locale, colorScheme, reducedMotion: 'reduce', ...form });
  const { page } = watched;
  const name = `${language}-${colorScheme}${form === PHONE ? '-phone' : ''}`;
  const wellMade = async (view: string): Promise<void> => {
    expect(await faults(page)).toEqual([]);
    if (form === PHONE)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await watched.shot(`${view}-${name}`);
  };
  const textsOf = (list: Locator): Promise<string[]> => list.allInnerTexts();
  await page.goto(`${hub.opsUrl}/console`);
  await page.fill('#key', ADMIN);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.app');

  // Two keys ask for somebody: the one that ends in days, and the one that has ended.
  expect(await page.locator('.tab-count').innerText()).toContain('2');
  await page.click('.tabs a[href="#/clients"]');
  await page.waitForSelector('.client');
  await page.selectOption('.toolbar select', 'expiry');
  expect((await textsOf(page.locator('.client h2'))).slice(0, 3)).toEqual([
    'old-batch',
    'campaign',
    'billing',
  ]);
  expect(await page.locator('.client .key-out').innerText()).toMatch(words.out);
  expect(await page.locator('.client .key-short').innerText()).toMatch(words.soon);
  expect(await page.locator('.client', { hasText: 'orders' }).innerText()).toContain(`cluster/${SUBJECT}`);
  await wellMade('keys');

  await page.click('.tabs a[href="#/audit"]');
  await page.waitForSelector('.audit li');
  await page.fill('input[type=search]', SUBJECT);
  await eventually(async () => (await page.locator('.audit li').count()) === 2, 'both records of the caller');
  for (const record of await textsOf(page.locator('.audit li'))) expect(record).toContain(words.by);
  await wellMade('identities');
  await page.selectOption('.toolbar select >> nth=1', 'denied');
  await eventually(async () => (await page.locator('.audit li').count()) === 1, 'the denied one');
  expect(await page.locator('.audit li').innerText()).toContain(words.denied);
  expect(page.url()).toContain('outcome=denied');
  await page.reload();
  await page.waitForSelector('.audit li');
  expect(await page.locator('.audit li').count()).toBe(1);

  hub.writeApps([{ ...APP, tokenApi: 'tokem' }], CLIENTS.slice(0, 1));
  await page.click('.tabs a[href="#/apps"]');
  await page.click('.reload');
  const dialog = page.getByRole('dialog');
  await dialog.locator('tbody tr').waitFor();
  expect(await dialog.locator('tbody').innerText()).toContain(words.problem);
  await wellMade('problems');
  await page.keyboard.press('Escape');
  await page.click('.tabs a[href="#/audit"]');
  await page.waitForSelector('.audit li');
  await page.fill('input[type=search]', '');
  await page.selectOption('.toolbar select >> nth=0', 'config.reload');
  await page.locator('.audit li', { hasText: words.records }).first().waitFor();
});
