import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { RedisTarget } from '../../../config/redis-url.js';

/**
 * One command, ms. Redis answers within one or two; who waits longer is better off without it, since a refresh waits
 * for at most a few commands. Real time: this bounds I/O, whatever clock the hub runs on.
 */
export const COMMAND_LIMIT_MS = 400;
/** A connection that owes an answer for so long is given up, and with it all that was queued on it. */
const SILENCE_LIMIT_MS = 2000;
const CONNECT_LIMIT_MS = 2000;
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 2000;

/** What the store needs of a client; a Redis and a Cluster both have it. */
export interface RedisCommands {
  evalsha(sha: string, keys: number, ...args: (string | number)[]): Promise<unknown>;
  eval(lua: string, keys: number, ...args: (string | number)[]): Promise<unknown>;
  mget(...keys: string[]): Promise<(string | null)[]>;
  time(): Promise<unknown[]>;
  publish(channel: string, message: string): Promise<unknown>;
  ping(): Promise<unknown>;
}

/** 50 ms, doubling to 2 s, by ±25 % at random, so that replicas do not come back in step. `times`: from 1. */
export function reconnectDelay(times: number, chance: number): number {
  const base = Math.min(FIRST_RETRY_MS * 2 ** Math.min(times - 1, 10), LONGEST_RETRY_MS);
  return Math.round(base * (0.75 + 0.5 * chance));
}

/** Not connected yet: `connect()` does that, and from then on they reconnect by themselves for ever. */
export function createRedis(target: RedisTarget, name: string, chance: () => number): Redis {
  const options: RedisOptions = {
    ...common(target, name),
    // Each connection subscribes anew by itself, to know when it can have missed something.
    autoResubscribe: false,
    retryStrategy: (times) => reconnectDelay(times, chance()),
    enableOfflineQueue: false,
    lazyConnect: true,
  };
  const [place] = target.places;
  if (target.topology === 'sentinel') {
    return new Redis({
      ...options,
      sentinels: target.places.map(({ host, port }) => ({ host, port })),
      name: target.masterName,
      // Sentinels without a password take any, so one password serves both.
      ...(target.password === undefined ? {} : { sentinelPassword: target.password }),
      sentinelCommandTimeout: 1000,
      sentinelRetryStrategy: (times) => reconnectDelay(times, chance()),
      // Leaves the old master when the Sentinels name a new one, instead of waiting until the old one is seen dead.
      failoverDetector: true,
    });
  }
  return new Redis({ ...options, host: place?.host, port: place?.port, db: target.database });
}

/** A client that has given up is connected anew after so long, ms. */
const REVIVAL_MS = 500;

/**
 * Connects a client again that has given up for good. None is meant to; but ioredis ends without a further try where
 * the news of a failover comes in while it is on its way from the Sentinel to the master.
 */
export function revive(client: Redis | Cluster, isClosed: () => boolean): void {
  client.on('end', () => {
    if (isClosed()) return;
    setTimeout(() => {
      // It tells of its failure by another end.
      if (!isClosed() && client.status === 'end') client.connect().catch(() => undefined);
    }, REVIVAL_MS).unref();
  });
}

export function createCluster(target: RedisTarget, name: string, chance: () => number): Cluster {
  return new Cluster(
    target.places.map(({ host, port }) => ({ host, port })),
    {
      enableOfflineQueue: false,
      lazyConnect: true,
      clusterRetryStrategy: (times) => reconnectDelay(times, chance()),
      // Together they stay below the store's own bound of a command: redirections are for moved slots.
      maxRedirections: 4,
      retryDelayOnFailover: 100,
      retryDelayOnClusterDown: 100,
      slotsRefreshTimeout: 1000,
      slotsRefreshInterval: 5000,
      redisOptions: common(target, name),
    },
  );
}

function common(target: RedisTarget, name: string) {
  return {
    username: target.username,
    password: target.password,
    ...(target.tls ? { tls: {} } : {}),
    connectionName: name,
    connectTimeout: CONNECT_LIMIT_MS,
    disconnectTimeout: 200,
    commandTimeout: COMMAND_LIMIT_MS,
    socketTimeout: SILENCE_LIMIT_MS,
    maxRetriesPerRequest: 1,
    // A command that got no answer may have been carried out: to send it again is the caller's decision.
    autoResendUnfulfilledCommands: false,
    keepAlive: 10_000,
    // A master that has become a replica, or one whose disk is broken, will not change its mind on this connection.
    reconnectOnError: (error: Error) => /^(READONLY|MASTERDOWN)/.test(error.message),
  };
}
