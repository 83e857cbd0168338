import type { ErrorCause } from '../core/error-cause.js';
import type { Secret } from '../core/secret.js';
import type { UpstreamError } from '../core/upstream.js';
import type { Language } from './wording/cause-texts.js';

/** Begins the signing secret of a webhook that is written as Standard Webhooks has it: base64 follows. */
export const WHSEC = 'whsec_';

/** States of an app that operators are told of, when they begin and when the app is well again. The gravest first. */
export const CONDITIONS = [
  /** Renewal fails and the token ends within ten minutes, or has ended. */
  'token_ending',
  'wrong_secret',
  'not_whitelisted',
  /** The day's quota of calls is used up. */
  'quota_gone',
  /** WeChat refuses for another reason that a person must mend: frozen, restricted, no such appid. */
  'refused',
  /** A ticket that is kept cannot be had or renewed. Its token may be well. */
  'ticket_failing',
] as const;
export type Condition = (typeof CONDITIONS)[number];

/** States of the hub itself, told in the same way. */
export const HUB_CONDITIONS = [
  /** The last reading of apps.yaml was refused: what runs is not what the file says. */
  'config_refused',
  /** AppSecrets that cannot be had: those apps go without, or on with the one before. */
  'secret_missing',
  /** Redis does not do what it is asked. */
  'store_away',
  /** The state file cannot be written. */
  'state_unwritten',
] as const;
export type HubCondition = (typeof HUB_CONDITIONS)[number];

/** What notices tell of: `events` of apps.yaml. */
export const NOTICE_KINDS = [
  ...CONDITIONS,
  'recovered',
  'forced_refresh',
  /** Somebody else fetches or forces the app's tokens. */
  'token_contested',
  'key_expiring',
  ...HUB_CONDITIONS,
  'certificate_expiring',
] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** Told within a minute whatever else is told, and with mentions. */
export function isCritical(kind: NoticeKind): boolean {
  return kind === 'token_ending';
}

/** What happened to one app, to one key, or to the hub. */
export interface Notice {
  readonly appid?: string | undefined;
  readonly name?: string | undefined;
  readonly error?: UpstreamError | undefined;
  /** What the error comes down to. */
  readonly cause?: ErrorCause | undefined;
  /** How long the app's token still lives, ms; 0: there is none. */
  readonly remainingMs?: number | undefined;
  /** Of a failing ticket: which. */
  readonly ticket?: string | undefined;
  /** Of a recovery: what was suffered from. */
  readonly from?: readonly (Condition | HubCondition)[] | undefined;
  /** Of a forced refresh: who asked; of a key: whose it is. */
  readonly client?: string | undefined;
  /** Of a forced refresh: how it ended. */
  readonly outcome?: string | undefined;
  /** Forced refreshes that WeChat still grants in these 24 hours. */
  readonly left?: number | undefined;
  readonly keyId?: string | undefined;
  /** Of a key or certificate: as it is shown. */
  readonly expiresOn?: string | undefined;
  readonly daysLeft?: number | undefined;
  /** Of the hub: which replica. */
  readonly instance?: string | undefined;
  /** Of a refused file, or of secrets that cannot be had: a line each, free of secrets. */
  readonly problems?: readonly string[] | undefined;
}

/** Whom a notice concerns: an app, the apps of a client, a tenant's file, or the hub as a whole. */
export type Subject =
  { readonly appid: string } | { readonly client: string } | { readonly tenant: string } | 'hub';

export const TARGET_TYPES = ['wecom', 'dingtalk', 'feishu', 'webhook'] as const;
export type TargetType = (typeof TARGET_TYPES)[number];

/** Where notices go, as apps.yaml has it. */
export interface NotifyTarget {
  readonly type: TargetType;
  /** Whose it is: told of this tenant's apps and clients alone. `undefined`: the operators'. */
  readonly tenant?: string | undefined;
  /** Whether it is called at public addresses alone, whatever its name resolves to. */
  readonly publicOnly?: boolean | undefined;
  /** A secret: who knows it can write to the group. */
  readonly url: Secret;
  /** Signs what is sent. */
  readonly secret: Secret | undefined;
  /** `undefined`: of every app. */
  readonly apps: ReadonlySet<string> | undefined;
  readonly language: Language;
  /** `undefined`: all. */
  readonly events: ReadonlySet<NoticeKind> | undefined;
  /** Who is called by name where it is critical: `all`, or ids and mobile numbers as the robot knows them. */
  readonly mention: readonly string[];
  /** Where the console and the runbooks are, for links; without a slash at the end. */
  readonly consoleUrl: string | undefined;
  readonly runbooksUrl: string | undefined;
}

/**
 * As what a target is told of it: the gravest of `kinds` that it wants. `undefined`: not at all.
 * What concerns the hub as a whole goes to targets of all apps, and to those that name the event. A tenant's targets are
 * told of what is its own alone, and the operators' of a tenant's file together with all others.
 */
export function kindFor(
  { apps, events, tenant }: Pick<NotifyTarget, 'apps' | 'events' | 'tenant'>,
  kinds: readonly NoticeKind[],
  subject: Subject,
  appsOfClient: (client: string) => ReadonlySet<string> | '*' | undefined,
  tenantOf: (subject: Subject) => string | undefined = () => undefined,
): NoticeKind | undefined {
  if (tenant !== undefined && tenantOf(subject) !== tenant) return undefined;
  if (typeof subject === 'object' && 'tenant' in subject)
    return tenant === undefined ? undefined : kinds.find((each) => events?.has(each) !== false);
  const kind = kinds.find((each) => events?.has(each) !== false);
  if (kind === undefined || apps === undefined) return kind;
  if (subject === 'hub') return events?.has(kind) === true ? kind : undefined;
  if ('appid' in subject) return apps.has(subject.appid) ? kind : undefined;
  const granted = appsOfClient(subject.client);
  if (granted === undefined) return undefined;
  return granted === '*' || [...apps].some((app) => granted.has(app)) ? kind : undefined;
}
