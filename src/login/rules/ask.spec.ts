import { codeIn, readLoginAsk } from './ask.js';
import { userCallParameters } from './user-call.js';

const ASK = { appid: 'wx1', secret: 'key', js_code: 'code', grant_type: 'authorization_code' };

describe('what /sns/jscode2session is asked', () => {
  it('the four parameters, and nothing else', () => {
    expect(readLoginAsk('session', { ...ASK, access_token: 'the app’s', code: 'other' })).toEqual({
      ok: true,
      ask: { appid: 'wx1', secret: 'key', code: 'code' },
    });
  });

  it.each<[string, object, number]>([
    ['no appid', { appid: undefined }, 41002],
    ['a blank appid', { appid: '' }, 41002],
    ['no secret', { secret: undefined }, 41004],
    ['no code', { js_code: undefined }, 41008],
    ['a blank code', { js_code: '' }, 41008],
    ['no grant_type', { grant_type: undefined }, 40002],
    ['another grant_type', { grant_type: 'client_credential' }, 40002],
    ['nothing at all', { appid: '', secret: '', js_code: '', grant_type: '' }, 41002],
    ['a code that WeChat never gives', { js_code: 'a b' }, 40029],
    ['a code of 513 characters', { js_code: 'x'.repeat(513) }, 40029],
  ])('%s', (_what, over, errcode) => {
    expect(readLoginAsk('session', { ...ASK, ...over })).toMatchObject({ ok: false, error: { errcode } });
  });

  it('a web login’s code is called code', () => {
    expect(readLoginAsk('oauth', ASK)).toMatchObject({ ok: false, error: { errcode: 41008 } });
    expect(readLoginAsk('oauth', { ...ASK, code: 'web' })).toMatchObject({ ok: true, ask: { code: 'web' } });
  });
});

describe('the body of the native form', () => {
  it.each([
    [{ code: 'c' }, 'c'],
    [{ code: 'x'.repeat(512), more: 1 }, 'x'.repeat(512)],
    [{ code: 'x'.repeat(513) }, undefined],
    [{ code: '' }, undefined],
    [{ code: 7 }, undefined],
    [{ code: 'line\nfeed' }, undefined],
    [{ js_code: 'c' }, undefined],
    [['c'], undefined],
    [null, undefined],
    ['c', undefined],
    [undefined, undefined],
  ])('%j', (body, code) => {
    expect(codeIn(body)).toBe(code);
  });
});

describe('calls with a user’s token', () => {
  it('carry what WeChat documents, in its order, and nothing else', () => {
    const all = {
      secret: 'hub key',
      lang: 'en',
      openid: 'o',
      access_token: 't',
      appid: 'wx1',
      refresh_token: 'r',
    };
    expect(userCallParameters('userinfo', all)).toEqual([
      ['access_token', 't'],
      ['openid', 'o'],
      ['lang', 'en'],
    ]);
    expect(userCallParameters('auth', all).map(([name]) => name)).toEqual(['access_token', 'openid']);
    expect(userCallParameters('oauth2/refresh_token', all).map(([name]) => name)).toEqual([
      'appid',
      'refresh_token',
    ]);
  });
});
