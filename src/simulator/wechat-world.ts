import {
  CredentialLedger,
  isAliveAt,
  type Credential,
  type TokenFamily,
  type Validity,
} from './credentials.js';
import type { SimulatedAgent, WeComOptions } from './wecom/wecom-desk.js';
import { DEFAULT_QUOTAS, type Quotas } from './quota.js';
import { addressSet, AppRegistry, type AppState, type SimulatedApp } from './simulated-app.js';
import { killAll, supersede } from './token-rules.js';

export interface WeChatModelOptions {
  /** Simulated time in epoch ms; must not go backwards. */
  readonly now: () => number;
  /** Uniform in [0, 1). Default `Math.random`. */
  readonly random?: () => number;
  readonly apps?: readonly SimulatedApp[];
  readonly agents?: readonly SimulatedAgent[];
  readonly wecom?: WeComOptions;
  /** The AppSecret of apps that are not listed; their state is made at their first call. */
  readonly acceptAnyApp?: (appid: string) => string | undefined;
  /** Default 7200 ("at present", page "getAccessToken"). */
  readonly tokenLifeSeconds?: number;
  /** Default 7200. */
  readonly ticketLifeSeconds?: number;
  /** How long a replaced `token` works on. Default 300. */
  readonly overlapSeconds?: number;
  /** How long before its end a `stable_token` is replaced. Default 300, or a quarter of a shorter life. */
  readonly handoverWindowSeconds?: number;
  /** How long the oracle remembers the dead. Default 3600. */
  readonly historySeconds?: number;
  readonly quotas?: Partial<Quotas>;
  /** Every code that was not made here logs in a user of its own, once: for demos and measurements. */
  readonly acceptAnyCode?: boolean;
  /** Both are documented for the token endpoints. Default 40125. */
  readonly wrongSecretErrcode?: 40125 | 40001;
  /** Always this one for a dead token. Default: 40001 superseded, 42001 past its life, 40014 unknown. */
  readonly deadTokenErrcode?: DeadTokenErrcode;
}

export type DeadTokenErrcode = 40001 | 40014 | 42001;

/** What WeChat keeps: the apps, their tokens, and what people other than the caller do to them. */
export class WeChatWorld {
  protected readonly options: WeChatModelOptions;
  protected readonly quotas: Quotas;
  protected readonly random: () => number;
  protected readonly apps: AppRegistry;
  protected readonly ledger: CredentialLedger;
  protected deadTokenErrcode: DeadTokenErrcode | undefined;
  readonly #mints = new Map<string, Record<TokenFamily, number>>();
  #tokenLifeMs: number;

  constructor(options: WeChatModelOptions) {
    this.options = options;
    this.quotas = { ...DEFAULT_QUOTAS, ...options.quotas };
    this.random = options.random ?? Math.random;
    this.apps = new AppRegistry(options.acceptAnyApp);
    const historyMs = (options.historySeconds ?? 3600) * 1000;
    this.ledger = new CredentialLedger(this.random, historyMs);
    this.deadTokenErrcode = options.deadTokenErrcode;
    this.#tokenLifeMs = (options.tokenLifeSeconds ?? 7200) * 1000;
    for (const app of options.apps ?? []) this.apps.add(app);
  }

  /** The oracle: what is known of a token or ticket, alive or dead for less than `historySeconds`. */
  validity(value: string): Validity | undefined {
    const credential = this.ledger.find(value);
    if (credential === undefined) return undefined;
    const { appid, family, bornAt, expiresAt, diesAt } = credential;
    return { appid, family, bornAt, expiresAt, diesAt };
  }

  /** Whether WeChat has given no other token of its family since. */
  isCurrent(value: string): boolean {
    const { appid = '', family } = this.ledger.find(value) ?? {};
    if (family !== 'token' && family !== 'stable_token') return false;
    return this.apps.find(appid)?.families[family].current?.value === value;
  }

  isAlive(value: string): boolean {
    const credential = this.ledger.find(value);
    return credential !== undefined && isAliveAt(credential, this.options.now());
  }

  /** Tokens minted so far, by whomever. */
  mints(filter: { readonly appid?: string; readonly family?: TokenFamily } = {}): number {
    const perApp = filter.appid === undefined ? this.#mints.values() : [this.#mints.get(filter.appid)];
    let sum = 0;
    for (const counts of perApp) {
      if (filter.family !== 'stable_token') sum += counts?.token ?? 0;
      if (filter.family !== 'token') sum += counts?.stable_token ?? 0;
    }
    return sum;
  }

  /** Apps with state, and tokens and tickets remembered. */
  get size(): { readonly apps: number; readonly credentials: number } {
    return { apps: this.apps.size, credentials: this.ledger.size };
  }

  /** Registers an app, or replaces it with one that has no current token; tokens of before live to their end. */
  addApp(app: SimulatedApp): void {
    this.apps.add(app);
  }

  removeApp(appid: string): void {
    this.apps.remove(appid);
  }

  /** Every living token of the family dies now; the next call mints. */
  killToken(appid: string, family: TokenFamily): void {
    killAll(this.apps.get(appid).families[family], this.options.now());
  }

  /** Somebody else forces a refresh of the `stable_token`; the 30 s and the 20 a day do not hinder them. */
  forceByOther(appid: string): void {
    const app = this.apps.get(appid);
    const now = this.options.now();
    killAll(app.families.stable_token, now);
    this.mint(app, 'stable_token', now);
  }

  /** Somebody else calls `GET /cgi-bin/token`. */
  mintByOther(appid: string): string {
    return this.mint(this.apps.get(appid), 'token', this.options.now()).value;
  }

  /** The AppSecret is reset at the platform: the old one fails at once, tokens live on. */
  setSecret(appid: string, secret: string): void {
    this.apps.get(appid).secret = secret;
  }

  /** The token endpoints answer this errcode (40243, 50004, 50007, …) until it is set to undefined. */
  freeze(appid: string, errcode: number | undefined): void {
    this.apps.get(appid).frozenWith = errcode;
  }

  /** Undefined lets everybody call. */
  setWhitelist(appid: string, addresses: readonly string[] | undefined): void {
    this.apps.get(appid).whitelist = addressSet(addresses);
  }

  /** For tokens minted from now on: of one app, or of all that have no life of their own. */
  setTokenLife(seconds: number, appid?: string): void {
    if (appid === undefined) this.#tokenLifeMs = seconds * 1000;
    else this.apps.get(appid).tokenLifeMs = seconds * 1000;
  }

  setDeadTokenErrcode(errcode: DeadTokenErrcode | undefined): void {
    this.deadTokenErrcode = errcode;
  }

  clearQuota(appid: string): void {
    const app = this.apps.get(appid);
    for (const counter of Object.values(app.used)) counter.clear();
    app.pathUse.clear();
  }

  /** Mints for whomever and hands over from the token before, by the family's rule. */
  protected mint(app: AppState, family: TokenFamily, now: number): Credential {
    const minted = this.ledger.mint(app.appid, family, app.tokenLifeMs ?? this.#tokenLifeMs, now);
    const overlapMs =
      family === 'token' ? (this.options.overlapSeconds ?? 300) * 1000 : Number.POSITIVE_INFINITY;
    supersede(app.families[family], minted, overlapMs, now);
    const counts = this.#mints.get(app.appid) ?? { token: 0, stable_token: 0 };
    counts[family] += 1;
    this.#mints.set(app.appid, counts);
    return minted;
  }
}
