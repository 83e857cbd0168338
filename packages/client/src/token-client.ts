import { AppFollower } from './app-follower.js';
import { FetchTransport } from './fetch-transport.js';
import { HubApi, type TicketType } from './hub-api.js';
import type { JssdkSignature, ReportOutcome } from './hub-answers.js';
import { closedError } from './hub-error.js';
import { NodeTransport } from './node-transport.js';
import { checkAppid, settingsOf, type Settings, type TokenClientOptions } from './options.js';
import { Reports } from './reports.js';
import { TicketCache } from './ticket-cache.js';
import { WechatCaller } from './wechat-caller.js';

export interface Lifetime {
  /** Milliseconds from now for which the hub vouches. */
  readonly expiresInMs: number;
  /** The same as epoch milliseconds by the wall clock: for people and logs. */
  readonly expiresAt: number;
}

export interface TokenInfo extends Lifetime {
  readonly token: string;
  /** Grows with every new token of the app. */
  readonly version: number;
}

export interface Rejection extends TokenInfo {
  /**
   * - `superseded`: the hub already had another token.
   * - `refreshed`: WeChat was asked and gave another one.
   * - `confirmed`: WeChat was asked and insists on this one.
   * - `throttled`: WeChat was asked just before; this is the current one.
   */
  readonly outcome: ReportOutcome;
}

export interface TicketInfo extends Lifetime {
  readonly ticket: string;
  readonly version: number;
}

export interface WaitOptions {
  /** Ends the waiting, not the fetch, which others may share. */
  readonly signal?: AbortSignal;
}

/** All methods reject with HubError where the hub fails or refuses, and with TypeError for arguments of a wrong form. */
export interface TokenClient {
  /** A token that is good now: from memory, where there is one; then it does not wait for anything. */
  getToken(appid: string, options?: WaitOptions): Promise<string>;
  /** As {@link getToken}, with the token's remaining life and version. */
  getTokenInfo(appid: string, options?: WaitOptions): Promise<TokenInfo>;
  /**
   * Tells the hub that WeChat refused `token` (40001, 40014, 42001), and takes over the one that it answers with.
   * Callers that report the same token at the same time share a request.
   */
  reject(appid: string, token: string, errcode?: number): Promise<Rejection>;
  /**
   * `fetch` of WeChat's API with the token put into the query. If WeChat answers that the token is dead, it is
   * reported, and the call repeated once with another token, given a body that can be sent again.
   * @param path from the slash on, with its query: `/cgi-bin/message/custom/send`.
   * @param init as for `fetch`; its signal also ends the waiting for a token.
   */
  fetchWechat(appid: string, path: string, init?: RequestInit): Promise<Response>;
  /** A ticket from memory, at most a minute old, or for as long as it lives while the hub is away. */
  ticket(appid: string, type: TicketType): Promise<TicketInfo>;
  /** What `wx.config` of the JS-SDK needs on the page with this URL. */
  jssdkSignature(appid: string, url: string): Promise<JssdkSignature>;
  /** Ends everything: who waits gets HUB_CLIENT_CLOSED, and so does every later call. */
  close(): void;
}

/** @throws {TypeError | RangeError} where an option is not of its form. */
export function createTokenClient(options: TokenClientOptions): TokenClient {
  return new Client(settingsOf(options));
}

class Client implements TokenClient {
  readonly #settings: Settings;
  readonly #api: HubApi;
  readonly #followers = new Map<string, AppFollower>();
  readonly #reports: Reports;
  readonly #tickets: TicketCache;
  readonly #wechat: WechatCaller;
  #closed = false;

  constructor(settings: Settings) {
    const { fetch, tls, clock } = settings;
    this.#settings = settings;
    this.#api = new HubApi(
      settings,
      fetch === undefined ? new NodeTransport(tls) : new FetchTransport(fetch),
    );
    this.#reports = new Reports(this.#api, clock);
    this.#tickets = new TicketCache(this.#api, settings);
    this.#wechat = new WechatCaller(settings, {
      acquire: (appid, signal) => this.getToken(appid, signal === undefined ? {} : { signal }),
      replace: (appid, token, errcode) => this.#replace(appid, token, errcode),
    });
  }

  async getToken(appid: string, { signal }: WaitOptions = {}): Promise<string> {
    return (await this.#follower(appid).acquire(signal)).token;
  }

  async getTokenInfo(appid: string, { signal }: WaitOptions = {}): Promise<TokenInfo> {
    const { token, version, expiresAt } = await this.#follower(appid).acquire(signal);
    return { token, version, ...this.#lifetime(expiresAt) };
  }

  async reject(appid: string, token: string, errcode?: number): Promise<Rejection> {
    const follower = this.#follower(appid);
    const grant = await this.#reports.report(appid, token, errcode);
    follower.takeReport(token, grant);
    return {
      outcome: grant.outcome,
      token: grant.token,
      version: grant.version,
      ...this.#lifetime(grant.sentAt + grant.lifeMs),
    };
  }

  async fetchWechat(appid: string, path: string, init: RequestInit = {}): Promise<Response> {
    return this.#wechat.call(appid, path, init);
  }

  async ticket(appid: string, type: TicketType): Promise<TicketInfo> {
    this.#check(appid);
    const { ticket, version, sentAt, lifeMs } = await this.#tickets.get(appid, type);
    return { ticket, version, ...this.#lifetime(sentAt + lifeMs) };
  }

  async jssdkSignature(appid: string, url: string): Promise<JssdkSignature> {
    this.#check(appid);
    return this.#api.jssdkSignature(appid, url);
  }

  close(): void {
    this.#closed = true;
    for (const follower of this.#followers.values()) follower.close();
    this.#followers.clear();
    this.#api.close();
  }

  /** A call with the token before may come back late: whoever has a newer one at hand needs no report. */
  async #replace(appid: string, token: string, errcode: number): Promise<string | undefined> {
    const follower = this.#follower(appid);
    if (follower.held !== undefined && follower.held.token !== token) return follower.held.token;
    const grant = await this.#reports.reportUnlessKept(appid, token, errcode);
    follower.takeReport(token, grant);
    const { held } = follower;
    return held === undefined || held.token === token ? undefined : held.token;
  }

  #follower(appid: string): AppFollower {
    this.#check(appid);
    const known = this.#followers.get(appid);
    if (known !== undefined) return known;
    const follower = new AppFollower(appid, this.#api, this.#settings, () => {
      this.#followers.delete(appid);
    });
    this.#followers.set(appid, follower);
    return follower;
  }

  #check(appid: string): void {
    checkAppid(appid);
    if (this.#closed) throw closedError();
  }

  #lifetime(expiresAt: number): Lifetime {
    const expiresInMs = Math.max(0, Math.floor(expiresAt - this.#settings.clock.now()));
    return { expiresInMs, expiresAt: Date.now() + expiresInMs };
  }
}
