import { dueIn, fromNow, roughSpan, span } from './format.js';
import { preferredLanguage } from './language.js';

const S = 1000;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;

describe('spans of time', () => {
  it.each([
    [-1, '0 s', '0 秒'],
    [999, '0 s', '0 秒'],
    [59 * S + 999, '59 s', '59 秒'],
    [M, '1 min 00 s', '1 分 00 秒'],
    [9 * M + 5 * S, '9 min 05 s', '9 分 05 秒'],
    [H - 1, '59 min 59 s', '59 分 59 秒'],
    [H, '1 h', '1 小时'],
    [2 * H - 1, '1 h 59 min', '1 小时 59 分'],
    [D, '1 d', '1 天'],
    [3 * D + 4 * H + 5 * M, '3 d 4 h', '3 天 4 小时'],
  ])('%i ms: %s', (ms, english, chinese) => {
    expect([span(ms, 'en'), span(ms, 'zh')]).toEqual([english, chinese]);
  });

  it.each([
    [59 * S, '59 s'],
    [M, '1 min'],
    [59 * M + 59 * S, '59 min'],
    [H + M, '1 h 1 min'],
  ])('roughly, %i ms: %s', (ms, words) => {
    expect(roughSpan(ms, 'en')).toBe(words);
  });

  it('before and after now', () => {
    expect(fromNow(5 * M, 0, 'en')).toBe('in 5 min');
    expect(fromNow(0, 5 * M, 'zh')).toBe('5 分钟前');
    expect(dueIn(S, 0, 'en')).toBe('in 1 s');
    expect(dueIn(S - 1, 0, 'en')).toBe('due now');
    expect(dueIn(0, D, 'zh')).toBe('即将进行');
  });
});

describe('the language', () => {
  it.each([
    [['zh-CN', 'en'], 'zh'],
    [['zh-Hant-TW'], 'zh'],
    [['fr', 'zh', 'en'], 'zh'],
    [['en-US', 'zh-CN'], 'en'],
    [['de'], 'en'],
    [[], 'en'],
  ] as const)('for a browser that asks for %j: %s', (wanted, language) => {
    expect(preferredLanguage(wanted)).toBe(language);
  });
});
