import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MiniApp, OfficialAccount } from 'node-easywechat';
import type AccessToken from 'node-easywechat/dist/OfficialAccount/AccessToken.js';
import { describeSdk, type PageSignature } from './describe-sdk.js';
import { APPS, GATEWAY_KEY, HUB_KEY, SdkHub } from './sdk-hub.js';

/** Its file cache: by default the working directory, with the key in the names of the files. */
function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'node-easywechat-'));
}

function config(baseUrl: string, appid: string, path: string) {
  return {
    app_id: appid,
    secret: HUB_KEY,
    http: { baseURL: `${baseUrl}/` },
    file_cache: { path, dirMode: 0o700, fileMode: 0o600, ext: '.cache' },
  };
}

describeSdk('node-easywechat', (hub, appid, covered) => {
  const folder = newFolder();
  const hubConfig = config(hub.url, appid, folder);
  const atHub = new OfficialAccount(hubConfig);
  const stable = new OfficialAccount({ ...hubConfig, use_stable_access_token: true });
  const app =
    covered === 'everything' ? atHub : new OfficialAccount(config(hub.wechat.url, appid, newFolder()));
  if (app !== atHub) app.setAccessToken(atHub.getAccessToken());
  return {
    token: () => app.getAccessToken().getToken(),
    stableToken: () => stable.getAccessToken().getToken(),
    signature: async (url) => (await atHub.getUtils().buildJsSdkConfig(url)) as PageSignature,
    call: async () => {
      const answer = await app
        .getClient()
        .postJson('cgi-bin/message/template/send', { touser: 'somebody', template_id: 't' });
      return answer.toObject();
    },
    // It does nothing by itself about 40001. With `true` the hub takes it for a report.
    ...(covered === 'tokens' && {
      renew: () => (atHub.getAccessToken() as AccessToken).getStableAccessToken(true),
    }),
    close: () => {
      rmSync(folder, { recursive: true });
      return Promise.resolve();
    },
  };
});

describe('node-easywechat with everything at the hub', () => {
  const [{ appid }] = APPS;
  let hub: SdkHub;
  let folder: string;

  beforeEach(async () => {
    hub = await SdkHub.start();
    folder = newFolder();
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true });
    await hub.stop();
  });

  it('works for mini programs, with the key in a header', async () => {
    const app = new MiniApp({
      ...config(hub.url, appid, folder),
      secret: GATEWAY_KEY,
      http: { baseURL: `${hub.url}/`, headers: { authorization: `Bearer ${GATEWAY_KEY}` } },
    });
    const answer = await app.getClient().postJson('wxa/business/getuserphonenumber', { code: 'c' });
    const echo = answer.toObject<{ headers: object }>();
    expect(echo).toMatchObject({ path: '/wxa/business/getuserphonenumber', appid });
    expect(echo.headers).not.toHaveProperty('authorization');
  });

  it('uploads and downloads media', async () => {
    const client = new OfficialAccount(config(hub.url, appid, folder)).getClient();
    const file = join(folder, 'cat.png');
    writeFileSync(file, Buffer.alloc(200_000, 7));
    const upload = await client
      .withFile(file, 'media')
      .post('cgi-bin/media/upload', { params: { type: 'image' } });
    const echo = upload.toObject<{ bodyBytes: number }>();
    expect(echo).toMatchObject({ path: '/cgi-bin/media/upload', query: { type: 'image' } });
    expect(echo.bodyBytes).toBeGreaterThan(200_000);
    const download = await client.get('cgi-bin/media/get', {
      params: { media_id: 'any' },
      responseType: 'arraybuffer',
    });
    expect((download.getContent() as Buffer).length).toBe(1024);
  });
});
