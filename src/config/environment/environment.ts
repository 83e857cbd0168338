import 'reflect-metadata';
import type { AddressSet } from '../../core/access/address.js';
import type { Secret } from '../../core/secret.js';
import { IsReadable, OneOf, TrueOrFalse, Variable, WholeNumber } from './decorators.js';
import {
  NO_ADDRESSES,
  readAuditLog,
  readBaseUrl,
  readBoolean,
  readEncryptionKeys,
  readHost,
  readName,
  readNumber,
  readPassword,
  readPath,
  readProxyUrl,
  readRedisPrefix,
  readRedisUrl,
  readTimeZone,
  readTrustedProxies,
  readUserName,
  type EncryptionKey,
} from './readers.js';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const ACCESS_LOGS = ['all', 'errors', 'off'] as const;
export type AccessLog = (typeof ACCESS_LOGS)[number];

/** The hub's settings as the environment gives them; each field is one `HUB_*` variable. Frozen. */
export class HubEnvironment {
  /** apps.yaml, or a folder of such files; relative paths start at the working directory. */
  @Variable('HUB_APPS_FILE', readPath)
  @IsReadable()
  readonly appsFile: string = 'apps.yaml';

  /** Where tenants' secret files are, in a folder for each. Only of use with a folder as {@link appsFile}. */
  @Variable('HUB_SECRETS_DIR', readPath)
  @IsReadable()
  readonly secretsDir: string = '/etc/wechat-token-hub/secrets';

  /** The address that both listeners bind to. */
  @Variable('HUB_HOST', readHost)
  @IsReadable()
  readonly host: string = '0.0.0.0';

  /** The listener for callers. 0..65535, `0` picks a free port. */
  @Variable('HUB_PORT', readNumber)
  @WholeNumber(0, 65_535)
  readonly port: number = 3000;

  /** The listener for probes and metrics. 0..65535, `0` picks a free port. */
  @Variable('HUB_OPS_PORT', readNumber)
  @WholeNumber(0, 65_535)
  readonly opsPort: number = 9090;

  /** `undefined`: the memory store. Of one of the forms of redis-url.ts; a secret, as it may hold a password. */
  @Variable('HUB_REDIS_URL', readRedisUrl)
  @IsReadable()
  readonly redisUrl: Secret | undefined = undefined;

  /** Whose certificates Redis and the Sentinels may show, in place of Node's own list. Only with `rediss…`. */
  @Variable('HUB_REDIS_CA_FILE', readPath)
  @IsReadable()
  readonly redisCaFile: string | undefined = undefined;

  /** With {@link redisKeyFile}: the client certificate for Redis and the Sentinels. Both or neither. */
  @Variable('HUB_REDIS_CERT_FILE', readPath)
  @IsReadable()
  readonly redisCertFile: string | undefined = undefined;

  @Variable('HUB_REDIS_KEY_FILE', readPath)
  @IsReadable()
  readonly redisKeyFile: string | undefined = undefined;

  /** Where a Sentinel has other credentials than the server. Only with the password. */
  @Variable('HUB_REDIS_SENTINEL_USERNAME', readUserName)
  @IsReadable()
  readonly redisSentinelUsername: string | undefined = undefined;

  @Variable('HUB_REDIS_SENTINEL_PASSWORD', readPassword)
  @IsReadable()
  readonly redisSentinelPassword: Secret | undefined = undefined;

  /** With the memory store: where it is kept beyond the process. Only with {@link encryptionKeys}, never with Redis. */
  @Variable('HUB_STATE_FILE', readPath)
  @IsReadable()
  readonly stateFile: string | undefined = undefined;

  /** Begins every key in Redis. Never holds `{` or `}`: those choose the Cluster's slot. */
  @Variable('HUB_REDIS_PREFIX', readRedisPrefix)
  @IsReadable()
  readonly redisPrefix: string = 'wxhub:';

  /** The first encrypts, all decrypt. Empty: tokens are stored in Redis as they are. Ids are unique. */
  @Variable('HUB_ENCRYPTION_KEYS', readEncryptionKeys)
  @IsReadable()
  readonly encryptionKeys: readonly EncryptionKey[] = [];

  /** http or https, without a slash at the end, query, fragment or credentials. */
  @Variable('HUB_WECHAT_BASE_URL', readBaseUrl)
  @IsReadable()
  readonly wechatBaseUrl: string = 'https://api.weixin.qq.com';

  /** The same for apps of WeCom that have no `baseUrl` of their own. */
  @Variable('HUB_WECOM_BASE_URL', readBaseUrl)
  @IsReadable()
  readonly wecomBaseUrl: string = 'https://qyapi.weixin.qq.com';

  /** Through which all calls to WeChat and to robots go, by CONNECT; see proxy-url.ts. A secret, as it may hold a password. */
  @Variable('HUB_OUTBOUND_PROXY', readProxyUrl)
  @IsReadable()
  readonly outboundProxy: Secret | undefined = undefined;

  /** One upstream call for a token or ticket, connect to last byte. Milliseconds, 100..600000. */
  @Variable('HUB_WECHAT_TIMEOUT_MS', readNumber)
  @WholeNumber(100, 600_000, 'of milliseconds')
  readonly wechatTimeoutMs: number = 5000;

  /** One call through the gateway: how long WeChat may stay silent. Milliseconds, 100..600000. */
  @Variable('HUB_GATEWAY_TIMEOUT_MS', readNumber)
  @WholeNumber(100, 600_000, 'of milliseconds')
  readonly gatewayTimeoutMs: number = 30_000;

  /** Whose `X-Forwarded-For` is believed. Its `ranges` are the list as it was written. Empty: nobody's. */
  @Variable('HUB_TRUSTED_PROXIES', readTrustedProxies)
  @IsReadable()
  readonly trustedProxies: AddressSet = NO_ADDRESSES;

  /** With {@link tlsKeyFile}: HTTPS on the callers' listener. Both or neither. */
  @Variable('HUB_TLS_CERT_FILE', readPath)
  @IsReadable()
  readonly tlsCertFile: string | undefined = undefined;

  @Variable('HUB_TLS_KEY_FILE', readPath)
  @IsReadable()
  readonly tlsKeyFile: string | undefined = undefined;

  /** Demands client certificates of these authorities. Only with the two above. */
  @Variable('HUB_TLS_CLIENT_CA_FILE', readPath)
  @IsReadable()
  readonly tlsClientCaFile: string | undefined = undefined;

  /** What this deployment is called, for people: 1 to 64 characters on one line. */
  @Variable('HUB_NAME', readName)
  @IsReadable()
  readonly name: string | undefined = undefined;

  /** An IANA name that Intl knows, for times that people read; `undefined`: the machine's zone. */
  @Variable('HUB_TIME_ZONE', readTimeZone)
  @IsReadable()
  readonly timeZone: string | undefined = undefined;

  @Variable('HUB_LOG_LEVEL')
  @OneOf(LOG_LEVELS)
  readonly logLevel: LogLevel = 'info';

  /** A line per request: of all, of those answered with 400 and up, of none. */
  @Variable('HUB_ACCESS_LOG')
  @OneOf(ACCESS_LOGS)
  readonly accessLog: AccessLog = 'errors';

  /** Where the audit log goes: `stdout`, `off`, or the absolute path of a file. */
  @Variable('HUB_AUDIT_LOG', readAuditLog)
  @IsReadable()
  readonly auditLog: string = 'stdout';

  /** Whether the console's page opens without credentials. */
  @Variable('HUB_CONSOLE_OPEN', readBoolean)
  @TrueOrFalse()
  readonly consoleOpen: boolean = false;
}
