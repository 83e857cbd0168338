import { Injectable } from '@nestjs/common';
import { withKey } from '../access-guard/access-request.js';
import { ClientKeys } from '../access-guard/client-keys.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { deniedError } from '../core/dropin.js';
import { FairShares } from '../core/fair-shares.js';
import { isObject } from '../core/json.js';
import { describeFailure } from '../core/wechat-error.js';
import { AccessGuard } from '../web/access.guard.js';
import { accessRequestOf, grantedActor, type AppRequest } from '../web/app-request.js';
import { wechatDenialOf } from '../web/wechat-shape.js';
import type { HttpOutcome } from '../wechat-client/http-exchange.js';
import { LoginUpstream } from './login-upstream.js';
import { LOGIN_PLACES, Logins, type LoginAnswer } from './logins.service.js';
import { readLoginAsk, SNS_ERRORS, type SnsError } from './rules/ask.js';
import type { LoginKind } from './rules/outcome.js';
import { snsErrorOf } from './rules/sns-answer.js';
import { userCallParameters, type UserCall } from './rules/user-call.js';

/** `body`: JSON. */
export type SnsAnswer = { readonly body: string } | { readonly error: SnsError };

type Parameters = Readonly<Record<string, unknown>>;

/**
 * /sns/… as WeChat has it, with a hub key in the place of the AppSecret, for SDKs that cannot be changed. HTTP status
 * 200 throughout: with another one SDKs lose the errcode, and one puts the whole URL, key included, into its error.
 */
@Injectable()
export class Sns {
  readonly #places = new FairShares(LOGIN_PLACES);

  constructor(
    private readonly guard: AccessGuard,
    private readonly logins: Logins,
    private readonly upstream: LoginUpstream,
    private readonly keys: ClientKeys,
    private readonly config: AppsConfig,
  ) {}

  async login(kind: LoginKind, caller: AppRequest, parameters: Parameters): Promise<SnsAnswer> {
    const read = readLoginAsk(kind, parameters);
    if (!read.ok) return { error: read.error };
    const { appid, secret, code } = read.ask;
    const request = withKey(accessRequestOf(caller), secret);
    const verdict = this.guard.examine(caller, { request, act: 'login', appid, proof: 'key' });
    if (!verdict.ok) return { error: wechatDenialOf(verdict) };
    const answer = await this.logins.login({ kind, appid, code, caller: grantedActor(verdict, caller) });
    return answer.kind === 'granted' ? { body: answer.text } : { error: errorOf(answer) };
  }

  /** With what a login brought: nothing of the hub's goes in, and nothing that is a hub key goes out. */
  async userCall(call: UserCall, caller: AppRequest, parameters: Parameters): Promise<SnsAnswer> {
    const sent = userCallParameters(call, parameters);
    const { appid } = parameters;
    if (call === 'oauth2/refresh_token' && (typeof appid !== 'string' || appid === '')) {
      return { error: SNS_ERRORS.noAppid };
    }
    const app = call === 'oauth2/refresh_token' ? (appid as string) : undefined;
    const request = accessRequestOf(caller);
    const verdict = this.guard.examine(caller, { request, act: 'login', appid: app, proof: 'token' });
    if (!verdict.ok) return { error: wechatDenialOf(verdict) };
    if (sent.some(([, value]) => this.keys.mayHold(value))) return { error: SNS_ERRORS.keyLeaves };
    // Of userinfo and auth nobody knows the app: those of a tenant share one.
    const place = this.#places.of({ appid: app ?? '', tenant: verdict.client.tenant });
    if (place.room < 1) return { error: SNS_ERRORS.tooMany };
    place.add(1);
    try {
      return {
        body: bodyOf(
          await this.upstream.userCall(
            call,
            sent,
            app === undefined ? undefined : this.config.current.apps.get(app),
          ),
        ),
      };
    } finally {
      place.add(-1);
    }
  }
}

function errorOf(answer: Exclude<LoginAnswer, { kind: 'granted' }>): SnsError {
  switch (answer.kind) {
    case 'too_many':
      return SNS_ERRORS.tooMany;
    case 'spent':
      return SNS_ERRORS.spent;
    case 'key_leaves':
      return SNS_ERRORS.keyLeaves;
    case 'no_app':
      return deniedError('not_granted', '');
    default:
      return snsErrorOf(answer);
  }
}

/** WeChat's own answer, whatever it says; these calls may be repeated. */
function bodyOf(outcome: HttpOutcome): string {
  if (outcome.ok && outcome.status === 200 && isJsonObject(outcome.body)) return outcome.body;
  const error = outcome.ok ? describeFailure('http_status', `HTTP ${outcome.status}`) : outcome.error;
  return JSON.stringify({ errcode: -1, errmsg: `system error: ${error.errmsg}` });
}

function isJsonObject(text: string): boolean {
  try {
    return isObject(JSON.parse(text));
  } catch {
    return false;
  }
}
