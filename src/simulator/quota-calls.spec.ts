import {
  askStableToken,
  HandClock,
  request,
  SIMULATED_APP,
  startSimulator,
  stopSimulators,
} from '../../test/support/simulator-harness.js';
import type { WeChatSimulator } from './simulator.js';

afterEach(stopSimulators);

const { appid, secret } = SIMULATED_APP;

async function started() {
  const clock = new HandClock();
  const sim = await startSimulator({ clock });
  const token = String((await askStableToken(sim)).json.access_token);
  const post = (path: string, body: object) =>
    request(`${sim.url}${path}?access_token=${token}`, { method: 'POST', body: JSON.stringify(body) });
  return { clock, sim, token, post };
}

const clearAll = (sim: WeChatSimulator, query: string, body?: object) =>
  request(`${sim.url}/cgi-bin/clear_quota/v2?${query}`, {
    method: 'POST',
    body: body === undefined ? '' : JSON.stringify(body),
  });

describe('openapi/quota', () => {
  const PATH = '/cgi-bin/message/custom/send';

  it('tells how often a path was called, until it is cleared', async () => {
    const { post } = await started();
    const used = async (): Promise<unknown> =>
      (await post('/cgi-bin/openapi/quota/get', { cgi_path: PATH })).json.quota;
    await post(PATH, {});
    await post(PATH, {});
    expect(await used()).toMatchObject({ used: 2, remain: 9_999_998 });
    expect((await post('/cgi-bin/openapi/quota/clear', { cgi_path: PATH })).json).toEqual({
      errcode: 0,
      errmsg: 'ok',
    });
    expect(await used()).toMatchObject({ used: 0 });
  });

  it.each([
    ['/cgi-bin/menu/get/', 76021],
    ['/cgi-bin/menu/get?type=1', 76021],
    ['/sns/userinfo', 76022],
  ])('%s: %i', async (cgi_path, errcode) => {
    const { post } = await started();
    expect((await post('/cgi-bin/openapi/quota/get', { cgi_path })).json.errcode).toBe(errcode);
  });
});

describe('clear_quota/v2', () => {
  it('takes its parameters from the query or the body', async () => {
    const { sim } = await started();
    expect((await clearAll(sim, `appid=${appid}&appsecret=${secret}`)).json.errcode).toBe(0);
    expect((await clearAll(sim, '', { appid, appsecret: secret })).json.errcode).toBe(0);
  });

  it.each([
    [{}, 41002],
    [{ appid: 'wx-nobody', appsecret: secret }, 40013],
    [{ appid }, 41004],
    [{ appid, appsecret: 'wrong' }, 40125],
  ])('%j: %i', async (body, errcode) => {
    const { sim } = await started();
    expect((await clearAll(sim, '', body)).json.errcode).toBe(errcode);
  });

  it('ten a month, by whichever of the endpoints; the month is China’s', async () => {
    const { clock, sim } = await started();
    clock.at = Date.UTC(2026, 0, 31, 15, 59);
    for (let nth = 0; nth < 9; nth += 1) await clearAll(sim, '', { appid, appsecret: secret });
    const token = String((await askStableToken(sim)).json.access_token);
    const byToken = await request(`${sim.url}/cgi-bin/clear_quota?access_token=${token}`, {
      method: 'POST',
      body: JSON.stringify({ appid }),
    });
    expect(byToken.json.errcode).toBe(0);
    expect((await clearAll(sim, '', { appid, appsecret: secret })).json.errcode).toBe(48006);
    clock.at = Date.UTC(2026, 0, 31, 16, 0);
    expect((await clearAll(sim, '', { appid, appsecret: secret })).json.errcode).toBe(0);
  });
});

describe('openapi/rid/get', () => {
  it('tells of a refused call, with the token that it carried', async () => {
    const { post, token } = await started();
    const refused = await post('/cgi-bin/openapi/quota/get', { cgi_path: '/sns/auth' });
    const rid = /rid: (\S+)/.exec(String(refused.json.errmsg))?.[1] ?? '';
    const { json } = await post('/cgi-bin/openapi/rid/get', { rid });
    expect(json).toMatchObject({
      errcode: 0,
      request: {
        request_url: `access_token=${token}`,
        request_body: '{"cgi_path":"/sns/auth"}',
        response_body: expect.stringContaining('76022'),
        client_ip: expect.stringContaining('127.0.0.1'),
      },
    });
    expect((await post('/cgi-bin/openapi/rid/get', { rid: '00000000-0-0' })).json.errcode).toBe(76003);
  });
});
