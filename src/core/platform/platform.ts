import { NO_SECRET, type AppSettings, type TicketType } from '../app.js';
import { Secret } from '../secret.js';

/** A third-party platform, as apps.yaml has it. */
export interface PlatformSettings {
  /** WeChat's component_appid. */
  readonly appid: string;
  /** Whose file of a folder names it; `undefined`: the hub has one file. */
  readonly tenant?: string | undefined;
  readonly name: string | undefined;
  /** {@link NO_SECRET}: it cannot be had. */
  readonly secret: Secret;
  /** What signs the pushes; `undefined`: it cannot be had, and no push is believed. */
  readonly pushToken: Secret | undefined;
  /** EncodingAESKeys, the newest first; empty: they cannot be had. */
  readonly aesKeys: readonly Secret[];
  /** Where raw pushes go on to. */
  readonly forwardTo: readonly string[];
  /** Those of {@link forwardTo} that may lead to public addresses alone: a tenant's. */
  readonly publicOnly: readonly string[];
  /** Kept warm for each authorizer. */
  readonly tickets: readonly TicketType[];
}

/** An account that has authorised a platform. */
export interface Authorizer {
  readonly appid: string;
  /** See {@link AppSettings.authorisation}. */
  readonly authorisation: number;
}

/** WeChat advises to fetch the next one 10 minutes before the end ("ComponentAccessToken"). */
const COMPONENT_AHEAD_SECONDS = 600;
/** As of any `token`: the old one outlives a mint by 300 s. */
const AUTHORIZER_AHEAD_SECONDS = 300;

/** Stands where other apps have their AppSecret: an authorizer's token is had by its authorisation. */
const BY_AUTHORISATION = new Secret('by-authorisation');

const REST = { loginOnly: false, reconcileSeconds: 300 } as const;

/** The platform's own token is an app's token: one cache, one scheduler, one lease, whoever asks for it. */
export function appOfPlatform({ appid, tenant, name, secret }: PlatformSettings): AppSettings {
  return {
    ...REST,
    kind: 'platform',
    appid,
    tenant,
    name,
    secret,
    tokenApi: 'component_token',
    refreshAheadSeconds: COMPONENT_AHEAD_SECONDS,
    tickets: [],
  };
}

export function appOfAuthorizer(
  { appid: platform, tenant, tickets }: PlatformSettings,
  { appid, authorisation }: Authorizer,
): AppSettings {
  return {
    ...REST,
    kind: 'authorizer',
    appid,
    tenant,
    name: undefined,
    secret: BY_AUTHORISATION,
    platform,
    authorisation,
    tokenApi: 'authorizer_token',
    refreshAheadSeconds: AUTHORIZER_AHEAD_SECONDS,
    tickets,
  };
}

/**
 * All apps that there are: those of the files, the platforms themselves, and whoever has authorised one of them. An appid
 * that a file names is the file's; of several platforms that an account has authorised the first has it.
 */
export function withPlatforms(
  written: readonly AppSettings[],
  platforms: readonly PlatformSettings[],
  joined: ReadonlyMap<string, readonly Authorizer[]>,
): readonly AppSettings[] {
  if (platforms.length === 0) return written;
  const taken = new Set([...written.map(({ appid }) => appid), ...platforms.map(({ appid }) => appid)]);
  const authorizers = platforms.flatMap((platform) =>
    (joined.get(platform.appid) ?? []).flatMap((authorizer) => {
      if (taken.has(authorizer.appid)) return [];
      taken.add(authorizer.appid);
      return [appOfAuthorizer(platform, authorizer)];
    }),
  );
  return [...written, ...platforms.map(appOfPlatform), ...authorizers];
}

/** `read` with what could not be had this time as it was before. */
export function withKnownSecrets(
  read: PlatformSettings,
  before: PlatformSettings | undefined,
): PlatformSettings {
  if (before === undefined || before.tenant !== read.tenant) return read;
  return {
    ...read,
    secret: read.secret.equals(NO_SECRET) ? before.secret : read.secret,
    pushToken: read.pushToken ?? before.pushToken,
    aesKeys: read.aesKeys.length === 0 ? before.aesKeys : read.aesKeys,
  };
}
