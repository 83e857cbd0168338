import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { HubEnvironment } from '../config/environment/environment.js';
import type { AppSettings } from '../core/app.js';
import { classify } from '../core/kinds/kinds.js';
import type { Secret } from '../core/secret.js';
import { describeFailure } from '../core/wechat-error.js';
import { ComponentToken } from '../platforms/component-token.js';
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
/** Pages "小程序登录" and "代公众号发起网页授权" of third-party platforms. */
const PLATFORM_PATHS: Readonly<Record<LoginKind, string>> = {
  session: 'component/jscode2session',
  oauth: 'oauth2/component/access_token',
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

  constructor(
    environment: HubEnvironment,
    clock: Clock,
    private readonly component: ComponentToken,
  ) {
    const base = new URL(environment.wechatBaseUrl);
    this.#prefix = `${base.pathname.replace(/\/+$/, '')}/sns/`;
    this.#exchange = new HttpExchange(base.origin, LIMIT_MS, clock, environment.outboundProxy);
  }

  /** Never rejects. */
  async login(kind: LoginKind, app: AppSettings, code: string): Promise<LoginOutcome> {
    try {
      const proof = await this.#proofOf(app);
      if (proof === undefined) return unproved();
      const outcome = await this.#get(proof.isOfPlatform ? PLATFORM_PATHS[kind] : PATHS[kind], [
        ['appid', app.appid],
        [CODE_NAME[kind], code],
        ['grant_type', 'authorization_code'],
        ...proof.parameters,
      ]);
      if (!outcome.ok) return failedLogin(outcome.error);
      const answer = readLoginAnswer(kind, outcome.status, outcome.body, proof.secret, code);
      return proof.token === undefined ? answer : this.#ofPlatform(app, proof.token, answer);
    } catch (error) {
      // The kind of error, not its text: that could quote the request. It cannot be known how far it came.
      return failedLogin(describeFailure('internal', error instanceof Error ? error.name : '', true));
    }
  }

  /**
   * A call with a user's own token.
   * @param app of the user, where it is known: users of an authorizer are its platform's
   */
  async userCall(
    call: UserCall,
    parameters: readonly (readonly [string, string])[],
    app?: AppSettings,
  ): Promise<HttpOutcome> {
    if (call !== 'oauth2/refresh_token' || app?.kind !== 'authorizer') return this.#get(call, parameters);
    const proof = await this.#proofOf(app);
    if (proof === undefined) return { ok: false, error: describeFailure('no_component_token', '') };
    return this.#get('oauth2/component/refresh_token', [...parameters, ...proof.parameters]);
  }

  /** Where a refusal is meant for the platform, or for the authorisation, and neither for code nor user. */
  #ofPlatform({ platform = '' }: AppSettings, token: Secret, outcome: LoginOutcome): LoginOutcome {
    if (outcome.kind === 'granted' || outcome.error.errcode === undefined) return outcome;
    const { errcode, errmsg } = outcome.error;
    if (this.component.foundDead(platform, token, outcome.error))
      return { kind: 'app_refused', error: describeFailure('no_component_token', '', false) };
    if (!OF_PLATFORM.has(errcode)) return outcome;
    return { kind: 'app_refused', error: classify('authorizer', errcode, errmsg) };
  }

  /** What a login is asked for with: the AppSecret, or of an authorizer its platform's own token. */
  async #proofOf(app: AppSettings): Promise<Proof | undefined> {
    const { kind, platform } = app;
    if (kind !== 'authorizer' || platform === undefined) {
      const secret = app.secret.reveal();
      return { isOfPlatform: false, token: undefined, secret, parameters: [['secret', secret]] };
    }
    const token = await this.component.of(platform);
    if (token === undefined) return undefined;
    const secret = token.reveal();
    const parameters = [
      ['component_appid', platform],
      ['component_access_token', secret],
    ] as const;
    return { isOfPlatform: true, token, secret, parameters };
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

/** "component is not authorized", addresses, tickets and credentials of the platform. */
const OF_PLATFORM: ReadonlySet<number> = new Set([61003, 61004, 61005, 61006, 61007, 40090, 40091, 40094]);

interface Proof {
  readonly isOfPlatform: boolean;
  /** Of a platform. */
  readonly token: Secret | undefined;
  /** What must not reappear in an answer. */
  readonly secret: string;
  readonly parameters: readonly (readonly [string, string])[];
}

/** Nothing was sent: the code is as good as before. */
function unproved(): LoginOutcome {
  return failedLogin(describeFailure('no_component_token', '', false));
}
