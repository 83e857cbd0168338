import { causeOf } from '../../core/error-cause.js';
import { classifyErrcode } from '../../core/wechat-error.js';
import { TARGET_TYPES, type Notice, type NoticeKind } from '../notice.js';
import { wordingOf } from '../wording/wording.js';
import { bodyOf, verdictOf, type RobotAnswer } from './robots.js';

const error = classifyErrcode(40164, 'invalid ip 192.0.2.7, not in whitelist');
const NO_LINKS = { consoleUrl: undefined, runbooksUrl: undefined };

function noticeOf(index = 0): Notice {
  const app = { appid: `wx-${index}`, name: `App ${index}` };
  return { ...app, error, cause: causeOf(error, 'token'), remainingMs: 3_600_000 };
}

describe('bodies', () => {
  const facts = (kind: NoticeKind, notices: readonly Notice[]) => ({
    kind,
    notices,
    at: '2026-11-25T00:00:00.000Z',
    hub: undefined,
    mention: [],
  });

  it.each(TARGET_TYPES)('%s: of whatever length is cut to what the robot takes, the remedy last', (type) => {
    const long = Array.from({ length: 500 }, (_, index) => ({
      ...noticeOf(index),
      name: '名'.repeat(200),
    }));
    const body = bodyOf(
      type,
      wordingOf('not_whitelisted', long, 'zh', NO_LINKS),
      facts('not_whitelisted', long),
    );
    const text = JSON.stringify(body);
    const longest = { wecom: 4300, dingtalk: 20_000, feishu: 20_000, webhook: 256_000 }[type];
    expect(new TextEncoder().encode(text).length).toBeLessThanOrEqual(longest);
    expect(text).toContain('192.0.2.7');
    if (type === 'webhook') expect(body).toMatchObject({ count: 500, notices: { length: 100 } });
  });

  it('a webhook gets the error in fields, and nothing of the hub’s own objects', () => {
    const notices = [noticeOf()];
    expect(
      bodyOf('webhook', { title: 'T', lines: ['a', 'b'], links: [] }, facts('not_whitelisted', notices)),
    ).toEqual({
      kind: 'not_whitelisted',
      critical: false,
      at: '2026-11-25T00:00:00.000Z',
      title: 'T',
      text: 'a\nb',
      count: 1,
      notices: [
        {
          appid: 'wx-0',
          name: 'App 0',
          cause: '40164',
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

describe('which hub, where to look, and whom to call', () => {
  const wording = {
    title: 'T',
    lines: ['a'],
    links: [{ label: 'Console', url: 'https://ops.example.com/console#/apps' }],
  };
  const of = (type: (typeof TARGET_TYPES)[number], kind: NoticeKind, mention: string[]) =>
    JSON.stringify(bodyOf(type, wording, { kind, notices: [noticeOf()], at: '', hub: 'prod-sh', mention }));

  it.each(TARGET_TYPES)('%s: the name of the hub and the link are in it', (type) => {
    const body = of(type, 'refused', ['all']);
    expect(body).toContain('prod-sh');
    expect(body).toContain('https://ops.example.com/console#/apps');
    if (type !== 'webhook') expect(body).not.toMatch(/isAtAll|mentioned|<at /);
  });

  it('what is critical calls people, as each robot does', () => {
    const mention = ['all', '13800000000', 'zhangsan'];
    expect(JSON.parse(of('wecom', 'token_ending', mention))).toMatchObject({
      msgtype: 'text',
      text: {
        content: expect.stringContaining('prod-sh'),
        mentioned_list: ['@all', 'zhangsan'],
        mentioned_mobile_list: ['13800000000'],
      },
    });
    const dingtalk = JSON.parse(of('dingtalk', 'token_ending', mention));
    expect(dingtalk.at).toEqual({ atMobiles: ['13800000000'], atUserIds: ['zhangsan'], isAtAll: true });
    expect(dingtalk.markdown.text).toContain('@13800000000 @zhangsan @all');
    expect(of('feishu', 'token_ending', mention)).toContain('<at id=all></at>');
    expect(JSON.parse(of('webhook', 'token_ending', mention))).toMatchObject({ critical: true, mention });
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
