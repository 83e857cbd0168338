import { parseAddressSet, type AddressSet } from '../../core/access/address.js';
import type { ClientEntry } from '../../core/access/client.js';
import type { ClientIdentity, IssuerSettings } from '../../core/access/identity.js';
import { NO_SECRET, type AppSettings } from '../../core/app.js';
import { KINDS, ticketTypeOf } from '../../core/kinds/kinds.js';
import type { PlatformSettings } from '../../core/platform/platform.js';
import type { NotifyTarget } from '../../notices/notice.js';
import { Secret } from '../../core/secret.js';
import type { NamedLines } from '../folder/settle.js';
import type { Complete } from './rule.js';
import type { APP, CLIENT, DEFAULTS, ISSUER, KEY, NOTIFY, PLATFORM } from './tables.js';

/*
 * What apps.yaml says, checked: as data that can pass between threads (no classes, no Map, no Set, secrets in the clear),
 * and the hub's own objects of it.
 */

export type Defaults = Complete<typeof DEFAULTS>;
type ThreeWays = 'secret' | 'secretEnv' | 'secretFile';

export type AppData = Omit<Complete<typeof APP>, keyof Defaults | ThreeWays> &
  Defaults & {
    /** Of a folder: whose file names it. */
    readonly tenant?: string | undefined;
    /** `undefined`: it cannot be had. */
    readonly secret: string | undefined;
    /** Why it cannot be had, with the place. */
    readonly secretProblem: string | undefined;
  };

export type KeyData = Omit<Complete<typeof KEY>, 'expiresAt'> & { readonly expiresAt: number | undefined };
export type ClientData = Omit<Complete<typeof CLIENT>, 'keys' | 'identities'> & {
  readonly keys: readonly KeyData[];
  readonly identities: readonly ClientIdentity[];
  readonly tenant?: string | undefined;
};

/** Paths are absolute. */
export type IssuerData = Complete<typeof ISSUER>;

export type NotifyData = Omit<Complete<typeof NOTIFY>, ThreeWays | 'url' | 'urlEnv' | 'urlFile'> & {
  readonly url: string;
  readonly secret: string | undefined;
  readonly tenant?: string | undefined;
};

/** What the operators' file says for all files of the folder. */
export interface FolderTerms {
  readonly defaults: Defaults;
  /** Ids of the issuers that tenants' clients may be known by. */
  readonly issuers: readonly string[];
  /** Hosts that tenants may have the hub call, whatever their addresses. */
  readonly tenantHosts: readonly string[];
}
export type PlatformData = Pick<Complete<typeof PLATFORM>, 'appid' | 'name' | 'forwardTo' | 'tickets'> & {
  readonly tenant?: string | undefined;
  /** `undefined`: it cannot be had, as the next two. */
  readonly secret: string | undefined;
  readonly pushToken: string | undefined;
  readonly aesKeys: string | undefined;
  readonly publicOnly: readonly string[];
};

export interface AppsFileData {
  readonly apps: readonly AppData[];
  readonly platforms: readonly PlatformData[];
  readonly issuers: readonly IssuerData[];
  readonly clients: readonly ClientData[];
  readonly notify: readonly NotifyData[];
  /** Of `hub.yaml`: what holds for the other files. */
  readonly terms: FolderTerms | undefined;
  /** Of a file of a folder: where its apps and keys are named. */
  readonly lines: NamedLines | undefined;
}

/*
 * Cheap: it runs on the main thread, some hundreds at a time. Data that has come from the other thread lacks what is
 * `undefined`; each object here has all of its members.
 */

export function buildApp({ secretProblem: _, ...data }: AppData): AppSettings {
  const { name, secret, tokenApi, kind, corpid, agentId, baseUrl, ...app } = data;
  const settings = {
    kind,
    name,
    ...app,
    secret: secret === undefined ? NO_SECRET : new Secret(secret),
    corpid,
    agentId,
    baseUrl: withoutSlash(baseUrl),
    // Of `defaults`, which are for apps of all kinds.
    tickets: app.tickets.filter((type) => ticketTypeOf(kind, type) !== undefined),
  };
  if (kind === 'wecom') return { ...settings, tokenApi: KINDS.wecom.tokenApis[0] };
  return tokenApi === 'none'
    ? { ...settings, tokenApi: 'stable_token', tickets: [], loginOnly: true }
    : { ...settings, tokenApi };
}

export function buildPlatform(data: PlatformData): PlatformSettings {
  const { appid, tenant, name, secret, pushToken, aesKeys, forwardTo, publicOnly, tickets } = data;
  return {
    appid,
    tenant,
    name,
    secret: secret === undefined ? NO_SECRET : new Secret(secret),
    pushToken: pushToken === undefined ? undefined : new Secret(pushToken),
    aesKeys: aesKeys === undefined ? [] : aesKeys.split(',').map((key) => new Secret(key)),
    forwardTo,
    publicOnly,
    tickets,
  };
}

export function buildClient(client: ClientData): ClientEntry {
  return {
    ...client,
    keys: client.keys.map(({ id, sha256, expiresAt }) => ({ id, sha256, expiresAt })),
    allowIps: client.allowIps === undefined ? undefined : buildAddressSet(client.allowIps),
    gatewayPaths: client.gatewayPaths,
    apps: client.apps === '*' ? '*' : new Set(client.apps),
    may: new Set(client.may),
  };
}

export function buildIssuer(data: IssuerData): IssuerSettings {
  const { id, issuer, audience, jwksUri, jwksFile, caFile, tokenFile } = data;
  return { id, issuer, audience, jwksUri, jwksFile, caFile, tokenFile };
}

export function buildNotify(data: NotifyData): NotifyTarget {
  const { type, language, url, secret, apps, events, mention, consoleUrl, runbooksUrl, tenant } = data;
  return {
    type,
    tenant,
    language,
    mention,
    consoleUrl: withoutSlash(consoleUrl),
    runbooksUrl: withoutSlash(runbooksUrl),
    url: new Secret(url),
    secret: secret === undefined ? undefined : new Secret(secret),
    apps: apps === undefined ? undefined : new Set(apps),
    events: events === undefined ? undefined : new Set(events),
  };
}

function withoutSlash(url: string | undefined): string | undefined {
  return url?.replace(/\/+$/, '');
}

function buildAddressSet(ranges: readonly string[]): AddressSet {
  const parsed = parseAddressSet(ranges);
  // Their rule has let them through.
  if (!parsed.ok) throw new Error('allowIps was checked before and is wrong now');
  return parsed.set;
}
