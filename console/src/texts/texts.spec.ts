import { describeFailure, classifyErrcode } from '../../../src/core/wechat-error.js';
import { causeOf } from '../../../src/core/error-cause.js';
import type { ErrorRow } from '../../../src/console/wire.js';
import { causeText, fixText } from './causes.js';
import { en } from './en.js';
import { zh } from './zh.js';

const CHINESE = /\p{Script=Han}/u;

/** Every text by its path; functions are called with what they could get. */
function textsOf(tree: object, path = ''): [string, string][] {
  return Object.entries(tree).flatMap(([name, value]: [string, unknown]) => {
    const here = `${path}.${name}`;
    if (typeof value === 'object' && value !== null) return textsOf(value, here);
    if (typeof value !== 'function') return [[here, String(value)]];
    return [[here, (value as (...given: unknown[]) => string)(7, 8, 9, 10)]];
  });
}

describe('the texts of both languages', () => {
  /** WeChat's and the hub's own words, and what is none. */
  const SAME = /audit\.detail|token|ticket|jsapi|wx_card|product|switch|language\.(label|lang)|never|drop_in/;

  it('say everything, and in Chinese by Chinese words', () => {
    const english = textsOf(en);
    const chinese = new Map(textsOf(zh));
    expect([...chinese.keys()]).toEqual(english.map(([path]) => path));
    const left = english.filter(([path, text]) => {
      const other = chinese.get(path) ?? '';
      return other === '' || ((text === other || !CHINESE.test(other)) && !SAME.test(path));
    });
    expect(left).toEqual([]);
    expect(english.filter(([path, text]) => CHINESE.test(text) && !path.startsWith('.language'))).toEqual([]);
  });
});

describe('causes of failures', () => {
  const rowOf = (error: ReturnType<typeof classifyErrcode>, addresses: string[] = []): ErrorRow => ({
    ...error,
    at: 0,
    errcode: error.errcode ?? null,
    cause: causeOf(error, 'token'),
    addresses,
  });

  it('name the addresses that WeChat saw', () => {
    const error = rowOf(classifyErrcode(40164, 'invalid ip 203.0.113.18'), ['203.0.113.18', '2001:db8::1']);
    expect(fixText(error, 'zh')).toContain('把 203.0.113.18 和 2001:db8::1 加入');
    expect(fixText({ ...error, addresses: [] }, 'zh')).toContain('把 Hub 的出口地址（微信没有写明）加入');
    expect(fixText(error, 'en')).toContain('203.0.113.18');
  });

  it('in English do not say twice what stands beside', () => {
    const error = rowOf(classifyErrcode(40125, 'invalid appsecret'));
    expect(causeText(error, 'en')).toBe('The AppSecret is wrong or was reset');
    expect(fixText(error, 'en')).toMatch(/^Put the current one where/);
    const unreachable = rowOf(describeFailure('unreachable', 'ECONNREFUSED'));
    expect(fixText(unreachable, 'en')).toBe(unreachable.hint);
  });
});
