import type { WeChatErrorBody } from '../errors.js';
import { ExpiringMap } from './expiring-map.js';
import { filled } from './made-up.js';

/** "access_token: 2 hours", "refresh_token: 30 days" (page "Web authorization"). */
const TOKEN_LIFE_MS = 7200 * 1000;
const REFRESH_LIFE_MS = 30 * 86_400 * 1000;
/** The dead are told from the unknown for so long. */
const REMEMBERED_MS = 86_400 * 1000;
const TOKEN_LENGTH = 107;

export interface Consent {
  readonly appid: string;
  readonly openid: string;
  readonly unionid: string | undefined;
  /** As WeChat answers it, which may end in a comma. */
  readonly scope: string;
  readonly snapshot: boolean;
}

export interface UserTokenBody {
  readonly access_token: string;
  readonly expires_in: number;
  readonly refresh_token: string;
  readonly openid: string;
  readonly scope: string;
  readonly is_snapshotuser?: 1;
  readonly unionid?: string;
}

interface Refresh extends Consent {
  readonly value: string;
  readonly expiresAt: number;
  readonly forgetAt: number;
  /** The access_token that it stands behind now. */
  token: string;
}

interface Token extends Consent {
  expiresAt: number;
  forgetAt: number;
  revoked: boolean;
}

type Refuse = (errcode: number) => WeChatErrorBody;

/** Users' own tokens, of web logins. None of them is a token of an app. */
export class UserTokens {
  readonly #tokens = new ExpiringMap<Token>();
  readonly #refreshes = new ExpiringMap<Refresh>();
  #serial = 0;

  constructor(
    private readonly now: () => number,
    private readonly random: () => number,
    private readonly refuse: Refuse,
  ) {}

  grant(consent: Consent): UserTokenBody {
    const now = this.now();
    const token = this.#mint(consent, now);
    const value = this.#value('REFRESH');
    const expiresAt = now + REFRESH_LIFE_MS;
    const refresh = { ...consent, value, token, expiresAt, forgetAt: expiresAt + REMEMBERED_MS };
    this.#refreshes.set(value, refresh, now);
    return {
      ...bodyOf(refresh, token),
      ...(consent.snapshot ? { is_snapshotuser: 1 } : {}),
      ...(consent.unionid === undefined ? {} : { unionid: consent.unionid }),
    };
  }

  /** A living access_token is prolonged and not changed; a dead one is replaced. The refresh_token stays. */
  refresh(appid: string, value: string): UserTokenBody | WeChatErrorBody {
    const now = this.now();
    const refresh = this.#refreshes.get(value);
    if (refresh?.appid !== appid) return this.refuse(40030);
    if (now >= refresh.expiresAt) return this.refuse(42002);
    const token = this.#tokens.get(refresh.token);
    if (token?.revoked === false && now < token.expiresAt) {
      token.expiresAt = now + TOKEN_LIFE_MS;
      token.forgetAt = token.expiresAt + REMEMBERED_MS;
    } else {
      refresh.token = this.#mint(refresh, now);
    }
    return bodyOf(refresh, refresh.token);
  }

  /** Whose token it is, or why it is none. */
  check(value: string, openid: string): Consent | WeChatErrorBody {
    const token = this.#tokens.get(value);
    if (token === undefined || token.revoked) return this.refuse(40001);
    if (this.now() >= token.expiresAt) return this.refuse(42001);
    return token.openid === openid ? token : this.refuse(40003);
  }

  /** The user takes the consent back, or changes the password. */
  revoke(value: string): void {
    const token = this.#tokens.get(value);
    if (token !== undefined) token.revoked = true;
  }

  #mint({ appid, openid, unionid, scope, snapshot }: Consent, now: number): string {
    const value = this.#value('USER');
    const expiresAt = now + TOKEN_LIFE_MS;
    const token = { appid, openid, unionid, scope, snapshot, expiresAt, revoked: false };
    this.#tokens.set(value, { ...token, forgetAt: expiresAt + REMEMBERED_MS }, now);
    return value;
  }

  #value(what: 'USER' | 'REFRESH'): string {
    this.#serial += 1;
    return filled(`5_SIMULATED-${what}-${this.#serial.toString(36)}-`, TOKEN_LENGTH, this.random);
  }
}

function bodyOf({ value, openid, scope }: Refresh, token: string): UserTokenBody {
  return { access_token: token, expires_in: TOKEN_LIFE_MS / 1000, refresh_token: value, openid, scope };
}
