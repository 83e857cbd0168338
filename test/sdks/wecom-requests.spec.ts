import type { RawAnswer } from '../support/raw-request.js';
import { testKey } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

const KEY = testKey('crm');
const CORP = 'ww0123456789abcdef';
const SALES = {
  appid: 'corp-sales',
  kind: 'wecom',
  corpid: CORP,
  secret: 'simulated-secret-of-the-sales-agent',
};

/** What SDKs of WeCom send, byte for byte; `source`: GitHub repository, path. As in foreign-sdks.ts. */
const SDKS = [
  {
    name: 'WxJava cp',
    source:
      'binarywang/WxJava weixin-java-cp/…/api/impl/WxCpServiceApacheHttpClientImpl.java, WxCpApiPathConsts.java',
    headers: ['User-Agent: Apache-HttpClient/4.5.13 (Java/17.0.12)', 'Accept-Encoding: gzip,deflate'],
    token: (corpid: string) => `/cgi-bin/gettoken?corpid=${corpid}&corpsecret=${KEY}`,
    agentTicket: (token: string) => `/cgi-bin/ticket/get?&type=agent_config&access_token=${token}`,
    asksAgain: true,
  },
  {
    name: 'EasyWeChat Work',
    source: 'w7corp/easywechat src/Work/AccessToken.php, src/Work/JsApiTicket.php',
    headers: ['Accept: */*', 'User-Agent: Symfony HttpClient/Curl', 'Accept-Encoding: gzip'],
    token: (corpid: string) => `/cgi-bin/gettoken?corpid=${corpid}&corpsecret=${KEY}`,
    agentTicket: (token: string) => `/cgi-bin/ticket/get?type=agent_config&access_token=${token}`,
    asksAgain: false,
  },
  {
    name: 'silenceper/wechat work',
    source: 'silenceper/wechat credential/work_access_token.go',
    headers: ['User-Agent: Go-http-client/1.1', 'Accept-Encoding: gzip'],
    token: (corpid: string) => `/cgi-bin/gettoken?corpid=${corpid}&corpsecret=${KEY}`,
    agentTicket: undefined,
    asksAgain: false,
  },
  {
    name: 'wechatpy work',
    source: 'wechatpy/wechatpy wechatpy/work/client/__init__.py, …/api/jsapi.py',
    headers: ['User-Agent: python-requests/2.32.3', 'Accept-Encoding: gzip, deflate', 'Accept: */*'],
    token: (corpid: string) => `/cgi-bin/gettoken?corpid=${corpid}&corpsecret=${KEY}`,
    agentTicket: (token: string) => `/cgi-bin/ticket/get?type=agent_config&access_token=${token}`,
    asksAgain: true,
  },
];

describe.each(SDKS)('$name', ({ headers, token, agentTicket, asksAgain }) => {
  let hub: VirtualHub;

  beforeEach(async () => {
    const clients = [
      { id: 'crm', key: KEY, apps: ['corp-sales'] },
      { id: 'calls', allowIps: ['127.0.0.1'], apps: '*', may: ['gateway'] },
    ];
    hub = await VirtualHub.start({ apps: [SALES], clients });
  });
  afterEach(() => hub.stop());

  const get = async (target: string) => {
    const host = new URL(hub.hub.url).host;
    const answer: RawAnswer = await hub.hub.raw(
      `${[`GET ${target} HTTP/1.1`, `Host: ${host}`, ...headers].join('\r\n')}\r\n\r\n`,
    );
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json\b/);
    return JSON.parse(answer.body) as Record<string, unknown>;
  };

  it.each([
    ['its name in the hub', 'corp-sales'],
    ['its corpid', CORP],
  ])('gets the token by %s', async (_by, id) => {
    const answer = await get(token(id));
    expect(answer).toMatchObject({ errcode: 0, errmsg: 'ok', expires_in: 7200 });
    expect(hub.simulator.isAlive(String(answer.access_token))).toBe(true);
  });

  it('gets the tickets, and calls by the token', async () => {
    const { access_token: held } = await get(token('corp-sales'));
    const jsapi = await get(`/cgi-bin/get_jsapi_ticket?access_token=${String(held)}`);
    expect(hub.simulator.isAlive(String(jsapi.ticket))).toBe(true);
    if (agentTicket !== undefined) {
      const agent = await get(agentTicket(String(held)));
      expect(hub.simulator.isAlive(String(agent.ticket))).toBe(true);
    }
    const call = await get(`/cgi-bin/user/get?access_token=${String(held)}&userid=a`);
    expect(call).toMatchObject({ errcode: 0, appid: 'corp-sales' });
  });

  it('works on after a token that ended early', async () => {
    const { access_token: dead } = await get(token('corp-sales'));
    hub.simulator.wecom.killToken('corp-sales');
    // Through the hub nobody sees it; asked twice for a token the hub makes sure.
    if (asksAgain) {
      const next = await get(token('corp-sales'));
      expect(next.access_token).not.toBe(dead);
    }
    const call = await get(`/cgi-bin/user/get?access_token=${String(dead)}&userid=a`);
    expect(call).toMatchObject({ errcode: 0, appid: 'corp-sales' });
  });
});
