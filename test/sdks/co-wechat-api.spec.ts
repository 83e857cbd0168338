import WechatApi from 'co-wechat-api';
import { describeSdk } from './describe-sdk.js';
import { APPS, HUB_KEY, SdkHub } from './sdk-hub.js';

function pointedAt(baseUrl: string, appid: string): WechatApi {
  const api = new WechatApi(appid, HUB_KEY);
  api.prefix = `${baseUrl}/cgi-bin/`;
  api.wxaPrefix = `${baseUrl}/wxa/`;
  return api;
}

describeSdk('co-wechat-api', (hub, appid, covered) => {
  const atHub = pointedAt(hub.url, appid);
  // Where only tokens come from the hub, a second object makes the calls, and takes its tokens from the first.
  const api = covered === 'everything' ? atHub : pointedAt(hub.wechat.url, appid);
  if (api !== atHub) {
    api.getAccessToken = async () => {
      const token = await atHub.getAccessToken();
      await api.saveToken(token);
      return token;
    };
  }
  return {
    token: async () => (await api.ensureAccessToken()).accessToken,
    signature: (url) => atHub.getJsConfig({ url, jsApiList: [] }),
    call: () => api.addTemplate('TM00015'),
  };
});

describe('co-wechat-api with everything at the hub', () => {
  const [{ appid }] = APPS;
  let hub: SdkHub;
  let api: WechatApi;

  beforeEach(async () => {
    hub = await SdkHub.start();
    api = pointedAt(hub.url, appid);
  });
  afterEach(() => hub.stop());

  it('uploads and downloads media', async () => {
    const image = Buffer.alloc(200_000, 7);
    const echo = await api.uploadMedia(image, 'image', 'cat.png', 'image/png');
    expect(echo).toMatchObject({ path: '/cgi-bin/media/upload', query: { type: 'image' } });
    expect((echo as { bodyBytes: number }).bodyBytes).toBeGreaterThan(image.length);
    const media = await api.getMedia('any');
    expect(media.length).toBe(1024);
    expect(media[250]).toBe(250);
  });

  it('gets card tickets', async () => {
    const { ticket } = await api.getTicket('wx_card');
    expect(hub.wechat.isAlive(ticket)).toBe(true);
  });

  it('reaches the hub with the modules that hard-code their host once `request` is wrapped', async () => {
    const request = api.request.bind(api);
    api.request = (url, ...rest) => request(url.replace('https://api.weixin.qq.com', hub.url), ...rest);
    expect(await api.getUserSummary('2026-01-01', '2026-01-02')).toMatchObject({
      path: '/datacube/getusersummary',
      appid,
    });
  });

  it('asks 50 times at once on a cold start, and WeChat hears nothing of it', async () => {
    const before = hub.wechat.calls({ appid });
    const tokens = await Promise.all(Array.from({ length: 50 }, () => api.ensureAccessToken()));
    expect(new Set(tokens.map(({ accessToken }) => accessToken)).size).toBe(1);
    // They look like an SDK that asks again: one probe, no mint.
    expect(hub.wechat.calls({ appid }) - before).toBeLessThanOrEqual(1);
    expect(hub.wechat.mints({ appid })).toBe(1);
  });

  it('shows the hub’s errors as its own', async () => {
    const stranger = new WechatApi(appid, 'not-a-key-of-this-hub-0000000000000000');
    stranger.prefix = api.prefix;
    await expect(stranger.getAccessToken()).rejects.toMatchObject({ name: 'WeChatAPIError', code: 40125 });
  });
});
