import { parseAddressSet } from '../../core/access/address.js';
import { CERTIFICATES } from '../../core/access/identity.js';
import { APPID_PATTERN, TICKET_TYPES } from '../../core/app.js';
import { WHSEC } from '../../notices/notice.js';
import { listOf, oneOf, rule, text, textLike, wrong, type Rule } from './rule.js';

/*
 * What the values of apps.yaml must be, each with the same said as a JSON Schema. Where both are written by hand they
 * stand side by side, and schema.spec.ts holds them against each other with values of all kinds.
 */

export const APPID_RULE = textLike(APPID_PATTERN, '2 to 64 of the characters A-Z a-z 0-9 _ -');
export const ID_RULE = textLike(/^[A-Za-z0-9._-]{1,64}$/, '1 to 64 of the characters A-Z a-z 0-9 . _ -');

export const ISSUER_ID_RULE = text(
  (value) => {
    const [finding] = ID_RULE(value);
    if (finding !== undefined) return finding.message;
    return value === CERTIFICATES
      ? 'must be another name: this one stands for client certificates'
      : undefined;
  },
  { pattern: `^(?!${CERTIFICATES}$)[A-Za-z0-9._-]{1,64}$` },
);

/** What a token says of its issuer, subject or audience: text of one line, compared as it is. */
export const CLAIM_RULE = textLike(
  /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/,
  '1 to 255 characters of ASCII, without spaces around them, exactly as in the token',
);

export const CERTIFICATE_RULE = textLike(
  /^[\x21-\x7e]{1,512}$/,
  'a URI or DNS name exactly as in the certificate, without white space',
);

/** Of a file that belongs to an issuer; what is in it is looked at when it is used. */
export const ISSUER_FILE_RULE = text(
  (value) => (value.trim() === '' || value.includes('\0') ? 'must be the path of a file' : undefined),
  { pattern: '^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$' },
);

export const VERSION_RULE: Rule<1> = rule({ const: 1, type: 'integer' }, (value) =>
  value === 1 ? [] : wrong('must be 1 (the number, without quotes)'),
);

/** Names go to logs and screens: one line, and a length that fits one. */
export const NAME_RULE = text(
  (value) => {
    if (value.trim() === '') return 'is empty: give it a value, or remove the key';
    if (/\p{Cc}/u.test(value)) return 'must be one line without control characters';
    return [...value].length > 200 ? 'must be at most 200 characters long' : undefined;
  },
  { pattern: '^\\P{Cc}*[^\\s\\p{Cc}]\\P{Cc}*$', maxLength: 200 },
);

export const SECRET_RULE = text((value) => secretFlaw(value), { pattern: '^[A-Za-z0-9_-]{1,128}$' });

/** Of an environment variable that holds a secret. */
export const VARIABLE_RULE = text(
  (value) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(value)) {
      return 'must be the name of an environment variable (letters, digits, _), not the secret itself';
    }
    return value.startsWith('HUB_')
      ? 'must not begin with HUB_: these variables are the settings of the hub itself, rename the variable'
      : undefined;
  },
  { pattern: '^(?!HUB_)[A-Za-z_][A-Za-z0-9_]*$' },
);

/** Of a file that holds a secret. */
export const FILE_RULE = text(
  (value) =>
    value.trim() === '' || value.includes('\0')
      ? 'must be the path of a file that holds the secret'
      : undefined,
  { pattern: '^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$' },
);

/** A corporation of WeCom: `ww` and 16 characters, `wx…` of older ones, `wpk…` where another company's agent acts. */
export const CORPID_RULE = textLike(/^[A-Za-z0-9_-]{2,64}$/, '2 to 64 of the characters A-Z a-z 0-9 _ -');

/** Where an app's upstream is. */
export const BASE_URL_RULE = text((value) => baseUrlFlaw(value), {
  pattern: '^[Hh][Tt][Tt][Pp][Ss]?://[^\\s/?#@\\\\\\p{Cc}\\p{Cf}][^\\s?#@\\\\\\p{Cc}\\p{Cf}]*$',
  $comment: 'The hub reads it as a URL besides.',
});

function baseUrlFlaw(value: string): string | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || /[\s\\\p{Cc}\p{Cf}]/u.test(value))
    return 'must be an http:// or https:// URL, as in https://wecom.corp.example';
  if (url.username !== '' || url.password !== '' || value.includes('@'))
    return 'must not hold a user name or password';
  return /[?#]/.test(value) ? 'must not have a query or fragment (? or #)' : undefined;
}

export const TICKETS_RULE = listOf(oneOf(TICKET_TYPES), `[${TICKET_TYPES.join(', ')}]`, { unique: true });

const SHA256_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export const SHA256_RULE = text((value) => sha256Flaw(value), {
  pattern: `^(?!${inAnyCase(SHA256_OF_NOTHING)})[0-9A-Fa-f]{64}$`,
});

/** `NAME/*`, which only the operators' file of a folder may grant: see role.ts. */
const TENANT_GRANT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}\/\*$/;

/** `PLATFORM/AUTHORIZER`: one account that has authorised a platform. */
const AUTHORIZER_GRANT = /^[A-Za-z0-9_-]{2,64}\/[A-Za-z0-9_-]{2,64}$/;

const APPIDS_RULE = listOf(
  rule<string>(
    {
      anyOf: [
        APPID_RULE.schema,
        { type: 'string', pattern: AUTHORIZER_GRANT.source },
        {
          type: 'string',
          pattern: TENANT_GRANT.source,
          $comment: 'Of a platform of this file; of a tenant in hub.yaml of a folder alone.',
        },
      ],
    },
    (item) => {
      if (item === '*') return wrong('must not stand in a list: for all apps write apps: "*"');
      return platformOfGrant(item) === undefined ? APPID_RULE(item) : [];
    },
  ),
  '[wx0123456789abcdef], or "*" for all apps',
);

/** Which apps a client is granted. */
export const GRANTS_RULE: Rule<readonly string[] | '*'> = rule(
  { anyOf: [{ const: '*' }, APPIDS_RULE.schema] },
  (value) => {
    if (value === '*') return [];
    return typeof value === 'string'
      ? wrong('must be a list of appids, or "*" for all: put the appid in [ ]')
      : APPIDS_RULE(value);
  },
);

/** What stands before the `/` of `NAME/*` and `PLATFORM/AUTHORIZER`; `undefined`: a grant of neither form. */
export function platformOfGrant(grant: unknown): string | undefined {
  if (typeof grant !== 'string' || !(TENANT_GRANT.test(grant) || AUTHORIZER_GRANT.test(grant)))
    return undefined;
  return grant.slice(0, grant.indexOf('/'));
}

/** Whether a grant is of all apps of a tenant, or of all authorizers of a platform. */
export function isTenantGrant(grant: unknown): grant is string {
  return typeof grant === 'string' && TENANT_GRANT.test(grant);
}

/** A host as it stands in a URL, with or without a port. */
export const TENANT_HOST_RULE = textLike(
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/,
  'a host name or address, with or without a port, as in robots.corp.example or 10.0.0.7:8443',
);

const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';

export const ALLOW_IPS_RULE = listOf(
  text((value) => addressFlaw(value), {
    anyOf: [
      { pattern: `^${OCTET}(?:\\.${OCTET}){3}(?:/(?:3[0-2]|[12]?[0-9]))?$` },
      {
        pattern: '^(?=.*:)[0-9A-Fa-f:.]{2,45}(?:/(?:12[0-8]|1[01][0-9]|[1-9]?[0-9]))?$',
        $comment: 'The hub reads IPv6 more strictly (RFC 4291, 2.2).',
      },
    ],
  }),
  '[10.0.0.0/8, "2001:db8::/32"]',
  { ifEmpty: 'list at least one address or CIDR, or remove the key to allow any address' },
);

export const GATEWAY_PATHS_RULE = listOf(
  text((value) => gatewayPathFlaw(value), {
    pattern: '^(?!.*/\\.{1,2}(?:/|$))/[^\\s?#\\\\*\\p{Cc}]*\\*?$',
  }),
  '["/wxa/*", "/cgi-bin/message/*"]',
  { unique: true, ifEmpty: 'list at least one path, or remove the key to allow all' },
);

export const URL_RULE = text((value) => urlFlaw(value), {
  pattern: '^[Hh][Tt][Tt][Pp][Ss]?://[^\\s\\p{Cc}\\p{Cf}]+$',
  $comment: 'The hub takes http:// for addresses of its own machine alone.',
});

/** Standard Webhooks: base64 of 24 to 64 bytes. */
const WHSEC_KEY = '(?:[A-Za-z0-9+/]{4}){8,21}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?';

export const SIGNING_SECRET_RULE = text((value) => signingSecretFlaw(value), {
  anyOf: [{ pattern: `^(?!${WHSEC})[^\\s\\p{Cc}\\p{Cf}]+$` }, { pattern: `^${WHSEC}${WHSEC_KEY}$` }],
});

/** Nothing in it that a robot could read as markup. */
export const MENTION_RULE = text(
  (value) =>
    /^[A-Za-z0-9_+.-]{1,64}$/.test(value)
      ? undefined
      : 'must be all, a mobile number, or an id as the robot knows it, of A-Z a-z 0-9 _ + . -',
  { pattern: '^[A-Za-z0-9_+.-]{1,64}$' },
);

export const LINK_RULE = text(
  (value) =>
    /^https?:\/\/[^\s()[\]<>#?]{1,500}$/.test(value) && URL.canParse(value)
      ? undefined
      : 'must be an address that begins with https:// or http://, without query and fragment',
  { pattern: '^https?://[^\\s()\\[\\]<>#?]{1,500}$' },
);

const DATE_TIME =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** ISO 8601 with a date, a time and a zone; a day that the month does not have is refused, too. */
export const DATE_TIME_RULE = text(
  (value) =>
    parseDateTime(value) === undefined
      ? 'must be a date, time and zone, as in 2027-11-30T00:00:00Z'
      : undefined,
  { pattern: DATE_TIME.source, $comment: 'The hub also refuses a day that the month does not have.' },
);

/** WeChat makes AppSecrets of 32 hex digits; other characters get into one only by accident, or come from another file. */
export function secretFlaw(secret: string): string | undefined {
  if (secret === '') return 'is empty: write the AppSecret';
  if (/[\p{Z}\s]/u.test(secret)) return 'holds white space: write the AppSecret alone, on one line';
  if (/[\p{Cc}\p{Cf}]/u.test(secret))
    return 'holds control or invisible characters: copy the AppSecret again';
  if (!/^[A-Za-z0-9_-]*$/.test(secret))
    return 'holds characters other than A-Z a-z 0-9 _ -: copy the AppSecret again';
  return secret.length > 128 ? 'is longer than 128 characters: write the AppSecret alone' : undefined;
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
  if (/[\s\p{Cc}\p{Cf}]/u.test(value))
    return 'holds white space or invisible characters: copy the signing secret again';
  return value.startsWith(WHSEC) && !new RegExp(`^${WHSEC}${WHSEC_KEY}$`).test(value)
    ? `begins with ${WHSEC}, and base64 of 24 to 64 bytes does not follow: copy the signing secret again`
    : undefined;
}

/** Epoch milliseconds; `undefined` where the text is not of the form of {@link DATE_TIME_RULE}. */
export function parseDateTime(value: string): number | undefined {
  const parts = DATE_TIME.exec(value);
  if (parts === null) return undefined;
  const [year, month, day] = parts.slice(1, 4).map(Number) as [number, number, number];
  const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate();
  if (day > lastDay) return undefined;
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : time;
}

function addressFlaw(value: string): string | undefined {
  const parsed = parseAddressSet([value]);
  return parsed.ok ? undefined : `must be an address or a CIDR: ${parsed.bad[0]?.hint ?? ''}`;
}

function sha256Flaw(value: string): string | undefined {
  if (value.startsWith('wxh_')) {
    return 'must be the SHA-256 of the key: this looks like a key itself, which is now known to readers of the file; make another';
  }
  if (!/^[0-9a-f]{64}$/i.test(value)) return 'must be the SHA-256 of the key: 64 hex digits';
  return value.toLowerCase() === SHA256_OF_NOTHING
    ? 'is the SHA-256 of an empty text: the variable with the key was unset when it was made'
    : undefined;
}

function gatewayPathFlaw(path: string): string | undefined {
  if (!path.startsWith('/')) return 'must be a path that begins with /, as in "/wxa/*"';
  if (/[\s?#\\]|\p{Cc}/u.test(path)) return 'must be a path alone, without ?, #, \\ or white space';
  if (path.slice(0, -1).includes('*')) return 'must have * at its end only, as in "/wxa/*"';
  return path.split('/').some((part) => part === '.' || part === '..')
    ? 'must not have . or .. in it'
    : undefined;
}

/** JSON Schema's patterns have no flags. */
function inAnyCase(hex: string): string {
  return hex.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
}
