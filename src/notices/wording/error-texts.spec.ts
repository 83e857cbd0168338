import { CAUSES } from './cause-texts.js';
import { ERROR_CAUSES } from '../../core/error-cause.js';
import { causeText, fixText } from './error-texts.js';
import { classifyErrcode, describeFailure, ERRCODE_ROWS } from '../../core/wechat-error.js';

const CHINESE = /\p{Script=Han}/u;

describe('texts of failures', () => {
  it('there is one for each cause in both languages, and for nothing else', () => {
    expect(Object.keys(CAUSES).toSorted()).toEqual([...ERROR_CAUSES].toSorted());
    for (const [cause, texts] of Object.entries(CAUSES)) {
      expect([cause, texts.en]).toEqual([cause, expect.stringMatching(/^[A-Z][^]{5,}[^.]$/)]);
      expect([cause, CHINESE.test(texts.zh), CHINESE.test(texts.zhFix)]).toEqual([cause, true, true]);
    }
  });

  it.each(Object.keys(ERRCODE_ROWS).map(Number))(
    '%i in English does not say twice what the cause says',
    (errcode) => {
      const error = classifyErrcode(errcode, 'words');
      const words = (text: string) => text.toLowerCase().replace(/[^a-z]+/g, ' ');
      expect(words(fixText(error, 'token', 'en'))).not.toContain(words(causeText(error, 'token', 'en')));
    },
  );

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
    [describeFailure('timeout', ''), 'zh', '微信没有按时响应', '防火墙'],
    [classifyErrcode(99999, 'new'), 'zh', 'Hub 不认识的错误码', '全局返回码'],
  ] as const)('%o in %s', (error, language, cause, fix) => {
    expect(causeText(error, 'token', language)).toBe(cause);
    expect(fixText(error, 'token', language)).toContain(fix);
  });
});
