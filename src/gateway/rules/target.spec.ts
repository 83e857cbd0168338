import fc from 'fast-check';
import { isGrantedPath, judgeTarget } from './target.js';

const why = (path: string) => {
  const verdict = judgeTarget(path);
  return verdict.ok ? 'ok' : verdict.why;
};

describe('what is forwarded', () => {
  it.each([
    '/',
    '/cgi-bin/message/custom/send',
    '/wxa/getwxacodeunlimit',
    '/cgi-bin/user/info/batchget',
    '/datacube/getweanalysisappiddailyvisittrend',
    '/cgi-bin/tokens',
    '/cgi-bin/stable_token2',
    '/cgi-bin/components',
    '/cgi-bin/get_api_quota',
    '/cgi-bin/openapi/quota/get',
    '/wxa/token',
    '/snsx/y',
    '/wxa/sns/x',
    '/cgi-bin/openapi/rid',
    '/cgi-bin/ticket',
    '/cgi-bin/ticket/getticket2',
    '/cgi-bin/servicex',
    '/cgi-bin/gettokens',
    '/cgi-bin2/token',
    '/cgi-bin',
    '/wxa/x/',
    '/a.b/c-d_e~f.html',
  ])('%s as it is', (path) => {
    expect(judgeTarget(path)).toEqual({ ok: true, path });
  });
});

describe('what takes, returns or resets what is not the caller’s', () => {
  it.each([
    '/cgi-bin/token',
    '/cgi-bin/stable_token',
    '/cgi-bin/clear_quota',
    '/cgi-bin/clear_quota/v2',
    '/cgi-bin/clear_quota_by_appsecret',
    '/cgi-bin/component',
    '/cgi-bin/component/api_component_token',
    '/CGI-BIN/Token',
    '/cgi-bin/token/',
    '/cgi-bin/token/x',
    '/cgi-bin/token.json',
    '/cgi-bin/component.d/api_component_token',
    '//cgi-bin/token',
    '/cgi-bin//token',
    '/cgi-bin/./token',
    '/wxa/../cgi-bin/token',
    '/wxa/..;/cgi-bin/token',
    '/wxa/%2e%2e/cgi-bin/token',
    '/wxa/%2E%2E%2Fcgi-bin%2Ftoken',
    '/wxa/%252e%252e/cgi-bin/token',
    '/wxa%5c..%5ccgi-bin%5ctoken',
    '/wxa\\..\\cgi-bin\\token',
    '/cgi-bin%2ftoken',
    '/cgi-bin%252ftoken',
    '/cgi-bin/%74oken',
    '/cgi-bin/%2574oken',
    '/cgi-bin/%u0074oken',
    '/cgi-bin/token;jsessionid=1',
    '/cgi-bin;a=b/token',
    '/cgi-bin/token%3bx',
    '/cgi-bin/token%3fx',
    '/cgi-bin/token%23x',
    '/cgi-bin/token%00',
    '/cgi-bin/token%00.html',
    '/cgi-bin/token%20',
    '/cgi-bin/token%09',
    '/cgi-bin/\ttoken',
    '/cgi-bin/token.',
    '/cgi-bin/token...',
    '/cgi-bin./token',
    '/cgi-bin/%EF%BD%94oken',
    '/cgi-bin/to\u200bken',
    '/cgi-bin%EF%BC%8Ftoken',
    '/cgi-bin%E2%88%95token',
    '/cgi-bin/stable%5ftoken',
    '/%63gi-bin/clear%5Fquota',
    '/.//cgi-bin/token',
    '/../../cgi-bin/token',
    '/cgi-bin/openapi/rid/get',
    '/cgi-bin/openapi/quota/clear',
    '/cgi-bin/ticket/getticket',
    '/cgi-bin/Ticket/getTicket/',
    '/cgi-bin/gettoken',
    '/cgi-bin/service/get_corp_token',
    '/sns/jscode2session',
    '/SNS/oauth2/access_token',
    '/sns',
  ])('%j is never forwarded', (path) => {
    expect(why(path)).toBe('never');
  });
});

describe('what can be read in more than one way', () => {
  it.each([
    '',
    'wxa/x',
    '//evil.example/x',
    '/\\evil.example/x',
    '/@evil.example',
    'http://evil.example/x',
    '@evil.example/x',
    '/wxa/x//y',
    '/wxa/x//',
    '/wxa/./x',
    '/wxa/../x',
    '/wxa/..',
    '/wxa/.x',
    '/wxa/x.',
    '/wxa/x%20y',
    '/wxa/%67et',
    '/wxa/x;y',
    '/wxa/x#y',
    '/wxa/x?y',
    '/wxa/x y',
    '/wxa/\u4e2d',
    '/wxa/x\0',
    '/wxa/x\r\nHost: evil',
    '/wxa/x:80',
    `/${'a'.repeat(2000)}`,
    '/%',
    '/%zz',
  ])('%j is refused', (path) => {
    expect(why(path)).toBe('malformed');
  });
});

describe('gatewayPaths', () => {
  it.each<[string, string, boolean]>([
    ['/wxa/*', '/wxa/x', true],
    ['/wxa/*', '/wxa/x/y', true],
    ['/wxa/*', '/WXA/x', true],
    ['/wxa/*', '/wxa/', true],
    ['/wxa/*', '/wxa', false],
    ['/wxa/*', '/wxapi/x', false],
    ['/wxa*', '/wxapi/x', true],
    ['/wxa/x', '/wxa/x', true],
    ['/wxa/x', '/wxa/x/', true],
    ['/wxa/X', '/wxa/x', true],
    ['/wxa/x', '/wxa/x/y', false],
    ['/wxa/x', '/wxa/xy', false],
    ['/*', '/', true],
    ['/', '/', true],
    ['/', '/x', false],
  ])('%s, asked for %s: %p', (pattern, path, allowed) => {
    expect(judgeTarget(path).ok).toBe(true);
    expect(isGrantedPath(path, [pattern])).toBe(allowed);
    expect(isGrantedPath(path, ['/other/*', pattern])).toBe(allowed);
  });

  it('an empty list allows nothing, none at all everything', () => {
    expect(isGrantedPath('/wxa/x', [])).toBe(false);
    expect(isGrantedPath('/wxa/x', undefined)).toBe(true);
  });
});

describe('any path', () => {
  const odd = fc.constantFrom(
    '/',
    '//',
    '.',
    '..',
    '%2e',
    '%2f',
    '%5c',
    '\\',
    ';',
    '@',
    '%25',
    '\0',
    '\t',
    '*',
  );
  const word = fc.constantFrom(
    'cgi-bin',
    'token',
    'stable_token',
    'clear_quota',
    'component',
    'wxa',
    'Token',
    'a',
  );
  const path = fc
    .array(fc.oneof(odd, word, fc.string()), { maxLength: 12 })
    .map((parts) => `/${parts.join('')}`);

  it('that is forwarded means the same to a URL parser, on the same host, and is not forbidden', () => {
    fc.assert(
      fc.property(path, (any) => {
        const verdict = judgeTarget(any);
        if (!verdict.ok) return;
        const url = new URL(verdict.path, 'http://base.example');
        expect([url.host, url.pathname, url.search, url.hash]).toEqual(['base.example', any, '', '']);
        expect(decodeURIComponent(any)).toBe(any);
        expect(any.toLowerCase()).not.toMatch(
          /^\/cgi-bin\/(?:(?:token|stable_token|component)(?:[/.]|$)|clear_quota)/,
        );
      }),
      { numRuns: 3000 },
    );
  });

  it('is judged in time that does not explode', () => {
    const startedAt = performance.now();
    for (const piece of ['%25', '/..', '%2e', ';', '.', '\\', '%', '%u0041', 'a.']) {
      judgeTarget(`/${piece.repeat(16_384 / piece.length)}`);
    }
    expect(performance.now() - startedAt).toBeLessThan(500);
  });

  it('with a long row of dots inside, which one client could send a hundred times a second, as well', () => {
    const path = `/${'.'.repeat(4000)}x`;
    const startedAt = performance.now();
    for (let times = 0; times < 100; times += 1) judgeTarget(path);
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});
