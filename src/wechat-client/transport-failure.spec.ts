import { failureOf } from './transport-failure.js';

const withCode = (code: unknown) => Object.assign(new Error('GET https://x/?secret=s3cr3t'), { code });

describe('failureOf', () => {
  it.each<[string, boolean, string, boolean]>([
    ['ECONNREFUSED', false, 'unreachable', false],
    ['ENOTFOUND', false, 'unreachable', false],
    ['EAI_AGAIN', false, 'unreachable', false],
    ['ECONNRESET', false, 'unreachable', false],
    ['CERT_HAS_EXPIRED', false, 'unreachable', false],
    ['UND_ERR_CONNECT_TIMEOUT', false, 'timeout', false],
    ['ETIMEDOUT', false, 'unreachable', false],
    ['UND_ERR_DESTROYED', false, 'internal', false],
    ['ECONNRESET', true, 'cut_off', true],
    ['UND_ERR_SOCKET', true, 'cut_off', true],
    ['ETIMEDOUT', true, 'cut_off', true],
    ['UND_ERR_HEADERS_OVERFLOW', true, 'too_large', true],
  ])('%s, sent: %p is %s', (code, sent, reason, mayHaveActed) => {
    const error = failureOf(withCode(code), sent);
    expect(error).toMatchObject({ class: 'transient', reason, mayHaveActed });
    expect(JSON.stringify(error)).not.toContain('s3cr3t');
  });

  it('knows what is not even HTTP by its name, as undici gives it no code', () => {
    const error = Object.assign(new Error('s3cr3t'), { name: 'HTTPParserError', code: undefined });
    expect(failureOf(error, true)).toMatchObject({ reason: 'not_json', mayHaveActed: true });
    expect(failureOf(error, false)).toMatchObject({ reason: 'unreachable', mayHaveActed: false });
  });

  it('takes the first of many failed addresses for all', () => {
    const many = { errors: [withCode('EHOSTUNREACH'), withCode('ECONNREFUSED')] };
    expect(failureOf(many, false).errmsg).toMatch(/: EHOSTUNREACH$/);
  });

  it.each([
    undefined,
    null,
    'text s3cr3t',
    withCode(undefined),
    withCode('a code with s3cr3t'),
    withCode(5),
    { errors: [] },
  ])('copes with %p, and passes no text on', (error) => {
    expect(failureOf(error, true)).toMatchObject({ reason: 'cut_off' });
    expect(failureOf(error, false)).toMatchObject({ reason: 'unreachable' });
    expect(JSON.stringify([failureOf(error, true), failureOf(error, false)])).not.toContain('s3cr3t');
  });
});
