import fc from 'fast-check';
import { describeFailure } from '../../core/wechat-error.js';
import { failedLogin, readLoginAnswer, type LoginOutcome } from './outcome.js';
import { snsErrorOf } from './sns-answer.js';
import { LOGIN_ERRCODES, whose } from './whose.js';

const SECRET = 'simulated-secret-of-an-app-0123456789';
const read = (body: unknown, kind: 'session' | 'oauth' = 'session', status = 200): LoginOutcome =>
  readLoginAnswer(kind, status, typeof body === 'string' ? body : JSON.stringify(body), SECRET, 'code');

const SESSION = { openid: 'o-anna', session_key: 'c2Vzc2lvbg==' };
const OAUTH = { access_token: 't', expires_in: 7200, refresh_token: 'r', openid: 'o-anna', scope: 's,' };

describe('an answer that grants', () => {
  it.each([
    ['as real ones are', SESSION],
    ['with the errcode of the page', { ...SESSION, errcode: 0, errmsg: '' }],
    ['with a quoted errcode', { ...SESSION, errcode: '0' }],
    ['with a unionid and fields that nobody knows', { ...SESSION, unionid: 'u', more: [1] }],
  ])('%s', (_what, body) => {
    expect(read(body)).toEqual({ kind: 'granted', fields: body, text: JSON.stringify(body) });
  });

  it('of a web login', () => {
    expect(read(OAUTH, 'oauth')).toMatchObject({ kind: 'granted', fields: OAUTH });
  });

  it('under a byte order mark', () => {
    expect(read(`\uFEFF${JSON.stringify(SESSION)}`).kind).toBe('granted');
  });
});

describe('an answer that leaves open what became of the code', () => {
  it.each<[string, unknown, { kind?: 'oauth'; status?: number }]>([
    ['another status', SESSION, { status: 502 }],
    ['nothing', '', {}],
    ['no JSON', '{"openid":', {}],
    ['HTML', '<html></html>', {}],
    ['no object', '[]', {}],
    ['no openid', { session_key: 'k' }, {}],
    ['a blank openid', { ...SESSION, openid: '' }, {}],
    ['no session_key', { openid: 'o' }, {}],
    ['an openid that is no text', { ...SESSION, openid: 7 }, {}],
    ['no refresh_token', { ...OAUTH, refresh_token: undefined }, { kind: 'oauth' }],
    ['the other kind’s', SESSION, { kind: 'oauth' }],
    ['an errcode that is no number', { ...SESSION, errcode: 'none' }, {}],
    ['the AppSecret in it', { ...SESSION, unionid: SECRET }, {}],
  ])('%s', (_what, body, { kind, status }) => {
    const outcome = read(body, kind, status);
    expect(outcome.kind).toBe('lost');
    if (outcome.kind === 'lost') expect(snsErrorOf(outcome).errcode).toBe(40029);
  });
});

describe('whom WeChat refuses', () => {
  const rows = Object.entries(LOGIN_ERRCODES).map(([errcode, who]) => [Number(errcode), who] as const);
  const KIND = { user: 'refused', app: 'app_refused', busy: 'busy' } as const;

  it.each(rows)('%i: the %s', (errcode, who) => {
    expect(read({ errcode, errmsg: 'words, rid: 652d44d0-1d0af18b-5b069232' })).toMatchObject({
      kind: KIND[who],
      error: { errcode, errmsg: 'words, rid: 652d44d0-1d0af18b-5b069232', mayHaveActed: false },
    });
  });

  it('an errcode that is not in the table is the caller’s to read', () => {
    expect(whose(99_999)).toBe('user');
    expect(read({ errcode: 99_999, errmsg: 'new', ...SESSION }).kind).toBe('refused');
  });

  it('WeChat’s words come without the AppSecret', () => {
    const outcome = read({ errcode: 40125, errmsg: `invalid appsecret ${SECRET}` });
    expect(JSON.stringify(outcome)).not.toContain(SECRET);
  });
});

describe('in WeChat’s shape', () => {
  const said = (errcode: number) => {
    const outcome = read({ errcode, errmsg: 'their words' });
    if (outcome.kind === 'granted') throw new Error('it grants');
    return snsErrorOf(outcome);
  };

  it.each([-1, 40029, 40163, 40226, 42003, 45011, 99_999])('%i as it is', (errcode) => {
    expect(said(errcode)).toEqual({ errcode, errmsg: 'their words' });
  });

  it.each([40013, 40164, 40243, 45009, 48004, 50002, 50007])('%i with its code', (errcode) => {
    expect(said(errcode)).toEqual({
      errcode,
      errmsg: expect.stringMatching(/^their words: WeChat refuses this app at the hub, the hub key is good/),
    });
  });

  it.each([40125, 40001, 40014, 42001])('%i as 40013, with a text that says so', (errcode) => {
    expect(said(errcode)).toEqual({
      errcode: 40013,
      errmsg: expect.stringMatching(new RegExp(`hub key is good; .*WeChat said ${errcode} their words`)),
    });
  });

  it.each([
    ['timeout', true, 'lost', 40029],
    ['cut_off', true, 'lost', 40029],
    ['too_large', true, 'lost', 40029],
    ['timeout', false, 'unreached', -1],
    ['unreachable', false, 'unreached', -1],
    ['internal', false, 'unreached', -1],
  ] as const)('%s, may have acted %s: %s, %i', (failure, acted, kind, errcode) => {
    const outcome = failedLogin(describeFailure(failure, '', acted));
    expect(outcome.kind).toBe(kind);
    expect(snsErrorOf(outcome).errcode).toBe(errcode);
  });

  it('whatever WeChat says: never what SDKs repeat on without end, and -1 only where WeChat said it', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer(), fc.constantFrom(...Object.keys(LOGIN_ERRCODES).map(Number))),
        (errcode) => {
          fc.pre(errcode !== 0);
          const { errcode: told } = said(errcode);
          expect([40001, 40014, 42001, 40125]).not.toContain(told);
          if (told === -1) expect(errcode).toBe(-1);
        },
      ),
    );
  });

  it('whatever comes as a body: a value, and JSON that parses', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), fc.constantFrom('session', 'oauth'), (body, kind) => {
        const outcome = read(body, kind);
        if (outcome.kind === 'granted') expect(JSON.parse(outcome.text)).toEqual(outcome.fields);
        else expect(JSON.parse(JSON.stringify(snsErrorOf(outcome)))).toHaveProperty('errcode');
      }),
    );
  });
});
