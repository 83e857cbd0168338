import { classifyErrcode } from '../../core/wechat-error.js';
import { forTarget, NOTICE_KINDS, TARGET_TYPES, type Notice, type NoticeKind } from '../notice.js';
import { bodyOf, verdictOf, type RobotAnswer } from './robots.js';
import { plain, wordingOf } from '../wording/wording.js';

const error = classifyErrcode(40164, 'invalid ip 192.0.2.7, not in whitelist');

function noticeOf(kind: NoticeKind, index = 0): Notice {
  if (kind === 'key_expiring') {
    return { client: 'billing', keyId: '2026', expiresOn: '2026-12-01 00:00 UTC', daysLeft: 3 };
  }
  const app = { appid: `wx-${index}`, name: `App ${index}` };
  if (kind === 'forced_refresh') return { ...app, client: 'operator', outcome: 'issued', left: 19 };
  if (kind === 'recovered') return { ...app, from: ['not_whitelisted'] };
  return { ...app, error, remainingMs: 3_600_000 };
}

describe('the wording of notices', () => {
  it.each(
    NOTICE_KINDS.flatMap((kind) => (['zh', 'en'] as const).map((language) => [kind, language] as const)),
  )('%s in %s says who, what, and what to do', (kind, language) => {
    const one = wordingOf(kind, [noticeOf(kind)], language);
    const all = [one.title, ...one.lines].join('\n');
    expect(all).toContain(kind === 'key_expiring' ? '2026' : 'wx-0');
    expect(all).not.toMatch(/undefined|NaN|\[object/);
    expect(/[\u4e00-\u9fff]/.test(all)).toBe(language === 'zh');
    if (kind !== 'recovered') expect(one.lines.length).toBeGreaterThan(1);
    const many = wordingOf(
      kind,
      Array.from({ length: 30 }, (_, index) => noticeOf(kind, index)),
      language,
    );
    expect(many.title).toContain('30');
    expect(many.lines.some((line) => line.includes('20'))).toBe(true);
    expect(many.lines.length).toBeLessThanOrEqual(13);
  });

  it('of many failures names the cause that most have', () => {
    const other = { ...noticeOf('refused'), error: classifyErrcode(40013, 'invalid appid') };
    const frozen = { ...noticeOf('refused'), error: classifyErrcode(40243, 'frozen') };
    expect(wordingOf('refused', [other, frozen, frozen], 'en').lines.join('\n')).toContain(
      'The AppSecret is frozen',
    );
  });

  it.each([
    ['<@all> **bold** `code` [x](y)', '＜＠all＞ bold code x(y)'],
    ['two\nlines\u202e', 'two lines'],
    ['店铺 A_1', '店铺 A_1'],
  ])('takes out of %j what robots would read as markup', (text, result) => {
    expect(plain(text)).toBe(result);
  });
});

describe('bodies', () => {
  const facts = (kind: NoticeKind, notices: readonly Notice[]) => ({
    kind,
    notices,
    at: '2026-11-25T00:00:00.000Z',
  });

  it.each(TARGET_TYPES)('%s: of whatever length is cut to what the robot takes, the remedy last', (type) => {
    const long = Array.from({ length: 500 }, (_, index) => ({
      ...noticeOf('not_whitelisted', index),
      name: '名'.repeat(200),
    }));
    const body = bodyOf(type, wordingOf('not_whitelisted', long, 'zh'), facts('not_whitelisted', long));
    const text = JSON.stringify(body);
    const longest = { wecom: 4300, dingtalk: 20_000, feishu: 20_000, webhook: 256_000 }[type];
    expect(new TextEncoder().encode(text).length).toBeLessThanOrEqual(longest);
    expect(text).toContain('192.0.2.7');
    if (type === 'webhook') expect(body).toMatchObject({ count: 500, notices: { length: 100 } });
  });

  it('a webhook gets the error in fields, and nothing of the hub’s own objects', () => {
    const notices = [noticeOf('not_whitelisted')];
    expect(bodyOf('webhook', { title: 'T', lines: ['a', 'b'] }, facts('not_whitelisted', notices))).toEqual({
      kind: 'not_whitelisted',
      at: '2026-11-25T00:00:00.000Z',
      title: 'T',
      text: 'a\nb',
      count: 1,
      notices: [
        {
          appid: 'wx-0',
          name: 'App 0',
          remainingMs: 3_600_000,
          errcode: 40164,
          reason: '40164',
          errmsg: error.errmsg,
          hint: error.hint,
        },
      ],
    });
  });
});

describe('what became of a message', () => {
  const answer = (rest: Partial<RobotAnswer>): RobotAnswer => ({
    status: 200,
    body: '',
    retryAfterSeconds: undefined,
    ...rest,
  });
  const said = (body: object) => answer({ body: JSON.stringify(body) });

  it.each([
    ['wecom', said({ errcode: 0, errmsg: 'ok' }), 'sent'],
    ['wecom', said({ errcode: 45009, errmsg: 'api freq out of limit' }), 60_000],
    ['wecom', said({ errcode: 93000, errmsg: 'invalid webhook url' }), 'never'],
    ['dingtalk', said({ errcode: 0, errmsg: 'ok' }), 'sent'],
    ['dingtalk', said({ errcode: -1, errmsg: 'system busy' }), 0],
    ['dingtalk', said({ errcode: 130101, errmsg: 'send too fast' }), 600_000],
    ['dingtalk', said({ errcode: 310000, errmsg: 'sign not match' }), 'never'],
    ['feishu', said({ code: 0, msg: 'success', StatusCode: 0 }), 'sent'],
    ['feishu', said({ StatusCode: 0, StatusMessage: 'success' }), 'sent'],
    ['feishu', said({ code: 11232, msg: 'frequency limited' }), 60_000],
    ['feishu', said({ code: 19021, msg: 'sign match fail' }), 'never'],
    ['wecom', answer({ body: '<html>' }), 0],
    ['wecom', said({ hello: 1 }), 0],
    ['wecom', answer({ status: 502 }), 0],
    ['wecom', answer({ status: 404 }), 'never'],
    ['wecom', answer({ status: 302 }), 'never'],
    ['webhook', answer({ status: 204 }), 'sent'],
    ['webhook', answer({ status: 200, body: '{"errcode":1}' }), 'sent'],
    ['webhook', answer({ status: 429, retryAfterSeconds: 30 }), 30_000],
    ['webhook', answer({ status: 401 }), 'never'],
  ] as const)('%s %j: %s', (type, robotAnswer, outcome) => {
    const verdict = verdictOf(type, robotAnswer, []);
    expect(verdict.ok ? 'sent' : verdict.wait).toBe(outcome);
  });

  it('quotes no secret of what was sent', () => {
    const verdict = verdictOf('wecom', said({ errcode: 1, errmsg: 'bad key robot-key-123' }), [
      'robot-key-123',
    ]);
    expect(verdict).toMatchObject({ why: '1 bad key [redacted]' });
  });
});

describe('who is told', () => {
  const notices = [noticeOf('refused', 1), noticeOf('refused', 2)];
  const key = [noticeOf('key_expiring')];
  const clients: Readonly<Record<string, ReadonlySet<string> | '*'>> = { billing: new Set(['wx-2']) };
  const told = (target: Partial<Parameters<typeof forTarget>[0]>, kind: NoticeKind, all: readonly Notice[]) =>
    forTarget({ apps: undefined, events: undefined, ...target }, kind, all, (client) => clients[client]);

  it('all of everything, where the entry says nothing', () => {
    expect(told({}, 'refused', notices)).toEqual(notices);
    expect(told({}, 'key_expiring', key)).toEqual(key);
  });

  it('events and apps that the entry names', () => {
    expect(told({ events: new Set(['recovered']) }, 'refused', notices)).toEqual([]);
    expect(told({ events: new Set(['refused']) }, 'refused', notices)).toEqual(notices);
    expect(told({ apps: new Set(['wx-2']) }, 'refused', notices)).toEqual([notices[1]]);
  });

  it('of keys those that open one of its apps', () => {
    expect(told({ apps: new Set(['wx-2']) }, 'key_expiring', key)).toEqual(key);
    expect(told({ apps: new Set(['wx-1']) }, 'key_expiring', key)).toEqual([]);
    expect(told({ apps: new Set(['wx-1']) }, 'key_expiring', [{ ...key[0], client: 'gone' }])).toEqual([]);
  });
});
