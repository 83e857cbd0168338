import { headerOf, headersOfUnpacked, headersToCaller, headersToUpstream } from './headers.js';

const flat = (...lines: string[]) => lines.flatMap((line) => line.split(': '));

const IDENTITY = ['accept-encoding', 'identity'];

describe('to WeChat', () => {
  it.each([
    'Accept: */*',
    'ACCEPT-LANGUAGE: zh',
    'Content-Type: application/json',
    'Content-Encoding: gzip',
    'Content-Disposition: form-data',
    'Range: bytes=0-1',
    'If-Range: x',
    'User-Agent: sdk/1.0',
    'X-Request-Id: 1',
    'Wechatmp-Appid: wx1',
    'wechatmp-signature: s',
  ])('%s passes', (line) => {
    expect(headersToUpstream(flat(line))).toEqual([...flat(line), ...IDENTITY]);
  });

  it.each([
    'Connection: close',
    'Keep-Alive: timeout=5',
    'TE: trailers',
    'Trailer: X',
    'Transfer-Encoding: chunked',
    'Upgrade: h2c',
    'Proxy-Authorization: x',
    'Authorization: Bearer k',
    'COOKIE: a=b',
    'Forwarded: for=1',
    'X-Forwarded-For: 1',
    'X_Forwarded_For: 1',
    'X-Real-IP: 1',
    'True-Client-IP: 1',
    'CF-Connecting-IP: 1',
    'Host: hub',
    'Expect: 100-continue',
    'Content-Length: 1',
    'X-Rewrite-URL: /cgi-bin/token',
    'X-HTTP-Method-Override: DELETE',
    'X-Api-Key: k',
    'Referer: https://h/?secret=k',
    'Origin: https://h',
    'Accept-Encoding: gzip, br',
    'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    'Traceparent: 00-1-2-00',
    'tracestate: a=b',
    'baggage: user=1',
    'b3: 0',
    'X-B3-TraceId: 1',
    'uber-trace-id: 1',
    'sw8: 1',
    'Anything: else',
  ])('%s stays behind', (line) => {
    expect(headersToUpstream(flat('Accept: 1', line, 'Range: 2'))).toEqual([
      ...flat('Accept: 1', 'Range: 2'),
      ...IDENTITY,
    ]);
  });

  it('what Connection names stays behind too, in any case and from several lines', () => {
    const raw = flat(
      'connection: Accept, keep-alive',
      'accept: 1',
      'USER-AGENT: 2',
      'Connection: user-agent',
      'Range: 3',
    );
    expect(headersToUpstream(raw)).toEqual([...flat('Range: 3'), ...IDENTITY]);
  });
});

it('what speaks of packed bytes goes with them', () => {
  const raw = flat(
    'Content-Encoding: gzip',
    'Content-Length: 9',
    'ETag: "x"',
    'Content-Type: a/b',
    'Digest: y',
  );
  expect(headersOfUnpacked(raw, 20)).toEqual(['Content-Type', 'a/b', 'content-length', '20']);
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
