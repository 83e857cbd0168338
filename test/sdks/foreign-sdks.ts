/**
 * What SDKs in other languages send, byte for byte, and what their parsers want back. Method, path, order of the
 * query, body and the headers that the SDK sets itself are from their public sources, at the places named in `source`
 * (GitHub repository, path); the other headers are the defaults of the HTTP client that the source uses.
 */
export interface ForeignSdk {
  readonly name: string;
  readonly source: string;
  /** Where it is not the hub's. */
  readonly host?: string;
  /** Of every request, in this order, after `Host`. */
  readonly headers: readonly string[];
  readonly token: (appid: string, key: string) => string;
  readonly ticket: (token: string) => string;
  readonly stable?: { readonly contentType: string; readonly body: (appid: string, key: string) => string };
  /** What it does by itself when WeChat says that the token is dead. */
  readonly onDeadToken: 'asks again once' | 'asks again until it works' | 'reports the error';
  /** Beside what all of them need; see replayed-requests.spec.ts. */
  readonly needs?: { readonly moreSecondsThan?: number; readonly errcodeInTickets?: true };
}

/** As fmt.Sprintf and String.format paste them. */
const PASTED = (appid: string, key: string): string =>
  `/cgi-bin/token?grant_type=client_credential&appid=${appid}&secret=${key}`;
const TYPE_FIRST = (token: string): string => `/cgi-bin/ticket/getticket?type=jsapi&access_token=${token}`;
const TOKEN_FIRST = (token: string): string => `/cgi-bin/ticket/getticket?access_token=${token}&type=jsapi`;

const GO = ['User-Agent: Go-http-client/1.1', 'Accept-Encoding: gzip'];

export const FOREIGN_SDKS: readonly ForeignSdk[] = [
  {
    name: 'WxJava',
    source:
      'binarywang/WxJava weixin-java-mp/src/main/java/me/chanjar/weixin/mp/api/impl/WxMpServiceHttpClient5Impl.java, BaseWxMpServiceImpl.java, …/mp/enums/WxMpApiUrl.java, …/mp/bean/WxMpStableAccessTokenRequest.java',
    headers: [
      'Accept-Encoding: gzip, x-gzip, deflate',
      'Connection: keep-alive',
      'User-Agent: Apache-HttpClient/5.4 (Java/17.0.12)',
    ],
    token: PASTED,
    ticket: TYPE_FIRST,
    stable: {
      contentType: 'application/json; charset=UTF-8',
      body: (appid, key) =>
        `{"grant_type":"client_credential","appid":"${appid}","secret":"${key}","force_refresh":false}`,
    },
    onDeadToken: 'asks again once',
    // WxMpDefaultConfigImpl.updateAccessToken takes 200 s off.
    needs: { moreSecondsThan: 200 },
  },
  {
    name: 'EasyWeChat',
    source:
      'w7corp/easywechat src/OfficialAccount/AccessToken.php, JsApiTicket.php, src/Kernel/HttpClient/AccessTokenAwareClient.php, RequestUtil.php',
    // RequestUtil.php sets a User-Agent of its own, whose text was not to be seen.
    headers: ['Accept: */*', 'Accept-Encoding: gzip', 'User-Agent: easywechat-sdk'],
    token: PASTED,
    ticket: TYPE_FIRST,
    // 'use_stable_access_token', src/MiniApp/Application.php; the body as its port node-easywechat 3.6.2 sends it.
    stable: {
      contentType: 'application/json',
      body: (appid, key) =>
        `{"grant_type":"client_credential","appid":"${appid}","secret":"${key}","force_refresh":false}`,
    },
    onDeadToken: 'reports the error',
  },
  {
    name: 'wechatpy',
    source: 'wechatpy/wechatpy wechatpy/client/__init__.py, base.py, api/jsapi.py',
    headers: [
      'User-Agent: python-requests/2.32.3',
      'Accept-Encoding: gzip, deflate',
      'Accept: */*',
      'Connection: keep-alive',
    ],
    token: PASTED,
    ticket: TYPE_FIRST,
    onDeadToken: 'asks again until it works',
    // BaseWeChatClient.access_token asks at every read in the last 60 s.
    needs: { moreSecondsThan: 60 },
  },
  {
    name: 'silenceper/wechat',
    source: 'silenceper/wechat credential/default_access_token.go, default_js_ticket.go, util/http.go',
    headers: GO,
    token: PASTED,
    ticket: TOKEN_FIRST,
    stable: {
      contentType: 'application/json;charset=utf-8',
      // A Go map, encoded: sorted, with a line feed at the end.
      body: (appid, key) =>
        `{"appid":"${appid}","force_refresh":false,"grant_type":"client_credential","secret":"${key}"}\n`,
    },
    onDeadToken: 'reports the error',
    // It takes 1500 s off; with less it caches nothing and asks at every read.
    needs: { moreSecondsThan: 1500 },
  },
  {
    name: 'chanxuehong/wechat',
    source: 'chanxuehong/wechat mp/core/access_token_server.go, client.go, mp/jssdk/ticket_server.go',
    headers: GO,
    token: PASTED,
    ticket: TYPE_FIRST,
    onDeadToken: 'asks again once',
    // "expires_in too small" is an error.
    needs: { moreSecondsThan: 60 },
  },
  {
    name: 'Senparc.Weixin',
    source:
      'JeffreySu/WeiXinMPSDK src/Senparc.Weixin.MP/Senparc.Weixin.MP/CommonAPIs/CommonApi.cs, ApiHandlerWapper.cs',
    // What its HttpClient adds was not to be seen.
    headers: [],
    token: PASTED,
    ticket: TOKEN_FIRST,
    onDeadToken: 'asks again once',
  },
  {
    name: 'PowerWeChat',
    source:
      'ArtisanCloud/PowerWeChat src/kernel/accessToken.go, baseClient.go, src/officialAccount/auth/accessToken.go, src/basicService/jssdk/client.go; ArtisanCloud/PowerLibs http/dataflow/dataflow.go',
    // dataflow.go takes the host from the base URL, also where the endpoint is one of another host.
    host: 'api.weixin.qq.com',
    headers: ['User-Agent: Go-http-client/1.1', 'Accept: */*', 'Accept-Encoding: gzip'],
    // url.Values.Encode sorts.
    token: (appid, key) =>
      `/cgi-bin/token?appid=${appid}&grant_type=client_credential&neededText=&secret=${key}`,
    ticket: TOKEN_FIRST,
    onDeadToken: 'asks again once',
    // It asserts that errcode is a number, and panics where there is none.
    needs: { errcodeInTickets: true },
  },
];
