import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { looksPacked, OF_ANSWER, OF_REQUEST, saysPacked, unpackings } from './unpackings.js';

const TEXT = JSON.stringify({ errcode: 40001, errmsg: 'invalid credential' });
const said = (bytes: Buffer, label?: string) => unpackings(bytes, label, OF_ANSWER).map(String);

describe('what is packed', () => {
  it.each([undefined, 'gzip', 'deflate', 'br', 'odd'])(
    'gzip and zlib are known by their bytes (label %s)',
    (label) => {
      expect(said(gzipSync(TEXT), label)).toContain(TEXT);
      expect(said(deflateSync(TEXT), label)).toContain(TEXT);
      expect(said(gzipSync(gzipSync(TEXT)), label)).toContain(TEXT);
      expect(looksPacked(gzipSync(TEXT))).toBe(true);
      expect(looksPacked(deflateSync(TEXT))).toBe(true);
    },
  );

  it.each(['deflate', 'br', 'gzip', 'odd', 'br, gzip'])(
    'raw deflate and br under any label (%s)',
    (label) => {
      expect(said(deflateRawSync(TEXT), label)).toContain(TEXT);
      expect(said(brotliCompressSync(TEXT), label)).toContain(TEXT);
    },
  );

  it('what broke off is unpacked as far as it goes', () => {
    const packed = gzipSync(Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * at) % 251)), {
      level: 1,
    });
    expect(
      unpackings(packed.subarray(0, packed.length / 2), undefined, OF_ANSWER)[0]?.length,
    ).toBeGreaterThan(0);
  });

  it('what is not packed is nothing, and what would become huge neither', () => {
    expect(said(Buffer.from(TEXT))).toEqual([]);
    expect(said(Buffer.from(TEXT), 'identity')).toEqual([]);
    expect(said(Buffer.alloc(0), 'gzip')).toEqual([]);
    expect(said(gzipSync(Buffer.alloc(100_000_000)))).toEqual([]);
  });

  it('of a request less, and no brotli: who sends it makes it as expensive as can be', () => {
    expect(unpackings(brotliCompressSync(TEXT), 'br', OF_REQUEST).map(String)).not.toContain(TEXT);
    expect(unpackings(gzipSync(Buffer.alloc(300_000)), 'gzip', OF_REQUEST)).toEqual([]);
    expect(unpackings(gzipSync(TEXT), 'gzip', OF_REQUEST).map(String)).toEqual([TEXT]);
  });

  it.each<[string | undefined, boolean]>([
    [undefined, false],
    ['', false],
    ['identity', false],
    [' Identity , ', false],
    ['gzip', true],
    ['identity, br', true],
    ['anything', true],
  ])('the label %p says so: %p', (label, says) => {
    expect(saysPacked(label)).toBe(says);
  });
});
