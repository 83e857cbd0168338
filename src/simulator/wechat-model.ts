import {
  isAliveAt,
  type Credential,
  type TicketBody,
  type TicketType,
  type TokenBody,
} from './credentials.js';
import { bareAddress, notInWhitelist, ridTail, wordingOf, type WeChatErrorBody } from './errors.js';
import { dayOf, minuteOf } from './quota.js';
import type { AppState } from './simulated-app.js';
import {
  defaultHandoverMs,
  FORCE_INTERVAL_MS,
  killAll,
  needsNewStableToken,
  remainingSeconds,
} from './token-rules.js';
import { RidBook } from './rid-book.js';
import { LoginDesk } from './users/login-desk.js';
import { PlatformDesk } from './platforms/platform-desk.js';
import { WeComDesk } from './wecom/wecom-desk.js';
import { WeChatWorld } from './wechat-world.js';

/** A call that carries the AppSecret. Fields are undefined where the caller did not send them. */
export interface CredentialCall {
  readonly grantType: string | undefined;
  readonly appid: string | undefined;
  readonly secret: string | undefined;
  /** The caller's address. */
  readonly ip: string;
}

/** How WeChat answers, without I/O and without a clock of its own. */
export class WeChatModel extends WeChatWorld {
  /** Refused calls, by their rid. */
  readonly rids = new RidBook();
  /** WeCom, whose paths are others. */
  readonly wecom = new WeComDesk(
    () => this.now(),
    this.ledger,
    this.options.agents ?? [],
    this.options.wecom ?? {},
  );
  /** Third-party platforms, and who has authorised them. */
  readonly platforms = new PlatformDesk({
    now: () => this.now(),
    random: this.random,
    ledger: this.ledger,
    error: (errcode, words) => this.error(errcode, words),
    overlapSeconds: this.options.overlapSeconds ?? 300,
  });
  /** Users who log in. */
  readonly users = new LoginDesk(
    {
      now: () => this.now(),
      random: this.random,
      acceptAnyCode: this.options.acceptAnyCode,
    },
    {
      find: (appid) => this.findApp(appid),
      refusalOf: (app, secret, ip) => this.refusalOf(app, secret, ip),
      error: (errcode) => this.error(errcode),
    },
  );

  /** Epoch ms of the simulated clock. */
  now(): number {
    return this.options.now();
  }

  /** `GET /cgi-bin/token`: each call mints. */
  token(call: CredentialCall): TokenBody | WeChatErrorBody {
    const app = this.#authenticate(call);
    if ('errcode' in app) return app;
    const now = this.options.now();
    if (!app.used.tokenToday.take(dayOf(now), this.quotas.tokenPerDay)) return this.error(45009);
    return tokenBody(this.mint(app, 'token', now), now);
  }

  /** `POST /cgi-bin/stable_token`. */
  stableToken(call: CredentialCall & { readonly forceRefresh: boolean }): TokenBody | WeChatErrorBody {
    const app = this.#authenticate(call);
    if ('errcode' in app) return app;
    const now = this.options.now();
    const { used } = app;
    if (!used.stableThisMinute.take(minuteOf(now), this.quotas.stablePerMinute)) return this.error(45011);
    if (!used.stableToday.take(dayOf(now), this.quotas.stablePerDay)) return this.error(45009);
    if (call.forceRefresh && now - app.lastForcedAt >= FORCE_INTERVAL_MS) return this.#force(app, now);
    const { current } = app.families.stable_token;
    const keeps = current !== undefined && !needsNewStableToken(current, this.#handoverMs, now);
    return tokenBody(keeps ? current : this.mint(app, 'stable_token', now), now);
  }

  /**
   * `GET /cgi-bin/ticket/getticket`. Within its life the same ticket comes back with its full life as `expires_in`
   * (community reports): who did not see it first overestimates it. It survives a change of the token (unconfirmed).
   */
  ticket(
    accessToken: string | undefined,
    type: string | undefined,
    ip: string,
  ): TicketBody | WeChatErrorBody {
    const app = this.checkAccessToken(accessToken, ip);
    if ('errcode' in app) return app;
    if (!isTicketType(type)) return this.error(40097);
    const now = this.options.now();
    if (!app.used.ticketsToday.take(dayOf(now), this.quotas.ticketPerDay)) return this.error(45009);
    const lifeSeconds = this.options.ticketLifeSeconds ?? 7200;
    let ticket = app.tickets.get(type);
    if (ticket === undefined || !isAliveAt(ticket, now)) {
      ticket = this.ledger.mint(app.appid, type, lifeSeconds * 1000, now);
      app.tickets.set(type, ticket);
    }
    return { errcode: 0, errmsg: 'ok', ticket: ticket.value, expires_in: lifeSeconds };
  }

  /** What every endpoint that takes an access_token does first: the app that it stands for, or the refusal. */
  checkAccessToken(accessToken: string | undefined, ip: string): AppState | WeChatErrorBody {
    if (accessToken === undefined || accessToken === '') return this.error(41001);
    const credential = this.ledger.find(accessToken);
    const family = credential?.family;
    if (
      credential === undefined ||
      (family !== 'token' && family !== 'stable_token' && family !== 'authorizer_token')
    ) {
      return this.error(this.deadTokenErrcode ?? 40014);
    }
    if (!isAliveAt(credential, this.options.now())) {
      const superseded = credential.diesAt < credential.expiresAt;
      return this.error(this.deadTokenErrcode ?? (superseded ? 40001 : 42001));
    }
    const app = this.apps.find(credential.appid);
    if (app === undefined) return this.error(40013);
    if (app.kind === 'official' && !isWhitelisted(app, ip)) return this.error(40164, notInWhitelist(ip));
    return app;
  }

  findApp(appid: string): AppState | undefined {
    return this.apps.find(appid);
  }

  /** Why the app may not do what takes its AppSecret. */
  refusalOf(app: AppState, secret: string, ip: string): WeChatErrorBody | undefined {
    if (secret !== app.secret) return this.error(this.options.wrongSecretErrcode ?? 40125);
    if (!isWhitelisted(app, ip)) return this.error(40164, notInWhitelist(ip));
    return app.frozenWith === undefined ? undefined : this.error(app.frozenWith);
  }

  error(errcode: number, words = wordingOf(errcode)): WeChatErrorBody {
    return { errcode, errmsg: `${words} ${ridTail(this.options.now(), this.random)}` };
  }

  /** The appid is checked first: seen in real answers. */
  #authenticate(call: CredentialCall): AppState | WeChatErrorBody {
    if (call.appid === undefined || call.appid === '') return this.error(41002);
    const app = this.apps.find(call.appid);
    if (app === undefined) return this.error(40013);
    if (call.secret === undefined || call.secret === '') return this.error(41004);
    if (call.grantType !== 'client_credential') return this.error(40002);
    return this.refusalOf(app, call.secret, call.ip) ?? app;
  }

  #force(app: AppState, now: number): TokenBody | WeChatErrorBody {
    if (!app.used.forcedToday.take(dayOf(now), this.quotas.forcedPerDay)) return this.error(45009);
    app.lastForcedAt = now;
    killAll(app.families.stable_token, now);
    return tokenBody(this.mint(app, 'stable_token', now), now);
  }

  readonly #handoverMs = (lifeMs: number): number => {
    const { handoverWindowSeconds } = this.options;
    return handoverWindowSeconds === undefined ? defaultHandoverMs(lifeMs) : handoverWindowSeconds * 1000;
  };
}

function tokenBody(token: Credential, now: number): TokenBody {
  return { access_token: token.value, expires_in: remainingSeconds(token, now) };
}

function isWhitelisted(app: AppState, ip: string): boolean {
  return app.whitelist === undefined || app.whitelist.has(bareAddress(ip));
}

function isTicketType(type: string | undefined): type is TicketType {
  return type === 'jsapi' || type === 'wx_card';
}
