import type { EncodedCalls } from '../core/call-buckets.js';
import type { AppKindName, AppTokenApi, TicketType } from '../core/app.js';
import type { Act } from '../core/access/client.js';
import type { AppHealth } from '../core/credential.js';
import type { ErrorCause } from '../core/error-cause.js';
import type { UpstreamErrorClass } from '../core/upstream.js';
import type { HubRow } from '../admin/hub-rows.js';

export type { HubRow, Problem, ReplicaRow } from '../admin/hub-rows.js';

/**
 * What the console's page and its back end say to each other, for both to compile against. Types alone. All times are
 * epoch ms by the hub's wall clock; nothing here ever holds a token, a secret, a key or the hash of one.
 */

export interface ErrorRow {
  readonly at: number;
  readonly class: UpstreamErrorClass;
  readonly cause: ErrorCause;
  readonly errcode: number | null;
  /** WeChat's words or the hub's. */
  readonly errmsg: string;
  /** What to do, in English. */
  readonly hint: string;
  /** Of a refusal by whitelist: those that WeChat saw, at most two. */
  readonly addresses: readonly string[];
}

/** A token or ticket, as far as it may be seen. `null`: none is held. */
export interface LifeRow {
  readonly version: number;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly lifeMs: number;
}

export interface TicketRow {
  readonly type: TicketType;
  readonly state: AppHealth;
  /** Whether WeChat is being asked now. */
  readonly refreshing: boolean;
  readonly life: LifeRow | null;
  /** `null`: it rests, since nobody asks for it. */
  readonly nextRefreshAt: number | null;
  /** Failed attempts in a row; 0 after a success. */
  readonly failures: number;
  readonly lastError: ErrorRow | null;
}

export interface ForceRow {
  /** Of 20 in any 24 hours. */
  readonly left: number;
  /** The hub refuses a forced refresh until then; in the past: not. */
  readonly notBefore: number;
}

export interface AppRow {
  readonly appid: string;
  /** Of a folder: whose file names it. */
  readonly tenant: string | null;
  readonly name: string | null;
  readonly kind: AppKindName;
  readonly tokenApi: AppTokenApi;
  readonly state: AppHealth;
  /** Whether WeChat is being asked now. */
  readonly refreshing: boolean;
  readonly life: LifeRow | null;
  readonly nextRefreshAt: number | null;
  readonly lastRefreshAt: number | null;
  /** Failed attempts in a row; 0 after a success. */
  readonly failures: number;
  /** Kept after recovery. */
  readonly lastError: ErrorRow | null;
  /** `stable_token` only. */
  readonly force: ForceRow | null;
  readonly tickets: readonly TicketRow[];
  /** `null`: no call since this process began. */
  readonly calls: EncodedCalls | null;
}

export interface ViewerRow {
  /** `null`: nobody has signed in, and HUB_CONSOLE_OPEN lets read. */
  readonly client: string | null;
  readonly keyId: string | null;
  /** Whether every app is seen, or only those that the client is granted. */
  readonly seesAll: boolean;
  /** Keys of the clients that are seen, which end within 14 days or have ended. */
  readonly keysEnding: number;
  /** Whose administrator it is; `null`: the operators', or nobody's. */
  readonly tenant: string | null;
}

export interface AuditRow {
  readonly seq: number;
  readonly at: string;
  readonly act: string;
  readonly outcome: string;
  readonly [field: string]: string | number | boolean | undefined;
}

/** `GET /console/api/live?after={cursor}`: what changed since then. */
export interface LiveAnswer {
  readonly now: number;
  /** The clock by which calls are counted; see core/call-buckets.ts. */
  readonly callsNow: number;
  readonly cursor: string;
  /** All that was known before is void: another process, another configuration, or no cursor was given. */
  readonly reset: boolean;
  /** There is more at once: ask again with {@link cursor}. */
  readonly more: boolean;
  readonly hub: HubRow;
  readonly viewer: ViewerRow;
  readonly apps: readonly AppRow[];
  /** New ones, newest first. */
  readonly audit: readonly AuditRow[];
}

export interface ClientKeyRow {
  readonly id: string;
  readonly expiresAt: number | null;
  /** `null`: not since this process began. */
  readonly lastUsedAt: number | null;
  /** Since this process began. */
  readonly requests: number;
}

export interface ClientRow {
  readonly id: string;
  readonly tenant: string | null;
  readonly may: readonly Act[];
  readonly keys: readonly ClientKeyRow[];
  /** `null`: any address. */
  readonly allowIps: readonly string[] | null;
  /** How many of the apps that the viewer sees; `null`: every app, by `"*"`. */
  readonly appCount: number | null;
  /** The first of them. */
  readonly apps: readonly { readonly appid: string; readonly name: string | null }[];
  readonly gatewayPaths: readonly string[] | null;
  readonly requestsPerMinute: number;
}

/** `GET /console/api/clients` */
export interface ClientsAnswer {
  /** How many there are; the list is cut at some thousands. */
  readonly total: number;
  readonly clients: readonly ClientRow[];
}

/** `GET /console/api/apps/{appid}` */
export interface AppAnswer {
  readonly app: AppRow;
  /** Who is granted the app. */
  readonly clients: readonly Pick<ClientRow, 'id' | 'may'>[];
  /** `null`: no user logged in through this process. */
  readonly logins: LoginCountsRow | null;
  /** What callers had this process call at WeChat in the last hours; `null`: nothing since it began. */
  readonly traffic: { readonly gateway: TrafficRow | null; readonly logins: TrafficRow | null };
}

/** Counts of the last {@link BUCKETS} stretches, oldest first; failures are a part of the calls. */
export interface TrafficRow {
  readonly calls: readonly number[];
  readonly failures: readonly number[];
}

/** Users' logins of an app since this process began. `failed`: by the app's, the way's or WeChat's fault. */
export interface LoginCountsRow {
  readonly granted: number;
  readonly refused: number;
  readonly failed: number;
}

/** `GET /console/api/apps/{appid}/quota?path=…`: WeChat's own answer, without its errcode. */
export interface QuotaAnswer {
  readonly quota?: { readonly daily_limit?: number; readonly used?: number; readonly remain?: number };
  readonly rate_limit?: { readonly call_count?: number; readonly refresh_second?: number };
}

/** `POST /console/api/apps/{appid}/quota/clear` */
export interface QuotaClearedAnswer {
  /** Of this month's ten. */
  readonly left: number;
}

/** `GET /console/api/apps/{appid}/rid/{rid}`: WeChat's own fields, tokens and secrets taken out. */
export type RidAnswer = Readonly<Record<string, unknown>>;

/** `POST /console/api/apps/{appid}/refresh` with `{"force": boolean}` */
export interface RefreshedAnswer {
  readonly app: AppRow;
}

/** `POST /console/api/refresh` with `{"failing": true, "reason"?: string}`: the appids that are tried from now on */
export interface FailingRefreshedAnswer {
  readonly refreshing: readonly string[];
}

/** `POST /console/api/reload` */
export interface ReloadedAnswer {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly unchanged: number;
}
