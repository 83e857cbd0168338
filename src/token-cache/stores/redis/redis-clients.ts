import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { RedisAccess } from '../../../config/environment/redis-access.js';
import type { RedisPlace } from '../../../config/environment/redis-url.js';

/**
 * One command, ms. Redis answers within one or two; who waits longer is better off without it, since a refresh waits
 * for at most a few commands. Real time: this bounds I/O, whatever clock the hub runs on.
 */
export const COMMAND_LIMIT_MS = 400;
/** A connection that owes an answer for so long is given up, and with it all that was queued on it. */
const SILENCE_LIMIT_MS = 2000;
const CONNECT_LIMIT_MS = 2000;
const SENTINEL_COMMAND_LIMIT_MS = 1000;

/** What the store needs of a client; a Redis and a Cluster both have it. */
export interface RedisCommands {
  evalsha(sha: string, keys: number, ...args: (string | number)[]): Promise<unknown>;
  eval(lua: string, keys: number, ...args: (string | number)[]): Promise<unknown>;
  mget(...keys: string[]): Promise<(string | null)[]>;
  time(): Promise<unknown[]>;
  publish(channel: string, message: string): Promise<unknown>;
}

/** ms to wait before the next try; each call counts as one. */
export type RetryDelay = () => number;

/**
 * Not connected yet: `connect()` does that.
 *
 * @param retry how to reconnect, for ever; `undefined`: not, the client ends with its connection.
 */
export function createRedis(access: RedisAccess, name: string, retry: RetryDelay | undefined): Redis {
  const { target, sentinel } = access;
  const options: RedisOptions = {
    ...common(access, name),
    // Each connection subscribes anew by itself, to know when it can have missed something.
    autoResubscribe: false,
    retryStrategy: retry ?? (() => null),
    enableOfflineQueue: false,
    lazyConnect: true,
  };
  const [place] = target.places;
  if (target.topology !== 'sentinel') {
    return guarded(new Redis({ ...options, host: place?.host, port: place?.port, db: target.database }));
  }
  return new Redis({
    ...options,
    sentinels: target.places.map(({ host, port }) => ({ host, port })),
    name: target.masterName,
    ...sentinel,
    ...(access.tls === undefined ? {} : { sentinelTLS: access.tls, enableTLSForSentinelMode: true }),
    sentinelCommandTimeout: SENTINEL_COMMAND_LIMIT_MS,
    sentinelRetryStrategy: retry ?? (() => null),
    // Leaves the old master when the Sentinels name a new one, instead of waiting until the old one is seen dead.
    failoverDetector: true,
    sentinelReconnectStrategy: () => SENTINEL_RECONNECT_MS,
    sentinelMaxConnections: MOST_SENTINELS,
    // Whether it is a master at all.
    enableReadyCheck: true,
  });
}

/** A Sentinel that was lost while nothing else is wrong: one that others stand in for. */
const SENTINEL_RECONNECT_MS = 10_000;
const MOST_SENTINELS = 10;

/**
 * ioredis goes on in database 0 where the one that was asked for is refused. Such a connection is closed before
 * anything is sent on it.
 */
function guarded(client: Redis): Redis {
  client.on('error', (error: { command?: { name?: string } }) => {
    if (error.command?.name === 'select') client.disconnect(true);
  });
  return client;
}

/** A client of one server, apart from any Sentinels and Cluster. */
export function createRedisAt(
  place: RedisPlace,
  access: RedisAccess,
  name: string,
  retry: RetryDelay | undefined,
): Redis {
  const target = { ...access.target, topology: 'standalone' as const, places: [place] };
  return createRedis({ ...access, target }, name, retry);
}

/** A client that has given up is connected anew after so long at least, ms. */
const REVIVAL_MS = 500;

/**
 * Connects a client again that has given up for good. None is meant to; but ioredis ends without a further try where
 * the news of a failover comes in while it is on its way from the Sentinel to the master.
 */
export function revive(client: Redis | Cluster, isClosed: () => boolean, retry: RetryDelay): void {
  client.on('end', () => {
    if (isClosed()) return;
    setTimeout(
      () => {
        // It tells of its failure by another end.
        if (!isClosed() && client.status === 'end') client.connect().catch(() => undefined);
      },
      Math.max(REVIVAL_MS, retry()),
    ).unref();
  });
}

export function createCluster(access: RedisAccess, name: string, retry: RetryDelay): Cluster {
  return new Cluster(
    access.target.places.map(({ host, port }) => ({ host, port })),
    {
      enableOfflineQueue: false,
      lazyConnect: true,
      clusterRetryStrategy: retry,
      // Together they stay below the store's own bound of a command: redirections are for moved slots.
      maxRedirections: 4,
      retryDelayOnMoved: 0,
      retryDelayOnTryAgain: 100,
      retryDelayOnFailover: 100,
      retryDelayOnClusterDown: 100,
      slotsRefreshTimeout: 1000,
      slotsRefreshInterval: 5000,
      redisOptions: common(access, name),
    },
  );
}

/**
 * Every limit that ioredis would otherwise set by itself:
 *
 * | option | ioredis's own | here |
 * |---|---|---|
 * | `connectTimeout`, `disconnectTimeout` | 10 s, 2 s | 2 s, 0.2 s |
 * | `commandTimeout`, `socketTimeout` | none | 0.4 s, 2 s without a byte that is owed |
 * | `keepAlive`, `noDelay` | 30 s, on | 10 s, on |
 * | `maxRetriesPerRequest`, `autoResendUnfulfilledCommands` | 20, on | 1, off: whether to send again is the caller's decision |
 * | `retryStrategy`, `sentinelRetryStrategy`, `clusterRetryStrategy` | to 5 s, 1 s, 2 s, anew at each connection | retry-pace.ts |
 * | `sentinelReconnectStrategy`, `sentinelCommandTimeout`, `sentinelMaxConnections` | 60 s, none, 10 | 10 s, 1 s, 10 |
 * | `enableReadyCheck`, `maxLoadingRetryTime` | INFO until it says loaded, 10 s apart | only with Sentinels: the first look tells the same |
 * | `protocol` | RESP3, which proxies refuse | RESP2 |
 * | attempt at one of several addresses (Node) | 0.25 s | for the process, main.ts |
 */
function common({ target, tls }: RedisAccess, name: string) {
  return {
    username: target.username,
    password: target.password,
    ...(tls === undefined ? {} : { tls }),
    connectionName: name,
    // Each is a command that users of few rights may not send, and an entry in the server's ACL LOG.
    disableClientInfo: true,
    protocol: 2 as const,
    enableReadyCheck: false,
    connectTimeout: CONNECT_LIMIT_MS,
    disconnectTimeout: 200,
    commandTimeout: COMMAND_LIMIT_MS,
    socketTimeout: SILENCE_LIMIT_MS,
    maxRetriesPerRequest: 1,
    // A command that got no answer may have been carried out: to send it again is the caller's decision.
    autoResendUnfulfilledCommands: false,
    keepAlive: 10_000,
    noDelay: true,
    // A master that has become a replica, or one whose disk is broken, will not change its mind on this connection.
    reconnectOnError: (error: Error) => /^(READONLY|MASTERDOWN)/.test(error.message),
  };
}
