import type { OnApplicationShutdown, OnModuleDestroy } from '@nestjs/common';

import type { Clock, TimerHandle } from '../clock/clock.js';
import { NO_SECRET, type AppSettings, type TicketType } from '../core/app.js';
import type { Secret } from '../core/secret.js';
import type { UpstreamResult } from '../core/upstream.js';
import { describeFailure } from '../core/wechat-error.js';
import { HttpExchange, type HttpOutcome, type HttpRequest } from './http-exchange.js';
import { parseProbeAnswer, parseTicketAnswer, parseTokenAnswer } from './parse-answer.js';
import { WeChatClient, type FetchTokenOptions, type ProbeResult } from './wechat-client.js';

/** The part of the environment that concerns this client. */
export interface WeChatClientSettings {
  /** HUB_WECHAT_BASE_URL: http or https; may have a path, which is put before WeChat's. */
  readonly wechatBaseUrl: string;
  /** HUB_WECHAT_TIMEOUT_MS: one call, from connecting to the last byte. */
  readonly wechatTimeoutMs: number;
  /** HUB_OUTBOUND_PROXY. */
  readonly outboundProxy?: Secret | undefined;
}

/**
 * After the start of a shutdown calls under way have so long, ms, whatever HUB_WECHAT_TIMEOUT_MS is: who waits for them
 * must be answered before main.ts gives up, 7.5 s after it.
 */
const SHUTDOWN_GRACE_MS = 5500;

/** WeChat over HTTP/1.1 with kept connections. */
export class HttpWeChatClient extends WeChatClient implements OnModuleDestroy, OnApplicationShutdown {
  readonly #clock: Clock;
  #grace: TimerHandle | undefined;
  readonly #exchange: HttpExchange;
  readonly #pathPrefix: string;

  /** @throws TypeError when the base URL is none: HubEnvironment sees to that. */
  constructor(settings: WeChatClientSettings, clock: Clock) {
    super();
    const base = new URL(settings.wechatBaseUrl);
    this.#pathPrefix = base.pathname.replace(/\/+$/, '');
    this.#exchange = new HttpExchange(base.origin, settings.wechatTimeoutMs, clock, settings.outboundProxy);
    this.#clock = clock;
  }

  override async fetchToken(app: AppSettings, options: FetchTokenOptions = {}): Promise<UpstreamResult> {
    if (app.loginOnly === true || app.secret.equals(NO_SECRET))
      return { ok: false, error: describeFailure('no_secret', '') };
    const secret = app.secret.reveal();
    const outcome = await this.#call(() =>
      app.tokenApi === 'token'
        ? this.#get('token', { grant_type: 'client_credential', appid: app.appid, secret })
        : this.#post('stable_token', {
            grant_type: 'client_credential',
            appid: app.appid,
            secret,
            force_refresh: options.force === true,
          }),
    );
    return outcome.ok ? parseTokenAnswer(outcome.status, outcome.body, outcome.sentAt, [secret]) : outcome;
  }

  override async fetchTicket(type: TicketType, token: Secret): Promise<UpstreamResult> {
    const access_token = token.reveal();
    const outcome = await this.#call(() => this.#get('ticket/getticket', { access_token, type }));
    return outcome.ok
      ? parseTicketAnswer(outcome.status, outcome.body, outcome.sentAt, [access_token])
      : outcome;
  }

  override async probeToken(token: Secret): Promise<ProbeResult> {
    const access_token = token.reveal();
    const outcome = await this.#call(() => this.#get('getcallbackip', { access_token }));
    return outcome.ok ? parseProbeAnswer(outcome.status, outcome.body, [access_token]) : outcome.error;
  }

  /** No new calls; those under way end, then the connections are closed. */
  close(): Promise<void> {
    return this.#exchange.close();
  }

  /** The first hook of a shutdown, before any that waits for calls. */
  onModuleDestroy(): void {
    this.#grace = this.#clock.setTimeout(() => {
      this.#exchange.giveUp();
    }, SHUTDOWN_GRACE_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
    this.#clock.clearTimeout(this.#grace);
  }

  /** A value also where something throws that nobody foresaw, such as a secret that no URL can carry. */
  async #call(request: () => HttpRequest): Promise<HttpOutcome> {
    try {
      return await this.#exchange.call(request());
    } catch (error) {
      // The kind of error, not its text: that could quote the request.
      return { ok: false, error: describeFailure('internal', error instanceof Error ? error.name : '') };
    }
  }

  #get(path: string, query: Readonly<Record<string, string>>): HttpRequest {
    const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    return { method: 'GET', path: `${this.#path(path)}?${pairs.join('&')}`, headers: HEADERS };
  }

  #post(path: string, body: object): HttpRequest {
    const headers = { ...HEADERS, 'content-type': 'application/json' };
    return { method: 'POST', path: this.#path(path), headers, body: JSON.stringify(body) };
  }

  #path(path: string): string {
    return `${this.#pathPrefix}/cgi-bin/${path}`;
  }
}

const HEADERS = { accept: 'application/json', 'user-agent': 'wechat-token-hub' } as const;
