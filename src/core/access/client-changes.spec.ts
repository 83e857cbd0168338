import * as fc from 'fast-check';
import { parseAddressSet } from './address.js';
import { ClientComparison, type NamedChanges } from './client-changes.js';
import { ACTS, type ClientEntry, type ClientKey } from './client.js';

const NOTHING: NamedChanges = { added: [], changed: [], removed: [] };

function key(id: string, rest: Partial<ClientKey> = {}): ClientKey {
  return { id, sha256: id.padEnd(64, '0'), expiresAt: undefined, ...rest };
}

function addresses(...ranges: string[]): ClientEntry['allowIps'] {
  const parsed = parseAddressSet(ranges);
  if (!parsed.ok) throw new Error('not addresses');
  return parsed.set;
}

function client(rest: Partial<ClientEntry> = {}): ClientEntry {
  return {
    id: 'shop',
    keys: [key('a'), key('b')],
    identities: [],
    allowIps: addresses('10.0.0.0/8', '192.0.2.1'),
    apps: new Set(['wx-a', 'wx-b']),
    may: new Set(['read', 'report']),
    gatewayPaths: ['/wxa/*', '/cgi-bin/message/*'],
    requestsPerMinute: 60,
    ...rest,
  };
}

function compared(before: ClientEntry | undefined, after: ClientEntry | undefined) {
  const comparison = new ClientComparison();
  comparison.take('shop', before, after);
  const { clients, keys } = comparison;
  return { clients: { ...clients }, keys: { ...keys } };
}

describe('clients and keys between two readings', () => {
  it('one that comes or goes does so with its keys', () => {
    const [names, keys] = [['shop'], ['shop/a', 'shop/b']];
    expect(compared(undefined, client())).toEqual({
      clients: { ...NOTHING, added: names },
      keys: { ...NOTHING, added: keys },
    });
    expect(compared(client(), undefined)).toEqual({
      clients: { ...NOTHING, removed: names },
      keys: { ...NOTHING, removed: keys },
    });
  });

  it.each<[string, Partial<ClientEntry>]>([
    ['itself', {}],
    ['keys in another order', { keys: [key('b'), key('a')] }],
    ['addresses in another order and spelling', { allowIps: addresses('192.0.2.1/32', '10.1.2.3/8') }],
    ['apps in another order', { apps: new Set(['wx-b', 'wx-a']) }],
    ['acts in another order', { may: new Set(['report', 'read']) }],
    ['paths in another order, one twice', { gatewayPaths: ['/cgi-bin/message/*', '/wxa/*', '/wxa/*'] }],
  ])('%s: the same', (_what, rest) => {
    expect(compared(client(), client(rest))).toEqual({ clients: NOTHING, keys: NOTHING });
  });

  it.each<[string, Partial<ClientEntry>]>([
    ['an address less', { allowIps: addresses('10.0.0.0/8') }],
    ['another address', { allowIps: addresses('10.0.0.0/8', '192.0.2.2') }],
    ['any address', { allowIps: undefined }],
    ['an app more', { apps: new Set(['wx-a', 'wx-b', 'wx-c']) }],
    ['another app', { apps: new Set(['wx-a', 'wx-c']) }],
    ['every app', { apps: '*' }],
    ['another act', { may: new Set(['read', 'admin']) }],
    ['a path less', { gatewayPaths: ['/wxa/*'] }],
    ['every path', { gatewayPaths: undefined }],
    ['another limit', { requestsPerMinute: 61 }],
  ])('%s: changed, either way, and its keys are not', (_what, rest) => {
    const changed = { clients: { ...NOTHING, changed: ['shop'] }, keys: NOTHING };
    expect(compared(client(), client(rest))).toEqual(changed);
    expect(compared(client(rest), client())).toEqual(changed);
  });

  it.each<[string, ClientKey[], Partial<NamedChanges>]>([
    ['a key more', [key('a'), key('b'), key('c')], { added: ['shop/c'] }],
    ['a key less', [key('b')], { removed: ['shop/a'] }],
    ['a rotation', [key('b'), key('c')], { added: ['shop/c'], removed: ['shop/a'] }],
    [
      'another key of the same name',
      [key('a', { sha256: '1'.repeat(64) }), key('b')],
      { changed: ['shop/a'] },
    ],
    ['an end', [key('a', { expiresAt: 1 }), key('b')], { changed: ['shop/a'] }],
  ])('%s: named, and the client is changed', (_what, keys, differences) => {
    expect(compared(client(), client({ keys }))).toEqual({
      clients: { ...NOTHING, changed: ['shop'] },
      keys: { ...NOTHING, ...differences },
    });
  });

  it('what comes one way goes the other, a key changes only with its client, and no hash is named', () => {
    const keys = fc.uniqueArray(
      fc.record({
        id: fc.constantFrom('a', 'b', 'c'),
        sha256: fc.constantFrom('1'.repeat(64), '2'.repeat(64)),
        expiresAt: fc.constantFrom(undefined, 1),
      }),
      { selector: ({ id }) => id },
    );
    const entry = fc
      .record({
        keys,
        apps: fc.oneof(
          fc.constant('*' as const),
          fc.subarray(['wx-a', 'wx-b']).map((some) => new Set(some)),
        ),
        may: fc.subarray([...ACTS]).map((some) => new Set(some)),
      })
      .map(client);
    const maybe = fc.option(entry, { nil: undefined });
    fc.assert(
      fc.property(maybe, maybe, (before, after) => {
        const there = compared(before, after);
        const back = compared(after, before);
        for (const what of ['clients', 'keys'] as const) {
          expect([...there[what].added].sort()).toEqual([...back[what].removed].sort());
          expect([...there[what].changed].sort()).toEqual([...back[what].changed].sort());
        }
        if (Object.values(there.keys).flat().length > 0) {
          expect(Object.values(there.clients).flat()).toEqual(['shop']);
        }
        expect(JSON.stringify(there)).not.toMatch(/[12]{64}/);
      }),
    );
  });
});
