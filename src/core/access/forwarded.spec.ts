import fc from 'fast-check';

import { parseAddressSet } from './address.js';
import { callerAddress, MAX_FORWARDED_ELEMENTS } from './forwarded.js';

const result = parseAddressSet(['10.0.0.0/8', '2001:db8:aaaa::/48', '192.0.2.200']);
if (!result.ok) throw new Error('bad test data');
const trusted = result.set;

const PROXY = '10.0.0.1';
const caller = (socket: string, header: string | undefined) => callerAddress(socket, header, trusted)?.text;

describe('callerAddress', () => {
  it.each([
    // The socket alone.
    [PROXY, undefined, PROXY],
    [PROXY, '', PROXY],
    [PROXY, ' , ,\t', PROXY],
    ['203.0.113.7', undefined, '203.0.113.7'],
    ['203.0.113.7', '198.51.100.1', '203.0.113.7'],
    ['203.0.113.7', '10.0.0.9', '203.0.113.7'],
    ['203.0.113.7', 'garbage', '203.0.113.7'],
    ['::ffff:203.0.113.7', '10.0.0.9', '203.0.113.7'],
    ['', '198.51.100.1', undefined],
    ['garbage', '198.51.100.1', undefined],
    ['fe80::1%eth0', '198.51.100.1', 'fe80::1'],
    // One proxy.
    [PROXY, '198.51.100.1', '198.51.100.1'],
    [`::ffff:${PROXY}`, '198.51.100.1', '198.51.100.1'],
    ['2001:db8:aaaa::1%eth0', '198.51.100.1', '198.51.100.1'],
    ['192.0.2.200', '198.51.100.1', '198.51.100.1'],
    ['192.0.2.201', '198.51.100.1', '192.0.2.201'],
    // What the caller wrote stands to the left and is not read.
    [PROXY, '1.1.1.1, 198.51.100.1', '198.51.100.1'],
    [PROXY, '10.0.0.5, 198.51.100.1', '198.51.100.1'],
    [PROXY, 'garbage, 198.51.100.1', '198.51.100.1'],
    [PROXY, '"; drop table, 10.0.0.5,,198.51.100.1', '198.51.100.1'],
    // Several proxies.
    [PROXY, '198.51.100.1, 10.0.0.2', '198.51.100.1'],
    [PROXY, '1.1.1.1, 198.51.100.1, 10.0.0.2, 2001:db8:aaaa::9', '198.51.100.1'],
    [PROXY, '10.0.0.3, 198.51.100.1, 10.0.0.2', '198.51.100.1'],
    [PROXY, '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    // White space, empty elements.
    [PROXY, '198.51.100.1,10.0.0.2', '198.51.100.1'],
    [PROXY, ' \t198.51.100.1\t ,  10.0.0.2 ', '198.51.100.1'],
    [PROXY, ',, 198.51.100.1 ,, ,10.0.0.2,', '198.51.100.1'],
    [PROXY, ',', PROXY],
    [PROXY, ',10.0.0.2', '10.0.0.2'],
    // Ports, brackets, spellings.
    [PROXY, '198.51.100.1:567', '198.51.100.1'],
    [PROXY, '198.51.100.1:65535', '198.51.100.1'],
    [PROXY, '198.51.100.1, 10.0.0.2:80', '198.51.100.1'],
    [PROXY, '[2001:db8::1]:443', '2001:db8::1'],
    [PROXY, '[2001:DB8::1]', '2001:db8::1'],
    [PROXY, '2001:0db8:0000::0001', '2001:db8::1'],
    [PROXY, '198.51.100.1, [2001:db8:aaaa::2]:443', '198.51.100.1'],
    [PROXY, '::ffff:198.51.100.1', '198.51.100.1'],
    [PROXY, '[::ffff:c633:6401]:80', '198.51.100.1'],
    [PROXY, '198.51.100.1, ::ffff:10.0.0.2', '198.51.100.1'],
    [
      PROXY,
      '[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535',
      'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    ],
    // No address where one is needed: unknown, never the proxy's.
    [PROXY, 'unknown', undefined],
    [PROXY, '_hidden', undefined],
    [PROXY, 'garbage', undefined],
    [PROXY, '198.51.100.1, garbage', undefined],
    [PROXY, '198.51.100.1, garbage, 10.0.0.2', undefined],
    [PROXY, '198.51.100.1:65536', undefined],
    [PROXY, '198.51.100.1:123456', undefined],
    [PROXY, '198.51.100.1:', undefined],
    [PROXY, '198.51.100.1:-1', undefined],
    [PROXY, '198.51.100.01', undefined],
    [PROXY, '198.51.100.1 10.0.0.2', undefined],
    [PROXY, '198.51.100.1;10.0.0.2', undefined],
    [PROXY, '198.51.100.0/24', undefined],
    [PROXY, '[198.51.100.1]:80', undefined],
    [PROXY, '[198.51.100.1]', undefined],
    [PROXY, '[2001:db8::1', undefined],
    [PROXY, '2001:db8::1]', undefined],
    [PROXY, '[2001:db8::1]443', undefined],
    [PROXY, '[2001:db8::1]:', undefined],
    [PROXY, '[]', undefined],
    [PROXY, 'fe80::1%eth0', undefined],
    [PROXY, '[fe80::1%eth0]:80', undefined],
    [PROXY, '"198.51.100.1"', undefined],
    [PROXY, 'for=198.51.100.1', undefined],
    [PROXY, `${' '.repeat(5000)}198.51.100.1${' '.repeat(5000)}`, '198.51.100.1'],
    [PROXY, '1'.repeat(10_000), undefined],
  ])('socket %j with X-Forwarded-For %j is %j', (socket, header, expected) => {
    expect(caller(socket, header)).toBe(expected);
  });

  it('follows a chain of 64 elements, and calls a longer one unknown', () => {
    const hops = (count: number) => Array<string>(count).fill('10.0.0.2').join(',');
    expect(caller(PROXY, `198.51.100.1,${hops(MAX_FORWARDED_ELEMENTS - 1)}`)).toBe('198.51.100.1');
    expect(caller(PROXY, `198.51.100.1,${hops(MAX_FORWARDED_ELEMENTS)}`)).toBeUndefined();
    expect(caller(PROXY, hops(MAX_FORWARDED_ELEMENTS))).toBe('10.0.0.2');
    expect(caller(PROXY, `198.51.100.1${','.repeat(MAX_FORWARDED_ELEMENTS)}`)).toBeUndefined();
    expect(caller(PROXY, `${','.repeat(16_000)}198.51.100.1`)).toBe('198.51.100.1');
  });

  it('does bounded work for a header as long as Node lets through', () => {
    const headers = [','.repeat(16_000), ' '.repeat(16_000), '1'.repeat(16_000), '10.0.0.2,'.repeat(1_700)];
    const startedAt = performance.now();
    for (let i = 0; i < 1_000; i++) for (const header of headers) caller(PROXY, header);
    // 4,000 headers: some 20 ms. Quadratic work would be minutes.
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  it('does not see what stands left of the first address that no trusted proxy has', () => {
    const tail = fc
      .array(fc.constantFrom('10.0.0.2', '10.3.2.1:80', '[2001:db8:aaaa::2]', ''), { maxLength: 5 })
      .map((proxies) => ['198.51.100.1', ...proxies].join(' , '));
    const forged = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc
        .array(fc.constantFrom('10.0.0.9', '127.0.0.1', '::1', 'x', '', '1.1.1.1'), { maxLength: 80 })
        .map(String),
    );
    fc.assert(
      fc.property(tail, forged, (end, start) => {
        expect(caller(PROXY, `${start},${end}`)).toBe('198.51.100.1');
      }),
      { numRuns: 3_000 },
    );
  });
});
