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

  describe('an AppSecret in another spelling', () => {
    const SECRET = 'e7a1c3d5f7092b4d6f81a3c5e7092b4f';
    const hex = Buffer.from(SECRET).toString('hex');
    it.each([
      ['spaced', [...SECRET].join(' ')],
      ['with dashes between', SECRET.replace(/(.{4})/g, '$1-')],
      ['in capitals', SECRET.toUpperCase()],
      ['Base64', Buffer.from(SECRET).toString('base64')],
      [
        'Base64, broken into lines',
        Buffer.from(SECRET)
          .toString('base64')
          .replace(/(.{11})/g, '$1\n'),
      ],
      ['hexadecimal', hex],
      ['hexadecimal with colons', hex.replace(/(..)(?=.)/g, '$1:')],
      ['URL-encoded throughout', hex.replace(/(..)/g, '%$1')],
      ['its first 20 characters', SECRET.slice(0, 20)],
      ['its last 12 characters', SECRET.slice(-12)],
    ])('%s', (_how, spelling) => {
      const clean = scrub(`invalid appsecret ${spelling}, rid: 655d9278-7c157f97`, [SECRET]);
      expect(clean).toMatch(/^invalid appsecret %?\[redacted\][-= ]*, rid: 655d9278-7c157f97$/);
    });
  });

  it.each([
    ['as it is', 'x9_P2gkAbC-dEf0123456789abcdefghijKLMNOP_qrstuv-wxyz0123456789'],
    ['Base64', Buffer.from('90_P2gkAbCdEf0123456789abcdefghij').toString('base64')],
    ['spaced', [...'90P2gkAbCdEf0123456789abcdefghij'].join(' ')],
  ])('takes out what looks like a token, whosever it is: %s', (_how, token) => {
    expect(scrub(`invalid credential, access_token is invalid: ${token} or not latest`)).toBe(
      'invalid credential, access_token is invalid: [redacted] or not latest',
    );
  });

  it.each(['access_token=', 'a', '%', '0', 'a ', '\\'])('any length of %j in an instant', (piece) => {
    const startedAt = performance.now();
    for (let times = 0; times < 10; times += 1) scrub(piece.repeat(6000), ['Ab3'.repeat(10)]);
    expect(performance.now() - startedAt).toBeLessThan(500);
  });

  it('keeps what WeChat says of addresses, paths and rids', () => {
    const words =
      'invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 655d9278-7c157f97-4b7e9aa1 hint: [abc123]';
    expect(scrub(words)).toBe(words);
  });
});
