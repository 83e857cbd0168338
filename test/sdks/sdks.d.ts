/** What the tests use of SDKs that come without types. */

declare module 'co-wechat-api' {
  interface Token {
    readonly accessToken: string;
    readonly expireTime: number;
  }
  interface PageConfig {
    readonly appId: string;
    readonly timestamp: string;
    readonly nonceStr: string;
    readonly signature: string;
  }

  export default class WechatApi {
    constructor(appid: string, secret: string);
    prefix: string;
    wxaPrefix: string;
    request(url: string, options?: object, retry?: number): Promise<unknown>;
    getAccessToken(): Promise<Token>;
    ensureAccessToken(): Promise<Token>;
    saveToken(token: Token | null): Promise<void>;
    getJsConfig(options: { url: string; jsApiList: string[] }): Promise<PageConfig>;
    getTicket(type: 'jsapi' | 'wx_card'): Promise<{ readonly ticket: string }>;
    getIp(): Promise<unknown>;
    addTemplate(shortId: string): Promise<unknown>;
    getUserSummary(from: string, to: string): Promise<unknown>;
    uploadMedia(bytes: Buffer, type: string, filename: string, mime: string): Promise<unknown>;
    getMedia(id: string): Promise<Buffer>;
  }
}

declare module 'wechat-api' {
  interface Token {
    readonly accessToken: string;
    readonly expireTime: number;
  }
  interface PageConfig {
    readonly appId: string;
    readonly timestamp: string;
    readonly nonceStr: string;
    readonly signature: string;
  }
  type Callback<T> = (error: Error | null, result: T) => void;

  export default class WechatApi {
    constructor(appid: string, secret: string, getToken?: (callback: Callback<Token>) => void);
    endpoint: string;
    getAccessToken(callback: Callback<Token>): void;
    getLatestToken(callback: Callback<Token>): void;
    getJsConfig(options: { url: string; jsApiList: string[] }, callback: Callback<PageConfig>): void;
    getTicket(type: 'jsapi' | 'wx_card', callback: Callback<{ readonly ticket: string }>): void;
    addTemplate(shortId: string, callback: Callback<object>): void;
    uploadMedia(path: string, type: string, callback: Callback<object>): void;
    getMedia(id: string, callback: Callback<Buffer>): void;
  }
}
