import { BlockList, isIP } from 'node:net';

import fc from 'fast-check';

import { AddressSet, blockOf, parseAddress, parseAddressSet, parseSocketAddress } from './address.js';

function setOf(...ranges: string[]): AddressSet {
  const result = parseAddressSet(ranges);
  if (!result.ok) throw new Error(JSON.stringify(result.bad));
  return result.set;
}

function holds(set: AddressSet, text: string): boolean {
  return set.has(parseAddress(text)!);
}

describe('parseAddress', () => {
  it.each([
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['192.0.2.1', '192.0.2.1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8::00A0', '2001:db8::a0'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['::192.0.2.33', '::c000:221'],
    ['ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::FFFF:0a00:0001', '10.0.0.1'],
    ['0:0:0:0:0:ffff:255.255.255.255', '255.255.255.255'],
    ['::fffe:10.0.0.1', '::fffe:a00:1'],
    ['1::ffff:10.0.0.1', '1::ffff:a00:1'],
  ])('reads %s as %s', (text, canonical) => {
    expect(parseAddress(text)?.text).toBe(canonical);
  });

  it.each(
    [
      [
        '',
        '.',
        ':',
        ':::',
        '1',
        '1.2.3',
        '1.2.3.4.5',
        '1.2.3.',
        '.1.2.3',
        '1..2.3',
        '1.2.3.256',
        '1.2.3.1000',
      ],
      [
        '01.2.3.4',
        '1.2.3.04',
        '00.0.0.0',
        '0x1.2.3.4',
        '1.2.3.4 ',
        ' 1.2.3.4',
        '1.2.3.-4',
        '+1.2.3.4',
        '1e1.2.3.4',
      ],
      [
        '2130706433',
        '127.1',
        '1.2.3.4/32',
        '1.2.3.4:80',
        '[::1]',
        '::1%eth0',
        'fe80::1%1',
        '::1/128',
        'localhost',
      ],
      [
        '1:2:3:4:5:6:7',
        '1:2:3:4:5:6:7:8:9',
        '1:2:3:4:5:6:7:8::',
        '::1:2:3:4:5:6:7:8',
        '1::2::3',
        '1:::2',
        ':1::2',
      ],
      [
        '1::2:',
        '12345::',
        'g::',
        '::1.2.3',
        '::1.2.3.4.5',
        '::1.2.3.4:5',
        '1.2.3.4::',
        '::01.2.3.4',
        '::256.0.0.1',
      ],
      [
        '1:2:3:4:5:6:7:1.2.3.4',
        '::ffff:10.0.0.1:80',
        '١.٢.٣.٤',
        '1。2。3。4',
        '1.2.3.4\n',
        '1.2.3.4\0',
        '-::1',
        '::1-',
      ],
    ].flat(),
  )('refuses %j', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it('accepts exactly what Node calls an IP address, but for zone ids', () => {
    const soup = fc.string({
      unit: fc.constantFrom('0', '1', '2', '25', '255', 'a', 'ffff', 'F', '.', ':', '::', '::ffff:'),
      maxLength: 14,
    });
    const texts = fc.oneof(soup, fc.ipV4(), fc.ipV6(), fc.string());
    fc.assert(
      fc.property(texts, (text) => {
        expect(parseAddress(text) !== undefined).toBe(isIP(text) !== 0 && !text.includes('%'));
      }),
      { numRuns: 20_000 },
    );
  });

  it('writes IPv6 as URLs do, and reads its own text back', () => {
    const group = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.nat(0xffff));
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const long = groups.map((part) => part.toString(16).padStart(4, '0').toUpperCase()).join(':');
        const address = parseAddress(long)!;
        const again = parseAddress(address.text)!;
        expect({ ...again }).toEqual({ ...address });
        if (address.family === 6) expect(`[${address.text}]`).toBe(new URL(`http://[${long}]/`).hostname);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('parseSocketAddress', () => {
  it.each([
    ['fe80::1%eth0', 'fe80::1'],
    ['fe80::1%', 'fe80::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['192.0.2.1', '192.0.2.1'],
    ['', undefined],
    ['%eth0', undefined],
    ['/run/hub.sock', undefined],
  ])('reads %j as %j', (text, canonical) => {
    expect(parseSocketAddress(text)?.text).toBe(canonical);
  });
});

describe('blockOf', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2:ffff::', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::', '2001:db8:1:3::/64'],
    ['::1', '::/64'],
  ])('%s counts as %s', (text, block) => {
    expect(blockOf(parseAddress(text)!)).toBe(block);
  });
});

describe('parseAddressSet', () => {
  it.each([
    [['10.0.0.0/8'], ['10.0.0.0', '10.255.255.255'], ['9.255.255.255', '11.0.0.0', '::a00:0', '::1']],
    [['10.1.2.3/8'], ['10.0.0.0', '10.255.255.255'], ['9.255.255.255', '11.0.0.0']],
    [['192.0.2.1'], ['192.0.2.1', '::ffff:192.0.2.1', '::ffff:c000:201'], ['192.0.2.0', '192.0.2.2']],
    [
      ['::ffff:10.0.0.0/104'],
      ['10.0.0.0', '10.255.255.255', '::ffff:a01:203'],
      ['9.255.255.255', '11.0.0.0'],
    ],
    [['::ffff:0a00:0001'], ['10.0.0.1'], ['10.0.0.0', '10.0.0.2']],
    [['::ffff:0:0/96'], ['0.0.0.0', '255.255.255.255'], ['::', '::fffe:0:0', '::1:0:0:0']],
    [['0.0.0.0/0'], ['0.0.0.0', '127.255.255.255', '128.0.0.0', '255.255.255.255'], ['::', '::1', 'ffff::']],
    [
      ['::/0'],
      ['::', '2001:db8::1', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
      ['0.0.0.0', '::ffff:1.2.3.4'],
    ],
    [['128.0.0.0/1'], ['128.0.0.0', '255.255.255.255'], ['127.255.255.255']],
    [['192.0.2.4/31'], ['192.0.2.4', '192.0.2.5'], ['192.0.2.3', '192.0.2.6']],
    [
      ['2001:db8::/32'],
      ['2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
      ['2001:db7:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db9::'],
    ],
    [['2001:db8::/33'], ['2001:db8:7fff::'], ['2001:db8:8000::']],
    [['2001:db8::8/125'], ['2001:db8::8', '2001:db8::f'], ['2001:db8::7', '2001:db8::10']],
    [['::1'], ['::1'], ['::', '::2', '0.0.0.1']],
    [
      ['10.0.0.0/8', '10.1.0.0/16', '9.0.0.0/8', '10.0.0.0/8'],
      ['9.0.0.0', '10.200.0.0', '10.1.1.1'],
      ['11.0.0.0'],
    ],
    [[], [], ['0.0.0.0', '::']],
  ])('%j holds %j and not %j', (ranges, inside, outside) => {
    const set = setOf(...ranges);
    expect(inside.filter((text) => !holds(set, text))).toEqual([]);
    expect(outside.filter((text) => holds(set, text))).toEqual([]);
  });

  it('gives the ranges in canonical form, in the order written, each once', () => {
    const set = setOf(
      '2001:DB8:0::/32',
      '10.1.2.3/8',
      '192.0.2.1/32',
      '::FFFF:10.9.9.9/104',
      '::1/128',
      '0.0.0.0/0',
    );
    expect(set.ranges).toEqual(['2001:db8::/32', '10.0.0.0/8', '192.0.2.1', '::1', '0.0.0.0/0']);
  });

  it.each([
    [['0.0.0.0/0'], true],
    [['::/0'], true],
    [['10.0.0.0/8', '::/0'], true],
    [['::ffff:0:0/96'], true],
    [['0.0.0.0/1', '128.0.0.0/1'], true],
    [['8000::/1', '::/2', '4000::/2'], true],
    [['0.0.0.0/1', '128.0.0.0/2', '192.0.0.0/2', '1.0.0.0/8'], true],
    [['0.0.0.0/1', '0.0.0.0/1'], false],
    [['0.0.0.0/1', '128.0.0.0/2'], false],
    [['0.0.0.0/1', '8000::/1'], false],
    [['0.0.0.0/1', '0.0.0.0/2', '64.0.0.0/2'], false],
    [[], false],
  ])('%j is everything: %j', (ranges, everything) => {
    expect(setOf(...ranges).isEverything).toBe(everything);
  });

  it('names all that is wrong, each with its place and a hint', () => {
    const result = parseAddressSet(['10.0.0.0/8', '10.0.0.0/33', 'example.org', '::1', '10.0.0.01']);
    expect(result).toEqual({
      ok: false,
      bad: [
        { index: 1, text: '10.0.0.0/33', hint: expect.stringContaining('0 to 32') },
        { index: 2, text: 'example.org', hint: expect.stringContaining('host names') },
        { index: 4, text: '10.0.0.01', hint: expect.stringContaining('leading zeros') },
      ],
    });
  });

  it.each([
    ['', 'empty'],
    [' 10.0.0.0/8', 'white space'],
    ['10.0.0.0 /8', 'white space'],
    ['fe80::1%eth0', 'zone'],
    ['fe80::%eth0/64', 'zone'],
    ['10.0.0.1:80', 'port'],
    ['[::1]', 'brackets'],
    ['[::1]:80', 'brackets'],
    ['10.0.0', 'four numbers'],
    ['10.0.0.0/', '0 to 32'],
    ['10.0.0.0/08', '0 to 32'],
    ['10.0.0.0/-1', '0 to 32'],
    ['10.0.0.0/255.0.0.0', '0 to 32'],
    ['10.0.0.0/8/8', '0 to 32'],
    ['10.0.0.0/1e1', '0 to 32'],
    ['::/129', '0 to 128'],
    ['1:2:3', 'IPv6'],
    ['::ffff:0:0/95', 'IPv4-mapped'],
    ['::ffff:10.0.0.0/8', 'IPv4-mapped'],
    ['*', 'CIDR'],
    ['true', 'CIDR'],
    ['loopback', 'CIDR'],
  ])('refuses %j and speaks of %s', (text, word) => {
    expect(parseAddressSet([text])).toEqual({
      ok: false,
      bad: [{ index: 0, text, hint: expect.stringContaining(word) }],
    });
  });

  it('agrees with net.BlockList', () => {
    const ip4 = fc
      .tuple(fc.constantFrom(10, 192), fc.nat(3), fc.nat(3), fc.nat(255))
      .map((parts) => parts.join('.'));
    const ip6 = fc
      .tuple(fc.constantFrom('2001:db8', 'fe80:0'), fc.nat(3), fc.nat(0xffff))
      .map(([start, a, b]) => `${start}:${a}::${b.toString(16)}`);
    const range4 = fc.tuple(ip4, fc.nat(32));
    const range6 = fc.tuple(ip6, fc.nat(128));
    fc.assert(
      fc.property(
        fc.array(range4, { maxLength: 6 }),
        fc.array(range6, { maxLength: 6 }),
        fc.array(ip4, { minLength: 5, maxLength: 5 }),
        fc.array(ip6, { minLength: 5, maxLength: 5 }),
        (ranges4, ranges6, callers4, callers6) => {
          const set = setOf(...[...ranges4, ...ranges6].map(([base, prefix]) => `${base}/${prefix}`));
          const list4 = new BlockList();
          const list6 = new BlockList();
          for (const [base, prefix] of ranges4) list4.addSubnet(base, prefix, 'ipv4');
          for (const [base, prefix] of ranges6) list6.addSubnet(base, prefix, 'ipv6');
          for (const text of callers4) expect(holds(set, text)).toBe(list4.check(text, 'ipv4'));
          for (const text of callers6) expect(holds(set, text)).toBe(list6.check(text, 'ipv6'));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
