import { inspect } from 'node:util';
import { checkAppid, settingsOf } from './options.js';
import { createTokenClient } from './token-client.js';

const KEY = 'a-key-that-nobody-has-0123456789-012345';

describe('the options', () => {
  it('have defaults', () => {
    expect(settingsOf({ hubUrl: 'https://hub.example.com/' })).toMatchObject({
      hubUrl: 'https://hub.example.com',
      key: undefined,
      wechatUrl: 'https://api.weixin.qq.com',
      acquireTimeoutMs: 10_000,
      requestTimeoutMs: 8_000,
      followWaitSeconds: 50,
      idleMs: 1_800_000,
      expiryMarginMs: 5_000,
    });
  });

  it('keep a path prefix', () => {
    expect(settingsOf({ hubUrl: 'https://example.com/team/hub//' }).hubUrl).toBe(
      'https://example.com/team/hub',
    );
  });

  it.each([
    [{ hubUrl: 'hub.example.com' }, 'hubUrl'],
    [{ hubUrl: 'ftp://hub.example.com' }, 'hubUrl'],
    [{ hubUrl: 'https://user:secret@hub.example.com' }, 'hubUrl'],
    [{ hubUrl: 'https://hub.example.com?x=1' }, 'hubUrl'],
    [{ hubUrl: 'https://h', wechatUrl: 'nowhere' }, 'wechatUrl'],
    [{ hubUrl: 'https://h', followWaitSeconds: 56 }, 'followWaitSeconds'],
    [{ hubUrl: 'https://h', followWaitSeconds: NaN }, 'followWaitSeconds'],
    [{ hubUrl: 'https://h', key: KEY, tokenFile: '/token' }, 'tokenFile'],
    [{ hubUrl: 'https://h', tokenFile: '' }, 'tokenFile'],
    [{ hubUrl: 'https://h', idleMs: 0 }, 'idleMs'],
    [{ hubUrl: 'https://h', requestTimeoutMs: Infinity }, 'requestTimeoutMs'],
    [{ hubUrl: 'https://h', expiryMarginMs: -1 }, 'expiryMarginMs'],
  ])('%j: the one that is wrong is named', (options, name) => {
    expect(() => settingsOf(options)).toThrow(name);
  });

  it.each([`${KEY}\n`, 'short', `Bearer ${KEY}`, `${KEY}ß`])(
    'a key of wrong form is not repeated: %j',
    (key) => {
      const attempt = (): unknown => settingsOf({ hubUrl: 'https://h', key });
      expect(attempt).toThrow(/^key: /);
      expect(attempt).toThrow(expect.objectContaining({ message: expect.not.stringContaining(key) }));
    },
  );

  it('an appid that would lead to another path is refused', () => {
    for (const appid of ['..', 'a/b', 'wx?', '', 'x'.repeat(65)]) {
      expect(() => checkAppid(appid)).toThrow(TypeError);
    }
    expect(() => checkAppid('wx0123456789abcdef')).not.toThrow();
  });

  it('a client does not print its key', () => {
    const client = createTokenClient({ hubUrl: 'https://h', key: KEY });
    expect(inspect(client, { depth: 9, showHidden: true })).not.toContain(KEY);
    expect(JSON.stringify(client)).not.toContain(KEY);
    client.close();
  });
});
