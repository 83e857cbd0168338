import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import WechatApi from 'wechat-api';
import { describeSdk, type PageSignature } from './describe-sdk.js';
import { APPS, HUB_KEY, SdkHub } from './sdk-hub.js';

/** `setEndpoint('hub:3000')` does the same where the hub has HTTPS: it puts `https://` before what it is given. */
function pointedAt(baseUrl: string, appid: string): WechatApi {
  const api = new WechatApi(appid, HUB_KEY);
  api.endpoint = baseUrl;
  return api;
}

function awaited<T>(act: (done: (error: Error | null, result: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    act((error, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
  });
}

describeSdk('wechat-api', (hub, appid, covered) => {
  const atHub = pointedAt(hub.url, appid);
  // Where only tokens come from the hub, a second object makes the calls, and asks the first for each: its own cache
  // would hand out a dead token to the token's end.
  const api =
    covered === 'everything'
      ? atHub
      : new WechatApi(appid, 'unused', (done) => {
          atHub.getAccessToken(done);
        });
  api.endpoint = hub.callsGoTo(covered);
  return {
    token: async () =>
      (await awaited<{ accessToken: string }>((done) => api.getLatestToken(done))).accessToken,
    signature: (url) => awaited<PageSignature>((done) => atHub.getJsConfig({ url, jsApiList: [] }, done)),
    call: () => awaited((done) => api.addTemplate('TM00015', done)),
  };
});

describe('wechat-api with everything at the hub', () => {
  const [{ appid, tokenApi }] = APPS;
  let hub: SdkHub;
  let api: WechatApi;

  beforeEach(async () => {
    hub = await SdkHub.start();
    api = pointedAt(hub.url, appid);
  });
  afterEach(() => hub.stop());

  it('uploads and downloads media', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wechat-api-'));
    try {
      const file = join(folder, 'cat.png');
      writeFileSync(file, Buffer.alloc(200_000, 7));
      const echo = await awaited<{ bodyBytes?: number }>((done) => api.uploadMedia(file, 'image', done));
      expect(echo).toMatchObject({ path: '/cgi-bin/media/upload', query: { type: 'image' } });
      expect(echo.bodyBytes).toBeGreaterThan(200_000);
      const media = await awaited<Buffer>((done) => api.getMedia('any', done));
      expect(media.length).toBe(1024);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('gets card tickets', async () => {
    const { ticket } = await awaited<{ ticket: string }>((done) => api.getTicket('wx_card', done));
    expect(hub.wechat.isAlive(ticket)).toBe(true);
  });

  it('repeats a call with the same dead token, where its calls bypass the hub and its cache is its own', async () => {
    const addTemplate = () => awaited((done) => api.addTemplate('TM00015', done));
    await addTemplate();
    hub.wechat.killToken(appid, tokenApi);
    api.endpoint = hub.wechat.url;
    await expect(addTemplate()).rejects.toMatchObject({ code: 40001 });
    expect(hub.callOutcomes()).toEqual(['ok', 'errcode:40001', 'errcode:40001']);
  });
});
