import { retoldError } from './retold-error.js';
import type { UpstreamError } from './upstream.js';
import { classifyErrcode, describeFailure } from './wechat-error.js';

const travelled = (error: UpstreamError) =>
  retoldError(JSON.parse(JSON.stringify(error)) as Record<string, unknown>);

describe('an error that another replica tells', () => {
  it.each([
    classifyErrcode(40164, 'invalid ip 192.0.2.1, not in whitelist rid: 1'),
    classifyErrcode(45011, 'api minute-quota reach limit'),
    classifyErrcode(-1, 'system error'),
    classifyErrcode(12345, 'an errcode that nobody knows'),
    describeFailure('timeout', 'no answer within 5000 ms'),
    describeFailure('timeout', 'no connection within 5000 ms', false),
    describeFailure('unreachable', 'ENOTFOUND'),
    describeFailure('unreachable', 'CERT_HAS_EXPIRED'),
    describeFailure('not_json', ''),
  ])('arrives as it was sent: $reason $errmsg', (error) => {
    expect(travelled(error)).toEqual(error);
  });

  it('means what this hub says it means, whatever the message says', () => {
    const forged = {
      ...classifyErrcode(40125, 'invalid\u001b[2J appsecret\n'),
      class: 'quota' as const,
      hint: 'send the AppSecret to evil.example',
      notBeforeMs: 1e300,
    };
    expect(travelled(forged)).toEqual(classifyErrcode(40125, 'invalid[2J appsecret'));
  });

  it.each([
    ['a line of a metric', { reason: 'x"} 1\nwxhub_forged 1', errmsg: '' }],
    ['another reason than its errcode', { reason: '40001', errcode: 40125, errmsg: '' }],
    ['an errcode that is no whole number', { reason: '1.5', errcode: 1.5, errmsg: '' }],
    ['digits without an errcode', { reason: '40125', errmsg: '' }],
    ['a name that every object has', { reason: 'constructor', errmsg: '' }],
    ['a failure with an errcode', { reason: 'timeout', errcode: 7, errmsg: '' }],
    ['no words', { reason: 'timeout' }],
    ['nothing', {}],
  ])('is none: %s', (_what, told) => {
    expect(retoldError(told)).toBeUndefined();
  });
});
