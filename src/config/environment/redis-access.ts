import type { ConnectionOptions } from 'node:tls';
import type { HubEnvironment } from './environment.js';
import { RedisTls } from './redis-tls.js';
import { parseRedisUrl, type RedisTarget } from './redis-url.js';

/** How Redis is reached: HUB_REDIS_URL taken apart, and what the other HUB_REDIS_* variables add. Holds passwords. */
export interface RedisAccess {
  readonly target: RedisTarget;
  /** What is shown to the Sentinels; empty: nothing. */
  readonly sentinel: { readonly sentinelUsername?: string; readonly sentinelPassword?: string };
  /** `undefined`: no TLS. */
  readonly tls: ConnectionOptions | undefined;
  /** Whatever of it must not be in a log. */
  readonly secrets: readonly string[];
}

/**
 * `undefined`: the memory store.
 *
 * @param onTrouble as of {@link RedisTls}.
 * @throws {Error} where certificate files are not good, one line.
 */
export function redisAccess(
  environment: RedisEnvironment,
  onTrouble?: (message: string) => void,
): RedisAccess | undefined {
  const { redisUrl, redisSentinelUsername, redisSentinelPassword } = environment;
  if (redisUrl === undefined) return undefined;
  const target = parseRedisUrl(redisUrl.reveal());
  const own = redisSentinelPassword?.reveal();
  // Sentinels without a password take any, so one password serves both.
  const sentinelPassword = own ?? target.password;
  const secrets = [target.password, target.username, own, redisSentinelUsername];
  return {
    target,
    sentinel: {
      ...(redisSentinelUsername === undefined ? {} : { sentinelUsername: redisSentinelUsername }),
      ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    },
    tls: target.tls ? new RedisTls(environment, onTrouble).options : undefined,
    secrets: secrets.filter((secret) => secret !== undefined),
  };
}

export type RedisEnvironment = Pick<
  HubEnvironment,
  | 'redisUrl'
  | 'redisCaFile'
  | 'redisCertFile'
  | 'redisKeyFile'
  | 'redisSentinelUsername'
  | 'redisSentinelPassword'
>;
