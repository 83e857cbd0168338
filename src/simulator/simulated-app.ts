import { bareAddress } from './errors.js';
import type { Credential, TicketType } from './credentials.js';
import { WindowCounter } from './quota.js';

/** An app as tests register it. */
export interface SimulatedApp {
  readonly appid: string;
  readonly secret: string;
  /**
   * What the IP whitelist guards (page "IP whitelist"): of a mini program only calls with the AppSecret, of an
   * official account every server API. Default `mini_program`.
   */
  readonly kind?: AppKind;
  /** Addresses that may call. Default: any. */
  readonly whitelist?: readonly string[];
  /** Life of its tokens in seconds. Default: the model's. */
  readonly tokenLifeSeconds?: number;
}

export type AppKind = 'mini_program' | 'official';

/** The tokens of one family of one app. */
export interface FamilyState {
  current: Credential | undefined;
  /** Superseded ones, oldest first; the dead are dropped in passing. */
  readonly superseded: Credential[];
}

export interface AppState {
  readonly appid: string;
  secret: string;
  readonly kind: AppKind;
  whitelist: ReadonlySet<string> | undefined;
  tokenLifeMs: number | undefined;
  /** The errcode that its token endpoints answer while it is frozen. */
  frozenWith: number | undefined;
  readonly families: { readonly token: FamilyState; readonly stable_token: FamilyState };
  readonly tickets: Map<TicketType, Credential>;
  lastForcedAt: number;
  /** Calls of each business path so far; of at most 1,000 paths. */
  readonly pathUse: Map<string, number>;
  /** Whole quotas that were cleared; not cleared with them. */
  readonly clearsThisMonth: WindowCounter;
  readonly used: {
    readonly tokenToday: WindowCounter;
    readonly stableThisMinute: WindowCounter;
    readonly stableToday: WindowCounter;
    readonly forcedToday: WindowCounter;
    readonly ticketsToday: WindowCounter;
  };
}

/** The apps WeChat knows. State is made at registration, or at the first call of an app accepted by rule. */
export class AppRegistry {
  readonly #apps = new Map<string, AppState>();
  readonly #acceptAnyApp: (appid: string) => string | undefined;

  /** `acceptAnyApp` gives the AppSecret of an app that was not registered, or undefined where there is none. */
  constructor(acceptAnyApp: (appid: string) => string | undefined = () => undefined) {
    this.#acceptAnyApp = acceptAnyApp;
  }

  get size(): number {
    return this.#apps.size;
  }

  add(app: SimulatedApp): void {
    this.#apps.set(app.appid, newState(app));
  }

  remove(appid: string): void {
    this.#apps.delete(appid);
  }

  find(appid: string): AppState | undefined {
    const known = this.#apps.get(appid);
    if (known !== undefined) return known;
    const secret = this.#acceptAnyApp(appid);
    if (secret === undefined) return undefined;
    const state = newState({ appid, secret });
    this.#apps.set(appid, state);
    return state;
  }

  /** For the acts of a test, where an unknown app is a mistake in the test. */
  get(appid: string): AppState {
    const state = this.find(appid);
    if (state === undefined) throw new Error(`the simulator has no app ${appid}`);
    return state;
  }
}

export function addressSet(addresses: readonly string[] | undefined): ReadonlySet<string> | undefined {
  return addresses && new Set(addresses.map(bareAddress));
}

function newState(app: SimulatedApp): AppState {
  return {
    appid: app.appid,
    secret: app.secret,
    kind: app.kind ?? 'mini_program',
    whitelist: addressSet(app.whitelist),
    tokenLifeMs: app.tokenLifeSeconds === undefined ? undefined : app.tokenLifeSeconds * 1000,
    frozenWith: undefined,
    families: {
      token: { current: undefined, superseded: [] },
      stable_token: { current: undefined, superseded: [] },
    },
    tickets: new Map(),
    lastForcedAt: Number.NEGATIVE_INFINITY,
    pathUse: new Map(),
    clearsThisMonth: new WindowCounter(),
    used: {
      tokenToday: new WindowCounter(),
      stableThisMinute: new WindowCounter(),
      stableToday: new WindowCounter(),
      forcedToday: new WindowCounter(),
      ticketsToday: new WindowCounter(),
    },
  };
}
