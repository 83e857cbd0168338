import { LANGUAGES, type Language } from '../notices/wording/cause-texts.js';
import { NOTICE_KINDS, TARGET_TYPES, type NoticeKind, type TargetType } from '../notices/notice.js';
import { APPID_RULE, SECRET_ENV_RULE, SECRET_FILE_RULE } from './apps-file.rules.js';
import { Holds, listOf, oneOf, Required, text, type JsonSchema, type Rule } from './rules.js';

const URL_RULE: Rule = text((value) => urlFlaw(value), {
  pattern: '^[Hh][Tt][Tt][Pp][Ss]?://[^\\s\\p{Cc}\\p{Cf}]+$',
  $comment: 'The hub takes http:// for addresses of its own machine alone.',
});

const SIGNING_SECRET_RULE: Rule = text((value) => signingSecretFlaw(value), {
  pattern: '^[^\\s\\p{Cc}\\p{Cf}]+$',
});

/** Nothing in it that a robot could read as markup. */
const MENTION_RULE: Rule = text(
  (value) =>
    /^[A-Za-z0-9_+.-]{1,64}$/.test(value)
      ? undefined
      : 'must be all, a mobile number, or an id as the robot knows it, of A-Z a-z 0-9 _ + . -',
  { pattern: '^[A-Za-z0-9_+.-]{1,64}$' },
);

const LINK_RULE: Rule = text(
  (value) =>
    /^https?:\/\/[^\s()[\]<>#?]{1,500}$/.test(value) && URL.canParse(value)
      ? undefined
      : 'must be an address that begins with https:// or http://, without query and fragment',
  { pattern: '^https?://[^\\s()\\[\\]<>#?]{1,500}$' },
);

/** An entry of `notify`: a robot or a webhook, and what it is told. */
export class NotifyDto {
  static readonly schema: JsonSchema = {
    oneOf: [{ required: ['url'] }, { required: ['urlEnv'] }, { required: ['urlFile'] }],
  };

  @Required(`write one of ${TARGET_TYPES.join(', ')}`)
  @Holds(oneOf(TARGET_TYPES))
  type?: TargetType;

  @Holds(URL_RULE)
  url?: string;

  @Holds(SECRET_ENV_RULE)
  urlEnv?: string;

  @Holds(SECRET_FILE_RULE)
  urlFile?: string;

  @Holds(SIGNING_SECRET_RULE)
  secret?: string;

  @Holds(SECRET_ENV_RULE)
  secretEnv?: string;

  @Holds(SECRET_FILE_RULE)
  secretFile?: string;

  @Holds(
    listOf(APPID_RULE, '[wx0123456789abcdef]', {
      unique: true,
      ifEmpty: 'list at least one appid, or remove the key to be told of all apps',
    }),
  )
  apps?: string[];

  @Holds(oneOf(LANGUAGES), { default: 'zh' })
  language?: Language;

  @Holds(
    listOf(oneOf(NOTICE_KINDS), '[token_ending, recovered]', {
      unique: true,
      ifEmpty: 'list at least one event, or remove the key to be told of all',
    }),
  )
  events?: NoticeKind[];

  @Holds(listOf(MENTION_RULE, '[all]', { unique: true, ifEmpty: 'name somebody, or remove the key' }))
  mention?: string[];

  @Holds(LINK_RULE)
  consoleUrl?: string;

  @Holds(LINK_RULE)
  runbooksUrl?: string;
}

/** Messages go out in the clear only within this machine. */
export function urlFlaw(value: string): string | undefined {
  if (/[\s\p{Cc}\p{Cf}]/u.test(value)) return 'holds white space or invisible characters: copy the URL again';
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:\/\//i.test(value)) return 'must be a URL that begins with https://';
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password';
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    return 'must begin with https:// (http:// is for addresses of this machine alone)';
  }
  return undefined;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

export function signingSecretFlaw(value: string): string | undefined {
  if (value === '') return 'is empty: write the signing secret, or remove the key';
  return /[\s\p{Cc}\p{Cf}]/u.test(value)
    ? 'holds white space or invisible characters: copy the signing secret again'
    : undefined;
}
