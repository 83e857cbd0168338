import type { AppRow, LiveAnswer } from '../../src/console/wire.js';
import {
  massCauses,
  chosen,
  compare,
  countByState,
  ofTenant,
  stateOf,
  tenantsOf,
  updated,
  type Choice,
} from './model.js';

const NOW = 1_000_000;

const row = (appid: string, more: Partial<AppRow> = {}): AppRow => ({
  appid,
  name: null,
  kind: 'wechat',
  tenant: null,
  tokenApi: 'stable_token',
  state: 'valid',
  refreshing: false,
  life: { version: 1, issuedAt: 0, expiresAt: NOW + 7200_000, lifeMs: 7200_000 },
  nextRefreshAt: NOW + 300_000,
  lastRefreshAt: NOW,
  failures: 0,
  lastError: null,
  force: { left: 20, notBefore: 0 },
  tickets: [],
  calls: null,
  ...more,
});
const ending = (inMs: number) => ({ version: 1, issuedAt: 0, expiresAt: NOW + inMs, lifeMs: 7200_000 });

const answer = (more: Partial<LiveAnswer>): LiveAnswer => ({
  now: NOW,
  callsNow: NOW,
  cursor: 'c',
  reset: false,
  more: false,
  hub: {
    version: '1',
    instance: 'i',
    startedAt: 0,
    store: 'memory',
    storeUp: true,
    storeAwaySince: null,
    name: null,
    lastReload: null,
    runbooksUrl: null,
    replicas: [],
  },
  viewer: { client: 'c', keyId: 'k', seesAll: true, keysEnding: 0, tenant: null },
  apps: [],
  audit: [],
  ...more,
});
const record = (seq: number) => ({ seq, at: '', act: 'x', outcome: 'y' });
const modelOf = (apps: readonly AppRow[]) => updated(undefined, answer({ reset: true, apps }), 0);
const ALL: Choice = { text: '', state: 'all', tenant: '', sort: 'risk' };

describe('tenants', () => {
  const all = modelOf([
    row('w', { tenant: 'team-b' }),
    row('x', { tenant: 'team-a' }),
    row('y', { tenant: 'team-b' }),
  ]);

  it('are those whose apps are seen, and none with one file', () => {
    expect(tenantsOf(all)).toEqual(['team-a', 'team-b']);
    expect(tenantsOf(modelOf([row('z')]))).toEqual([]);
  });

  it.each([
    ['', ['w', 'x', 'y']],
    ['team-b', ['w', 'y']],
    ['none', []],
  ])('of “%s” is seen %j', (tenant, appids) => {
    expect([...ofTenant(all, tenant).apps.keys()]).toEqual(appids);
    expect(countByState(ofTenant(all, tenant), NOW).valid).toBe(appids.length);
  });

  it('are searched by their names', () => {
    const search = (text: string) => chosen(all, { ...ALL, text }, NOW).map(({ appid }) => appid);
    expect([search('team-a'), search('team-b x')]).toEqual([['x'], []]);
  });
});

describe('the model', () => {
  it('takes in changes, and forgets everything at a reset', () => {
    const first = updated(
      undefined,
      answer({ reset: true, apps: [row('a'), row('b')], audit: [record(2), record(1)] }),
      NOW - 5,
    );
    expect([first.clockOffset, first.complete]).toEqual([5, true]);
    const second = updated(first, answer({ apps: [row('b', { name: 'B' })], audit: [record(3)] }), NOW);
    expect([...second.apps.values()].map(({ name }) => name)).toEqual([null, 'B']);
    expect(second.audit.map(({ seq }) => seq)).toEqual([3, 2, 1]);
    const third = updated(second, answer({ reset: true, more: true, apps: [row('c')] }), NOW);
    expect([[...third.apps.keys()], third.audit, third.complete]).toEqual([['c'], [], false]);
  });

  it('keeps 500 records', () => {
    const audit = Array.from({ length: 500 }, (_, index) => record(500 - index));
    const first = updated(undefined, answer({ audit }), 0);
    const second = updated(first, answer({ audit: [record(501)] }), 0);
    expect([second.audit.length, second.audit[0]?.seq, second.audit.at(-1)?.seq]).toEqual([500, 501, 2]);
  });
});

describe('an app that only logs users in', () => {
  const login = { tokenApi: 'none', life: null, nextRefreshAt: null, force: null } as const;

  it('has no token to miss, and is as the hub says', () => {
    expect(stateOf(row('a', login), NOW)).toBe('valid');
    expect(stateOf(row('a', { ...login, state: 'unavailable' }), NOW)).toBe('unavailable');
    const sorted = [row('b'), row('a', login)].sort(compare('risk', NOW));
    expect(sorted.map(({ appid }) => appid)).toEqual(['a', 'b']);
  });
});

describe('the state of an app at a moment', () => {
  it.each([
    ['valid', 1, 'valid'],
    ['valid', 0, 'unavailable'],
    ['failing', 1, 'failing'],
    ['failing', -1, 'unavailable'],
    ['valid', -1, 'unavailable'],
  ] as const)('%s with %i ms to live: %s', (state, left, shown) => {
    expect(stateOf(row('a', { state, life: ending(left) }), NOW)).toBe(shown);
  });

  it('counts', () => {
    const model = modelOf([
      row('a'),
      row('b', { state: 'failing', life: ending(0) }),
      row('c', { life: null }),
    ]);
    expect(countByState(model, NOW)).toEqual({ valid: 1, ticket: 0, failing: 0, unavailable: 2 });
  });
});

describe('the order', () => {
  const order = (apps: readonly AppRow[], sort: Choice['sort']) =>
    [...apps].sort(compare(sort, NOW)).map(({ appid }) => appid);

  it('by risk: no token, then failing by what is left, then the rest by name, refreshing or not', () => {
    const apps = [
      row('z-good', { refreshing: true }),
      row('a-good', { life: ending(1) }),
      row('late', { state: 'failing', failures: 2, life: ending(90_000) }),
      row('soon', { state: 'failing', refreshing: true, failures: 1, life: ending(30_000) }),
      row('none', { state: 'unavailable', refreshing: true, life: null }),
      row('ended', { failures: 1, life: ending(0) }),
      row('m', { name: 'B good' }),
    ];
    expect(order(apps, 'risk')).toEqual(['ended', 'none', 'soon', 'late', 'a-good', 'm', 'z-good']);
  });

  it('by life, by next refresh, by name', () => {
    const apps = [
      row('a', { life: ending(9), nextRefreshAt: NOW + 1 }),
      row('b', { life: null, nextRefreshAt: null }),
      row('c', { life: ending(5), nextRefreshAt: NOW + 2, name: 'A0' }),
    ];
    expect(order(apps, 'life')).toEqual(['b', 'c', 'a']);
    expect(order(apps, 'next')).toEqual(['a', 'c', 'b']);
    expect(order(apps, 'name')).toEqual(['a', 'c', 'b']);
  });
});

describe('the choice', () => {
  const error = {
    at: 0,
    class: 'quota',
    cause: '45009',
    errcode: 45009,
    errmsg: '',
    hint: '',
    addresses: [],
  } as const;
  const model = modelOf([
    row('wx-shop', { name: 'Shop Mini' }),
    row('wx-club', { name: 'Club', tokenApi: 'token', failures: 1, state: 'failing', lastError: error }),
    row('wx-past', { name: 'Past', lastError: error }),
  ]);
  const find = (change: Partial<Choice>) =>
    chosen(model, { ...ALL, ...change }, NOW).map(({ appid }) => appid);

  it.each([
    ['', ['wx-club', 'wx-past', 'wx-shop']],
    ['SHOP', ['wx-shop']],
    ['mini shop', ['wx-shop']],
    ['wx-c', ['wx-club']],
    ['45009', ['wx-club']],
    ['stable', ['wx-past', 'wx-shop']],
    ['shop club', []],
  ])('by %j', (text, appids) => {
    expect(find({ text })).toEqual(appids);
  });

  it('by state', () => {
    expect(find({ state: 'failing' })).toEqual(['wx-club']);
    expect(find({ state: 'valid', text: 'shop' })).toEqual(['wx-shop']);
  });
});

describe('mass incidents', () => {
  const error = (addresses: string[]) => ({
    at: 0,
    class: 'configuration' as const,
    cause: '40164' as const,
    errcode: 40164,
    errmsg: '',
    hint: '',
    addresses,
  });
  const failing = (count: number, from: string, address: string) =>
    Array.from({ length: count }, (_, index) =>
      row(`${from}${index}`, { state: 'failing', failures: 1, lastError: error([address]) }),
    );

  it('many apps with one cause are one row; two addresses are two causes; few apps are none', () => {
    const model = modelOf([
      ...failing(5, 'a', '192.0.2.7'),
      ...failing(8, 'b', '192.0.2.8'),
      ...failing(3, 'c', '192.0.2.9'),
    ]);
    expect(massCauses(model, NOW).map(({ apps, error: { addresses } }) => [apps.length, addresses])).toEqual([
      [8, ['192.0.2.8']],
      [5, ['192.0.2.7']],
    ]);
  });

  it('a ticket that is missed is a state of its own, and one that rests is none', () => {
    const ticket = {
      type: 'jsapi' as const,
      state: 'unavailable' as const,
      refreshing: false,
      life: null,
      failures: 3,
    };
    const missed = { ...ticket, nextRefreshAt: NOW + 1, lastError: error([]) };
    const resting = { ...ticket, nextRefreshAt: null, lastError: error([]) };
    expect(stateOf(row('a', { tickets: [missed] }), NOW)).toBe('ticket');
    expect(stateOf(row('a', { tickets: [resting] }), NOW)).toBe('valid');
    expect(stateOf(row('a', { tickets: [missed], life: null }), NOW)).toBe('unavailable');
  });
});
