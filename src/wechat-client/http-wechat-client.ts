import type { OnApplicationShutdown, OnModuleDestroy } from '@nestjs/common';

import type { Clock, TimerHandle } from '../clock/clock.js';
import { NO_SECRET, type AppSettings, type TicketType } from '../core/app.js';
import { baseUrlOf, KINDS, type BaseUrls } from '../core/kinds/kinds.js';
import type { Secret } from '../core/secret.js';
import type { UpstreamError, UpstreamResult } from '../core/upstream.js';
import { describeFailure } from '../core/wechat-error.js';
import type { HttpOutcome, HttpRequest } from './http-exchange.js';
import { CALLS } from './kinds/calls-of.js';
import type { KindCall, KindCalls } from './kinds/kind-calls.js';
import { parseProbeAnswer, parseTicketAnswer, parseTokenAnswer } from './parse-answer.js';
import { Upstreams } from './upstreams.js';
import { WeChatClient, type FetchTokenOptions, type ProbeResult } from './wechat-client.js';

/** The part of the environment that concerns this client. URLs: http or https; may have a path, which goes first. */
export interface WeChatClientSettings extends BaseUrls {
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

/** WeChat and WeCom over HTTP/1.1 with kept connections. */
export class HttpWeChatClient extends WeChatClient implements OnModuleDestroy, OnApplicationShutdown {
  readonly #clock: Clock;
  #grace: TimerHandle | undefined;
  readonly #upstreams: Upstreams;

  constructor(
    private readonly settings: WeChatClientSettings,
    clock: Clock,
  ) {
    super();
    this.#upstreams = new Upstreams(settings.wechatTimeoutMs, clock, settings.outboundProxy);
    this.#clock = clock;
  }

  override async fetchToken(app: AppSettings, options: FetchTokenOptions = {}): Promise<UpstreamResult> {
    if (app.loginOnly === true || app.secret.equals(NO_SECRET))
      return { ok: false, error: describeFailure('no_secret', '') };
    const { outcome, secrets } = await this.#call(app, (calls) =>
      calls.token(app, options.force === true, options.proof),
    );
    return outcome.ok
      ? parseTokenAnswer(outcome.status, outcome.body, outcome.sentAt, secrets, app.kind)
      : outcome;
  }

  override async fetchTicket(app: AppSettings, type: TicketType, token: Secret): Promise<UpstreamResult> {
    const { outcome, secrets } = await this.#call(app, (calls) => calls.ticket(type, token));
    return outcome.ok
      ? parseTicketAnswer(outcome.status, outcome.body, outcome.sentAt, secrets, app.kind)
      : outcome;
  }

  override async probeToken(app: AppSettings, token: Secret): Promise<ProbeResult> {
    const { outcome, secrets } = await this.#call(app, (calls) => calls.probe(app, token));
    return outcome.ok ? parseProbeAnswer(outcome.status, outcome.body, secrets, app.kind) : outcome.error;
  }

  /** No new calls; those under way end, then the connections are closed. */
  close(): Promise<void> {
    return this.#upstreams.close();
  }

  /** The first hook of a shutdown, before any that waits for calls. */
  onModuleDestroy(): void {
    this.#grace = this.#clock.setTimeout(() => {
      this.#upstreams.giveUp();
    }, SHUTDOWN_GRACE_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
    this.#clock.clearTimeout(this.#grace);
  }

  /** A value also where something throws that nobody foresaw, such as a secret that no URL can carry. */
  async #call(
    app: AppSettings,
    make: (calls: KindCalls) => KindCall,
  ): Promise<{ readonly outcome: HttpOutcome; readonly secrets: readonly string[] }> {
    try {
      const call = make(CALLS[app.kind]);
      const { exchange, prefix } = this.#upstreams.at(baseUrlOf(app, this.settings));
      const outcome = await exchange.call(requestOf(prefix, call));
      return { outcome: outcome.ok ? outcome : atOwnUpstream(app, outcome.error), secrets: call.secrets };
    } catch (error) {
      // The kind of error, not its text: that could quote the request.
      const name = error instanceof Error ? error.name : '';
      return { outcome: { ok: false, error: describeFailure('internal', name) }, secrets: [] };
    }
  }
}

export const HEADERS = { accept: 'application/json', 'user-agent': 'wechat-token-hub' } as const;

export function requestOf(prefix: string, { path, query = {}, body }: KindCall): HttpRequest {
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const target = `${prefix}${path}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`;
  if (body === undefined) return { method: 'GET', path: target, headers: HEADERS };
  const headers = { ...HEADERS, 'content-type': 'application/json' };
  return { method: 'POST', path: target, headers, body: JSON.stringify(body) };
}

/** The advice names the setting by which this app's upstream is found. */
function atOwnUpstream({ kind, baseUrl }: AppSettings, error: UpstreamError): HttpOutcome {
  const setting = baseUrl === undefined ? KINDS[kind].baseUrlVariable : 'the baseUrl of the app';
  return { ok: false, error: { ...error, hint: error.hint.replaceAll('HUB_WECHAT_BASE_URL', setting) } };
}
