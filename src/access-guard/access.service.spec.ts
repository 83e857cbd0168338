import { createHash } from 'node:crypto';

import { Global, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';

import { Clock } from '../clock/clock.js';
import { AppsConfig, type ChangeListener, type HubSnapshot } from '../config/reload/apps-config.service.js';
import { HubEnvironment } from '../config/environment/environment.js';
import { parseAddressSet, type AddressSet } from '../core/access/address.js';
import type { Act, ClientEntry } from '../core/access/client.js';
import { composeKey } from '../core/access/key.js';
import type { AppSettings } from '../core/app.js';
import { AccessGuardModule } from './access-guard.module.js';
import { AccessService, type AccessRequest } from './access.service.js';
import { FAILURES_PER_MINUTE } from './failed-credentials.js';
import { shownAppid, type Denied } from './access-verdict.js';

class HandClock extends Clock {
  at = 1_763_900_000_000;
  wallAt = 1_763_900_000_000;
  now = () => this.at;
  wallNow = () => this.wallAt;
  setTimeout(): never {
    throw new Error('access needs no timer');
  }
  clearTimeout(): void {
    /* nothing was set */
  }
}

function addresses(...ranges: string[]): AddressSet {
  const result = parseAddressSet(ranges);
  if (!result.ok) throw new Error('bad test data');
  return result.set;
}

const SHOP_KEY = composeKey('a'.repeat(40));
const NEXT_SHOP_KEY = composeKey('b'.repeat(40));
const NEWS_KEY = 'news-key-of-forty-eight-characters-0123456789_-x';
const sha256 = (key: string) => createHash('sha256').update(key).digest('hex');

function client(id: string, rest: Partial<ClientEntry> = {}): ClientEntry {
  return {
    id,
    keys: [],
    identities: [],
    allowIps: undefined,
    apps: '*',
    may: new Set<Act>(['read', 'report']),
    gatewayPaths: undefined,
    requestsPerMinute: 6000,
    ...rest,
  };
}

const shop = client('shop', {
  keys: [{ id: '2026', sha256: sha256(SHOP_KEY), expiresAt: undefined }],
  apps: new Set(['wxshop']),
});
const news = client('news', {
  keys: [{ id: 'main', sha256: sha256(NEWS_KEY), expiresAt: undefined }],
  allowIps: addresses('10.0.0.0/8'),
  may: new Set<Act>(['read', 'admin']),
});
const office = client('office', { allowIps: addresses('192.0.2.0/24'), apps: new Set(['wxnews']) });

const appMap = new Map(['wxshop', 'wxnews'].map((appid) => [appid, {} as AppSettings]));

function harness(
  clients: readonly ClientEntry[] = [shop, news, office],
  trusted: readonly string[] = ['10.255.0.0/16'],
) {
  const clock = new HandClock();
  const listeners: ChangeListener[] = [];
  const config = {
    current: { apps: appMap, platforms: new Map(), issuers: new Map(), clients, notify: [] } as HubSnapshot,
    onChange: (listener: ChangeListener) => listeners.push(listener),
  };
  const environment = { trustedProxies: addresses(...trusted) } as HubEnvironment;
  const service = new AccessService(config as unknown as AppsConfig, environment, clock);
  const denials: Denied[] = [];
  service.onDenied((denial) => denials.push(denial));
  const from = (socketAddress: string, key?: string, xForwardedFor?: string): AccessRequest => ({
    socketAddress,
    xForwardedFor,
    authorization: key === undefined ? undefined : `Bearer ${key}`,
  });
  const outcome = (request: AccessRequest, act: Act = 'read', appid: string | undefined = 'wxshop') => {
    const verdict = service.check(request, act, appid);
    return verdict.ok ? `${verdict.client.id} ${verdict.address}` : `${verdict.reason}: ${verdict.cause}`;
  };
  const reload = (next: Partial<HubSnapshot>) => {
    config.current = { ...config.current, ...next };
  };
  return { clock, service, denials, from, outcome, reload, listeners, config };
}

const times = <T>(count: number, act: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => act(index));

describe('AccessService.check', () => {
  it.each<[string, string, string | undefined, string | undefined, Act, string, string]>([
    ['a key', '203.0.113.1', SHOP_KEY, undefined, 'read', 'wxshop', 'shop 203.0.113.1'],
    [
      'a key, address mapped',
      '::ffff:203.0.113.1',
      SHOP_KEY,
      undefined,
      'report',
      'wxshop',
      'shop 203.0.113.1',
    ],
    [
      'a key and an app of another',
      '203.0.113.1',
      SHOP_KEY,
      undefined,
      'read',
      'wxnews',
      'not_granted: app_not_granted',
    ],
    [
      'a key and no such app',
      '203.0.113.1',
      SHOP_KEY,
      undefined,
      'read',
      'wxnone',
      'not_granted: app_not_granted',
    ],
    [
      'a key and another act',
      '203.0.113.1',
      SHOP_KEY,
      undefined,
      'admin',
      'wxshop',
      'not_granted: act_not_granted',
    ],
    ['a key and its address', '10.1.1.1', NEWS_KEY, undefined, 'admin', 'wxnews', 'news 10.1.1.1'],
    [
      'a key and another address',
      '11.1.1.1',
      NEWS_KEY,
      undefined,
      'read',
      'wxnews',
      'ip_not_allowed: address',
    ],
    ['a forged header', '11.1.1.1', NEWS_KEY, '10.1.1.1', 'read', 'wxnews', 'ip_not_allowed: address'],
    ['a proxy that vouches', '10.255.0.1', NEWS_KEY, '10.1.1.1', 'read', 'wxnews', 'news 10.1.1.1'],
    [
      'a proxy that says otherwise',
      '10.255.0.1',
      NEWS_KEY,
      '10.1.1.1, 11.1.1.1',
      'read',
      'wxnews',
      'ip_not_allowed: address',
    ],
    [
      'a proxy that says nothing usable',
      '10.255.0.1',
      NEWS_KEY,
      '10.1.1.1, ?',
      'read',
      'wxnews',
      'ip_not_allowed: address',
    ],
    ['a proxy with an empty header', '10.255.0.1', NEWS_KEY, ' , ', 'read', 'wxnews', 'news 10.255.0.1'],
    [
      'address unknown, key without addresses',
      '10.255.0.1',
      SHOP_KEY,
      'unknown',
      'read',
      'wxshop',
      'shop unknown',
    ],
    ['an address', '192.0.2.77', undefined, undefined, 'read', 'wxnews', 'office 192.0.2.77'],
    [
      'an address and an app of another',
      '192.0.2.77',
      undefined,
      undefined,
      'read',
      'wxshop',
      'not_granted: app_not_granted',
    ],
    [
      'an address that nobody has',
      '192.0.3.77',
      undefined,
      undefined,
      'read',
      'wxnews',
      'unauthenticated: no_key',
    ],
    [
      'a wrong key from a good address',
      '192.0.2.77',
      'x'.repeat(40),
      undefined,
      'read',
      'wxnews',
      'unauthenticated: unknown_key',
    ],
    [
      'a wrong checksum',
      '192.0.2.77',
      `${SHOP_KEY.slice(0, -1)}x`,
      undefined,
      'read',
      'wxnews',
      'unauthenticated: malformed_key',
    ],
    [
      'an empty key from a good address',
      '192.0.2.77',
      '',
      undefined,
      'read',
      'wxnews',
      'unauthenticated: malformed_key',
    ],
  ])('%s', (_, socket, key, header, act, appid, expected) => {
    const { outcome, from } = harness();
    // The second time from memory.
    for (let i = 0; i < 3; i++) expect(outcome(from(socket, key, header), act, appid)).toBe(expected);
  });

  it('gives the same object for the same request', () => {
    const { service, from } = harness();
    const first = service.check(from('203.0.113.1', SHOP_KEY), 'read', 'wxshop');
    expect(service.check(from('203.0.113.1', SHOP_KEY), 'report', 'wxshop')).toBe(first);
    expect(first).toEqual({ ok: true, client: shop, key: shop.keys[0], address: '203.0.113.1' });
  });

  it('takes a key from elsewhere instead of the header, and none of the two for the other', () => {
    const { outcome } = harness();
    const request = { socketAddress: '203.0.113.1', xForwardedFor: undefined };
    expect(outcome({ ...request, authorization: undefined, key: SHOP_KEY })).toBe('shop 203.0.113.1');
    expect(outcome({ ...request, authorization: 'Basic x', key: SHOP_KEY })).toBe('shop 203.0.113.1');
    expect(outcome({ ...request, authorization: `Bearer ${SHOP_KEY}`, key: 'x' })).toMatch('malformed_key');
    expect(outcome({ ...request, authorization: SHOP_KEY })).toMatch('malformed_key');
    expect(outcome({ ...request, authorization: undefined, key: `Bearer ${SHOP_KEY}` })).toMatch(
      'malformed_key',
    );
    expect(outcome({ ...request, authorization: undefined, key: '' })).toMatch('malformed_key');
  });

  it('refuses a key from its end on, also one that it remembers', () => {
    const end = 1_763_900_060_000;
    const entry = client('shop', { keys: [{ id: 'k', sha256: sha256(SHOP_KEY), expiresAt: end }] });
    const { outcome, from, clock, denials } = harness([entry]);
    clock.wallAt = end - 1;
    expect(outcome(from('203.0.113.1', SHOP_KEY))).toBe('shop 203.0.113.1');
    clock.wallAt = end;
    expect(outcome(from('203.0.113.1', SHOP_KEY))).toBe('unauthenticated: expired_key');
    expect(denials.at(-1)).toMatchObject({ clientId: 'shop', keyId: 'k' });
  });

  describe('after a reload', () => {
    it('forgets keys, addresses, grants and apps at once, told or not', () => {
      const { outcome, from, reload, service } = harness();
      const [keyed, keyless] = [from('203.0.113.1', SHOP_KEY), from('192.0.2.77')];
      expect([outcome(keyed), outcome(keyless, 'read', 'wxnews')]).toEqual([
        'shop 203.0.113.1',
        'office 192.0.2.77',
      ]);

      reload({ apps: new Map([...appMap].slice(1)) });
      expect(outcome(keyed)).toBe('not_granted: app_not_granted');

      const moved = { ...office, allowIps: addresses('198.51.100.0/24') };
      const rotated = {
        ...shop,
        keys: [{ id: '2027', sha256: sha256(NEXT_SHOP_KEY), expiresAt: undefined }],
      };
      reload({ apps: appMap, clients: [rotated, moved] });
      expect(outcome(keyed)).toBe('unauthenticated: unknown_key');
      expect(outcome(keyless, 'read', 'wxnews')).toBe('unauthenticated: no_key');
      expect(outcome(from('203.0.113.1', NEXT_SHOP_KEY))).toBe('shop 203.0.113.1');
      expect(service.check(from('198.51.100.1'), 'read', 'wxnews')).toMatchObject({ client: moved });

      reload({ clients: [] });
      expect(outcome(from('203.0.113.1', NEXT_SHOP_KEY))).toBe('unauthenticated: unknown_key');
    });

    it('goes on counting the requests of a client that stays', () => {
      const limited = { ...shop, requestsPerMinute: 3 };
      const { outcome, from, reload, listeners, config } = harness([limited]);
      times(3, () => outcome(from('203.0.113.1', SHOP_KEY)));
      reload({ clients: [{ ...limited }, news] });
      for (const tell of listeners) tell({ snapshot: config.current } as Parameters<ChangeListener>[0]);
      expect(outcome(from('203.0.113.1', SHOP_KEY))).toBe('rate_limited: too_many_requests');
      reload({ clients: [{ ...limited, requestsPerMinute: 5 }] });
      expect(times(3, () => outcome(from('203.0.113.1', SHOP_KEY)))).toEqual([
        'shop 203.0.113.1',
        'shop 203.0.113.1',
        'rate_limited: too_many_requests',
      ]);
    });
  });

  describe('requestsPerMinute', () => {
    const limited = [
      { ...shop, requestsPerMinute: 3 },
      { ...office, requestsPerMinute: 2 },
    ];

    it('counts per client and address, whatever the key is presented in', () => {
      const { outcome, from, service } = harness(limited);
      const passes = (request: AccessRequest) => outcome(request).startsWith('shop');
      const direct = { ...from('203.0.113.1'), key: SHOP_KEY };
      expect(times(3, (i) => passes(i === 1 ? direct : from('203.0.113.1', SHOP_KEY)))).toEqual([
        true,
        true,
        true,
      ]);
      expect(passes(direct)).toBe(false);
      expect(service.check(from('203.0.113.1', SHOP_KEY), 'read', 'wxshop')).toMatchObject({
        reason: 'rate_limited',
        retryAfterSeconds: 61,
        clientId: 'shop',
        keyId: '2026',
      });
      expect(passes(from('203.0.113.2', SHOP_KEY))).toBe(true);
    });

    it('lets one pass after the wait', () => {
      const { service, from, clock } = harness(limited);
      times(3, () => service.check(from('203.0.113.1', SHOP_KEY), 'read', 'wxshop'));
      const verdict = service.check(from('203.0.113.1', SHOP_KEY), 'read', 'wxshop');
      clock.at += (verdict as { retryAfterSeconds: number }).retryAfterSeconds * 1000;
      expect(service.check(from('203.0.113.1', SHOP_KEY), 'read', 'wxshop').ok).toBe(true);
    });

    it('counts what is not granted too, alike for apps that do not exist, and before saying so', () => {
      for (const appid of ['wxnews', 'wxnone']) {
        const { outcome, from } = harness(limited);
        const seen = times(4, () => outcome(from('203.0.113.1', SHOP_KEY), 'read', appid));
        expect(seen).toEqual([
          ...times(3, () => 'not_granted: app_not_granted'),
          'rate_limited: too_many_requests',
        ]);
        const keyless = harness(limited);
        const unseen = times(3, () =>
          keyless.outcome(keyless.from('192.0.2.1'), 'read', appid === 'wxnews' ? 'wxshop' : appid),
        );
        expect(unseen).toEqual([
          ...times(2, () => 'not_granted: app_not_granted'),
          'rate_limited: too_many_requests',
        ]);
      }
    });
  });

  describe('failed credentials', () => {
    const wrong = 'x'.repeat(40);

    it('are answered so 20 times a minute, then with 429 and a wait, whatever is wrong with them', () => {
      const { outcome, from, service, clock } = harness();
      const bad = [wrong, '', `${SHOP_KEY.slice(0, -1)}x`, 'short'];
      const seen = times(FAILURES_PER_MINUTE, (i) => outcome(from('203.0.113.1', bad[i % bad.length])));
      expect(seen.every((text) => text.startsWith('unauthenticated'))).toBe(true);
      const verdict = service.check(from('203.0.113.1', wrong), 'read', 'wxshop');
      expect(verdict).toMatchObject({
        reason: 'rate_limited',
        cause: 'too_many_failures',
        retryAfterSeconds: 61,
      });
      clock.at += 61_000;
      expect(outcome(from('203.0.113.1', wrong))).toBe('unauthenticated: unknown_key');
    });

    it('do not shut out a valid key from the same address, new or remembered, nor other addresses', () => {
      const { outcome, from } = harness();
      expect(outcome(from('10.1.1.1', NEWS_KEY))).toBe('news 10.1.1.1');
      times(30, () => outcome(from('10.1.1.1', wrong)));
      expect(outcome(from('10.1.1.1', wrong))).toBe('rate_limited: too_many_failures');
      expect(outcome(from('10.1.1.1', NEWS_KEY))).toBe('news 10.1.1.1');
      expect(outcome(from('10.1.1.1', SHOP_KEY))).toBe('shop 10.1.1.1');
      expect(outcome(from('10.1.1.2', wrong))).toBe('unauthenticated: unknown_key');
    });

    it('are counted by the caller behind a proxy, and by the /64 of IPv6', () => {
      const { outcome, from } = harness();
      times(20, (i) => outcome(from('10.255.0.1', wrong, `${i}.${i}.1.1, 203.0.113.1`)));
      expect(outcome(from('10.255.0.1', wrong, '203.0.113.1'))).toMatch('rate_limited');
      expect(outcome(from('10.255.0.1', wrong, '203.0.113.2'))).toMatch('unauthenticated');
      times(20, (i) => outcome(from(`2001:db8:0:1::${i}`, wrong)));
      expect(outcome(from('2001:db8:0:1:ffff::', wrong))).toMatch('rate_limited');
      expect(outcome(from('2001:db8:0:2::', wrong))).toMatch('unauthenticated');
    });

    it('are neither a missing key, nor a wrong address, nor a missing grant', () => {
      const { outcome, from } = harness();
      const seen = times(60, (i) =>
        i % 3 === 0
          ? outcome(from('203.0.113.1'))
          : i % 3 === 1
            ? outcome(from('203.0.113.1', NEWS_KEY))
            : outcome(from('203.0.113.1', SHOP_KEY), 'admin'),
      );
      expect(new Set(seen)).toEqual(
        new Set(['unauthenticated: no_key', 'ip_not_allowed: address', 'not_granted: act_not_granted']),
      );
      expect(outcome(from('203.0.113.1', wrong))).toBe('unauthenticated: unknown_key');
    });
  });

  describe('denials', () => {
    it('are told once each, with what is known and nothing secret', () => {
      const { service, from, denials } = harness();
      service.check(from('11.1.1.1', NEWS_KEY), 'read', 'wxnews');
      service.check({ ...from('192.0.2.77'), requestId: 'r-2' }, 'read', '\u001b[31m<script>'.repeat(10));
      service.check(from('10.255.0.1', 'x'.repeat(40), '?'), 'admin', undefined);
      expect(denials).toEqual([
        {
          ok: false,
          reason: 'ip_not_allowed',
          cause: 'address',
          clientId: 'news',
          keyId: 'main',
          address: '11.1.1.1',
          requestId: undefined,
          act: 'read',
          appid: 'wxnews',
          retryAfterSeconds: undefined,
        },
        {
          ok: false,
          reason: 'not_granted',
          cause: 'app_not_granted',
          clientId: 'office',
          keyId: undefined,
          address: '192.0.2.77',
          requestId: 'r-2',
          act: 'read',
          appid: '??31m?script?'.repeat(5).slice(0, 64),
          retryAfterSeconds: undefined,
        },
        {
          ok: false,
          reason: 'unauthenticated',
          cause: 'unknown_key',
          clientId: undefined,
          keyId: undefined,
          address: 'unknown',
          requestId: undefined,
          act: 'admin',
          appid: undefined,
          retryAfterSeconds: undefined,
        },
      ]);
      expect(JSON.stringify(denials)).not.toContain(NEWS_KEY);
    });

    it('tell no admitted request', () => {
      const { service, from, denials } = harness();
      service.check(from('10.1.1.1', NEWS_KEY), 'read', 'wxnews');
      expect(denials).toEqual([]);
    });
  });
});

describe('AccessService.checkAgain', () => {
  const readShop = (request: AccessRequest) =>
    ({ request, act: 'read', appid: 'wxshop', proof: 'key' }) as const;

  it('finds nothing against who is still granted, and counts no request', () => {
    const { service, from, outcome } = harness([{ ...shop, requestsPerMinute: 1 }, office]);
    expect(
      times(5, () => service.checkAgain(readShop(from('203.0.113.1', SHOP_KEY)))).every(
        (denied) => denied === undefined,
      ),
    ).toBe(true);
    expect(outcome(from('203.0.113.1', SHOP_KEY))).toBe('shop 203.0.113.1');
  });

  it.each([
    ['the app', { ...shop, apps: new Set(['wxnews']) }, 'app_not_granted', 'shop'],
    ['the act', { ...shop, may: new Set<Act>(['report']) }, 'act_not_granted', 'shop'],
    ['the address', { ...shop, allowIps: addresses('10.0.0.0/8') }, 'address', 'shop'],
    ['the key', { ...shop, keys: [] }, 'unknown_key', undefined],
  ])('denies who has lost %s by a reload, and tells it', (_what, entry, cause, clientId) => {
    const { service, from, denials, reload } = harness();
    const request = { ...from('203.0.113.1', SHOP_KEY), requestId: 'r-1' };
    expect(service.checkAgain(readShop(request))).toBeUndefined();
    reload({ clients: [entry] });
    const denied = service.checkAgain(readShop(request));
    expect(denied).toMatchObject({ ok: false, cause, clientId, requestId: 'r-1', address: '203.0.113.1' });
    expect(denials).toEqual([denied]);
  });
});

describe('AccessService.checkTokenHolder', () => {
  it('needs an entry that is granted the app and accepts the address', () => {
    const { service, from, denials } = harness([{ ...news, requestsPerMinute: 2 }, office]);
    expect(service.checkTokenHolder(from('10.1.1.1'), 'read', 'wxshop')).toMatchObject({
      ok: true,
      client: { id: 'news' },
    });
    expect(service.checkTokenHolder(from('192.0.2.1'), 'read', 'wxnews')).toMatchObject({
      ok: true,
      client: office,
    });
    expect(service.checkTokenHolder(from('192.0.2.1'), 'read', 'wxshop')).toMatchObject({
      reason: 'ip_not_allowed',
    });
    expect(service.checkTokenHolder(from('11.1.1.1', undefined, '10.1.1.1'), 'read', 'wxshop').ok).toBe(
      false,
    );
    expect(denials).toHaveLength(2);
    expect(service.checkTokenHolder(from('10.1.1.1'), 'read', 'wxshop').ok).toBe(true);
    expect(service.checkTokenHolder(from('10.1.1.1'), 'read', 'wxshop')).toMatchObject({
      reason: 'rate_limited',
      clientId: 'news',
    });
  });
});

describe('a request of a browser', () => {
  it('is let in by a key, and never by its address alone', () => {
    const { service, from, outcome, denials } = harness();
    const browser = (request: AccessRequest) => ({ ...request, isFromBrowser: true });
    expect(outcome(from('192.0.2.1'), 'read', 'wxnews')).toBe('office 192.0.2.1');
    expect(outcome(browser(from('192.0.2.1')), 'read', 'wxnews')).toBe('ip_not_allowed: browser');
    expect(outcome(browser(from('203.0.113.1', SHOP_KEY)))).toBe('shop 203.0.113.1');
    // What follows from the place is remembered, what follows from the request is not.
    expect(outcome(from('192.0.2.1'), 'read', 'wxnews')).toBe('office 192.0.2.1');
    expect(denials).toHaveLength(1);
    const ask = { request: browser(from('192.0.2.1')), act: 'read', appid: 'wxnews', proof: 'key' } as const;
    expect(service.checkAgain(ask)).toMatchObject({ cause: 'browser' });
  });
});

describe('requestsPerMinute', () => {
  it('is one allowance for an IPv6 /64, and the verdict names each address', () => {
    const { outcome, from } = harness([{ ...shop, allowIps: undefined, requestsPerMinute: 3 }]);
    const at = (host: string, net = '2001:db8:0:1') => outcome(from(`${net}::${host}`, SHOP_KEY));
    expect([at('1'), at('2'), at('3'), at('4')]).toEqual([
      'shop 2001:db8:0:1::1',
      'shop 2001:db8:0:1::2',
      'shop 2001:db8:0:1::3',
      'rate_limited: too_many_requests',
    ]);
    expect(at('1', '2001:db8:0:2')).toBe('shop 2001:db8:0:2::1');
  });
});

describe('AccessService.addressOf', () => {
  it('is the address that rules are held against', () => {
    const { service } = harness();
    const seen = [undefined, '1.1.1.1, ::ffff:203.0.113.9', '?'].map((xForwardedFor) =>
      service.addressOf({ socketAddress: '::ffff:10.255.0.1', xForwardedFor }),
    );
    expect(seen).toEqual(['10.255.0.1', '203.0.113.9', 'unknown']);
  });
});

describe('shownAppid', () => {
  it.each([
    ['wxshop', 'wxshop'],
    ['', ''],
    ['a'.repeat(64), 'a'.repeat(64)],
    ['a'.repeat(65), 'a'.repeat(64)],
    ['a b\nc"d', 'a?b?c?d'],
    ['微信', '??'],
  ])('%j is shown as %j', (appid, shown) => {
    expect(shownAppid(appid)).toBe(shown);
  });
});

describe('AccessGuardModule', () => {
  it('gives AccessService, made of what the global modules provide', async () => {
    @Global()
    @Module({
      providers: [
        {
          provide: AppsConfig,
          useValue: { current: { apps: appMap, clients: [office] }, onChange: () => undefined },
        },
        { provide: HubEnvironment, useValue: { trustedProxies: addresses() } },
        { provide: Clock, useClass: HandClock },
      ],
      exports: [AppsConfig, HubEnvironment, Clock],
    })
    class Globals {}
    const nest = await Test.createTestingModule({ imports: [Globals, AccessGuardModule] }).compile();
    const verdict = nest
      .get(AccessService, { strict: false })
      .check(
        { socketAddress: '192.0.2.1', xForwardedFor: undefined, authorization: undefined },
        'read',
        'wxnews',
      );
    expect(verdict.ok).toBe(true);
    await nest.close();
  });
});
