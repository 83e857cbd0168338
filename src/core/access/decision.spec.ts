import { parseAddress, parseAddressSet, type AddressSet } from './address.js';
import { ACTS, type Act, type ClientEntry, type ClientKey } from './client.js';
import {
  authorise,
  compileAccess,
  entryForTokenHolder,
  grantsApp,
  identify,
  isLookedUp,
  payerOf,
  type Credential,
} from './decision.js';
import type { IssuerSettings, ShownProof } from './identity.js';
import { composeKey } from './key.js';

const NOW = 1_763_900_000_000;
const apps: ReadonlyMap<string, { kind: 'wechat' }> = new Map([
  ['wxshop', { kind: 'wechat' }],
  ['wxnews', { kind: 'wechat' }],
]);

function set(...ranges: string[]): AddressSet {
  const result = parseAddressSet(ranges);
  if (!result.ok) throw new Error('bad test data');
  return result.set;
}

function key(id: string, expiresAt?: number): ClientKey {
  return { id, sha256: `hash-of-${id}`, expiresAt };
}

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

const byKey = client('by-key', { keys: [key('k1'), key('k2')] });
const byBoth = client('by-both', { keys: [key('both')], allowIps: set('10.0.0.0/8') });
const expiring = client('expiring', { keys: [key('old', NOW), key('new', NOW + 1)] });
const byAddress = client('by-address', { allowIps: set('10.0.0.0/8', '2001:db8::/32') });

const all = [byKey, byBoth, expiring, byAddress];

describe('identify', () => {
  const presented = (id: string): Credential => ({ sha256: `hash-of-${id}` });
  it.each<[string, ClientEntry[], Credential, string | undefined, string]>([
    ['a key without an address rule, from anywhere', all, presented('k1'), '203.0.113.1', 'by-key/k1'],
    ['the other key during a rotation', all, presented('k2'), '203.0.113.1', 'by-key/k2'],
    ['a key without an address rule, address unknown', all, presented('k1'), undefined, 'by-key/k1'],
    ['a key from its address', all, presented('both'), '10.9.9.9', 'by-both/both'],
    ['a key from its address, mapped', all, presented('both'), '::ffff:10.9.9.9', 'by-both/both'],
    ['a key from elsewhere', all, presented('both'), '11.0.0.1', 'ip_not_allowed address by-both/both'],
    [
      'a key with an address rule, address unknown',
      all,
      presented('both'),
      undefined,
      'ip_not_allowed address by-both/both',
    ],
    ['an unknown key', all, presented('nobody'), '10.0.0.1', 'unauthenticated unknown_key'],
    ['a malformed key', all, 'malformed', '10.0.0.1', 'unauthenticated malformed_key'],
    [
      'an expired key, at its very end',
      all,
      presented('old'),
      '10.0.0.1',
      'unauthenticated expired_key expiring/old',
    ],
    ['a key 1 ms before its end', all, presented('new'), '10.0.0.1', 'expiring/new'],
    ['no key, an address that is known', all, 'none', '10.0.0.1', 'by-address'],
    ['no key, another address', all, 'none', '11.0.0.1', 'unauthenticated no_key'],
    ['no key, address unknown', all, 'none', undefined, 'unauthenticated no_key'],
    [
      'no key, another address, in a file without keys',
      [byAddress],
      'none',
      '11.0.0.1',
      'ip_not_allowed address',
    ],
    [
      'no key, address unknown, in a file without keys',
      [byAddress],
      'none',
      undefined,
      'ip_not_allowed address',
    ],
    ['a key in a file without keys', [byAddress], presented('k1'), '10.0.0.1', 'unauthenticated unknown_key'],
    ['no key, in a file without clients', [], 'none', '10.0.0.1', 'unauthenticated no_key'],
    ['a key in a file without clients', [], presented('k1'), '10.0.0.1', 'unauthenticated unknown_key'],
    ['no key, an entry with keys and addresses', [byBoth], 'none', '10.0.0.1', 'unauthenticated no_key'],
    [
      'no key, an entry without keys and addresses',
      [client('x')],
      'none',
      '10.0.0.1',
      'ip_not_allowed address',
    ],
  ])('%s', (_, clients, credential, address, expected) => {
    const seen = address === undefined ? undefined : parseAddress(address);
    const result = identify(compileAccess(clients), credential, seen, NOW);
    const who = (entry?: ClientEntry, used?: ShownProof) =>
      entry && used ? `${entry.id}/${used.id}` : entry?.id;
    const text = !result.ok
      ? [result.reason, result.cause, who(result.client, result.key)].filter(Boolean).join(' ')
      : result.caller.by !== 'address'
        ? who(result.caller.client, result.caller.key)
        : result.caller.candidates.map(({ id }) => id).join(',');
    expect(text).toBe(expected);
  });

  it('takes all keyless entries that hold the address, in the order of the file', () => {
    const clients = [
      client('a', { allowIps: set('10.1.0.0/16') }),
      client('b', { allowIps: set('10.2.0.0/16') }),
      client('c', { allowIps: set('0.0.0.0/0') }),
      client('d', { allowIps: set('10.1.0.0/16'), keys: [key('k')] }),
    ];
    const result = identify(compileAccess(clients), 'none', parseAddress('10.1.2.3'), NOW);
    expect(result).toEqual({ ok: true, caller: { by: 'address', candidates: [clients[0], clients[2]] } });
  });

  it('refuses a key whose end is no number', () => {
    const index = compileAccess([client('x', { keys: [key('k', Number.NaN)] })]);
    expect(identify(index, presented('k'), undefined, NOW)).toMatchObject({ cause: 'expired_key' });
  });

  it('compares hashes without regard to case, and gives a key that is listed twice to the first', () => {
    const upper = client('upper', { keys: [{ id: 'k', sha256: 'ABCDEF', expiresAt: undefined }] });
    const lower = client('lower', { keys: [{ id: 'k', sha256: 'abcdef', expiresAt: undefined }] });
    const index = compileAccess([upper, lower]);
    expect(identify(index, { sha256: 'abcdef' }, undefined, NOW)).toMatchObject({
      caller: { client: upper },
    });
  });
});

describe('isLookedUp', () => {
  const made = composeKey('a'.repeat(40));
  it.each([
    [made, true],
    ['x'.repeat(32), true],
    ['', false],
    ['x'.repeat(31), false],
    ['x'.repeat(129), false],
    [`${made.slice(0, -1)}!`, false],
    [`wxh_${'a'.repeat(46)}`, false],
    [`wxh_${'a'.repeat(40)}`, false],
  ])('%s: %j', (presented, expected) => {
    expect(isLookedUp(presented)).toBe(expected);
  });
});

describe('authorise', () => {
  const entry = client('c', { apps: new Set(['wxshop', 'wxgone']), may: new Set<Act>(['read']) });
  const anything = client('any', { may: new Set(ACTS) });
  it.each<[string, ClientEntry, Act, string | undefined, string]>([
    ['granted app and act', entry, 'read', 'wxshop', 'ok'],
    ['app of another', entry, 'read', 'wxnews', 'app_not_granted'],
    ['app that does not exist', entry, 'read', 'wxnone', 'app_not_granted'],
    ['app that is granted but exists no more', entry, 'read', 'wxgone', 'app_not_granted'],
    ['act that is not granted', entry, 'report', 'wxshop', 'act_not_granted'],
    ['neither', entry, 'gateway', 'wxnews', 'act_not_granted'],
    ['an act without an app', anything, 'admin', undefined, 'ok'],
    ['an act without an app that is not granted', entry, 'admin', undefined, 'act_not_granted'],
    ['"*" and an app', anything, 'admin', 'wxnews', 'ok'],
    ['"*" and an app that does not exist', anything, 'read', 'wxnone', 'app_not_granted'],
    ['"*" itself is no app', anything, 'read', '*', 'app_not_granted'],
    ['an empty appid is no act without an app', anything, 'read', '', 'app_not_granted'],
    ['a name that every object has', anything, 'read', '__proto__', 'app_not_granted'],
    ['another case', anything, 'read', 'WXSHOP', 'app_not_granted'],
  ])('%s', (_, granted, act, appid, expected) => {
    const used = key('k');
    const result = authorise({ by: 'key', client: granted, key: used }, act, appid, apps);
    expect(result).toMatchObject({ client: granted, key: used });
    expect(result.ok ? 'ok' : result.cause).toBe(expected);
    if (!result.ok) expect(result.reason).toBe('not_granted');
  });

  describe('without a key', () => {
    const reader = client('reader', { apps: new Set(['wxshop']), may: new Set<Act>(['read']) });
    const admin = client('admin', { apps: new Set(['wxnews']), may: new Set<Act>(['admin', 'read']) });
    const second = client('second', { may: new Set<Act>(['read']) });
    const caller = { by: 'address', candidates: [reader, admin, second] } as const;
    it.each<[Act, string | undefined, string]>([
      ['read', 'wxshop', 'reader'],
      ['read', 'wxnews', 'admin'],
      ['admin', 'wxnews', 'admin'],
      ['admin', undefined, 'admin'],
      // Rights of two entries are not put together.
      ['admin', 'wxshop', 'not_granted'],
      ['report', 'wxshop', 'not_granted'],
      ['read', 'wxnone', 'not_granted'],
    ])('%s of %s: %s', (act, appid, expected) => {
      const result = authorise(caller, act, appid, apps);
      expect(result.ok ? result.client.id : result.reason).toBe(expected);
      expect(result.key).toBeUndefined();
      const payer = payerOf(caller, act, appid, apps).id;
      expect(payer).toBe(result.ok ? expected : 'reader');
    });

    it('is a bug without any candidate, and grants nothing', () => {
      expect(() => authorise({ by: 'address', candidates: [] }, 'read', undefined, apps)).toThrow();
    });
  });
});

describe('grantsApp', () => {
  it('lets an administrator see the granted apps that there are', () => {
    const entry = client('c', { apps: new Set(['wxshop', 'wxgone']) });
    expect(['wxshop', 'wxnews', 'wxgone'].filter((appid) => grantsApp(entry, appid, apps))).toEqual([
      'wxshop',
    ]);
  });
});

describe('entryForTokenHolder', () => {
  const elsewhere = client('elsewhere', { allowIps: set('192.0.2.0/24') });
  const keyed = client('keyed', { keys: [key('k')], allowIps: set('10.0.0.0/8'), apps: new Set(['wxshop']) });
  const anywhere = client('anywhere', { keys: [key('l')], apps: new Set(['wxnews']) });
  const gateway = client('gateway', { keys: [key('m')], may: new Set<Act>(['gateway']) });
  const index = compileAccess([elsewhere, keyed, anywhere, gateway]);
  it.each([
    ['192.0.2.1', 'wxshop', 'elsewhere'],
    ['10.0.0.1', 'wxshop', 'keyed'],
    ['11.0.0.1', 'wxshop', undefined],
    ['11.0.0.1', 'wxnews', 'anywhere'],
    [undefined, 'wxnews', 'anywhere'],
    [undefined, 'wxshop', undefined],
    ['10.0.0.1', 'wxnone', undefined],
  ])('from %s with a token of %s: %s', (address, appid, expected) => {
    const seen = address === undefined ? undefined : parseAddress(address);
    expect(entryForTokenHolder(index, seen, 'read', appid, apps, 0)?.id).toBe(expected);
  });

  it('not by an entry that nobody can use any more: all its keys have expired', () => {
    const at = (expiresAt: number | undefined, id: string) => ({ id, sha256: id, expiresAt });
    const seen = parseAddress('192.0.2.1');
    const opens = (keys: ClientEntry['keys']) =>
      entryForTokenHolder(
        compileAccess([client('c', { keys, allowIps: undefined })]),
        seen,
        'read',
        'wxshop',
        apps,
        1000,
      );
    expect(opens([at(1000, 'a'), at(999, 'b')])).toBeUndefined();
    expect(opens([at(1000, 'a'), at(1001, 'b')])?.id).toBe('c');
    expect(opens([at(1000, 'a'), at(undefined, 'b')])?.id).toBe('c');
  });
});

describe('who shows a token or a certificate', () => {
  const ISSUER: IssuerSettings = {
    id: 'cluster',
    issuer: 'https://issuer.example',
    audience: 'hub',
    jwksUri: undefined,
    jwksFile: undefined,
    caFile: undefined,
    tokenFile: undefined,
  };
  const token = (subject: string, issuer = ISSUER, expiresAt = NOW + 1): Credential => ({
    token: { issuer, subject, proof: { id: `${issuer.id}/${subject}`, expiresAt } },
  });
  const certificate = (names: string[], expiresAt = NOW + 1): Credential => ({
    certificate: { names, expiresAt },
  });
  const clients = [
    client('both', { identities: [{ issuer: 'cluster', subject: 'a' }], keys: [key('k')] }),
    client('cert', { identities: [{ certificate: 'spiffe://b' }, { certificate: 'b.example' }] }),
    client('near', { identities: [{ issuer: 'cluster', subject: 'n' }], allowIps: set('10.0.0.0/8') }),
    client('c2', { identities: [{ certificate: 'spiffe://c' }] }),
    client('address', { allowIps: set('10.0.0.0/8') }),
  ];
  const issuers = new Map([['cluster', ISSUER]]);
  const index = compileAccess(clients, issuers);

  it.each([
    ['its client', token('a'), '192.0.2.1', 'both'],
    ['the end of its time', token('a', ISSUER, NOW), '192.0.2.1', 'expired_token'],
    ['an issuer as it was before', token('a', { ...ISSUER }), '192.0.2.1', 'unknown_identity'],
    ['a subject of nobody', token('A'), '10.0.0.1', 'unknown_identity'],
    ['a subject that looks like a certificate', token('spiffe://b'), '10.0.0.1', 'unknown_identity'],
    ['an address of allowIps', token('n'), '10.0.0.1', 'near'],
    ['an address beside allowIps', token('n'), '192.0.2.1', 'address'],
    ['a flaw', { token: { flaw: 'wrong_signature', issuer: 'cluster' } }, '10.0.0.1', 'wrong_signature'],
    ['a URI', certificate(['x.example', 'spiffe://b']), '192.0.2.1', 'cert'],
    ['a DNS name', certificate(['b.example']), '192.0.2.1', 'cert'],
    ['names of two: the first in the file', certificate(['spiffe://c', 'spiffe://b']), '192.0.2.1', 'cert'],
    ['an ended certificate', certificate(['spiffe://b'], NOW), '192.0.2.1', 'expired_certificate'],
    ['a name of nobody, at an address', certificate(['spiffe://x']), '10.0.0.1', 'address: address'],
    ['a name of nobody', certificate(['spiffe://x']), '192.0.2.1', 'no_key'],
    ['nothing, at an address of one with identities', 'none', '10.0.0.1', 'address: address'],
  ] satisfies [string, Credential, string, string][])('%s', (_what, credential, address, expected) => {
    const result = identify(index, credential, parseAddress(address), NOW);
    const seen = !result.ok
      ? result.cause
      : result.caller.by === 'address'
        ? `address: ${result.caller.candidates.map(({ id }) => id).join()}`
        : result.caller.client.id;
    expect(seen).toBe(expected);
  });
});
