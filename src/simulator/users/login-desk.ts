import type { WeChatErrorBody } from '../errors.js';
import { minuteOf, WindowCounter } from '../quota.js';
import type { AppState } from '../simulated-app.js';
import { ExpiringMap } from './expiring-map.js';
import { filled, sessionKey } from './made-up.js';
import { UserTokens, type UserTokenBody } from './user-tokens.js';

/** A code is good for 5 minutes and once (`wx.login`; page "Web authorization"). */
const CODE_LIFE_SECONDS = 300;
const REMEMBERED_MS = 86_400 * 1000;
const CODE_LENGTH = 40;
/** Page "code2Session": 100 calls a minute for each user. */
const LOGINS_PER_MINUTE = 100;

export type CodeKind = 'js' | 'oauth';

/** A code as `wx.login` or WeChat's consent page gives it to a user's device. */
export interface CodeSpec {
  readonly appid: string;
  /** Default `js`: of `wx.login`. */
  readonly kind?: CodeKind;
  readonly openid: string;
  /** Only of accounts that are bound to an open-platform account. */
  readonly unionid?: string;
  /** `oauth` only. Default `snsapi_userinfo`. */
  readonly scope?: string;
  /** `oauth` only: the virtual user of a snapshot page. */
  readonly snapshot?: boolean;
  /** Default 300. */
  readonly ttlSeconds?: number;
  /** Whether the answer has `errcode: 0` beside the rest: the page shows it, real answers lack it. */
  readonly withErrcode?: boolean;
}

/** A login call that carries the AppSecret. Fields are undefined where the caller did not send them. */
export interface LoginCall {
  readonly appid: string | undefined;
  readonly secret: string | undefined;
  readonly code: string | undefined;
  readonly grantType: string | undefined;
  /** The caller's address. */
  readonly ip: string;
}

/** What a login needs of the rest of WeChat. */
export interface AppDesk {
  find(appid: string): AppState | undefined;
  /** Why the app may not do what takes its AppSecret. */
  refusalOf(app: AppState, secret: string, ip: string): WeChatErrorBody | undefined;
  error(errcode: number): WeChatErrorBody;
}

interface Code extends CodeSpec {
  readonly kind: CodeKind;
  readonly expiresAt: number;
  readonly forgetAt: number;
  used: boolean;
}

interface User {
  sessionKey: string | undefined;
  blocked: boolean;
  readonly logins: WindowCounter;
  readonly forgetAt: number;
}

export interface LoginDeskOptions {
  readonly now: () => number;
  readonly random: () => number;
  /** Every code that was not made here logs in a user of its own, once: for demos and measurements. Default false. */
  readonly acceptAnyCode?: boolean;
}

/** `/sns/…`: codes for sessions and for users' tokens. */
export class LoginDesk {
  readonly tokens: UserTokens;
  readonly #codes = new ExpiringMap<Code>();
  readonly #users = new ExpiringMap<User>();
  #serial = 0;

  constructor(
    private readonly options: LoginDeskOptions,
    private readonly apps: AppDesk,
  ) {
    const { now, random } = options;
    this.tokens = new UserTokens(now, random, (errcode) => apps.error(errcode));
  }

  /** What `wx.login` or the redirect back from WeChat's consent page brings. */
  makeCode(spec: CodeSpec): string {
    this.#serial += 1;
    const { random } = this.options;
    const code = filled(`0SIMULATED-CODE-${this.#serial.toString(36)}-`, CODE_LENGTH, random);
    this.#keep(code, spec);
    return code;
  }

  /** WeChat holds the user for a risk: 40226. */
  block(appid: string, openid: string, blocked: boolean): void {
    this.#userOf(appid, openid).blocked = blocked;
  }

  /** The one session_key of the user that is good now. */
  sessionKeyOf(appid: string, openid: string): string | undefined {
    return this.#userOf(appid, openid).sessionKey;
  }

  /** `GET /sns/jscode2session`. */
  session(call: LoginCall): object {
    const code = this.#spend(call, 'js');
    if ('errcode' in code) return code;
    const { appid, openid, unionid, withErrcode } = code;
    const user = this.#userOf(appid, openid);
    user.sessionKey = sessionKey(this.options.random);
    return {
      session_key: user.sessionKey,
      openid,
      ...(unionid === undefined ? {} : { unionid }),
      ...(withErrcode === true ? { errcode: 0, errmsg: '' } : {}),
    };
  }

  /** `GET /sns/oauth2/access_token`. */
  userToken(call: LoginCall): UserTokenBody | WeChatErrorBody {
    const code = this.#spend(call, 'oauth');
    if ('errcode' in code) return code;
    const { appid, openid, unionid, scope = 'snsapi_userinfo', snapshot = false } = code;
    // unionid only with the consent to it (page "Web authorization").
    const shown = scope.startsWith('snsapi_userinfo') ? unionid : undefined;
    return this.tokens.grant({ appid, openid, unionid: shown, scope, snapshot });
  }

  /**
   * The code, used up, or the refusal. The order of the checks is that of real answers: appid, secret and code there,
   * then whether they are right. A code that the call could not use stays good.
   */
  #spend({ appid, secret, code, grantType, ip }: LoginCall, kind: CodeKind): Code | WeChatErrorBody {
    const { apps } = this;
    if (!appid) return apps.error(41002);
    if (!secret) return apps.error(41004);
    if (!code) return apps.error(41008);
    if (grantType !== 'authorization_code') return apps.error(40002);
    const app = apps.find(appid);
    if (app === undefined) return apps.error(40013);
    const refusal = apps.refusalOf(app, secret, ip);
    if (refusal !== undefined) return refusal;
    return this.#useUp(code, kind, appid);
  }

  #useUp(value: string, kind: CodeKind, appid: string): Code | WeChatErrorBody {
    const { apps } = this;
    const now = this.options.now();
    if (this.options.acceptAnyCode === true && this.#codes.get(value) === undefined) {
      this.#keep(value, { appid, kind, openid: `oSIMULATED-${value.slice(-20)}` });
    }
    const code = this.#codes.get(value);
    if (code?.kind !== kind || code.appid !== appid) return apps.error(40029);
    if (code.used) return apps.error(40163);
    if (now >= code.expiresAt) return apps.error(40029);
    const user = this.#userOf(appid, code.openid);
    if (user.blocked) return apps.error(40226);
    if (!user.logins.take(minuteOf(now), LOGINS_PER_MINUTE)) return apps.error(45011);
    code.used = true;
    return code;
  }

  #keep(value: string, spec: CodeSpec): void {
    const now = this.options.now();
    const expiresAt = now + (spec.ttlSeconds ?? CODE_LIFE_SECONDS) * 1000;
    const code = { ...spec, kind: spec.kind ?? 'js', expiresAt, used: false };
    this.#codes.set(value, { ...code, forgetAt: expiresAt + REMEMBERED_MS }, now);
  }

  #userOf(appid: string, openid: string): User {
    const key = `${appid} ${openid}`;
    const known = this.#users.get(key);
    if (known !== undefined) return known;
    const now = this.options.now();
    const user = { sessionKey: undefined, blocked: false, logins: new WindowCounter() };
    const made: User = { ...user, forgetAt: now + REMEMBERED_MS };
    this.#users.set(key, made, now);
    return made;
  }
}
