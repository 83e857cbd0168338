import type { Address } from './address.js';
import type { Act, ClientEntry, ClientKey } from './client.js';
import { hasValidChecksum, hasValidForm } from './key.js';

/**
 * Who calls, and may they: the whole rule, without time, hashing or memory of its own. Access is what remains when
 * nothing refused; there is no path that grants by default.
 */

/** Why a request is refused, as callers see it (CONTRACT section 3). */
export type DenialReason = 'unauthenticated' | 'ip_not_allowed' | 'not_granted' | 'rate_limited';

/** The same more closely, for metrics and the audit log; a caller is not told. */
export type DenialCause =
  /** No key, and the file has keys (or serves nobody): a key would have been needed. */
  | 'no_key'
  /** Something was presented that cannot be a key: other scheme, wrong form, wrong checksum. */
  | 'malformed_key'
  | 'unknown_key'
  | 'expired_key'
  /** The address is not one that the client's entry, or without a key any entry, admits. */
  | 'address'
  /** The address would do, but a browser sent the request: any page can have it do so. */
  | 'browser'
  | 'act_not_granted'
  /** The app is not granted, or does not exist. */
  | 'app_not_granted'
  | 'too_many_failures'
  | 'too_many_requests'
  /** The gateway: a path that `gatewayPaths` leave out, or one that is never forwarded. */
  | 'path_not_granted'
  /** The gateway: a hub key stood in what was to be forwarded. */
  | 'key_would_leave'
  /** Shown in the place of a key: a token that the hub does not serve. */
  | 'token_not_served';

/** A key and whose it is. */
export interface KeyOwner {
  readonly client: ClientEntry;
  readonly key: ClientKey;
}

/** apps.yaml's clients, made ready for look-ups. */
export interface AccessIndex {
  readonly clients: readonly ClientEntry[];
  /**
   * By hex SHA-256. An ordinary look-up, not one in constant time: what its timing could tell is about the hash of
   * the guess, which a caller cannot steer towards that of a key of 190 bits and more.
   */
  readonly keys: ReadonlyMap<string, KeyOwner>;
  /** Those known by their address alone, in the order of the file. */
  readonly keyless: readonly ClientEntry[];
  /** Whether who presents no key is told to present one: any client has keys, or there are no clients at all. */
  readonly asksForKey: boolean;
}

/** The same key under two entries belongs to the first in the file. */
export function compileAccess(clients: readonly ClientEntry[]): AccessIndex {
  const keys = new Map<string, KeyOwner>();
  for (const client of clients) {
    for (const key of client.keys) {
      const sha256 = key.sha256.toLowerCase();
      if (!keys.has(sha256)) keys.set(sha256, { client, key });
    }
  }
  return {
    clients,
    keys,
    // Without keys and without addresses an entry would admit everybody; config refuses it, and so does this.
    keyless: clients.filter((client) => client.keys.length === 0 && client.allowIps !== undefined),
    asksForKey: clients.length === 0 || clients.some((client) => client.keys.length > 0),
  };
}

/** What a caller presents. A key that {@link isLookedUp} refuses is `malformed`. */
export type Credential = 'none' | 'malformed' | { readonly sha256: string };

/** Whether a presented key is worth its hash: the form of a key, and a hub-made one with the right checksum. */
export function isLookedUp(key: string): boolean {
  return hasValidForm(key) && hasValidChecksum(key);
}

/**
 * Who calls. By key: its owner. Without one: every keyless client whose addresses hold the caller's, in the order of
 * the file, at least one.
 */
export type Caller =
  | { readonly by: 'key'; readonly client: ClientEntry; readonly key: ClientKey }
  | { readonly by: 'address'; readonly candidates: readonly ClientEntry[] };

export type Identification =
  | { readonly ok: true; readonly caller: Caller }
  | {
      readonly ok: false;
      readonly reason: 'unauthenticated' | 'ip_not_allowed';
      readonly cause: DenialCause;
      /** Whose key was presented, where that is known. */
      readonly client: ClientEntry | undefined;
      readonly key: ClientKey | undefined;
    };

/**
 * - A key is looked up; unknown or expired: `unauthenticated`. Then its client's addresses must hold the caller's.
 * - Without a key: the keyless clients that hold the address. Whether none is `unauthenticated` or `ip_not_allowed`
 *   depends on the file alone, never on the app asked for, so that nobody can probe.
 * - A key that fails is the end: the address alone is not tried, or a revoked key would go unnoticed.
 *
 * @param address `undefined`: unknown. It fits no `allowIps`, but a client without `allowIps` asks for none.
 * @param wallNow Epoch ms by the wall clock. A key is refused from its `expiresAt` on.
 */
export function identify(
  index: AccessIndex,
  credential: Credential,
  address: Address | undefined,
  wallNow: number,
): Identification {
  if (credential === 'none') return identifyByAddress(index, address);
  if (credential === 'malformed') return unauthenticated('malformed_key', undefined);
  const owner = index.keys.get(credential.sha256);
  if (owner === undefined) return unauthenticated('unknown_key', undefined);
  if (isExpired(owner.key, wallNow)) return unauthenticated('expired_key', owner);
  const { client, key } = owner;
  if (!admitsAddress(client, address)) {
    return { ok: false, reason: 'ip_not_allowed', cause: 'address', client, key };
  }
  return { ok: true, caller: { by: 'key', client, key } };
}

function identifyByAddress(index: AccessIndex, address: Address | undefined): Identification {
  const candidates = index.keyless.filter((client) => admitsAddress(client, address));
  if (candidates.length > 0) return { ok: true, caller: { by: 'address', candidates } };
  if (index.asksForKey) return unauthenticated('no_key', undefined);
  return { ok: false, reason: 'ip_not_allowed', cause: 'address', client: undefined, key: undefined };
}

/** For who would be known by its address, were it no browser: see core/access/browser.ts. */
export const BROWSER_REFUSED: Identification & { ok: false } = {
  ok: false,
  reason: 'ip_not_allowed',
  cause: 'browser',
  client: undefined,
  key: undefined,
};

function unauthenticated(cause: DenialCause, owner: KeyOwner | undefined): Identification {
  return { ok: false, reason: 'unauthenticated', cause, client: owner?.client, key: owner?.key };
}

export function isExpired(key: ClientKey, wallNow: number): boolean {
  // Written so that an expiry that is no number refuses.
  return key.expiresAt !== undefined && !(wallNow < key.expiresAt);
}

/** Whether the address rule of an entry lets the caller pass. */
export function admitsAddress(client: ClientEntry, address: Address | undefined): boolean {
  return client.allowIps === undefined || (address !== undefined && client.allowIps.has(address));
}

/** The apps there are: a map of them or a set of their ids. */
export interface KnownApps {
  has(appid: string): boolean;
}

export type Authorisation =
  | { readonly ok: true; readonly client: ClientEntry; readonly key: ClientKey | undefined }
  | {
      readonly ok: false;
      readonly reason: 'not_granted';
      readonly cause: 'act_not_granted' | 'app_not_granted';
      /** The caller; of several candidates the first. */
      readonly client: ClientEntry;
      readonly key: ClientKey | undefined;
    };

/**
 * Whether the caller may do that to the app. Of several candidates, one that grants both the act and the app is
 * needed, and the first in the file is named; rights of different entries are not put together.
 *
 * An app that does not exist, one that is not granted and an act that is not granted are refused alike.
 *
 * @param appid `undefined`: the act concerns no app (a reload), the act alone is looked at.
 */
export function authorise(
  caller: Caller,
  act: Act,
  appid: string | undefined,
  apps: KnownApps,
): Authorisation {
  const client = payerOf(caller, act, appid, apps);
  const key = caller.by === 'key' ? caller.key : undefined;
  if (grants(client, act, appid, apps)) return { ok: true, client, key };
  const cause = client.may.has(act) ? 'app_not_granted' : 'act_not_granted';
  return { ok: false, reason: 'not_granted', cause, client, key };
}

/** The entry on whose `requestsPerMinute` the request counts: the one that grants it, else the first there is. */
export function payerOf(caller: Caller, act: Act, appid: string | undefined, apps: KnownApps): ClientEntry {
  if (caller.by === 'key') return caller.client;
  const payer = caller.candidates.find((client) => grants(client, act, appid, apps)) ?? caller.candidates[0];
  if (payer === undefined) throw new Error('a caller without a key has at least one candidate');
  return payer;
}

/** Whether the entry itself grants the act on the app; key and address are not looked at. */
export function grants(client: ClientEntry, act: Act, appid: string | undefined, apps: KnownApps): boolean {
  return client.may.has(act) && (appid === undefined || grantsApp(client, appid, apps));
}

/** `"*"` grants every app that there is, and no other. */
export function grantsApp(client: ClientEntry, appid: string, apps: KnownApps): boolean {
  return apps.has(appid) && (client.apps === '*' || client.apps.has(appid));
}

/**
 * Whether anybody can be this client at all: an entry whose keys have all expired opens nothing, also not where the key
 * itself is not asked for.
 */
function isUsable({ keys }: ClientEntry, wallNow: number): boolean {
  return keys.length === 0 || keys.some((key) => !isExpired(key, wallNow));
}

/**
 * The first entry that a holder of an app's token may use without presenting a key (the drop-in's `getticket`, where
 * the token itself proves the right), or the holder of a user's token: it grants the act, of the app where that is
 * known, and its `allowIps`, if any, hold the address.
 */
export function entryForTokenHolder(
  index: AccessIndex,
  address: Address | undefined,
  act: Act,
  appid: string | undefined,
  apps: KnownApps,
  wallNow: number,
): ClientEntry | undefined {
  return index.clients.find(
    (client) =>
      grants(client, act, appid, apps) && admitsAddress(client, address) && isUsable(client, wallNow),
  );
}
