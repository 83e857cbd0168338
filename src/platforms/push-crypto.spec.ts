import { readPushEvent } from '../core/platform/push-event.js';
import { Secret } from '../core/secret.js';
import { decryptPush, isSigned, signatureOf } from './push-crypto.js';
import { makePush, messageOf } from '../../test/support/pushes.js';
import { seededRandom } from '../../test/support/seeded-random.js';

const APPID = 'wxplatform00000001';
const TOKEN = 'pushTokenOfTests1';
const NEW_KEY = 'NewKeyOfTests0123456789abcdefghijklmnopqrst';
const OLD_KEY = 'OldKeyOfTests0123456789abcdefghijklmnopqrst';
const KEYS = [new Secret(NEW_KEY), new Secret(OLD_KEY)];
const NOW = 1_763_900_000_000;

function made(aesKey = NEW_KEY, appid = APPID) {
  const message = messageOf({
    AppId: APPID,
    CreateTime: 1_763_900_000,
    InfoType: 'unauthorized',
    AuthorizerAppid: 'wxa1',
  });
  const { query, body } = makePush({ appid, token: TOKEN, aesKey }, message, NOW);
  const parameters = new URLSearchParams(query);
  const [, encrypted = ''] = /<Encrypt><!\[CDATA\[(.+?)\]\]>/.exec(body) ?? [];
  return {
    message,
    encrypted,
    timestamp: parameters.get('timestamp') ?? '',
    nonce: parameters.get('nonce') ?? '',
    signature: parameters.get('msg_signature') ?? '',
  };
}

describe('a push', () => {
  it('is signed by the token alone', () => {
    const push = made();
    expect(isSigned(push, new Secret(TOKEN))).toBe(true);
    expect(isSigned({ ...push, signature: push.signature.toUpperCase() }, new Secret(TOKEN))).toBe(false);
    expect(isSigned(push, new Secret('anotherToken'))).toBe(false);
    for (const part of ['timestamp', 'nonce', 'encrypted', 'signature'] as const)
      expect(isSigned({ ...push, [part]: `${push[part]}0` }, new Secret(TOKEN))).toBe(false);
    expect(isSigned({ ...push, signature: '' }, new Secret(TOKEN))).toBe(false);
  });

  it('the signature is that of WeChat’s page', () => {
    const parts = { timestamp: '1409304348', nonce: 'xxxxxx', encrypted: 'abc' };
    // printf '%s' 1409304348abcpamtestxxxxxx | sha1sum
    expect(signatureOf(new Secret('pamtest'), parts)).toBe('37e86d3605aec79549952877dac7db069c345a04');
  });

  it('is opened by the key and by the one before, for its own platform alone', () => {
    expect(decryptPush(made().encrypted, KEYS, APPID)).toBe(made().message);
    expect(decryptPush(made(OLD_KEY).encrypted, KEYS, APPID)).toBe(made().message);
    expect(decryptPush(made().encrypted, [KEYS[1]!], APPID)).toBeUndefined();
    expect(decryptPush(made(NEW_KEY, 'wxplatform00000002').encrypted, KEYS, APPID)).toBeUndefined();
    expect(decryptPush(made().encrypted, [], APPID)).toBeUndefined();
  });

  it.each(['', 'A', '====', 'not base64!', 'AAAA', 'A'.repeat(64)])('%j is opened by none', (text) => {
    expect(decryptPush(text, KEYS, APPID)).toBeUndefined();
  });

  it('100,000 mangled ones: none is taken for what it is not, and none throws', () => {
    const random = seededRandom(7);
    const below = (most: number): number => Math.floor(random() * most);
    const { encrypted, message } = made();
    const bytes = Buffer.from(encrypted, 'base64');
    const wanted = readPushEvent(message, APPID);
    let opened = 0;
    for (let nth = 0; nth < 100_000; nth += 1) {
      const copy = Buffer.from(bytes);
      for (let flips = 1 + below(3); flips > 0; flips -= 1) {
        const at = below(copy.length);
        copy[at] = (copy[at] ?? 0) ^ (1 << below(8));
      }
      const length = below(8) === 0 ? 16 * below(1 + copy.length / 16) : copy.length;
      const text = decryptPush(copy.subarray(0, length).toString('base64'), KEYS, APPID);
      if (text === undefined) continue;
      opened += 1;
      // AES-CBC alone proves nothing: what it opens to is the signature's to prove, and is read strictly all the same.
      const event = readPushEvent(text, APPID);
      if (event !== undefined) expect(event).toEqual({ ...wanted, ...event });
    }
    expect(opened).toBeLessThan(100_000);
  });
});
