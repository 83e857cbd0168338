import { parseAddressSet } from '../core/access/address.js';
import { ACTS, type Act } from '../core/access/client.js';
import { APPID_PATTERN, TICKET_TYPES, TOKEN_APIS, type TicketType, type TokenApi } from '../core/app.js';
import { didYouMean } from './nearest-name.js';
import {
  dateTimeWithZone,
  Holds,
  listOf,
  listOfMappings,
  oneOf,
  Required,
  text,
  textLike,
  textList,
  wholeNumber,
  type Rule,
} from './rules.js';

/*
 * apps.yaml, key by key. A key that has no decorator here is unknown and refused.
 * What concerns several keys or entries at once is in apps-file.apps.ts and apps-file.clients.ts.
 */

export const APPID_RULE: Rule = textLike(APPID_PATTERN, '2 to 64 of the characters A-Z a-z 0-9 _ -');
const ID_RULE: Rule = textLike(/^[A-Za-z0-9._-]{1,64}$/, '1 to 64 of the characters A-Z a-z 0-9 . _ -');

/** Names go to logs and screens: one line, and a length that fits one. */
const NAME_RULE: Rule = text((value) => {
  if (value.trim() === '') return 'is empty: give it a value, or remove the key';
  if (/\p{Cc}/u.test(value)) return 'must be one line without control characters';
  return value.length > 200 ? 'must be at most 200 characters long' : undefined;
});

const SECRET_ENV_RULE: Rule = text((value) => {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(value)) {
    return 'must be the name of an environment variable (letters, digits, _), not the secret itself';
  }
  return value.startsWith('HUB_')
    ? 'must not begin with HUB_: these variables are the settings of the hub itself, rename the variable'
    : undefined;
});

const SECRET_FILE_RULE: Rule = text((value) =>
  value.trim() === '' || value.includes('\0')
    ? 'must be the path of a file that holds the secret'
    : undefined,
);

const TICKETS_RULE = listOf(oneOf(TICKET_TYPES), `[${TICKET_TYPES.join(', ')}]`, { unique: true });

/** `defaults`: what holds for every app that does not say otherwise. */
export class DefaultsDto {
  @Holds(oneOf(TOKEN_APIS))
  tokenApi?: TokenApi;

  @Holds(wholeNumber(1, 7200, 'of seconds'))
  refreshAheadSeconds?: number;

  @Holds(wholeNumber(5, 3600, 'of seconds'))
  reconcileSeconds?: number;

  @Holds(TICKETS_RULE)
  tickets?: TicketType[];
}

export class AppDto extends DefaultsDto {
  @Required("write the account's AppID")
  @Holds(APPID_RULE)
  appid?: string;

  @Holds(NAME_RULE)
  name?: string;

  @Holds(text((value) => secretFlaw(value)))
  secret?: string;

  @Holds(SECRET_ENV_RULE)
  secretEnv?: string;

  @Holds(SECRET_FILE_RULE)
  secretFile?: string;
}

export class KeyDto {
  @Required('a name for this key, as in "2026-11"')
  @Holds(ID_RULE)
  id?: string;

  @Required('the SHA-256 of the key in hex, as `printf %s "$KEY" | sha256sum` gives it')
  @Holds(text((value) => sha256Flaw(value)))
  sha256?: string;

  @Holds(dateTimeWithZone)
  expiresAt?: string;
}

const APPS_RULE: Rule = (value) => {
  if (value === '*') return [];
  if (typeof value === 'string') {
    return [{ at: [], message: 'must be a list of appids, or "*" for all: put the appid in [ ]' }];
  }
  return listOf(
    (item) =>
      item === '*'
        ? [{ at: [], message: 'must not stand in a list: for all apps write apps: "*"' }]
        : APPID_RULE(item),
    '[wx0123456789abcdef], or "*" for all apps',
  )(value);
};

const ALLOW_IPS_RULE = textList(
  (items) => {
    const parsed = parseAddressSet(items);
    return parsed.ok
      ? []
      : parsed.bad.map(({ index, hint }) => ({ index, message: `must be an address or a CIDR: ${hint}` }));
  },
  '[10.0.0.0/8, "2001:db8::/32"]',
  { ifEmpty: 'list at least one address or CIDR, or remove the key to allow any address' },
);

const GATEWAY_PATHS_RULE = listOf(
  text((value) => gatewayPathFlaw(value)),
  '["/wxa/*", "/cgi-bin/message/*"]',
  { unique: true, ifEmpty: 'list at least one path, or remove the key to allow all' },
);

export class ClientDto {
  @Required('a name for this backend, as in order-service')
  @Holds(ID_RULE)
  id?: string;

  @Holds(listOfMappings('- { id: "2026-11", sha256: "…" }'))
  keys?: unknown[];

  @Holds(ALLOW_IPS_RULE)
  allowIps?: string[];

  @Required('list the appids that this client may use, or write "*" for all')
  @Holds(APPS_RULE)
  apps?: string[] | '*';

  @Holds(
    listOf(oneOf(ACTS), `[${ACTS.join(', ')}]`, { unique: true, ifEmpty: `list some of ${ACTS.join(', ')}` }),
  )
  may?: Act[];

  @Holds(wholeNumber(1, 10_000_000))
  requestsPerMinute?: number;

  @Holds(GATEWAY_PATHS_RULE)
  gatewayPaths?: string[];
}

export class AppsFileDto {
  @Required('write version: 1 as the first line')
  @Holds((value) => (value === 1 ? [] : [{ at: [], message: 'must be 1 (the number, without quotes)' }]))
  version?: number;

  @Holds((value) =>
    typeof value === 'object' && !Array.isArray(value)
      ? []
      : [{ at: [], message: 'must be a mapping, as in defaults: { tokenApi: stable_token }' }],
  )
  defaults?: object;

  @Required('write apps: and list at least one, or apps: [] for none')
  @Holds(listOfMappings('- { appid: wx0123456789abcdef, secretEnv: SHOP_APPSECRET }'))
  apps?: unknown[];

  @Holds(listOfMappings('- { id: order-service, apps: "*", keys: […] }'))
  clients?: unknown[];
}

/** White space and what cannot be seen gets into a secret only by accident. */
export function secretFlaw(secret: string): string | undefined {
  if (secret === '') return 'is empty: write the AppSecret';
  if (/[\p{Z}\s]/u.test(secret)) return 'holds white space: write the AppSecret alone, on one line';
  return /[\p{Cc}\p{Cf}]/u.test(secret)
    ? 'holds control or invisible characters: copy the AppSecret again'
    : undefined;
}

const SHA256_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

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

/** The keys that `defaults` does not take although an app does. */
export function appOnlyHint(key: string): string | undefined {
  return ['appid', 'name', 'secret', 'secretEnv', 'secretFile'].includes(key)
    ? 'belongs to each app, not to defaults'
    : undefined;
}

export function unknownKeyHint(key: string, known: readonly string[]): string {
  if (key === '<<') return 'merge keys (<<) are not supported: use defaults, or write the keys out';
  if (key.includes(':')) return `is not a known key: put a space after the colon. Known: ${known.join(', ')}`;
  return `is not a known key${didYouMean(key, known)}. Known: ${known.join(', ')}`;
}
