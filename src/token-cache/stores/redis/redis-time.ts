import type { Held } from '../../../core/credential.js';

/**
 * One reading of Redis's clock, seen from this process: Redis's TIME said `redisNow` at some moment between `sentAt`
 * and `receivedAt` on the hub's clock.
 *
 * Times are stored on Redis's clock, which is one for all replicas; wall clocks of replicas are never compared. Two
 * processes cannot know each other's clock better than the way between them takes, so each translation rounds to the
 * early side: what is stored, or taken from the store, never lives longer than it does, but by up to the time of one
 * command (bounded, usually a millisecond) shorter.
 *
 * What is trusted: that Redis's clock runs at the speed of time. A step of it, or a failover to a node whose clock
 * is off, shifts what is read until the token's next refresh; replicas that hold the token are not affected.
 */
export interface ClockReading {
  readonly sentAt: number;
  readonly receivedAt: number;
  readonly redisNow: number;
}

export interface StoredTimes {
  readonly issuedAt: number;
  readonly confirmedAt: number;
  readonly expiresAt: number;
}

/** A time of this process on Redis's clock, not later than it is: as if TIME had been read at the very last moment. */
function toRedis(time: number, { receivedAt, redisNow }: ClockReading): number {
  return Math.floor(time - receivedAt + redisNow);
}

/** TIME is taken in whole milliseconds, rounded down: the clock may have been so far on already. */
const RESOLUTION_MS = 1;

/** A time on Redis's clock on this process's, not later than it is: as if TIME had been read at the very first. */
function fromRedis(time: number, { sentAt, redisNow }: ClockReading): number {
  return time - (redisNow + RESOLUTION_MS) + sentAt;
}

export function timesToStore(held: Held, reading: ClockReading): StoredTimes {
  return {
    issuedAt: toRedis(held.issuedAt, reading),
    confirmedAt: toRedis(held.confirmedAt, reading),
    expiresAt: toRedis(held.expiresAt, reading),
  };
}

export function timesFromStore(stored: StoredTimes, reading: ClockReading): StoredTimes {
  return {
    issuedAt: fromRedis(stored.issuedAt, reading),
    confirmedAt: fromRedis(stored.confirmedAt, reading),
    expiresAt: fromRedis(stored.expiresAt, reading),
  };
}
