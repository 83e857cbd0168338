import WechatApi from 'co-wechat-api';
import { MiniApp, OfficialAccount } from 'node-easywechat';
import { APPS, HUB_KEY, SdkHub } from './sdk-hub.js';

/** SDKs log users in through the hub: the key stands where the AppSecret stood, and the AppSecret is nowhere. */

const [{ appid }] = APPS;

describe('logins by SDKs', () => {
  let hub: SdkHub;
  beforeEach(async () => {
    hub = await SdkHub.start();
  });
  afterEach(() => hub.stop());

  it('node-easywechat: codeToSession with http.baseURL at the hub', async () => {
    const app = new MiniApp({ app_id: appid, secret: HUB_KEY, http: { baseURL: `${hub.url}/` } });
    const code = hub.wechat.makeCode({ appid, openid: 'o-anna' });
    const session = await app.getUtils().codeToSession(code);
    expect(session).toMatchObject({ openid: 'o-anna' });
    expect(hub.wechat.sessionKeyOf(appid, 'o-anna')).toBe(session.session_key);
    await expect(app.getUtils().codeToSession('no-such-code')).rejects.toThrow(/40029/);
  });

  it('node-easywechat: web logins with an OAuth object whose address is the hub’s', async () => {
    const app = new OfficialAccount({ app_id: appid, secret: HUB_KEY });
    const oauth = app.getOAuth() as unknown as {
      _baseUrl: string;
      userFromCode(code: string): Promise<{ getId(): string }>;
    };
    oauth._baseUrl = `${hub.url}/sns`;
    const code = hub.wechat.makeCode({ appid, kind: 'oauth', openid: 'o-anna' });
    expect((await oauth.userFromCode(code)).getId()).toBe('o-anna');
    expect(hub.wechat.calls({ endpoint: 'oauth_token' })).toBe(1);
  });

  it('co-wechat-api: code2Session with snsPrefix at the hub', async () => {
    const api = new WechatApi(appid, HUB_KEY) as WechatApi & {
      snsPrefix: string;
      code2Session(code: string): Promise<{ openid: string }>;
    };
    api.prefix = `${hub.url}/cgi-bin/`;
    api.snsPrefix = `${hub.url}/sns/`;
    const code = hub.wechat.makeCode({ appid, openid: 'o-anna' });
    expect(await api.code2Session(code)).toMatchObject({ openid: 'o-anna' });
  });

  it('no call reached WeChat with the hub key', async () => {
    const app = new MiniApp({ app_id: appid, secret: HUB_KEY, http: { baseURL: `${hub.url}/` } });
    await app.getUtils().codeToSession(hub.wechat.makeCode({ appid, openid: 'o-anna' }));
    expect(hub.wechat.journal({ endpoint: 'jscode2session' }).map(({ outcome }) => outcome)).toEqual(['ok']);
  });
});
