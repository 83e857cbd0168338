import type { UpstreamErrorClass, UpstreamFailure } from './upstream.js';
import { classifyErrcode, describeFailure, isDeadTokenErrcode } from './wechat-error.js';
import { addressesIn } from './whitelist.js';

const HOUR = 3_600_000;

describe('classifyErrcode, on the token endpoints', () => {
  it.each<[number, UpstreamErrorClass, number | undefined]>([
    [-1, 'transient', undefined],
    [45011, 'quota', 60_000],
    [45009, 'quota', undefined],
    [40001, 'configuration', undefined],
    [40125, 'configuration', undefined],
    [40013, 'configuration', undefined],
    [41002, 'configuration', undefined],
    [41004, 'configuration', undefined],
    [40002, 'configuration', undefined],
    [43002, 'configuration', undefined],
    [47001, 'configuration', undefined],
    [61024, 'configuration', undefined],
    [40164, 'configuration', undefined],
    [61004, 'configuration', undefined],
    [45035, 'configuration', undefined],
    [48001, 'configuration', undefined],
    [50001, 'configuration', undefined],
    [61007, 'configuration', undefined],
    [40243, 'configuration', undefined],
    [50002, 'configuration', undefined],
    [50004, 'configuration', undefined],
    [50007, 'configuration', undefined],
    [48004, 'configuration', undefined],
    [89501, 'configuration', undefined],
    [89503, 'configuration', undefined],
    [89507, 'configuration', HOUR],
    [89506, 'configuration', 24 * HOUR],
    [40014, 'transient', undefined],
    [99999, 'transient', undefined],
  ])('%i is %s, not before %p ms', (errcode, expected, notBeforeMs) => {
    const error = classifyErrcode(errcode, 'some words rid: 1-2-3');
    expect(error).toMatchObject({
      class: expected,
      reason: String(errcode),
      errcode,
      errmsg: 'some words rid: 1-2-3',
      notBeforeMs,
      mayHaveActed: false,
    });
    expect(error.hint).not.toBe('');
  });

  it('decides on the errcode alone, whatever the words', () => {
    const { errmsg: _words, ...busy } = classifyErrcode(-1, 'system error');
    expect(classifyErrcode(-1, 'invalid appsecret 40125 errcode: 45009')).toMatchObject(busy);
  });

  it('says where to put a new AppSecret', () => {
    expect(classifyErrcode(40125, '').hint).toMatch(/AppSecret is wrong or was reset.*apps\.yaml/);
    expect(classifyErrcode(40001, '').hint).toBe(classifyErrcode(40125, '').hint);
  });

  it('says of an unknown errcode that it is unknown', () => {
    expect(classifyErrcode(99999, '').hint).toMatch(/does not know/);
  });

  it('keeps errmsg to one line of 300 characters', () => {
    const { errmsg } = classifyErrcode(-1, `busy\n${'x'.repeat(1000)}`);
    expect(errmsg).toHaveLength(300);
    expect(errmsg).toMatch(/^busy x+…$/);
  });
});

describe('40164, address not on the whitelist', () => {
  it.each([
    [
      'invalid ip 118.190.42.90 ipv6 ::ffff:118.190.42.90, not in whitelist rid: 5f9a8b2c-1a2b3c4d-00112233',
      ['118.190.42.90'],
    ],
    ['invalid ip 118.190.42.90, not in whitelist hint: [Ft_Xoa0466e512]', ['118.190.42.90']],
    ['invalid ip 240e:3b7::1 ipv6 240E:03b7:0::1, not in whitelist', ['240e:3b7::1']],
    ['invalid ip 1.2.3.4 ipv6 2001:db8::7, not in whitelist', ['1.2.3.4', '2001:db8::7']],
    ['invalid ip 0.0.0.0 ipv6 ::, not in whitelist', []],
    ['IP地址1.2.3.4不在白名单', ['1.2.3.4']],
    ['ip:1.2.3.4.', ['1.2.3.4']],
    ['[2001:db8::7]: no', ['2001:db8::7']],
    ['ipv6:2001:db8::7: no', ['2001:db8::7']],
    ['version 1.2.3.4.5 and 999.1.1.1, 1.2.3, rid: beef-cafe 12:34:56', []],
    ['', []],
  ])('finds the address in %p', (errmsg, expected) => {
    expect(addressesIn(errmsg)).toEqual(expected);
  });

  it('names the address in the hint', () => {
    expect(
      classifyErrcode(40164, 'invalid ip 118.190.42.90 ipv6 ::ffff:118.190.42.90, not in whitelist').hint,
    ).toMatch(/Put 118\.190\.42\.90 on the app's IP whitelist.*takes minutes/);
    expect(classifyErrcode(40164, 'nothing').hint).toMatch(/outgoing address \(WeChat named none\)/);
  });
});

describe('dead tokens', () => {
  it.each([40001, 40014, 42001])('%i is no configuration error where a token was sent', (errcode) => {
    expect(isDeadTokenErrcode(errcode)).toBe(true);
    for (const endpoint of ['ticket', 'probe'] as const) {
      const error = classifyErrcode(errcode, 'invalid credential', endpoint);
      expect(error).toMatchObject({ class: 'transient', errcode });
      expect(error.hint).toMatch(/token is dead/);
    }
  });

  it.each([-1, 0, 40125, 40164, 45009])('%i says nothing about the token', (errcode) => {
    expect(isDeadTokenErrcode(errcode)).toBe(false);
    expect(classifyErrcode(errcode, '', 'ticket')).toEqual(classifyErrcode(errcode, ''));
  });
});

describe('describeFailure', () => {
  it.each<[UpstreamFailure, string, RegExp, boolean]>([
    ['timeout', 'no answer within 5000 ms', /HUB_WECHAT_TIMEOUT_MS/, true],
    ['unreachable', 'ECONNREFUSED', /firewall/, false],
    ['unreachable', 'ENOTFOUND', /DNS/, false],
    ['unreachable', 'EAI_AGAIN', /DNS/, false],
    ['unreachable', 'DEPTH_ZERO_SELF_SIGNED_CERT', /NODE_EXTRA_CA_CERTS/, false],
    ['unreachable', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', /NODE_EXTRA_CA_CERTS/, false],
    ['cut_off', 'ECONNRESET', /tries again/, true],
    ['too_large', '', /proxy/, true],
    ['http_status', 'HTTP 502', /proxy/, true],
    ['not_json', 'HTML', /proxy/, true],
    ['no_token', '', /HUB_WECHAT_BASE_URL/, true],
    ['bad_expires_in', '', /HUB_WECHAT_BASE_URL/, true],
    ['internal', 'see the log', /report/, true],
  ])('%s (%s)', (failure, detail, hint, mayHaveActed) => {
    const error = describeFailure(failure, detail);
    expect(error).toMatchObject({ class: 'transient', reason: failure, errcode: undefined, mayHaveActed });
    expect(error.hint).toMatch(hint);
    expect(error.errmsg).toContain(detail);
    expect(error.errmsg).not.toMatch(/: $/);
  });

  it('believes a caller who knows that nothing was sent', () => {
    expect(describeFailure('timeout', 'not connected', false).mayHaveActed).toBe(false);
  });
});
