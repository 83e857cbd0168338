import type { Language } from './wording/cause-texts.js';
import type { Secret } from '../core/secret.js';
import type { UpstreamError } from '../core/upstream.js';

/** States of an app that operators are told of, when they begin and when the app is well again. */
export const CONDITIONS = [
  /** Renewal fails and the token ends within ten minutes, or has ended. */
  'token_ending',
  'wrong_secret',
  'not_whitelisted',
  /** The day's quota of calls is used up. */
  'quota_gone',
  /** WeChat refuses for another reason that a person must mend: frozen, restricted, no such appid. */
  'refused',
] as const;
export type Condition = (typeof CONDITIONS)[number];

/** What notices tell of: `events` of apps.yaml. */
export const NOTICE_KINDS = [...CONDITIONS, 'recovered', 'forced_refresh', 'key_expiring'] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** What happened to one app, or to one key. */
export interface Notice {
  readonly appid?: string | undefined;
  readonly name?: string | undefined;
  readonly error?: UpstreamError | undefined;
  /** How long the app's token still lives, ms; 0: there is none. */
  readonly remainingMs?: number | undefined;
  /** Of a recovery: what the app suffered from. */
  readonly from?: readonly Condition[] | undefined;
  /** Of a forced refresh: who asked; of a key: whose it is. */
  readonly client?: string | undefined;
  /** Of a forced refresh: how it ended. */
  readonly outcome?: string | undefined;
  /** Forced refreshes that WeChat still grants in these 24 hours. */
  readonly left?: number | undefined;
  readonly keyId?: string | undefined;
  /** As it is shown. */
  readonly expiresOn?: string | undefined;
  readonly daysLeft?: number | undefined;
}

export const TARGET_TYPES = ['wecom', 'dingtalk', 'feishu', 'webhook'] as const;
export type TargetType = (typeof TARGET_TYPES)[number];

/** Where notices go, as apps.yaml has it. */
export interface NotifyTarget {
  readonly type: TargetType;
  /** A secret: who knows it can write to the group. */
  readonly url: Secret;
  /** Signs what is sent. */
  readonly secret: Secret | undefined;
  /** `undefined`: of every app. */
  readonly apps: ReadonlySet<string> | undefined;
  readonly language: Language;
  /** `undefined`: all. */
  readonly events: ReadonlySet<NoticeKind> | undefined;
}

/** The notices of one kind that this target is to be told; a key concerns the apps of its client. */
export function forTarget(
  target: Pick<NotifyTarget, 'apps' | 'events'>,
  kind: NoticeKind,
  notices: readonly Notice[],
  appsOfClient: (client: string) => ReadonlySet<string> | '*' | undefined,
): readonly Notice[] {
  const { apps, events } = target;
  if (events?.has(kind) === false) return [];
  if (apps === undefined) return notices;
  return notices.filter(({ appid, client }) => {
    if (appid !== undefined) return apps.has(appid);
    const granted = client === undefined ? undefined : appsOfClient(client);
    if (granted === undefined) return false;
    return granted === '*' || [...apps].some((app) => granted.has(app));
  });
}
