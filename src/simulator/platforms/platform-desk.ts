import { isAliveAt, type Credential, type CredentialLedger } from '../credentials.js';
import { bareAddress, type WeChatErrorBody } from '../errors.js';
import { remainingSeconds } from '../token-rules.js';
import { makePush, messageOf, type MadePush } from './push-maker.js';

/** A platform, as tests register it. */
export interface SimulatedPlatform {
  readonly appid: string;
  readonly secret: string;
  /** What signs its pushes. */
  readonly token: string;
  readonly aesKey: string;
  /** Addresses that may call. Default: any. */
  readonly whitelist?: readonly string[];
  /** Each `api_authorizer_token` gives another refresh token; the one before lives 5 more minutes. Default false. */
  readonly rotates?: boolean;
  /** Of its own tokens and those of authorizers. Default 7200. */
  readonly tokenLifeSeconds?: number;
}

/** What the desk shares with the rest of the simulated WeChat. */
export interface DeskGround {
  readonly now: () => number;
  readonly random: () => number;
  readonly ledger: CredentialLedger;
  readonly error: (errcode: number, words?: string) => WeChatErrorBody;
  readonly overlapSeconds: number;
}

interface AuthorizerState {
  readonly appid: string;
  authorised: boolean;
  /** Stays on the list after it has withdrawn, as is seen. */
  listed: boolean;
  listHidesToken: boolean;
  authTime: number;
  refresh: { value: string; diesAt: number }[];
  codes: Map<string, number>;
  token: Credential | undefined;
}

interface PlatformState {
  settings: SimulatedPlatform;
  tickets: { readonly value: string; readonly bornAt: number }[];
  started: boolean;
  token: Credential | undefined;
  readonly authorizers: Map<string, AuthorizerState>;
}

type Body = Readonly<Record<string, unknown>>;

const TICKET_LIFE_MS = 12 * 3_600_000;
const CODE_LIFE_SECONDS = 600;

/** The third-party platforms of the simulated WeChat: what it pushes to them, answers them, and what merchants do. */
export class PlatformDesk {
  readonly #platforms = new Map<string, PlatformState>();
  #serial = 0;
  #mints = 0;

  constructor(private readonly ground: DeskGround) {}

  /** Tokens of authorizers that were given out. */
  get authorizerMints(): number {
    return this.#mints;
  }

  add(settings: SimulatedPlatform): void {
    const authorizers = new Map<string, AuthorizerState>();
    this.#platforms.set(settings.appid, {
      settings,
      tickets: [],
      started: false,
      token: undefined,
      authorizers,
    });
  }

  change(appid: string, settings: Partial<SimulatedPlatform>): void {
    const platform = this.#get(appid);
    platform.settings = { ...platform.settings, ...settings };
  }

  /** Whether `api_start_push_ticket` was called. */
  isStarted(appid: string): boolean {
    return this.#get(appid).started;
  }

  // What WeChat pushes

  /** The next ticket. */
  ticketPush(appid: string): MadePush {
    const platform = this.#get(appid);
    const value = `ticket@@@SIMULATED-${this.#next()}`;
    platform.tickets.push({ value, bornAt: this.ground.now() });
    return this.push(appid, { InfoType: 'component_verify_ticket', ComponentVerifyTicket: value });
  }

  /** Any message, signed and encrypted now. */
  push(appid: string, fields: Readonly<Record<string, string | number>>): MadePush {
    const { settings } = this.#get(appid);
    const now = this.ground.now();
    const message = messageOf({ AppId: appid, CreateTime: Math.floor(now / 1000), ...fields });
    return makePush(settings, message, now);
  }

  // What merchants do

  /** Authorises, or changes the permission sets. @returns the push, and the code that a callback would bring */
  authorize(appid: string, authorizer: string): { readonly push: MadePush; readonly code: string } {
    const platform = this.#get(appid);
    const before = platform.authorizers.get(authorizer);
    const state = before ?? this.#newAuthorizer(authorizer);
    const InfoType = before?.authorised === true ? 'updateauthorized' : 'authorized';
    platform.authorizers.set(authorizer, state);
    const now = this.ground.now();
    state.authorised = true;
    state.listed = true;
    state.authTime = Math.floor(now / 1000);
    // Another authorisation changes the refresh token.
    state.refresh = [];
    const code = `queryauthcode@@@SIMULATED-${this.#next()}`;
    const until = Math.floor(now / 1000) + CODE_LIFE_SECONDS;
    state.codes.set(code, until);
    const push = this.push(appid, {
      InfoType,
      AuthorizerAppid: authorizer,
      AuthorizationCode: code,
      AuthorizationCodeExpiredTime: until,
      PreAuthCode: 'preauthcode@@@MADE-UP',
    });
    return { push, code };
  }

  /** @param staysListed as WeChat's list is known to do */
  withdraw(appid: string, authorizer: string, staysListed = false): MadePush {
    const state = this.#authorizer(appid, authorizer);
    const now = this.ground.now();
    state.authorised = false;
    state.listed = staysListed;
    state.refresh = [];
    if (state.token !== undefined) state.token.diesAt = Math.min(state.token.diesAt, now);
    return this.push(appid, { InfoType: 'unauthorized', AuthorizerAppid: authorizer });
  }

  /** The refresh token changes without anybody being told. */
  rotateUnseen(appid: string, authorizer: string): void {
    this.#authorizer(appid, authorizer).refresh = [this.#newRefresh()];
  }

  hideFromList(appid: string, authorizer: string): void {
    this.#authorizer(appid, authorizer).listHidesToken = true;
  }

  killComponentToken(appid: string): void {
    const { token } = this.#get(appid);
    if (token !== undefined) token.diesAt = Math.min(token.diesAt, this.ground.now());
  }

  /** Whether that is a refresh token of the account that works now. */
  isGoodRefreshToken(appid: string, authorizer: string, value: string): boolean {
    const now = this.ground.now();
    return this.#authorizer(appid, authorizer).refresh.some((one) => one.value === value && now < one.diesAt);
  }

  // What the platform calls

  startPush(body: Body, ip: string): object {
    const platform = this.#asking(body, body.component_secret, ip);
    if ('errcode' in platform) return platform;
    platform.started = true;
    return { errcode: 0, errmsg: 'ok' };
  }

  componentToken(body: Body, ip: string): object {
    const platform = this.#asking(body, body.component_appsecret, ip);
    if ('errcode' in platform) return platform;
    const now = this.ground.now();
    const ticket = platform.tickets.find(({ value }) => value === body.component_verify_ticket);
    if (ticket === undefined) return this.ground.error(61006);
    if (now - ticket.bornAt >= TICKET_LIFE_MS) return this.ground.error(61005);
    const { token, settings } = platform;
    if (token !== undefined) this.#supersede(token);
    const lifeMs = (settings.tokenLifeSeconds ?? 7200) * 1000;
    platform.token = this.ground.ledger.mint(settings.appid, 'component_token', lifeMs, now);
    return {
      component_access_token: platform.token.value,
      expires_in: remainingSeconds(platform.token, now),
    };
  }

  /** What every call with the platform's own token does first. */
  check(token: string | undefined, ip: string): { readonly appid: string } | WeChatErrorBody {
    const credential = token === undefined ? undefined : this.ground.ledger.find(token);
    if (credential?.family !== 'component_token') return this.ground.error(40001);
    const platform = this.#get(credential.appid);
    if (!isWhitelisted(platform, ip)) return this.ground.error(61004, notRegistered(ip));
    if (!isAliveAt(credential, this.ground.now())) return this.ground.error(42001);
    return { appid: credential.appid };
  }

  preAuthCode(): object {
    return { pre_auth_code: `preauthcode@@@MADE-UP-${this.#next()}`, expires_in: 1800 };
  }

  queryAuth(appid: string, body: Body): object {
    const code = String(body.authorization_code);
    const found = [...this.#get(appid).authorizers.values()].find(({ codes }) => codes.has(code));
    const until = found?.codes.get(code) ?? 0;
    if (found === undefined) return this.ground.error(61009);
    found.codes.delete(code);
    if (until * 1000 <= this.ground.now()) return this.ground.error(61010);
    if (!found.authorised) return this.ground.error(61003);
    found.refresh = [this.#newRefresh()];
    const token = this.#mintAuthorizer(appid, found);
    return {
      authorization_info: {
        authorizer_appid: found.appid,
        authorizer_access_token: token.value,
        expires_in: remainingSeconds(token, this.ground.now()),
        authorizer_refresh_token: found.refresh[0]?.value,
        func_info: [{ funcscope_category: { id: 1 } }],
      },
    };
  }

  authorizerToken(appid: string, body: Body): object {
    const state = this.#get(appid).authorizers.get(String(body.authorizer_appid));
    if (state?.authorised !== true) return this.ground.error(61003);
    const now = this.ground.now();
    const used = state.refresh.find(
      ({ value, diesAt }) => value === body.authorizer_refresh_token && now < diesAt,
    );
    if (used === undefined) return this.ground.error(61023);
    const current = state.refresh.at(-1);
    let next = current ?? used;
    if (this.#get(appid).settings.rotates === true && used === current) {
      next = this.#newRefresh();
      used.diesAt = now + this.ground.overlapSeconds * 1000;
      state.refresh.push(next);
    }
    const token = this.#mintAuthorizer(appid, state);
    return {
      authorizer_access_token: token.value,
      expires_in: remainingSeconds(token, now),
      authorizer_refresh_token: next.value,
    };
  }

  list(appid: string, body: Body): object {
    const all = [...this.#get(appid).authorizers.values()].filter(({ listed }) => listed);
    const offset = Number(body.offset);
    const page = all.slice(offset, offset + Math.min(500, Number(body.count)));
    return {
      total_count: all.length,
      list: page.map((state) => ({
        authorizer_appid: state.appid,
        refresh_token: state.listHidesToken ? '' : (state.refresh.at(-1)?.value ?? ''),
        auth_time: state.authTime,
      })),
    };
  }

  info(appid: string, body: Body): object {
    const state = this.#get(appid).authorizers.get(String(body.authorizer_appid));
    if (state?.authorised !== true) return this.ground.error(61003);
    return {
      authorizer_info: { nick_name: 'Simulated', account_status: 1 },
      authorization_info: {
        authorizer_appid: state.appid,
        authorizer_refresh_token: state.refresh.at(-1)?.value ?? '',
        func_info: [],
      },
    };
  }

  #asking(body: Body, secret: unknown, ip: string): PlatformState | WeChatErrorBody {
    const platform = this.#platforms.get(String(body.component_appid));
    if (platform === undefined) return this.ground.error(40013);
    if (secret !== platform.settings.secret) return this.ground.error(40125);
    return isWhitelisted(platform, ip) ? platform : this.ground.error(61004, notRegistered(ip));
  }

  #mintAuthorizer(appid: string, state: AuthorizerState): Credential {
    if (state.token !== undefined) this.#supersede(state.token);
    const lifeMs = (this.#get(appid).settings.tokenLifeSeconds ?? 7200) * 1000;
    state.token = this.ground.ledger.mint(state.appid, 'authorizer_token', lifeMs, this.ground.now());
    this.#mints += 1;
    return state.token;
  }

  /** The one before lives some minutes more. */
  #supersede(token: Credential): void {
    token.diesAt = Math.min(token.diesAt, this.ground.now() + this.ground.overlapSeconds * 1000);
  }

  #newAuthorizer(appid: string): AuthorizerState {
    return {
      appid,
      authorised: true,
      listed: true,
      listHidesToken: false,
      authTime: 0,
      refresh: [],
      codes: new Map(),
      token: undefined,
    };
  }

  #newRefresh(): { value: string; diesAt: number } {
    return {
      value: `refreshtoken@@@SIMULATED-${this.#next()}`,
      diesAt: Number.POSITIVE_INFINITY,
    };
  }

  #next(): string {
    this.#serial += 1;
    return `${this.#serial}-${Math.floor(this.ground.random() * 1e15).toString(36)}`;
  }

  #get(appid: string): PlatformState {
    const platform = this.#platforms.get(appid);
    if (platform === undefined) throw new Error(`the simulator has no platform ${appid}`);
    return platform;
  }

  #authorizer(appid: string, authorizer: string): AuthorizerState {
    const state = this.#get(appid).authorizers.get(authorizer);
    if (state === undefined) throw new Error(`${authorizer} has not authorised ${appid}`);
    return state;
  }
}

function isWhitelisted({ settings }: PlatformState, ip: string): boolean {
  return settings.whitelist === undefined || settings.whitelist.includes(bareAddress(ip));
}

/** As seen in real answers. */
function notRegistered(ip: string): string {
  return `access clientip is not registered requestIP: ${bareAddress(ip)}`;
}
