import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { HubEnvironment } from '../config/environment/environment.js';
import type { AppSettings } from '../core/app.js';
import { describeFailure } from '../core/wechat-error.js';
import { HttpExchange, type HttpOutcome } from '../wechat-client/http-exchange.js';
import { failedLogin, readLoginAnswer, type LoginKind, type LoginOutcome } from './rules/outcome.js';
import type { UserCall } from './rules/user-call.js';

/** One call, from connecting to the last byte. Milliseconds (CONTRACT section 7); a user waits for it. */
const LIMIT_MS = 5000;
const HEADERS = { accept: 'application/json, text/plain', 'user-agent': 'wechat-token-hub' } as const;
const PATHS: Readonly<Record<LoginKind, string>> = {
  session: 'jscode2session',
  oauth: 'oauth2/access_token',
};
const CODE_NAME: Readonly<Record<LoginKind, string>> = { session: 'js_code', oauth: 'code' };

/**
 * The `/sns/…` calls, over connections of their own: tokens and gateway calls never wait for a login. Each is sent once
 * (wechat-client/http-exchange.ts), bounded in time and in size, and becomes a value.
 */
@Injectable()
export class LoginUpstream implements OnApplicationShutdown {
  readonly #exchange: HttpExchange;
  readonly #prefix: string;

  constructor(environment: HubEnvironment, clock: Clock) {
    const base = new URL(environment.wechatBaseUrl);
    this.#prefix = `${base.pathname.replace(/\/+$/, '')}/sns/`;
    this.#exchange = new HttpExchange(base.origin, LIMIT_MS, clock, environment.outboundProxy);
  }

  /** Never rejects. */
  async login(kind: LoginKind, app: AppSettings, code: string): Promise<LoginOutcome> {
    try {
      const secret = app.secret.reveal();
      const outcome = await this.#get(PATHS[kind], [
        ['appid', app.appid],
        ['secret', secret],
        [CODE_NAME[kind], code],
        ['grant_type', 'authorization_code'],
      ]);
      if (!outcome.ok) return failedLogin(outcome.error);
      return readLoginAnswer(kind, outcome.status, outcome.body, secret, code);
    } catch (error) {
      // The kind of error, not its text: that could quote the request. It cannot be known how far it came.
      return failedLogin(describeFailure('internal', error instanceof Error ? error.name : '', true));
    }
  }

  /** A call with a user's own token. */
  userCall(call: UserCall, parameters: readonly (readonly [string, string])[]): Promise<HttpOutcome> {
    return this.#get(call, parameters);
  }

  /** After the listener: those under way have been answered by then. */
  async onApplicationShutdown(): Promise<void> {
    await this.#exchange.close();
  }

  #get(path: string, parameters: readonly (readonly [string, string])[]): Promise<HttpOutcome> {
    const query = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
    return this.#exchange.call({
      method: 'GET',
      path: `${this.#prefix}${path}?${query}`,
      headers: HEADERS,
    });
  }
}
