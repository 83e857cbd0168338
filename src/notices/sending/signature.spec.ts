import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { signed, type ToSign } from './signature.js';

/** Made with openssl by the robots' own documents: printf | openssl dgst -sha256 -hmac … -binary | base64. */
const WALL = 1_764_028_800_123;
const base: ToSign = {
  type: 'wecom',
  url: 'https://robot.example/send?key=k',
  secret: 'test-signing-secret',
  body: { msgtype: 'markdown' },
  id: 'msg_of_the_test',
  wallNow: WALL,
};

describe('signatures', () => {
  it('WeCom takes none', () => {
    expect(signed(base)).toMatchObject({ url: base.url, body: '{"msgtype":"markdown"}' });
  });

  it('DingTalk: in the query, percent-encoded', () => {
    const { url, body } = signed({
      ...base,
      type: 'dingtalk',
      url: 'https://robot.example/send?access_token=t',
    });
    expect(url).toBe(
      `https://robot.example/send?access_token=t&timestamp=1764028800123&sign=${encodeURIComponent('i2112HpPWqosQz1i+Eg9v4QrIPuBktcVLf38wgNvTlw=')}`,
    );
    expect(body).toBe('{"msgtype":"markdown"}');
  });

  it('Feishu: in the body, seconds as a text', () => {
    expect(JSON.parse(signed({ ...base, type: 'feishu' }).body)).toEqual({
      timestamp: '1764028800',
      sign: 'MVdVqU6lbyFB4RdRPWJJuh0Nt6+5gjZIBGSE42TBNgk=',
      msgtype: 'markdown',
    });
  });

  describe('webhook: Standard Webhooks, as its own library verifies it', () => {
    const now = Date.now();
    const send = (secret?: string) => signed({ ...base, type: 'webhook', wallNow: now, secret });

    it('by a secret of its form, and no other', () => {
      const secret = `whsec_${randomBytes(24).toString('base64')}`;
      const { headers, body } = send(secret);
      expect(headers).toMatchObject({ 'webhook-id': base.id, 'webhook-signature': expect.any(String) });
      expect(new Webhook(secret).verify(body, headers)).toEqual(base.body);
      expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow();
      expect(() => new Webhook(randomBytes(24).toString('base64')).verify(body, headers)).toThrow();
      const otherId = { ...headers, 'webhook-id': 'msg_of_another' };
      expect(() => new Webhook(secret).verify(body, otherId)).toThrow();
    });

    it('by any other text as it stands', () => {
      const { headers, body } = send('not-base64-and-no-prefix');
      const webhook = new Webhook('not-base64-and-no-prefix', { format: 'raw' });
      expect(webhook.verify(body, headers)).toEqual(base.body);
    });

    it('without a secret it has its id all the same, and no signature', () => {
      const { url, headers, body } = send();
      expect({ url, body }).toEqual({ url: base.url, body: '{"msgtype":"markdown"}' });
      expect(Object.keys(headers)).toEqual(['content-type', 'webhook-id', 'webhook-timestamp']);
    });
  });

  it.each(['dingtalk', 'feishu'] as const)('%s without a secret: nothing is signed', (type) => {
    const { url, headers, body } = signed({ ...base, type, secret: undefined });
    expect({ url, body }).toEqual({ url: base.url, body: '{"msgtype":"markdown"}' });
    expect(Object.keys(headers)).toEqual(['content-type']);
  });
});
