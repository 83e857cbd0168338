import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { HubEnvironment } from '../config/environment/environment.js';
import type { AppSettings } from '../core/app.js';
import type { Secret } from '../core/secret.js';
import type { UpstreamError } from '../core/upstream.js';
import { describeFailure } from '../core/wechat-error.js';
import { HttpExchange } from './http-exchange.js';
import { parsePlainAnswer } from './parse-answer.js';

export type QuotaResult =
  | { readonly ok: true; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly error: UpstreamError };

/**
 * What operators ask WeChat about an app's quotas and refused calls (pages "getApiQuota", "clearQuotaByAppSecret",
 * "getRidInfo"). One call each, bounded as the hub's other calls; each outcome is a value, free of secrets but for what
 * `ridInfo` grants, which is the caller's to take out.
 */
@Injectable()
export class WeChatQuota implements OnApplicationShutdown {
  readonly #exchange: HttpExchange;
  readonly #prefix: string;

  constructor(environment: HubEnvironment, clock: Clock) {
    const base = new URL(environment.wechatBaseUrl);
    this.#prefix = `${base.pathname.replace(/\/+$/, '')}/cgi-bin/`;
    this.#exchange = new HttpExchange(
      base.origin,
      environment.wechatTimeoutMs,
      clock,
      environment.outboundProxy,
    );
  }

  quotaOf(token: Secret, cgiPath: string): Promise<QuotaResult> {
    return this.#withToken('openapi/quota/get', token, { cgi_path: cgiPath });
  }

  ridInfo(token: Secret, rid: string): Promise<QuotaResult> {
    return this.#withToken('openapi/rid/get', token, { rid });
  }

  /** All quotas of the app. In the body: WeChat takes the secret there too, and bodies are in fewer logs than URLs. */
  clearAll(app: AppSettings): Promise<QuotaResult> {
    const appsecret = app.secret.reveal();
    return this.#post('clear_quota/v2', { appid: app.appid, appsecret }, 'token', appsecret);
  }

  /** What must not be shown of what WeChat tells, besides what looks so. */
  secretsOf(app: AppSettings, token: Secret): readonly string[] {
    return [app.secret.reveal(), token.reveal()];
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#exchange.close();
  }

  #withToken(path: string, token: Secret, body: object): Promise<QuotaResult> {
    const revealed = token.reveal();
    const query = `access_token=${encodeURIComponent(revealed)}`;
    return this.#post(`${path}?${query}`, body, 'probe', revealed);
  }

  async #post(path: string, body: object, endpoint: 'token' | 'probe', secret: string): Promise<QuotaResult> {
    try {
      const outcome = await this.#exchange.call({
        method: 'POST',
        path: `${this.#prefix}${path}`,
        headers: { accept: 'application/json', 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return outcome.ok ? parsePlainAnswer(endpoint, outcome.status, outcome.body, [secret]) : outcome;
    } catch (error) {
      // The kind of error, not its text: that could quote the request.
      return { ok: false, error: describeFailure('internal', error instanceof Error ? error.name : '') };
    }
  }
}
