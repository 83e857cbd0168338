import { headerOf, headersToCaller, headersToUpstream } from './headers.js';

const flat = (...lines: string[]) => lines.flatMap((line) => line.split(': '));

describe('to WeChat', () => {
  it.each([
    'Connection: close',
    'Keep-Alive: timeout=5',
    'TE: trailers',
    'Trailer: X',
    'Transfer-Encoding: chunked',
    'Upgrade: h2c',
    'Proxy-Authorization: x',
    'Proxy-Anything: x',
    'Authorization: Bearer k',
    'COOKIE: a=b',
    'Forwarded: for=1',
    'X-Forwarded-For: 1',
    'x-forwarded-anything: 1',
    'X-Real-IP: 1',
    'Host: hub',
    'Expect: 100-continue',
    'Content-Length: 1',
    'X-Rewrite-URL: /cgi-bin/token',
  ])('%s stays behind', (line) => {
    expect(headersToUpstream(flat('A: 1', line, 'B: 2'))).toEqual(flat('A: 1', 'B: 2'));
  });

  it('what Connection names stays behind too, in any case and from several lines', () => {
    const raw = flat(
      'connection: X-One, keep-alive',
      'x-one: 1',
      'X-TWO: 2',
      'Connection: x-two',
      'X-Three: 3',
    );
    expect(headersToUpstream(raw)).toEqual(flat('X-Three: 3'));
  });

  it.each([
    ['gzip, deflate, br', 'gzip, deflate, br'],
    ['gzip;q=1.0, *;q=0', 'gzip;q=1.0'],
    ['zstd', 'identity'],
    ['br, zstd, gzip', 'br, gzip'],
  ])('Accept-Encoding: %s becomes %s', (sent, passed) => {
    expect(headersToUpstream(['Accept-Encoding', sent])).toEqual(['Accept-Encoding', passed]);
  });
});

describe('to the caller', () => {
  it('repeated headers stay repeated, in their order', () => {
    const raw = flat('Set-Cookie: a=1', 'X: y', 'Set-Cookie: b=2');
    expect(headersToCaller(raw, [])).toEqual(raw);
  });

  it('a length beside chunks is dropped, alone it is kept', () => {
    expect(headersToCaller(flat('Transfer-Encoding: chunked', 'Content-Length: 3'), [])).toEqual([]);
    expect(headersToCaller(flat('Content-Length: 3'), [])).toEqual(flat('Content-Length: 3'));
  });

  it('the token does not go back, in whatever spelling and however often', () => {
    const raw = ['Location', '/x?access_token=a/b&y=a%2Fb', 'Link', '<a/b>', 'X', 'a'];
    expect(headersToCaller(raw, ['a/b', 'a%2Fb'])).toEqual([
      'Location',
      '/x?access_token=REDACTED&y=REDACTED',
      'Link',
      '<REDACTED>',
      'X',
      'a',
    ]);
  });
});

it('a header is found without regard to case', () => {
  expect(headerOf(flat('A: 1', 'Content-Type: x', 'content-type: y'), 'content-type')).toBe('x');
  expect(headerOf([], 'a')).toBeUndefined();
});
