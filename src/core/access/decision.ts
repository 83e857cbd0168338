import type { Address } from './address.js';
import type { AppKindName, AppSettings } from '../app.js';
import { isKeyless, type Act, type ClientEntry, type ClientKey } from './client.js';
import {
  identityName,
  type IssuerSettings,
  type ShownCertificate,
  type ShownProof,
  type TokenFlaw,
  type TokenVerdict,
} from './identity.js';
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
  /** What is wrong with a token of an issuer. */
  | TokenFlaw
  /** A good token, but no client's. */
  | 'unknown_identity'
  /** It was good when the connection began. */
  | 'expired_certificate'
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

/** The same of a key or an identity. */
interface ProofOwner {
  readonly client: ClientEntry;
  readonly key: ShownProof;
}

/** apps.yaml's clients, made ready for look-ups. */
export interface AccessIndex {
  readonly clients: readonly ClientEntry[];
  /**
   * By hex SHA-256. An ordinary look-up, not one in constant time: what its timing could tell is about the hash of
   * the guess, which a caller cannot steer towards that of a key of 190 bits and more.
   */
  readonly keys: ReadonlyMap<string, KeyOwner>;
  /** By {@link identityName}. */
  readonly identities: ReadonlyMap<string, ClientEntry>;
  /** By id; what a token of another issuer object says no longer counts. */
  readonly issuers: ReadonlyMap<string, IssuerSettings>;
  /** Those known by their address alone, in the order of the file. */
  readonly keyless: readonly ClientEntry[];
  /** Whether who presents no key is told to present one: any client has one or an identity, or there are no clients. */
  readonly asksForKey: boolean;
}

const NO_ISSUERS: ReadonlyMap<string, IssuerSettings> = new Map();

/** The same key or identity under two entries belongs to the first in the file. */
export function compileAccess(
  clients: readonly ClientEntry[],
  issuers: ReadonlyMap<string, IssuerSettings> = NO_ISSUERS,
): AccessIndex {
  const keys = new Map<string, KeyOwner>();
  const identities = new Map<string, ClientEntry>();
  for (const client of clients) {
    for (const name of client.identities.map(identityName)) {
      if (!identities.has(name)) identities.set(name, client);
    }
    for (const key of client.keys) {
      const sha256 = key.sha256.toLowerCase();
      if (!keys.has(sha256)) keys.set(sha256, { client, key });
    }
  }
  return {
    clients,
    keys,
    identities,
    issuers,
    // Without keys and without addresses an entry would admit everybody; config refuses it, and so does this.
    keyless: clients.filter((client) => isKeyless(client) && client.allowIps !== undefined),
    asksForKey: clients.length === 0 || clients.some((client) => !isKeyless(client)),
  };
}

/**
 * What a caller presents. A key that {@link isLookedUp} refuses is `malformed`. A certificate is what remains where no
 * key and no token is sent.
 */
export type Credential =
  | 'none'
  | 'malformed'
  | { readonly sha256: string }
  | { readonly token: TokenVerdict }
  | { readonly certificate: ShownCertificate };

/** Whether a presented key is worth its hash: the form of a key, and a hub-made one with the right checksum. */
export function isLookedUp(key: string): boolean {
  return hasValidForm(key) && hasValidChecksum(key);
}

/**
 * Who calls. By key or identity: its owner. Without one: every keyless client whose addresses hold the caller's, in the order of
 * the file, at least one.
 */
export type Caller =
  | { readonly by: 'key'; readonly client: ClientEntry; readonly key: ShownProof }
  | { readonly by: 'identity'; readonly client: ClientEntry; readonly key: ShownProof }
  | { readonly by: 'address'; readonly candidates: readonly ClientEntry[] };

export type Identification =
  | { readonly ok: true; readonly caller: Caller }
  | {
      readonly ok: false;
      readonly reason: 'unauthenticated' | 'ip_not_allowed';
      readonly cause: DenialCause;
      /** Whose key or identity was presented, where that is known. */
      readonly client: ClientEntry | undefined;
      /** Also of a token that is good and nobody's, and of what a bad one claims: then its id alone says something. */
      readonly key: ShownProof | undefined;
    };

/**
 * - A key is looked up; unknown or expired: `unauthenticated`. Then its client's addresses must hold the caller's.
 * - Without a key: the keyless clients that hold the address. Whether none is `unauthenticated` or `ip_not_allowed`
 *   depends on the file alone, never on the app asked for, so that nobody can probe.
 * - A key or token that fails is the end: the address alone is not tried, or a revoked key would go unnoticed.
 * - A token that was found good is a client's by its issuer and subject, which the file must have now.
 * - A certificate is a client's by any of its names, of several the first in the file's order; one that is nobody's is
 *   as none, since where certificates are demanded everybody shows one.
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
  if ('token' in credential) return identifyByToken(index, credential.token, address, wallNow);
  if ('certificate' in credential)
    return identifyByCertificate(index, credential.certificate, address, wallNow);
  const owner = index.keys.get(credential.sha256);
  if (owner === undefined) return unauthenticated('unknown_key', undefined);
  if (isExpired(owner.key, wallNow)) return unauthenticated('expired_key', owner);
  return heldAgainstAddress('key', owner, address);
}

function identifyByToken(
  index: AccessIndex,
  token: TokenVerdict,
  address: Address | undefined,
  wallNow: number,
): Identification {
  if ('flaw' in token) {
    // An issuer of the file, but all the rest of the token is talk.
    const key = token.issuer === undefined ? undefined : { id: `${token.issuer}/`, expiresAt: undefined };
    return { ok: false, reason: 'unauthenticated', cause: token.flaw, client: undefined, key };
  }
  const { issuer, proof } = token;
  const key = proof;
  // The same object: the issuer as it was when the token was judged.
  const client = index.issuers.get(issuer.id) === issuer ? index.identities.get(proof.id) : undefined;
  const refusal = { ok: false, reason: 'unauthenticated', client, key } as const;
  if (client === undefined) return { ...refusal, cause: 'unknown_identity' };
  if (isExpired(proof, wallNow)) return { ...refusal, cause: 'expired_token' };
  return heldAgainstAddress('identity', { client, key }, address);
}

function identifyByCertificate(
  index: AccessIndex,
  { names, expiresAt }: ShownCertificate,
  address: Address | undefined,
  wallNow: number,
): Identification {
  const ids = names.map((certificate) => identityName({ certificate }));
  const owners = new Set(ids.flatMap((id) => index.identities.get(id) ?? []));
  const client = owners.size > 1 ? index.clients.find((one) => owners.has(one)) : [...owners][0];
  if (client === undefined) return identifyByAddress(index, address);
  const id = ids.find((one) => index.identities.get(one) === client) ?? '';
  const key = { id, expiresAt };
  if (isExpired(key, wallNow)) return unauthenticated('expired_certificate', { client, key });
  return heldAgainstAddress('identity', { client, key }, address);
}

function heldAgainstAddress(
  by: 'key' | 'identity',
  { client, key }: ProofOwner,
  address: Address | undefined,
): Identification {
  if (!admitsAddress(client, address)) {
    return { ok: false, reason: 'ip_not_allowed', cause: 'address', client, key };
  }
  return { ok: true, caller: { by, client, key } };
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

function unauthenticated(cause: DenialCause, owner: ProofOwner | undefined): Identification {
  return { ok: false, reason: 'unauthenticated', cause, client: owner?.client, key: owner?.key };
}

export function isExpired(key: ShownProof, wallNow: number): boolean {
  // Written so that an expiry that is no number refuses.
  return key.expiresAt !== undefined && !(wallNow < key.expiresAt);
}

/** Whether the address rule of an entry lets the caller pass. */
export function admitsAddress(client: ClientEntry, address: Address | undefined): boolean {
  return client.allowIps === undefined || (address !== undefined && client.allowIps.has(address));
}

/** The apps there are, as far as grants ask. */
export interface KnownApps {
  get(appid: string): KnownApp | undefined;
}
type KnownApp = Pick<AppSettings, 'kind' | 'platform'>;

export type Authorisation =
  | { readonly ok: true; readonly client: ClientEntry; readonly key: ShownProof | undefined }
  | {
      readonly ok: false;
      readonly reason: 'not_granted';
      readonly cause: 'act_not_granted' | 'app_not_granted';
      /** The caller; of several candidates the first. */
      readonly client: ClientEntry;
      readonly key: ShownProof | undefined;
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
  const key = caller.by === 'address' ? undefined : caller.key;
  if (grants(client, act, appid, apps)) return { ok: true, client, key };
  const cause = client.may.has(act) ? 'app_not_granted' : 'act_not_granted';
  return { ok: false, reason: 'not_granted', cause, client, key };
}

/** The entry on whose `requestsPerMinute` the request counts: the one that grants it, else the first there is. */
export function payerOf(caller: Caller, act: Act, appid: string | undefined, apps: KnownApps): ClientEntry {
  if (caller.by !== 'address') return caller.client;
  const payer = caller.candidates.find((client) => grants(client, act, appid, apps)) ?? caller.candidates[0];
  if (payer === undefined) throw new Error('a caller without a key has at least one candidate');
  return payer;
}

/** Whether the entry itself grants the act on the app; key and address are not looked at. */
export function grants(client: ClientEntry, act: Act, appid: string | undefined, apps: KnownApps): boolean {
  if (!client.may.has(act)) return false;
  if (appid === undefined) return true;
  const app = apps.get(appid);
  return app !== undefined && isOf(act, app.kind) && isGranted(client, appid, app);
}

/**
 * `"*"` grants every app that there is, and no other. `PLATFORM/*` grants a platform and its authorizers,
 * `PLATFORM/AUTHORIZER` the one: an appid alone is the file's.
 */
export function grantsApp(client: ClientEntry, appid: string, apps: KnownApps): boolean {
  const app = apps.get(appid);
  return app !== undefined && isGranted(client, appid, app);
}

function isGranted({ apps }: ClientEntry, appid: string, { kind, platform }: KnownApp): boolean {
  if (apps === '*' || apps.has(appid)) return true;
  if (kind === 'platform') return apps.has(`${appid}/*`);
  return platform !== undefined && (apps.has(`${platform}/*`) || apps.has(`${platform}/${appid}`));
}

/**
 * A platform's own token opens all of its authorizers: `platform` is the act for it, and none of those for apps. Nor is
 * `platform` one for any app.
 */
function isOf(act: Act, kind: AppKindName): boolean {
  return act === 'admin' || (act === 'platform') === (kind === 'platform');
}

/**
 * Whether anybody can be this client at all: an entry whose keys have all expired opens nothing, also not where the key
 * itself is not asked for.
 */
function isUsable({ keys, identities }: ClientEntry, wallNow: number): boolean {
  return keys.length === 0 || identities.length > 0 || keys.some((key) => !isExpired(key, wallNow));
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
