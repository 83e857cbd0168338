import fc from 'fast-check';

import { scrub } from './scrub.js';

describe('scrub', () => {
  it('keeps words as they are', () => {
    expect(scrub('invalid credential, 不合法的调用凭证 rid: 655d9278-7c157f97')).toBe(
      'invalid credential, 不合法的调用凭证 rid: 655d9278-7c157f97',
    );
  });

  it('makes one line, without control characters', () => {
    expect(scrub('  a\r\n\tb\u0000c\u001b[31md\u2028e\u202ef \ud800')).toBe('a bc[31md ef');
  });

  it.each([
    ['as it is', 'secret s3cr3t!/x was wrong'],
    ['as in a URL', 'GET /?secret=s3cr3t!%2Fx'],
    ['in capitals', 'S3CR3T!/X'],
    ['with a control character in it', 's3cr\u00003t!/x'],
    ['twice', 's3cr3t!/xs3cr3t!/x'],
    ['where the cut would halve it', `${'x'.repeat(295)}s3cr3t!/x`],
  ])('takes a secret out: %s', (_how, text) => {
    expect(scrub(text, ['s3cr3t!/x']).toLowerCase()).not.toContain('s3cr');
    expect(scrub(text, ['s3cr3t!/x'])).toMatch(/\[red/);
  });

  it('takes the longer of two secrets out whole, and takes no empty one for a secret', () => {
    expect(scrub('abcdef', ['abc', 'abcdef'])).toBe('[redacted]');
    expect(scrub('abc', [''])).toBe('abc');
    expect(scrub('a.c abc', ['a.c'])).toBe('[redacted] abc');
  });

  it('keeps 300 characters at most, and no half of a pair', () => {
    expect(scrub('x'.repeat(300))).toHaveLength(300);
    expect(scrub('x'.repeat(301))).toBe(`${'x'.repeat(299)}…`);
    expect(scrub(`${'x'.repeat(298)}😀😀`)).toBe(`${'x'.repeat(298)}…`);
  });

  it('never lets a secret through, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.string(),
        fc.stringMatching(/^[\x21-\x7e]{12,40}$/),
        (a, b, secret) => {
          const clean = scrub(`${a}${secret}${b}`, [secret]);
          expect(clean).not.toContain(secret);
          expect(clean.length).toBeLessThanOrEqual(300);
        },
      ),
    );
  });
});
