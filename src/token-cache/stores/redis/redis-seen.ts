import type { RedisTarget } from '../../../config/environment/redis-url.js';
import type { Lacking } from './redis-rights.js';

/** What a look at the Redis of HUB_REDIS_URL has shown. Free of secrets. */
export interface RedisSeen {
  readonly topology: RedisTarget['topology'];
  /** Sentinels, in the order of the URL; empty otherwise. */
  readonly sentinels: readonly SentinelSeen[];
  /** The master or masters first. With Sentinel or Cluster also replicas, as far as they are known. */
  readonly servers: readonly ServerSeen[];
  /** What a Cluster says of itself; `undefined` where there is none or it did not say. */
  readonly cluster: { readonly state: string; readonly slots: number } | undefined;
}

export interface SentinelSeen {
  readonly place: string;
  /** Why it cannot be asked; `undefined`: it answered. */
  readonly failure: string | undefined;
  /** Where it sees the master; `undefined`: it knows none of that name. */
  readonly master: string | undefined;
  /** Why the Sentinels could not agree on a failover now; `undefined`: they could. */
  readonly noQuorum: string | undefined;
}

export interface ServerSeen {
  readonly place: string;
  /** Why it cannot be asked; the other fields say nothing then. */
  readonly failure: string | undefined;
  readonly role: 'master' | 'replica';
  /** As in `7.0.15`; `undefined` where it may not be asked. */
  readonly version: string | undefined;
  /** The middle one of some commands, ms. */
  readonly latencyMs: number;
  /** Why it does not take what the hub writes; `undefined`: it does, or was not asked to. */
  readonly refusal: string | undefined;
  /** What the hub's user may not do there, of what it needs. */
  readonly lacking: Lacking;
  /** `maxmemory_policy`, where memory is bounded at all. */
  readonly eviction: string | undefined;
  /** Its clock less this machine's, ms. */
  readonly aheadMs: number;
}
