import { REDACTED } from '../../core/secret.js';

/** WeChat's limit on clearing an app's quotas (page "clearQuotaByAppSecret"), shared with whoever else clears them. */
export const CLEARS_PER_MONTH = 10;

/** WeChat's months turn in China, which has no daylight saving time. Milliseconds. */
const CHINA_OFFSET_MS = 8 * 3_600_000;
const DAYS_BEFORE_MARCH = 59;

export interface Month {
  /** As in `2026-11`. */
  readonly name: string;
  /** When it ends, epoch ms by the wall clock. */
  readonly endsAt: number;
}

/** The month in China. By arithmetic: this is pure, and a calendar is a fact. */
export function chinaMonth(wallNow: number): Month {
  // Days since 0000-03-01, in eras of 400 years (the civil calendar, days counted from March).
  const days = Math.floor((wallNow + CHINA_OFFSET_MS) / 86_400_000) + 719_468;
  const era = Math.floor(days / 146_097);
  const ofEra = days - era * 146_097;
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  );
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * ofYear + 2) / 153);
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const daysLeft = daysIn(year, month) - (ofYear - Math.floor((153 * fromMarch + 2) / 5));
  const endsAt = (days - 719_468 + daysLeft) * 86_400_000 - CHINA_OFFSET_MS;
  return { name: `${year}-${String(month).padStart(2, '0')}`, endsAt };
}

function daysIn(year: number, month: number): number {
  if (month !== 2) return [4, 6, 9, 11].includes(month) ? 30 : 31;
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return DAYS_BEFORE_MARCH - 31 + (isLeap ? 1 : 0);
}

/** A path of WeChat's, as in `/cgi-bin/message/custom/send`: no query, no slash at the end. */
export function isCgiPath(path: unknown): path is string {
  return typeof path === 'string' && path.length <= 256 && /^(?:\/[A-Za-z0-9_-]+)+$/.test(path);
}

/** As in `61725984-6126f6f9-040f19c4`. */
export function isRid(rid: string): boolean {
  return /^[0-9A-Za-z-]{8,64}$/.test(rid);
}

/** What WeChat tells of a refused call, by name; anything else is left out. */
const RID_FIELDS = [
  'invoke_time',
  'cost_in_ms',
  'request_url',
  'request_body',
  'response_body',
  'client_ip',
] as const;

/**
 * Names of what is secret in WeChat's requests and answers, in a query or in JSON. Looked ahead for, then read once: what
 * WeChat shows was written by callers, and a text that is read anew from each of its characters hangs the hub.
 */
const SECRET_NAME = String.raw`(?=[A-Za-z_]*?(?:token|secret|ticket|session_key|code|key|sign|signature|password))([A-Za-z_]+)`;
/** Not a secret although its name looks so: what a rid is asked for. */
const HARMLESS = /^(?:errcode|errorcode|ret_code|error_code)$/i;
/** `name=value` of a query or a form, up to what ends a value there. */
const IN_QUERY = new RegExp(String.raw`(?<![A-Za-z_])${SECRET_NAME}=([^&\s"'<>\\]*)`, 'gi');
/** `"name": "value"` of JSON, also where it stands in a string of JSON once more, and where WeChat cut it off. */
const IN_JSON = new RegExp(
  String.raw`(?<!\\)(\\*")${SECRET_NAME}(\\*"\s*:\s*)(\\*")(?:(?!\4)(?:\\.|.))*(\4|$)`,
  'gis',
);
/** Whatever its name: tokens and tickets are long and of these characters. */
const LONG = /[A-Za-z0-9_-]{40,}/g;

/** A text without tokens and secrets: of those that are known, of those that names tell, and of those that look so. */
export function withoutSecrets(text: string, known: readonly string[]): string {
  let clean = text;
  for (const secret of known) if (secret !== '') clean = clean.replaceAll(secret, REDACTED);
  return clean
    .replace(
      IN_JSON,
      (all: string, quote: string, name: string, colon: string, open: string, close: string) =>
        HARMLESS.test(name) ? all : `${quote}${name}${colon}${open}${REDACTED}${close}`,
    )
    .replace(IN_QUERY, (all: string, name: string) => (HARMLESS.test(name) ? all : `${name}=${REDACTED}`))
    .replace(LONG, REDACTED);
}

/** What may be shown of a refused call. */
export function ridAnswer(request: unknown, known: readonly string[]): Record<string, unknown> {
  const fields = typeof request === 'object' && request !== null ? (request as Record<string, unknown>) : {};
  return Object.fromEntries(
    RID_FIELDS.flatMap((name): [string, unknown][] => {
      const value = fields[name];
      if (typeof value === 'number') return [[name, value]];
      return typeof value === 'string' ? [[name, withoutSecrets(value, known)]] : [];
    }),
  );
}
