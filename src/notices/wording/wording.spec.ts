import { causeOf } from '../../core/error-cause.js';
import type { UpstreamError } from '../../core/upstream.js';
import { classifyErrcode, describeFailure } from '../../core/wechat-error.js';
import { NOTICE_KINDS, type Notice, type NoticeKind } from '../notice.js';
import { foreign, plain } from './plain.js';
import { unitOf } from './words.js';
import { wordingOf } from './wording.js';

const NO_LINKS = { consoleUrl: undefined, runbooksUrl: undefined };
const failing = (error: UpstreamError, index = 0, remainingMs = 3_600_000): Notice => ({
  appid: `wx-${index}`,
  name: `App ${index}`,
  error,
  cause: causeOf(error, 'token'),
  remainingMs,
});

function noticeOf(kind: NoticeKind, index = 0): Notice {
  const app = { appid: `wx-${index}`, name: `App ${index}` };
  switch (kind) {
    case 'key_expiring':
      return { client: 'billing', keyId: '2026', expiresOn: '2026-12-01 00:00 UTC+8', daysLeft: 3 };
    case 'certificate_expiring':
      return { instance: 'hub-0', expiresOn: '2026-12-01 00:00 UTC+8', daysLeft: 3 };
    case 'config_refused':
    case 'secret_missing':
      return { instance: 'hub-0', problems: ['3: apps[0].secretFile: cannot be read'] };
    case 'store_away':
    case 'state_unwritten':
      return { instance: 'hub-0' };
    case 'forced_refresh':
      return { ...app, client: 'operator', outcome: 'issued', left: 19 };
    case 'recovered':
      return { ...app, from: ['not_whitelisted'] };
    case 'token_contested':
      return app;
    default:
      return { ...failing(classifyErrcode(40164, 'invalid ip 192.0.2.7'), index), ticket: 'jsapi' };
  }
}

const text = (kind: NoticeKind, notices: readonly Notice[], language: 'zh' | 'en' = 'en') => {
  const { title, lines } = wordingOf(kind, notices, language, NO_LINKS);
  return [title, ...lines].join('\n');
};

describe('the wording of notices', () => {
  it.each(
    NOTICE_KINDS.flatMap((kind) => (['zh', 'en'] as const).map((language) => [kind, language] as const)),
  )('%s in %s says who, what, and what to do', (kind, language) => {
    const one = text(kind, [noticeOf(kind)], language);
    expect(one).toMatch(/wx-0|hub-0|2026/);
    expect(one).not.toMatch(/undefined|NaN|\[object/);
    expect(/[\u4e00-\u9fff]/.test(one)).toBe(language === 'zh');
    if (kind !== 'recovered') expect(one.split('\n').length).toBeGreaterThan(2);
    if (kind === 'config_refused') expect(one).toContain('apps［0］.secretFile');
    if (unitOf(kind) === 'none') return;
    const many = text(
      kind,
      Array.from({ length: 30 }, (_, index) => noticeOf(kind, index)),
      language,
    );
    expect(many).toContain('30');
    expect(many).toContain('10');
    expect(many.split('\n').length).toBeLessThanOrEqual(23);
  });

  it('several causes: each with its remedy and its apps, those of most apps first', () => {
    const notices = [
      failing(classifyErrcode(40125, 'invalid appsecret'), 0, 0),
      failing(classifyErrcode(40164, 'invalid ip 192.0.2.7'), 1, 480_000),
      failing(classifyErrcode(40164, 'invalid ip 192.0.2.7'), 2, 0),
      failing(describeFailure('timeout', ''), 3, 0),
    ];
    const { title, lines } = wordingOf('token_ending', notices, 'zh', NO_LINKS);
    expect(title).toBe('续期失败，token 即将失效或已失效：4 个应用');
    expect(lines).toEqual([
      '原因：Hub 的出口地址不在该应用的 IP 白名单里（40164）：2 个应用',
      expect.stringMatching(/^怎么办：把 192\.0\.2\.7 加入.*微信开发者平台.*小程序.*开发管理/),
      '应用：App 1（wx-1、还能用约 8 分钟）、App 2（wx-2、没有 token）',
      '原因：AppSecret 错误或已被重置（40125）：1 个应用',
      expect.stringMatching(/^怎么办：把当前的 AppSecret 放到/),
      '应用：App 0（wx-0、没有 token）',
      '原因：微信没有按时响应：1 个应用',
      expect.stringMatching(/^怎么办：/),
      '应用：App 3（wx-3、没有 token）',
    ]);
  });

  it('two addresses are two causes: each app is told the one to whitelist', () => {
    const of = (address: string, index: number) =>
      failing(classifyErrcode(40164, `invalid ip ${address}`), index);
    const lines = text('not_whitelisted', [of('192.0.2.7', 0), of('192.0.2.8', 1)]).split('\n');
    expect(lines.filter((line) => line.startsWith('Cause:'))).toHaveLength(2);
  });

  it('says nothing twice', () => {
    const words = text('wrong_secret', [failing(classifyErrcode(40125, 'invalid appsecret'))]);
    expect(words.match(/AppSecret is wrong or was reset/g)).toHaveLength(1);
  });

  it('leads to the console and the runbook', () => {
    const bases = {
      consoleUrl: 'https://ops.example.com/console',
      runbooksUrl: 'https://git.example.com/runbooks',
    };
    const one = wordingOf('token_ending', [noticeOf('token_ending')], 'zh', bases);
    expect(one.links.map(({ url }) => url)).toEqual([
      'https://ops.example.com/console#/apps/wx-0',
      'https://git.example.com/runbooks/WxhubTokenEndsSoon.zh-CN.md',
    ]);
    const many = wordingOf('refused', [noticeOf('refused'), noticeOf('refused', 1)], 'en', bases);
    expect(many.links[0]?.url).toBe('https://ops.example.com/console#/apps?state=troubled');
  });
});

describe('words of others', () => {
  it.each([
    ['<@all> **bold** `code` [x](y)', '＜＠all＞ bold code ［x］(y)'],
    ['two\nlines\u202e', 'two lines'],
    ['店铺 A_1', '店铺 A_1'],
  ])('take nothing of %j that robots would read as markup', (given, result) => {
    expect(plain(given)).toBe(result);
  });

  it.each([
    [
      'invalid appsecret. Reset it at once: https://mp-weixin.evil.example/login',
      'invalid appsecret. Reset it at once: …',
    ],
    ['go to mp-weixin.evil.example/login?a=b now', 'go to … now'],
    ['go to evil。example or 例子．中国/登录', 'go to … or …'],
    ['HTTP://EVIL.EXAMPLE', '…'],
    ['javascript://x weixin://dl', '… …'],
    ['invalid ip 118.190.42.90, not in whitelist', 'invalid ip 118.190.42.90, not in whitelist'],
    ['system error rid: 5f9a8b2c-1a2b', 'system error rid: 5f9a8b2c-1a2b'],
  ])('%j: no host and nothing to click on', (given, result) => {
    expect(foreign(given)).toBe(result);
  });

  it('of an errcode that the hub knows are not repeated at all', () => {
    const lie = classifyErrcode(40125, 'invalid appsecret. Reset it: https://mp-weixin.evil.example/login');
    expect(text('wrong_secret', [failing(lie)], 'zh')).not.toMatch(/evil|Reset/);
    const unknown = classifyErrcode(99999, 'new words, see https://mp-weixin.evil.example/login');
    expect(text('token_ending', [failing(unknown)], 'zh')).toContain('（99999 new words, see …）');
  });
});
