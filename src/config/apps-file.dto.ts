import { ACTS, CLIENT_DEFAULTS, type Act } from '../core/access/client.js';
import { APP_DEFAULTS, TOKEN_APIS, type TicketType, type TokenApi } from '../core/app.js';
import {
  ALLOW_IPS_RULE,
  APPID_RULE,
  GATEWAY_PATHS_RULE,
  GRANTS_RULE,
  ID_RULE,
  NAME_RULE,
  SECRET_ENV_RULE,
  SECRET_FILE_RULE,
  SECRET_RULE,
  SHA256_RULE,
  TICKETS_RULE,
  VERSION_RULE,
} from './apps-file.rules.js';
import { NotifyDto } from './apps-file.notify-dto.js';
import { didYouMean } from './nearest-name.js';
import {
  dateTimeWithZone,
  Holds,
  listOf,
  listOfMappings,
  mapping,
  oneOf,
  Required,
  wholeNumber,
  type JsonSchema,
} from './rules.js';

/*
 * apps.yaml, key by key. A key that has no decorator here is unknown and refused. The JSON Schema for editors and the
 * configuration reference are made of this (npm run docs); `schema` of a class is what concerns several of its keys.
 * What concerns several keys or entries at once is in apps-file.apps.ts and apps-file.clients.ts.
 */

/** `defaults`: what holds for every app that does not say otherwise. */
export class DefaultsDto {
  @Holds(oneOf(TOKEN_APIS), { default: APP_DEFAULTS.tokenApi })
  tokenApi?: TokenApi;

  @Holds(wholeNumber(1, 7200, 'of seconds'), { default: APP_DEFAULTS.refreshAheadSeconds })
  refreshAheadSeconds?: number;

  @Holds(wholeNumber(5, 3600, 'of seconds'), { default: APP_DEFAULTS.reconcileSeconds })
  reconcileSeconds?: number;

  @Holds(TICKETS_RULE, { default: APP_DEFAULTS.tickets })
  tickets?: TicketType[];
}

export class AppDto extends DefaultsDto {
  static readonly schema: JsonSchema = {
    oneOf: [{ required: ['secret'] }, { required: ['secretEnv'] }, { required: ['secretFile'] }],
  };

  @Required("write the account's AppID")
  @Holds(APPID_RULE)
  appid?: string;

  @Holds(NAME_RULE)
  name?: string;

  @Holds(SECRET_RULE)
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
  @Holds(SHA256_RULE)
  sha256?: string;

  @Holds(dateTimeWithZone)
  expiresAt?: string;
}

export class ClientDto {
  static readonly schema: JsonSchema = {
    anyOf: [
      { required: ['allowIps'] },
      { required: ['keys'], properties: { keys: { type: 'array', minItems: 1 } } },
    ],
  };

  @Required('a name for this backend, as in order-service')
  @Holds(ID_RULE)
  id?: string;

  @Holds(listOfMappings('- { id: "2026-11", sha256: "…" }', KeyDto))
  keys?: unknown[];

  @Holds(ALLOW_IPS_RULE)
  allowIps?: string[];

  @Required('list the appids that this client may use, or write "*" for all')
  @Holds(GRANTS_RULE)
  apps?: string[] | '*';

  @Holds(
    listOf(oneOf(ACTS), `[${ACTS.join(', ')}]`, { unique: true, ifEmpty: `list some of ${ACTS.join(', ')}` }),
    { default: CLIENT_DEFAULTS.may },
  )
  may?: Act[];

  @Holds(wholeNumber(1, 10_000_000), { default: CLIENT_DEFAULTS.requestsPerMinute })
  requestsPerMinute?: number;

  @Holds(GATEWAY_PATHS_RULE)
  gatewayPaths?: string[];
}

export class AppsFileDto {
  @Required('write version: 1 as the first line')
  @Holds(VERSION_RULE)
  version?: number;

  @Holds(mapping('defaults: { tokenApi: stable_token }', DefaultsDto))
  defaults?: object;

  @Required('write apps: and list at least one, or apps: [] for none')
  @Holds(listOfMappings('- { appid: wx0123456789abcdef, secretEnv: SHOP_APPSECRET }', AppDto))
  apps?: unknown[];

  @Holds(listOfMappings('- { id: order-service, apps: "*", keys: […] }', ClientDto), { default: [] })
  clients?: unknown[];

  @Holds(listOfMappings('- { type: wecom, urlEnv: WECOM_ROBOT_URL }', NotifyDto), { default: [] })
  notify?: unknown[];
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
