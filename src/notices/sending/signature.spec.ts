import { signed, type ToSign } from './signature.js';

/** Made with openssl by the robots' own documents: printf | openssl dgst -sha256 -hmac … -binary | base64. */
const WALL = 1_764_028_800_123;
const base: ToSign = {
  type: 'wecom',
  url: 'https://robot.example/send?key=k',
  secret: 'test-signing-secret',
  body: { msgtype: 'markdown' },
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

  it('webhook: in headers, over time and body', () => {
    expect(signed({ ...base, type: 'webhook' }).headers).toMatchObject({
      'x-hub-timestamp': '1764028800',
      'x-hub-signature': 'sha256=3d5e1a05d2c9346a9eca3dfd23d6b7dac65e7d7388f438e7e98ec72b3e75778c',
    });
  });

  it.each(['dingtalk', 'feishu', 'webhook'] as const)('%s without a secret: nothing is signed', (type) => {
    const { url, headers, body } = signed({ ...base, type, secret: undefined });
    expect({ url, body }).toEqual({ url: base.url, body: '{"msgtype":"markdown"}' });
    expect(Object.keys(headers)).toEqual(['content-type']);
  });
});
