import { readFileSync } from 'node:fs';
import { jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { FORCED_PER_DAY } from '../../src/core/force-budget.js';
import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { faults } from '../support/axe.js';
import { startBrowser, WatchedPage } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import { startHub, testKey, type RunningHub } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

/** The console as people meet it: in a real browser, on a hub whose WeChat is played by the simulator. */

jest.setTimeout(60_000);

const ADMIN = testKey('console-admin');
const SHOP_ADMIN = testKey('console-shop');
const app = (appid: string, name: string, more: object = {}) => ({
  appid,
  name,
  secret: `simulated-secret-of-${appid}`,
  ...more,
});
const GOOD = app('wx0000000000000001', 'Shop mini program', { tickets: ['jsapi'] });
const FAILING = app('wx0000000000000002', 'Member center', { reconcileSeconds: 5 });
const REFUSED = app('wx0000000000000003', 'Delivery tracking');
const MINTED = app('wx0000000000000004', 'Official account', { tokenApi: 'token' });
const APPS = [GOOD, FAILING, REFUSED, MINTED];
const CLIENTS = [
  { id: 'operations', key: ADMIN, apps: '*', may: ['admin', 'read'] },
  { id: 'shop-team', key: SHOP_ADMIN, apps: [GOOD.appid], may: ['admin', 'read'] },
  { id: 'batch', allowIps: ['10.20.0.7'], apps: [REFUSED.appid], may: ['read'] },
];

let browser: Browser;
let simulator: WeChatSimulator;
let hub: RunningHub;
let opened: WatchedPage[];

beforeAll(async () => {
  browser = await startBrowser();
});

afterAll(() => browser.close());

beforeEach(async () => {
  opened = [];
  simulator = await WeChatSimulator.start({ apps: APPS.map(({ appid, secret }) => ({ appid, secret })) });
  simulator.fault({
    kind: 'errcode',
    errcode: 40164,
    errmsg: 'invalid ip 203.0.113.18 ipv6 ::ffff:203.0.113.18, not in whitelist',
    appid: REFUSED.appid,
    times: Infinity,
  });
  hub = await startHub({ upstream: simulator.url, apps: APPS, clients: CLIENTS });
});

afterEach(async () => {
  try {
    for (const watched of opened) {
      expect(watched.requests.filter((url) => !url.startsWith(hub.opsUrl))).toEqual([]);
      expect(watched.complaints).toEqual([]);
      hub.leaks.sawText('the page and its answers', await watched.everything());
      await watched.close();
    }
  } finally {
    await simulator.close();
    await hub.stop();
  }
});

async function open(options: Parameters<typeof WatchedPage.open>[1] = {}): Promise<WatchedPage> {
  const watched = await WatchedPage.open(browser, options);
  opened.push(watched);
  await watched.page.goto(`${hub.opsUrl}/console`);
  return watched;
}

async function signedIn(
  options: Parameters<typeof WatchedPage.open>[1] = {},
  key = ADMIN,
): Promise<WatchedPage> {
  const watched = await open(options);
  await watched.page.fill('#key', key);
  await watched.page.keyboard.press('Enter');
  await watched.page.waitForSelector('.app');
  return watched;
}

/** Seen on top of everything, an open dialog too. */
const toast = async (page: Page, kind: string, words: string) => {
  const shown = page.locator(kind, { hasText: words }).first();
  await shown.waitFor();
  // A modal covers what is outside of it; the one within it comes first in the page.
  const dialogs = await page.locator('dialog').count();
  if (dialogs > 0) expect(await shown.evaluate((element) => element.closest('dialog') !== null)).toBe(true);
};
const row = (page: Page, appid: string) => page.locator('.app', { hasText: appid });

/** Its renewal fails from now on, while its token goes on living. */
async function failRenewal(): Promise<void> {
  simulator.fault({ kind: 'errcode', errcode: -1, appid: FAILING.appid, times: Infinity });
  await hub.post(
    `${hub.opsUrl}/console/api/apps/${FAILING.appid}/refresh`,
    {},
    { authorization: `Bearer ${ADMIN}` },
  );
}

describe('signing in', () => {
  it('a wrong key is refused with a reason; the right one opens; signing out forgets it', async () => {
    const { page } = await open();
    await page.waitForSelector('#key');
    for (const wrong of [testKey('wrong'), 'short', '密钥']) {
      await page.fill('#key', wrong);
      await page.click('text=Sign in >> nth=-1');
      await page.waitForFunction(() => document.querySelector('#key-error')?.textContent !== '');
      expect(await page.textContent('#key-error')).toContain('no such key');
    }
    await page.fill('#key', ADMIN);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.app');
    // For this tab alone: it outlives a reload of the page, and no other tab has it.
    await page.reload();
    await page.waitForSelector('.app');
    expect(await page.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain('test-key');
    expect(await page.evaluate(() => document.cookie)).toBe('');
    expect(page.url()).not.toContain('test-key');
    await page.click('text=Sign out');
    await page.waitForSelector('#key');
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
    await page.reload();
    await page.waitForSelector('#key');
  });

  it('a key that a reload takes away ends the session', async () => {
    const { page } = await signedIn({}, SHOP_ADMIN);
    expect(await page.locator('.app').count()).toBe(1);
    hub.writeApps(APPS, [CLIENTS[0]!]);
    await hub.post('/admin/reload', undefined, { authorization: `Bearer ${ADMIN}` });
    await page.waitForSelector('#key');
    expect(await page.textContent('#key-error')).toContain('no such key');
  });
});

describe('the list', () => {
  it('shows who needs somebody first, with cause and remedy, and follows what happens', async () => {
    const watched = await signedIn();
    const { page } = watched;
    await failRenewal();
    await row(page, FAILING.appid).locator('.badge-failing').waitFor();
    const order = await page.locator('.app-name code').allTextContents();
    expect(order).toEqual([REFUSED.appid, FAILING.appid, MINTED.appid, GOOD.appid]);
    const refused = await row(page, REFUSED.appid).innerText();
    expect(refused).toContain('Unavailable');
    expect(refused).toContain('not on the app’s IP whitelist');
    expect(refused).toContain('Put 203.0.113.18 on');
    expect(await row(page, GOOD.appid).innerText()).toMatch(/Valid[^]*1 h 59 min left/);
    expect(await page.locator('.tile-unavailable .tile-count').innerText()).toBe('1');
    await watched.shot('apps-light');

    simulator.clearFaults();
    await page.click(`text=Delivery tracking`);
    await page.click('.actions >> text=Refresh >> nth=0');
    await toast(page, '.toast', 'the token is valid');
    await page.keyboard.press('Escape');
    await row(page, REFUSED.appid).locator('.badge-valid').waitFor();
    expect(await page.locator('.tile-unavailable .tile-count').innerText()).toBe('0');
  });

  it('the bar of a life runs down by itself', async () => {
    const { page } = await signedIn();
    const share = () =>
      row(page, GOOD.appid)
        .locator('.life-fill')
        .evaluate((bar) => new DOMMatrix(getComputedStyle(bar).transform).a);
    const first = await share();
    expect(first).toBeGreaterThan(0.99);
    await eventually(async () => (await share()) < first, 'the bar to run down');
  });

  it('is searched, filtered and sorted', async () => {
    const { page } = await signedIn();
    await page.fill('input[type=search]', '40164');
    await eventually(async () => (await page.locator('.app').count()) === 1, 'the search');
    await page.fill('input[type=search]', 'no such app');
    await page.click('text=Show all apps');
    expect(await page.locator('.app').count()).toBe(4);
    await page.click('.tile-unavailable');
    expect(await page.locator('.app').count()).toBe(1);
    await page.click('.tile >> nth=0');
    await page.selectOption('select', 'name');
    expect(await page.locator('.app-name code').first().innerText()).toBe(REFUSED.appid);
    await page.selectOption('select', 'life');
    expect(await page.locator('.app-name code').first().innerText()).toBe(REFUSED.appid);
  });
});

describe('acts', () => {
  it('a forced refresh warns, shows the budget, spends it, and bars the next for 30 s', async () => {
    const watched = await signedIn();
    const { page } = watched;
    await page.click(`text=${GOOD.name}`);
    await page.click('text=Forced refresh…');
    const dialog = page.getByRole('alertdialog');
    expect(await dialog.innerText()).toContain('ends the current one at once');
    expect(await dialog.innerText()).toContain(`${FORCED_PER_DAY} of ${FORCED_PER_DAY}`);
    await watched.shot('forced-refresh');
    await dialog.getByText('Cancel').click();
    expect(simulator.journal({ appid: GOOD.appid }).filter(({ forced }) => forced)).toHaveLength(0);
    await page.click('text=Forced refresh…');
    await dialog.getByText('Force a new token', { exact: true }).click();
    await toast(page, '.toast', 'a new token is in use');
    expect(simulator.journal({ appid: GOOD.appid }).filter(({ forced }) => forced)).toHaveLength(1);
    await page.click('text=Forced refresh…');
    await dialog.getByText(`${FORCED_PER_DAY - 1} of ${FORCED_PER_DAY}`).waitFor();
    await dialog.getByText(/possible in \d+ s/).waitFor();
    await dialog.getByText('Force a new token', { exact: true }).click({ force: true });
    expect(await dialog.isVisible()).toBe(true);
    expect(simulator.journal({ appid: GOOD.appid }).filter(({ forced }) => forced)).toHaveLength(1);
  });

  it('a refresh of a token app says that it mints', async () => {
    const { page } = await signedIn();
    await page.click(`.app-name >> text=${MINTED.name}`);
    await page.click('.actions >> text=Refresh');
    const dialog = page.getByRole('alertdialog');
    expect(await dialog.innerText()).toContain('works for 5 more minutes');
    await dialog.getByText('Mint a new token', { exact: true }).click();
    await toast(page, '.toast', 'the token is valid');
    expect(simulator.calls({ appid: MINTED.appid })).toBe(2);
  });

  it('a refresh that WeChat refuses, or that comes too early, says so', async () => {
    const { page } = await signedIn();
    await page.click(`text=${REFUSED.name}`);
    await page.click('.actions >> text=Refresh >> nth=0');
    await toast(page, '.toast-bad', 'WeChat refused');
    await page.click('.actions >> text=Refresh >> nth=0');
    await toast(page, '.toast-bad', 'Too early');
  });

  it('a reload tells what changed; a refused one lists line, place and problem, and stays in sight', async () => {
    const watched = await signedIn();
    const { page } = watched;
    hub.writeApps([...APPS.slice(0, 3), { ...MINTED, name: 'Renamed account' }]);
    await page.click('text=Reload apps.yaml');
    const dialog = page.getByRole('dialog');
    expect(await dialog.innerText()).toContain('0 added, 1 changed, 0 removed, 3 unchanged');
    await page.keyboard.press('Escape');
    await page.locator('.app', { hasText: 'Renamed account' }).waitFor();

    hub.writeApps([{ ...GOOD, tokenApi: 'tokem' }, { ...FAILING, refreshAhead: 3 }, REFUSED]);
    await page.click('text=Reload apps.yaml');
    await dialog.getByText('apps.yaml was refused').waitFor();
    const lines = await dialog.locator('tbody tr').allInnerTexts();
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^\d+\s+apps\[0\]\.tokenApi\s+\S/);
    expect(lines[1]).toContain('apps[1].refreshAhead');
    await watched.shot('reload-refused');
    await dialog.getByText('Close', { exact: true }).click();
    await page.locator('.banner', { hasText: 'last reload was refused' }).waitFor();
    expect(await page.locator('.app').count()).toBe(4);
  });
});

describe('clients and audit', () => {
  it('clients with what they may, keys by id and end; records of what was done', async () => {
    const watched = await signedIn();
    const { page } = watched;
    await page.click('text=Clients');
    const batch = page.locator('.client', { hasText: 'batch' });
    expect(await batch.innerText()).toMatch(
      /read[^]*wx0000000000000003[^]*10\.20\.0\.7[^]*known by its address alone/,
    );
    expect(await page.locator('.client', { hasText: 'operations' }).innerText()).toMatch(
      /every app[^]*first/,
    );
    await watched.shot('clients');
    await page.click('text=Audit');
    await page.locator('.audit li', { hasText: 'New token' }).first().waitFor();
    await page.fill('input[type=search]', GOOD.appid);
    await watched.shot('audit');
  });
});

describe('quotas of an app', () => {
  it('are looked up, a refused call too, and cleared after a warning', async () => {
    const watched = await signedIn();
    const { page } = watched;
    await page.click(`text=${GOOD.name}`);
    const section = page.locator('.quota');
    await section.getByText('Look up the quota').click();
    await section.locator('dd', { hasText: '0 of 10,000,000' }).waitFor();
    expect(await faults(page)).toEqual([]);
    await section.locator('input').nth(1).fill('no rid');
    await section.getByText('Look up the call').click();
    await toast(page, '.toast-bad', 'A path is like');
    await section.getByText('Clear all quotas').click();
    const dialog = page.getByRole('alertdialog');
    expect(await dialog.innerText()).toContain('ten times a month');
    expect(await faults(page)).toEqual([]);
    await watched.shot('quota-clear');
    await dialog.getByText('Cancel').click();
    expect(simulator.calls({ endpoint: 'quota_clear' })).toBe(0);
    await section.getByText('Clear all quotas').click();
    await dialog.getByText('Clear, one of ten').click();
    await toast(page, '.toast', '9 left in this month');
    expect(simulator.calls({ endpoint: 'quota_clear' })).toBe(1);
  });
});

describe('many apps with one cause', () => {
  const MANY = Array.from({ length: 38 }, (_, index) =>
    app(`wx7c286b35385a6f${String(index + 10)}`, `Shop ${index + 1}`),
  );

  beforeEach(async () => {
    await hub.stop();
    await simulator.close();
    simulator = await WeChatSimulator.start({ apps: MANY.map(({ appid, secret }) => ({ appid, secret })) });
    simulator.fault({
      kind: 'errcode',
      errcode: 40164,
      errmsg: 'invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist',
      times: Infinity,
    });
    hub = await startHub({
      upstream: simulator.url,
      apps: MANY,
      clients: CLIENTS.slice(0, 1),
      notify: [
        { type: 'webhook', url: 'http://127.0.0.1:9/robot', runbooksUrl: 'https://wiki.example/runbooks' },
      ],
    });
  });

  it.each([
    ['en-GB', 'light', 'Refresh all', 'Runbook'],
    ['zh-CN', 'dark', '全部刷新', '处理手册'],
  ] as const)(
    'in %s, %s: one row, copied and mended by one act',
    async (locale, colorScheme, all, runbook) => {
      const watched = await signedIn({
        locale,
        colorScheme,
        reducedMotion: 'reduce',
        permissions: ['clipboard-read', 'clipboard-write'],
      });
      const { page } = watched;
      const cause = page.locator('.mass-cause');
      await cause.waitFor();
      expect(await cause.count()).toBe(1);
      expect(await cause.innerText()).toMatch(/40164[^]*38[^]*203\.0\.113\.7/);
      expect(await cause.getByText(runbook).getAttribute('href')).toBe(
        `https://wiki.example/runbooks/WxhubWeChatRefuses${locale === 'zh-CN' ? '.zh-CN' : ''}.md`,
      );
      expect(await faults(page)).toEqual([]);
      await watched.shot(`mass-${locale.slice(0, 2)}-${colorScheme}`);
      await cause.locator('button').nth(0).click();
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('203.0.113.7');
      await cause.locator('button').nth(1).click();
      expect((await page.evaluate(() => navigator.clipboard.readText())).split('\n')).toHaveLength(38);
      simulator.clearFaults();
      await cause.getByText(all).click();
      await cause.waitFor({ state: 'detached', timeout: 20_000 });
      await eventually(async () => (await page.locator('.badge-valid').count()) === 38, 'all to be valid');
    },
  );

  it('on a phone: the row and its acts fit', async () => {
    const watched = await signedIn({
      locale: 'zh-CN',
      viewport: { width: 360, height: 740 },
      hasTouch: true,
      isMobile: true,
    });
    const { page } = watched;
    await page.locator('.mass-cause').waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await watched.shot('mass-phone-zh');
  });
});

describe('what is searched and filtered', () => {
  it('is in the address, and can be sent to a colleague', async () => {
    const { page } = await signedIn();
    await page.click('text=Audit');
    await page.selectOption('.toolbar select >> nth=0', 'token.issued');
    // By the name that apps.yaml gives it, too.
    await page.fill('input[type=search]', 'shop mini');
    await eventually(async () => (await page.locator('.audit li').count()) === 1, 'the filter');
    expect(page.url()).toContain('#/audit?q=shop+mini&act=token.issued');
    await page.reload();
    await page.waitForSelector('.audit li');
    expect(await page.locator('.audit li').count()).toBe(1);
    const download = page.waitForEvent('download');
    await page.getByText('Save 1 as JSON lines').click();
    const saved = readFileSync(await (await download).path(), 'utf8');
    expect(JSON.parse(saved)).toMatchObject({ act: 'token.issued', appid: GOOD.appid });
    opened.at(-1)!.requests.splice(0);
    await page.click('text=Clients');
    await page.selectOption('select', 'expiry');
    expect(page.url()).toContain('#/clients?sort=expiry');
  });
});

describe('reading without a key', () => {
  it('is possible with HUB_CONSOLE_OPEN, and acting is not', async () => {
    await hub.stop();
    hub = await startHub({
      upstream: simulator.url,
      apps: APPS,
      clients: CLIENTS,
      environment: { HUB_CONSOLE_OPEN: 'true' },
    });
    const { page } = await open();
    await page.waitForSelector('.app');
    expect(await page.locator('text=Reload apps.yaml').count()).toBe(0);
    await page.click(`text=${GOOD.name}`);
    expect(await page.locator('.actions').innerText()).toContain('Sign in with an admin key');
    await page.click('.actions >> text=Sign in to act');
    await page.fill('#key', ADMIN);
    await page.keyboard.press('Enter');
    await page.locator('.actions >> text=Forced refresh…').waitFor();
  });
});

describe('for everybody', () => {
  it.each([
    ['en-GB', 'light'],
    ['en-GB', 'dark'],
    ['zh-CN', 'light'],
    ['zh-CN', 'dark'],
  ] as const)('in %s, %s: axe-core finds nothing serious in any view', async (locale, colorScheme) => {
    const language = locale.slice(0, 2);
    const watched = await open({ locale, colorScheme, reducedMotion: 'reduce' });
    const { page } = watched;
    await page.waitForSelector('#key');
    expect(await faults(page)).toEqual([]);
    await page.fill('#key', ADMIN);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.app');
    await failRenewal();
    await row(page, FAILING.appid).locator('.badge-failing').waitFor();
    expect(await faults(page)).toEqual([]);
    await watched.shot(`apps-${language}-${colorScheme}`);
    for (const view of ['clients', 'audit']) {
      await page.click(`.tabs a[href="#/${view}"]`);
      await page.waitForSelector(view === 'clients' ? '.client' : '.audit li');
      expect(await faults(page)).toEqual([]);
    }
    await page.click('.tabs a[href="#/apps"]');
    await row(page, REFUSED.appid).locator('a').click();
    await page.waitForSelector('.granted li');
    expect(await faults(page)).toEqual([]);
    await watched.shot(`detail-${language}-${colorScheme}`);
    await page.click('.button-danger');
    await page.getByRole('alertdialog').waitFor();
    expect(await faults(page)).toEqual([]);
  });

  it('follows the browser’s language, is switched, and remembers; the whole page is Chinese then', async () => {
    const { page } = await signedIn({ locale: 'zh-CN' });
    expect(await page.getAttribute('html', 'lang')).toBe('zh-CN');
    const refused = await row(page, REFUSED.appid).innerText();
    expect(refused).toContain('Hub 的出口地址不在该应用的 IP 白名单里');
    expect(refused).toContain('把 203.0.113.18 加入该应用的 IP 白名单');
    expect(refused).toContain('不可用');
    await page.click('text=English');
    await page.waitForSelector('html[lang=en]');
    await page.reload();
    await page.waitForSelector('.app');
    expect(await row(page, REFUSED.appid).innerText()).toContain('Unavailable');
    await page.click('text=中文');
    await page.waitForSelector('html[lang=zh-CN]');
    expect(await row(page, REFUSED.appid).innerText()).toContain('不可用');
  });

  it('light and dark: as the system, or as chosen', async () => {
    const { page } = await signedIn({ colorScheme: 'dark' });
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const turns = (to: string, what: string) => eventually(async () => (await background()) === to, what);
    const [light, dark] = ['rgb(244, 246, 245)', 'rgb(14, 19, 17)'];
    await turns(dark, 'dark, as the system');
    await page.click('[aria-label="Theme: as the system"]');
    await turns(light, 'light, as chosen');
    await page.click('[aria-label="Theme: light"]');
    await turns(dark, 'dark, as chosen');
    await page.reload();
    await page.waitForSelector('.app');
    await page.emulateMedia({ colorScheme: 'light' });
    await turns(dark, 'dark, as chosen before');
    await page.click('[aria-label="Theme: dark"]');
    await turns(light, 'light, as the system now');
  });

  it.each(['en-GB', 'zh-CN'])('on a phone 360 px wide, in %s: nothing sticks out', async (locale) => {
    const watched = await signedIn({
      locale,
      viewport: { width: 360, height: 740 },
      hasTouch: true,
      isMobile: true,
    });
    const { page } = watched;
    const widths = () =>
      page.evaluate(() => {
        const dialog = document.querySelector('dialog');
        return [document.documentElement.scrollWidth, dialog?.scrollWidth ?? 0];
      });
    const fits = async () => {
      for (const width of await widths()) expect(width).toBeLessThanOrEqual(360);
    };
    await fits();
    await watched.shot(`phone-${locale.slice(0, 2)}`);
    await page.tap(`.app a >> nth=0`);
    await page.waitForSelector('.granted li');
    await fits();
    await watched.shot(`phone-detail-${locale.slice(0, 2)}`);
    await page.tap('.button-danger');
    await page.getByRole('alertdialog').waitFor();
    await fits();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    for (const view of ['clients', 'audit']) {
      await page.tap(`.tabs a[href="#/${view}"]`);
      await page.waitForSelector(view === 'clients' ? '.client' : '.audit li');
      await fits();
    }
  });

  it('by keyboard alone: sign in, find an app, refresh it, come back to where one was', async () => {
    const { page } = await open();
    await page.waitForSelector('#key');
    await page.keyboard.type(ADMIN);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.app');
    const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '');
    // From the top: a page that was loaded anew has the focus nowhere.
    await page.reload();
    await page.waitForSelector('.app');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    for (let presses = 0; (await focused()) !== MINTED.name; presses++) {
      expect(presses).toBeLessThan(30);
      await page.keyboard.press('Tab');
    }
    const outline = await page.evaluate(
      () => getComputedStyle(document.activeElement!, '::after').outlineStyle,
    );
    expect(outline).toBe('solid');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.sheet');
    for (let presses = 0; (await focused()) !== 'Refresh'; presses++) {
      expect(presses).toBeLessThan(10);
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await page.getByRole('alertdialog').waitFor();
    for (let presses = 0; (await focused()) !== 'Mint a new token'; presses++) {
      expect(presses).toBeLessThan(6);
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await toast(page, '.toast', 'the token is valid');
    await page.keyboard.press('Escape');
    await page.waitForSelector('.sheet', { state: 'detached' });
    await eventually(async () => (await focused()) === MINTED.name, 'the focus to come back');
  });

  it('who wants no motion gets none', async () => {
    const { page } = await signedIn({ reducedMotion: 'reduce' });
    const moving = await page.evaluate(
      () =>
        [...document.querySelectorAll('*')].filter((element) => {
          const { animationName, transitionProperty, transitionDuration } = getComputedStyle(element);
          return animationName !== 'none' || (transitionProperty !== 'none' && transitionDuration !== '0s');
        }).length,
    );
    expect(moving).toBe(0);
  });

  it('a hub that goes away is told, and found again', async () => {
    const { page } = await signedIn();
    await page.route('**/console/api/**', (route) => route.abort());
    await page.locator('.link-lost').waitFor();
    expect(await page.locator('.app').count()).toBe(4);
    await page.unroute('**/console/api/**');
    await page.locator('.link-live').waitFor();
    opened.at(-1)!.complaints.length = 0;
  });
});

describe('after hours of work', () => {
  const named = (number: number, name: string, more: object = {}) =>
    app(`wx7c286b35385a6f${String(number).padStart(2, '0')}`, name, more);
  const shops = [
    named(11, 'Shop mini program', { tickets: ['jsapi'] }),
    named(12, 'Shop official account', { tokenApi: 'token', tickets: ['jsapi', 'wx_card'] }),
    named(13, 'Member center'),
    named(14, 'Delivery tracking'),
    named(15, 'Loyalty points'),
    named(16, 'Store locator', { reconcileSeconds: 120 }),
    named(17, 'Gift cards'),
    named(18, 'Customer service', { tokenApi: 'token' }),
  ];
  let virtual: VirtualHub;

  beforeEach(async () => {
    await hub.stop();
    await simulator.close();
    virtual = await VirtualHub.start({ apps: shops, clients: [CLIENTS[0]!] });
    ({ hub, simulator } = virtual);
  });

  it('calls and failures are drawn by five minutes, lives and states as they are', async () => {
    const fail = (which: (typeof shops)[number], errcode: number, errmsg: string) =>
      simulator.fault({ kind: 'errcode', errcode, errmsg, appid: which.appid, times: Infinity });
    const force = async (which: (typeof shops)[number]) => {
      const path = `${hub.opsUrl}/console/api/apps/${which.appid}/refresh`;
      await hub.post(path, { force: true }, { authorization: `Bearer ${ADMIN}` });
    };
    // Some minutes went wrong for everybody; then one app was refused, and later another.
    await virtual.pass(100 * 60_000);
    const busy = simulator.fault({ kind: 'errcode', errcode: -1, endpoint: 'stable_token', times: Infinity });
    await virtual.pass(12 * 60_000);
    busy.clear();
    fail(shops[3]!, 40164, 'invalid ip 203.0.113.18 ipv6 ::ffff:203.0.113.18, not in whitelist');
    await virtual.pass(39 * 60_000);
    fail(shops[2]!, 45009, 'reach max api daily quota limit');
    for (const which of [shops[4]!, shops[0]!, shops[6]!]) {
      await force(which);
      await virtual.pass(8 * 60_000);
    }
    const watched = await signedIn({ viewport: { width: 1200, height: 760 } });
    const { page } = watched;
    expect(await row(page, shops[3]!.appid).innerText()).toMatch(/Unavailable[^]*40164/);
    expect(await row(page, shops[2]!.appid).innerText()).toMatch(/Failing[^]*45009/);
    const bars = row(page, shops[5]!.appid).locator('.chart-calls');
    expect(await bars.count()).toBeGreaterThan(30);
    const words = await row(page, shops[2]!.appid).locator('.chart').getAttribute('aria-label');
    const [calls, failures] = (words ?? '').match(/\d+(?= calls| failed)/g) ?? [];
    expect(Number(calls)).toBe(simulator.calls({ appid: shops[2]!.appid }));
    expect(Number(failures)).toBeGreaterThan(5);
    await watched.shot('after-hours');
    await row(page, shops[2]!.appid).locator('a').click();
    await page.waitForSelector('.granted li');
    await watched.shot('after-hours-detail');
  });
});

describe('thousands of apps', () => {
  it('come by pages, and the search finds any', async () => {
    await hub.stop();
    const many = Array.from({ length: 1200 }, (_, index) =>
      app(`wx${String(index).padStart(16, '0')}`, `App ${index}`),
    );
    await simulator.close();
    simulator = await WeChatSimulator.start({ apps: many.map(({ appid, secret }) => ({ appid, secret })) });
    hub = await startHub({ upstream: simulator.url, apps: many, clients: [CLIENTS[0]!] });
    const watched = await signedIn();
    const { page } = watched;
    await page.locator('.pages', { hasText: '1–50 of 1200' }).waitFor();
    await page.click('[aria-label="Next page"]');
    await page.locator('.pages', { hasText: '51–100 of 1200' }).waitFor();
    await page.fill('input[type=search]', 'app 1199');
    await eventually(async () => (await page.locator('.app').count()) === 1, 'the search');
    await watched.shot('thousands');
  });
});
