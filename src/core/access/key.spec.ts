import { crc32 as zlibCrc32 } from 'node:zlib';

import fc from 'fast-check';

import { BASE62, checksumOf, composeKey, crc32, hasValidChecksum, hasValidForm, parseBearer } from './key.js';

const RANDOM = '0123456789ABCDEFGHIJabcdefghijKLMNOklmno';
const KEY = composeKey(RANDOM);
const random40 = fc.string({ unit: fc.constantFrom(...BASE62), minLength: 40, maxLength: 40 });

describe('crc32', () => {
  it('gives the check value of CRC-32/ISO-HDLC', () => {
    expect(crc32('123456789')).toBe(0xcbf43926);
    expect(crc32('')).toBe(0);
  });

  it('agrees with zlib', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        expect(crc32(text)).toBe(zlibCrc32(text));
      }),
    );
  });
});

describe('a key of the hub', () => {
  it('is the prefix, 40 random characters and 6 of checksum', () => {
    expect(KEY).toHaveLength(50);
    expect(KEY.startsWith(`wxh_${RANDOM}`)).toBe(true);
    const sum = [...KEY.slice(44)].reduce((value, digit) => value * 62 + BASE62.indexOf(digit), 0);
    expect(sum).toBe(zlibCrc32(`wxh_${RANDOM}`));
  });

  it('has a checksum padded with zeros on the left', () => {
    // CRC-32 0, and 0xcbf43926 = 3421780262 = ((((3 * 62 + 45) * 62 + 35) * 62 + 27) * 62 + 22) * 62 + 14.
    expect(checksumOf('')).toBe('000000');
    expect(checksumOf('123456789')).toBe('3jZRME');
  });

  it('is valid, and no longer so when any one character differs', () => {
    fc.assert(
      fc.property(random40, fc.nat(49), fc.constantFrom(...BASE62), (random, at, other) => {
        const key = composeKey(random);
        expect(hasValidForm(key) && hasValidChecksum(key)).toBe(true);
        const changed = key.slice(0, at) + other + key.slice(at + 1);
        // A key whose prefix is damaged is another kind of key, without a checksum.
        if (at >= 4 && changed !== key) expect(hasValidChecksum(changed)).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    '',
    'a'.repeat(39),
    'a'.repeat(41),
    `${'a'.repeat(39)}-`,
    `${'a'.repeat(39)}_`,
    `${'a'.repeat(40)}\n`,
  ])('is not made of %j', (random) => {
    expect(() => composeKey(random)).toThrow(RangeError);
  });
});

describe('hasValidForm', () => {
  it.each([
    ['a'.repeat(31), false],
    ['a'.repeat(32), true],
    ['a'.repeat(128), true],
    ['a'.repeat(129), false],
    ['A-z_0'.repeat(8), true],
    [`${'a'.repeat(32)}.`, false],
    [`${'a'.repeat(32)}\n`, false],
    [`${'a'.repeat(32)}é`, false],
    ['', false],
  ])('%j: %j', (key, valid) => {
    expect(hasValidForm(key)).toBe(valid);
  });
});

describe('hasValidChecksum', () => {
  it.each([
    [KEY, true],
    [KEY.slice(0, -1), false],
    [`${KEY}0`, false],
    [`wxh_${'a'.repeat(46)}`, false],
    [`wxh_${'a'.repeat(28)}`, false],
    [`wxh_${'-'.repeat(46)}`, false],
    ['wxh_', false],
    ['a'.repeat(50), true],
    [`WXH_${KEY.slice(4)}`, true],
    [`wxh-${KEY.slice(4)}`, true],
  ])('%s: %j', (key, valid) => {
    expect(hasValidChecksum(key)).toBe(valid);
  });
});

describe('parseBearer', () => {
  const key = 'k'.repeat(32);
  it.each([
    [undefined, 'none'],
    [`Bearer ${key}`, { key }],
    [`bearer ${key}`, { key }],
    [`BEARER   ${key}`, { key }],
    [`Bearer ${KEY}`, { key: KEY }],
    ['', 'malformed'],
    ['Bearer', 'malformed'],
    ['Bearer ', 'malformed'],
    [key, 'malformed'],
    [` Bearer ${key}`, 'malformed'],
    [`Bearer ${key} `, 'malformed'],
    [`Bearer\t${key}`, 'malformed'],
    [`Bearer${key}`, 'malformed'],
    [`Bearer ${key},Bearer ${key}`, 'malformed'],
    [`Bearer ${key}\n`, 'malformed'],
    [`Bearer ${key}=`, 'malformed'],
    [`Bearer ${key.slice(1)}`, 'malformed'],
    [`Bearer ${'k'.repeat(129)}`, 'malformed'],
    [`Basic ${key}`, 'malformed'],
    [`Bearer:${key}`, 'malformed'],
  ])('%j: %j', (header, expected) => {
    expect(parseBearer(header)).toEqual(expected);
  });
});
