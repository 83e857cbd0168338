import { parseAddressSet } from '../core/access/address.js';
import { APPID_PATTERN, TICKET_TYPES } from '../core/app.js';
import { listOf, oneOf, rule, text, textLike, textList, type JsonSchema, type Rule } from './rules.js';

/*
 * What the values of apps.yaml must be, each with the same said as a JSON Schema. Where both are written by hand they
 * stand side by side, and apps-file.schema.spec.ts holds them against each other with values of all kinds.
 */

export const APPID_RULE: Rule = textLike(APPID_PATTERN, '2 to 64 of the characters A-Z a-z 0-9 _ -');
export const ID_RULE: Rule = textLike(
  /^[A-Za-z0-9._-]{1,64}$/,
  '1 to 64 of the characters A-Z a-z 0-9 . _ -',
);

const VERSION = { const: 1, type: 'integer' } satisfies JsonSchema;
export const VERSION_RULE: Rule = rule(VERSION, (value) =>
  value === 1 ? [] : [{ at: [], message: 'must be 1 (the number, without quotes)' }],
);

/** Names go to logs and screens: one line, and a length that fits one. */
export const NAME_RULE: Rule = text(
  (value) => {
    if (value.trim() === '') return 'is empty: give it a value, or remove the key';
    if (/\p{Cc}/u.test(value)) return 'must be one line without control characters';
    return [...value].length > 200 ? 'must be at most 200 characters long' : undefined;
  },
  { pattern: '^\\P{Cc}*[^\\s\\p{Cc}]\\P{Cc}*$', maxLength: 200 },
);

export const SECRET_RULE: Rule = text((value) => secretFlaw(value), {
  pattern: '^[^\\p{Z}\\s\\p{Cc}\\p{Cf}]+$',
});

export const SECRET_ENV_RULE: Rule = text(
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

export const SECRET_FILE_RULE: Rule = text(
  (value) =>
    value.trim() === '' || value.includes('\0')
      ? 'must be the path of a file that holds the secret'
      : undefined,
  { pattern: '^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$' },
);

export const TICKETS_RULE = listOf(oneOf(TICKET_TYPES), `[${TICKET_TYPES.join(', ')}]`, { unique: true });

const SHA256_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export const SHA256_RULE: Rule = text((value) => sha256Flaw(value), {
  pattern: `^(?!${inAnyCase(SHA256_OF_NOTHING)})[0-9A-Fa-f]{64}$`,
});

const APPIDS_RULE = listOf(
  rule(APPID_RULE.schema, (item) =>
    item === '*'
      ? [{ at: [], message: 'must not stand in a list: for all apps write apps: "*"' }]
      : APPID_RULE(item),
  ),
  '[wx0123456789abcdef], or "*" for all apps',
);

/** Which apps a client is granted. */
export const GRANTS_RULE: Rule = rule({ anyOf: [{ const: '*' }, APPIDS_RULE.schema] }, (value) => {
  if (value === '*') return [];
  return typeof value === 'string'
    ? [{ at: [], message: 'must be a list of appids, or "*" for all: put the appid in [ ]' }]
    : APPIDS_RULE(value);
});

const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';

export const ALLOW_IPS_RULE = textList(
  (items) => {
    const parsed = parseAddressSet(items);
    return parsed.ok
      ? []
      : parsed.bad.map(({ index, hint }) => ({ index, message: `must be an address or a CIDR: ${hint}` }));
  },
  '[10.0.0.0/8, "2001:db8::/32"]',
  {
    ifEmpty: 'list at least one address or CIDR, or remove the key to allow any address',
    schema: {
      anyOf: [
        { pattern: `^${OCTET}(?:\\.${OCTET}){3}(?:/(?:3[0-2]|[12]?[0-9]))?$` },
        {
          pattern: '^(?=.*:)[0-9A-Fa-f:.]{2,45}(?:/(?:12[0-8]|1[01][0-9]|[1-9]?[0-9]))?$',
          $comment: 'The hub reads IPv6 more strictly (RFC 4291, 2.2).',
        },
      ],
    },
  },
);

export const GATEWAY_PATHS_RULE = listOf(
  text((value) => gatewayPathFlaw(value), {
    pattern: '^(?!.*/\\.{1,2}(?:/|$))/[^\\s?#\\\\*\\p{Cc}]*\\*?$',
  }),
  '["/wxa/*", "/cgi-bin/message/*"]',
  { unique: true, ifEmpty: 'list at least one path, or remove the key to allow all' },
);

/** White space and what cannot be seen gets into a secret only by accident. */
export function secretFlaw(secret: string): string | undefined {
  if (secret === '') return 'is empty: write the AppSecret';
  if (/[\p{Z}\s]/u.test(secret)) return 'holds white space: write the AppSecret alone, on one line';
  return /[\p{Cc}\p{Cf}]/u.test(secret)
    ? 'holds control or invisible characters: copy the AppSecret again'
    : undefined;
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
