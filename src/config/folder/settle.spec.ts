import { settle, type FileClaims, type FileVersions, type Remembered } from './settle.js';

interface Version extends FileClaims {
  readonly id: string;
}

/** `wx…` are appids, the others hashes of keys. */
function version(id: string, ...claims: string[]): Version {
  const appids = claims.filter((claim) => claim.startsWith('wx'));
  const names = claims.filter((claim) => claim.startsWith('spiffe:'));
  const hashes = claims.filter((claim) => !claim.startsWith('wx') && !names.includes(claim));
  return {
    id,
    apps: appids.map((appid) => ({ appid })),
    platforms: [],
    clients: [
      ...hashes.map((sha256) => ({ keys: [{ id: 'k', sha256, expiresAt: undefined }], identities: [] })),
      ...names.map((certificate) => ({ keys: [], identities: [{ certificate }] })),
    ],
    lines: {
      apps: appids.map((_appid, index) => 10 + index),
      platforms: [],
      keys: hashes.map((_hash, index) => [20 + index]),
      identities: [...hashes.map(() => []), ...names.map((_name, index) => [30 + index])],
    },
  };
}

const file = (name: string, last: Version | undefined, next: Version | undefined): FileVersions<Version> => ({
  name,
  last,
  next,
});

/** As `file=version`, and `file!` where a clash is told. */
function outcome(files: FileVersions<Version>[], before?: Remembered): string {
  const { versions, clashes } = settle(files, before);
  return [
    ...[...versions].map(([name, { id }]) => `${name}=${id}`),
    ...[...clashes.keys()].map((name) => `${name}!`),
  ]
    .toSorted()
    .join(' ');
}

const old = (...claims: string[]) => version('old', ...claims);
const fresh = (...claims: string[]) => version('new', ...claims);
const same = old('wx1');
const wx2 = old('wx2');

describe('which version of each file holds', () => {
  it.each<[string, FileVersions<Version>[], string]>([
    [
      'files that claim nothing of each other',
      [file('a', undefined, fresh('wx1')), file('b', undefined, fresh('wx2'))],
      'a=new b=new',
    ],
    [
      'at a start: the first in the order',
      [file('a', undefined, fresh('wx1')), file('b', undefined, fresh('wx1'))],
      'a=new b!',
    ],
    [
      'who had it first, though later in the order',
      [file('a', old(), fresh('wx1')), file('b', same, same)],
      'a! a=old b=old',
    ],
    [
      'who had it first and changes',
      [file('a', undefined, fresh('wx1')), file('b', same, fresh('wx1', 'wx9'))],
      'a! b=new',
    ],
    [
      'an identity is one client’s, as a key is',
      [file('a', undefined, fresh('spiffe://prod/a')), file('b', undefined, fresh('spiffe://prod/a'))],
      'a=new b!',
    ],
    [
      'one gives it up, the other takes it',
      [file('a', same, fresh()), file('b', old('wx2'), fresh('wx1', 'wx2'))],
      'a=new b=new',
    ],
    [
      'two exchange theirs',
      [file('a', old('wx1'), fresh('wx2')), file('b', old('wx2'), fresh('wx1'))],
      'a=new b=new',
    ],
    [
      'one that gives it up and clashes elsewhere keeps it',
      [
        file('a', old('wx1'), fresh('wx3')),
        file('b', old(), fresh('wx1')),
        file('c', old('wx3'), old('wx3')),
      ].map((each) => (each.name === 'c' ? { ...each, next: each.last } : each)),
      'a! a=old b! b=old c=old',
    ],
    [
      'a file that is gone claims nothing',
      [file('a', same, undefined), file('b', undefined, fresh('wx1'))],
      'b=new',
    ],
    [
      'a key is claimed as well',
      [file('a', old('k1'), fresh('k1')), file('b', old(), fresh('k1'))],
      'a=new b! b=old',
    ],
  ])('%s', (_what, files, expected) => {
    expect(outcome(files)).toBe(expected);
  });

  /** As a hub of before knew it. */
  const had =
    (claims: Record<string, string>): Remembered =>
    (claim) =>
      claims[claim];

  it.each<[string, FileVersions<Version>[], Record<string, string>, string]>([
    [
      'at a start: who had it before, though later in the order',
      [file('a', undefined, fresh('wx1')), file('b', undefined, fresh('wx1'))],
      { 'app wx1': 'b' },
      'a! b=new',
    ],
    [
      'keys and identities as well',
      [file('a', undefined, fresh('k1', 'spiffe://b')), file('b', undefined, fresh('k1', 'spiffe://b'))],
      { 'key k1': 'b', 'identity certificate/spiffe://b': 'b' },
      'a! b=new',
    ],
    [
      'a file of which nothing holds keeps what it had',
      [file('a', undefined, fresh('wx1')), file('b', undefined, undefined)],
      { 'app wx1': 'b' },
      'a!',
    ],
    [
      'also where it is the clash with another that keeps it out',
      [file('a', undefined, fresh('wx1')), file('b', undefined, fresh('wx1', 'wx2')), file('c', wx2, wx2)],
      { 'app wx1': 'b' },
      'a! b! c=old',
    ],
    [
      'what it gave up is anybody’s',
      [file('a', undefined, fresh('wx1')), file('b', undefined, fresh('wx2'))],
      { 'app wx1': 'b' },
      'a=new b=new',
    ],
    [
      'what holds now counts, not what was before',
      [file('a', same, same), file('b', undefined, fresh('wx1'))],
      { 'app wx1': 'b' },
      'a=old b!',
    ],
  ])('%s', (_what, files, before, expected) => {
    expect(outcome(files, had(before))).toBe(expected);
  });

  it('says where the clash is, and of whose it is nothing', () => {
    const { clashes } = settle([file('a', same, same), file('b', undefined, fresh('wx0', 'wx1', 'k1'))]);
    expect(clashes.get('b')).toMatchObject([{ path: 'apps[1].appid', line: 11 }]);
    expect(JSON.stringify(clashes.get('b'))).not.toMatch(/"a"|a\.yaml/);
  });

  it('no two files ever hold the same, whatever they claim, and last versions always can', () => {
    let seed = 1;
    const random = (below: number): number => (seed = (seed * 48271) % 2147483647) % below;
    for (let round = 0; round < 500; round += 1) {
      const names = ['a', 'b', 'c', 'd', 'e'];
      const lasts = names.map((_name, index) => old(`wx${index}`, `k${index}`));
      const files = names.map((name, index) => {
        const last = random(4) === 0 ? undefined : lasts[index];
        const next =
          random(3) === 0 ? last : fresh(...new Set([`wx${random(6)}`, `wx${random(6)}`, `k${random(6)}`]));
        return file(name, last, next);
      });
      const { versions } = settle(files);
      const held = [...versions.values()].flatMap(({ apps, clients }) => [
        ...apps.map(({ appid }) => appid),
        ...clients.flatMap(({ keys }) => keys.map(({ sha256 }) => sha256)),
      ]);
      expect(new Set(held).size).toBe(held.length);
      for (const { name, last } of files)
        if (last !== undefined && !versions.has(name))
          expect(files.find((each) => each.name === name)?.next).toBeUndefined();
    }
  });
});
