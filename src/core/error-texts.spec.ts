import { ERROR_CAUSES } from './error-cause.js';
import { CAUSES, causeText, fixText } from './error-texts.js';
import { classifyErrcode, describeFailure } from './wechat-error.js';

describe('texts of failures', () => {
  it('there is one for each cause, and for nothing else', () => {
    expect(Object.keys(CAUSES).sort()).toEqual([...ERROR_CAUSES].sort());
  });

  it.each([
    [
      classifyErrcode(40164, 'invalid ip 192.0.2.7'),
      'zh',
      'Hub 的出口地址不在该应用的 IP 白名单里',
      '192.0.2.7',
    ],
    [classifyErrcode(40164, 'invalid ip'), 'zh', 'Hub 的出口地址不在该应用的 IP 白名单里', '微信没有写明'],
    [
      classifyErrcode(40125, 'invalid appsecret'),
      'en',
      'The AppSecret is wrong or was reset',
      'reload the hub',
    ],
    [describeFailure('timeout', ''), 'zh', '微信没有按时应答', '防火墙'],
    [classifyErrcode(99999, 'new'), 'zh', 'Hub 不认识的错误码', '全局返回码'],
  ] as const)('%o in %s', (error, language, cause, fix) => {
    expect(causeText(error, 'token', language)).toBe(cause);
    expect(fixText(error, 'token', language)).toContain(fix);
  });
});
