import {
  askStableToken,
  HandClock,
  request,
  SIMULATED_APP,
  startSimulator,
  stopSimulators,
  type SimulatedAnswer,
} from '../../../test/support/simulator-harness.js';
import type { WeChatSimulator } from '../simulator.js';
import type { CodeSpec } from './login-desk.js';

afterEach(stopSimulators);

const { appid, secret } = SIMULATED_APP;
const OTHER_APP = { appid: 'wx-simulated-2', secret: 'simulated-secret-2' };
const DAY_MS = 86_400_000;

type Query = Readonly<Record<string, string>>;

const get = (sim: WeChatSimulator, path: string, query: Query): Promise<SimulatedAnswer> =>
  request(`${sim.url}${path}?${new URLSearchParams(query).toString()}`);

const session = (sim: WeChatSimulator, js_code: string, over: Query = {}): Promise<SimulatedAnswer> =>
  get(sim, '/sns/jscode2session', { appid, secret, js_code, grant_type: 'authorization_code', ...over });

const userToken = (sim: WeChatSimulator, code: string): Promise<SimulatedAnswer> =>
  get(sim, '/sns/oauth2/access_token', { appid, secret, code, grant_type: 'authorization_code' });

const jsCode = (sim: WeChatSimulator, over: Partial<CodeSpec> = {}): string =>
  sim.makeCode({ appid, openid: 'o-anna', ...over });

const oauthCode = (sim: WeChatSimulator, over: Partial<CodeSpec> = {}): string =>
  jsCode(sim, { kind: 'oauth', ...over });

describe('GET /sns/jscode2session', () => {
  it('answers as WeChat does: JSON under text/plain, no errcode, a key of 16 bytes', async () => {
    const sim = await startSimulator();
    const { status, headers, json } = await session(sim, jsCode(sim));
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/plain');
    expect(json).toEqual({ openid: 'o-anna', session_key: expect.any(String) });
    expect(Buffer.from(String(json.session_key), 'base64')).toHaveLength(16);
    expect(sim.sessionKeyOf(appid, 'o-anna')).toBe(json.session_key);
    expect(sim.journal()[0]).toMatchObject({ endpoint: 'jscode2session', appid, outcome: 'ok' });
  });

  it('the unionid of bound accounts, and the errcode that the page shows', async () => {
    const sim = await startSimulator();
    const { json } = await session(sim, jsCode(sim, { unionid: 'u-anna', withErrcode: true }));
    expect(json).toMatchObject({ unionid: 'u-anna', errcode: 0 });
  });

  it('a new login replaces the session_key', async () => {
    const sim = await startSimulator();
    const first = await session(sim, jsCode(sim));
    const second = await session(sim, jsCode(sim));
    expect(second.json.session_key).not.toBe(first.json.session_key);
    expect(sim.sessionKeyOf(appid, 'o-anna')).toBe(second.json.session_key);
  });

  it.each<[string, Query, number]>([
    ['no appid', { appid: '' }, 41002],
    ['no secret', { secret: '' }, 41004],
    ['no code', { js_code: '' }, 41008],
    ['another grant_type', { grant_type: 'client_credential' }, 40002],
    ['an unknown appid, before the secret is looked at', { appid: 'wx-nobody', secret: 'wrong' }, 40013],
    ['a wrong secret, before the code is looked at', { secret: 'wrong', js_code: 'none' }, 40125],
    ['a code that there is not', { js_code: 'none' }, 40029],
  ])('%s', async (_what, over, errcode) => {
    const sim = await startSimulator();
    const { status, headers, json } = await session(sim, jsCode(sim), over);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/plain');
    expect(json).toEqual({ errcode, errmsg: expect.stringMatching(/rid: [0-9a-f]{8}-[0-9a-f]{8}-/) });
  });

  it('reads the query alone, and ignores an access_token there', async () => {
    const sim = await startSimulator();
    const form = { appid, secret, js_code: jsCode(sim), grant_type: 'authorization_code' };
    const posted = await request(`${sim.url}/sns/jscode2session`, {
      method: 'POST',
      body: new URLSearchParams(form),
    });
    expect(posted.json.errcode).toBe(41002);
    expect((await session(sim, form.js_code, { access_token: 'any' })).json).toHaveProperty('openid');
  });

  it('a code works once: 40163', async () => {
    const sim = await startSimulator();
    const code = jsCode(sim);
    await session(sim, code);
    expect((await session(sim, code)).json.errcode).toBe(40163);
  });

  it.each([
    [299_999, undefined],
    [300_000, 40029],
  ])('%i ms after it was made: %s', async (age, errcode) => {
    const clock = new HandClock();
    const sim = await startSimulator({ clock });
    const code = jsCode(sim);
    clock.at += age;
    expect((await session(sim, code)).json.errcode).toBe(errcode);
  });

  it('a code of another app, or of a web login: 40029, and it stays good', async () => {
    const sim = await startSimulator({ apps: [SIMULATED_APP, OTHER_APP] });
    const code = jsCode(sim);
    expect((await session(sim, code, OTHER_APP)).json.errcode).toBe(40029);
    expect((await userToken(sim, code)).json.errcode).toBe(40029);
    expect((await session(sim, code)).json).toHaveProperty('session_key');
  });

  it('a user who is blocked: 40226', async () => {
    const sim = await startSimulator();
    sim.blockUser(appid, 'o-anna');
    expect((await session(sim, jsCode(sim))).json.errcode).toBe(40226);
    sim.blockUser(appid, 'o-anna', false);
    expect((await session(sim, jsCode(sim))).json).toHaveProperty('openid');
  });

  it('the 101st login of a user in a minute: 45011; others go on', async () => {
    const clock = new HandClock();
    const sim = await startSimulator({ clock });
    for (let nth = 0; nth < 100; nth += 1) await session(sim, jsCode(sim));
    expect((await session(sim, jsCode(sim))).json.errcode).toBe(45011);
    expect((await session(sim, jsCode(sim, { openid: 'o-bert' }))).json).toHaveProperty('openid');
    clock.at += 60_000;
    expect((await session(sim, jsCode(sim))).json).toHaveProperty('openid');
  });

  it('the IP whitelist and a frozen app', async () => {
    const sim = await startSimulator();
    sim.setWhitelist(appid, ['192.0.2.1']);
    expect((await session(sim, jsCode(sim))).json).toMatchObject({
      errcode: 40164,
      errmsg: expect.stringContaining('invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist'),
    });
    sim.setWhitelist(appid, undefined);
    sim.freeze(appid, 40243);
    expect((await session(sim, jsCode(sim))).json.errcode).toBe(40243);
  });

  it('an answer that is lost has used the code up', async () => {
    const sim = await startSimulator();
    const code = jsCode(sim);
    sim.fault({ kind: 'cut', endpoint: 'jscode2session', applied: true });
    await expect(session(sim, code)).rejects.toThrow();
    expect((await session(sim, code)).json.errcode).toBe(40163);
  });

  it('takes any code as a user of its own where it is told to, once', async () => {
    const sim = await startSimulator({ acceptAnyCode: true });
    const [anna, bert] = [await session(sim, 'code-of-anna'), await session(sim, 'code-of-bert')];
    expect(anna.json.openid).not.toBe(bert.json.openid);
    expect((await session(sim, 'code-of-anna')).json.errcode).toBe(40163);
  });
});

describe('web logins', () => {
  it('GET /sns/oauth2/access_token gives a user’s token, which is none of the app', async () => {
    const sim = await startSimulator();
    const code = oauthCode(sim, { unionid: 'u-anna', scope: 'snsapi_userinfo,', snapshot: true });
    const { headers, json } = await userToken(sim, code);
    expect(headers.get('content-type')).toBe('text/plain');
    expect(json).toEqual({
      access_token: expect.any(String),
      expires_in: 7200,
      refresh_token: expect.any(String),
      openid: 'o-anna',
      scope: 'snsapi_userinfo,',
      is_snapshotuser: 1,
      unionid: 'u-anna',
    });
    expect(sim.isAlive(String(json.access_token))).toBe(false);
    const asApp = `${sim.url}/cgi-bin/getcallbackip?access_token=${String(json.access_token)}`;
    expect((await request(asApp)).json.errcode).toBe(40014);
    expect((await userToken(sim, code)).json.errcode).toBe(40163);
  });

  it('no unionid without the user’s consent', async () => {
    const sim = await startSimulator();
    const { json } = await userToken(sim, oauthCode(sim, { unionid: 'u-anna', scope: 'snsapi_base' }));
    expect(json).not.toHaveProperty('unionid');
  });

  const refresh = (sim: WeChatSimulator, refresh_token: string, over: Query = {}) =>
    get(sim, '/sns/oauth2/refresh_token', { appid, grant_type: 'refresh_token', refresh_token, ...over });

  it('refreshing prolongs a living token, and replaces a dead one', async () => {
    const clock = new HandClock();
    const sim = await startSimulator({ clock });
    const { access_token, refresh_token } = (await userToken(sim, oauthCode(sim))).json;
    clock.at += 7_000_000;
    expect((await refresh(sim, String(refresh_token))).json).toMatchObject({ access_token, refresh_token });
    clock.at += 7_000_000;
    expect((await refresh(sim, String(refresh_token))).json.access_token).toBe(access_token);
    clock.at += 7_200_000;
    const renewed = (await refresh(sim, String(refresh_token))).json;
    expect(renewed.access_token).not.toBe(access_token);
    expect(renewed.refresh_token).toBe(refresh_token);
  });

  it('a refresh_token lives 30 days', async () => {
    const clock = new HandClock();
    const sim = await startSimulator({ clock });
    const { refresh_token } = (await userToken(sim, oauthCode(sim))).json;
    clock.at += 30 * DAY_MS;
    expect((await refresh(sim, String(refresh_token))).json.errcode).toBe(42002);
  });

  it.each<[string, Query, number]>([
    ['no appid', { appid: '' }, 41002],
    ['no refresh_token', { refresh_token: '' }, 41003],
    ['another grant_type', { grant_type: 'authorization_code' }, 40002],
    ['an unknown one', { refresh_token: 'none' }, 40030],
    ['one of another app', { appid: OTHER_APP.appid }, 40030],
  ])('%s', async (_what, over, errcode) => {
    const sim = await startSimulator({ apps: [SIMULATED_APP, OTHER_APP] });
    const { refresh_token } = (await userToken(sim, oauthCode(sim))).json;
    expect((await refresh(sim, String(refresh_token), over)).json.errcode).toBe(errcode);
  });

  it('userinfo and auth', async () => {
    const clock = new HandClock();
    const sim = await startSimulator({ clock });
    const { access_token } = (await userToken(sim, oauthCode(sim, { unionid: 'u-anna' }))).json;
    const holder = { access_token: String(access_token), openid: 'o-anna' };
    expect((await get(sim, '/sns/userinfo', { ...holder, lang: 'zh_CN' })).json).toMatchObject({
      openid: 'o-anna',
      nickname: '微信用户',
      unionid: 'u-anna',
    });
    expect((await get(sim, '/sns/auth', holder)).json).toEqual({ errcode: 0, errmsg: 'ok' });
    expect((await get(sim, '/sns/auth', { ...holder, openid: 'o-bert' })).json.errcode).toBe(40003);
    expect((await get(sim, '/sns/auth', { ...holder, openid: '' })).json.errcode).toBe(41009);
    sim.revokeUserToken(holder.access_token);
    expect((await get(sim, '/sns/userinfo', holder)).json.errcode).toBe(40001);
  });

  it('userinfo refuses snsapi_base, old tokens and the app’s own', async () => {
    const clock = new HandClock();
    const sim = await startSimulator({ clock });
    const { access_token } = (await userToken(sim, oauthCode(sim, { scope: 'snsapi_base' }))).json;
    const holder = { access_token: String(access_token), openid: 'o-anna' };
    expect((await get(sim, '/sns/userinfo', holder)).json.errcode).toBe(48001);
    const appToken = String((await askStableToken(sim)).json.access_token);
    expect((await get(sim, '/sns/userinfo', { ...holder, access_token: appToken })).json.errcode).toBe(40001);
    clock.at += 7_200_000;
    expect((await get(sim, '/sns/userinfo', holder)).json.errcode).toBe(42001);
  });
});
