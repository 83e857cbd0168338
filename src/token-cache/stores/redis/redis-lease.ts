import type { Lease } from '../../token-store.js';
import type { ClockReading } from './redis-time.js';

/** A lease that this replica was given, with Redis's clock as it was then. */
export class RedisLease implements Lease {
  constructor(
    readonly fence: number,
    readonly reading: ClockReading,
    readonly startBy: number,
    readonly lapsesAt: number,
    private readonly giveBack: (failed: Parameters<Lease['release']>[0]) => Promise<void>,
  ) {}

  /** Redis's clock, in seconds: one clock for all replicas, and beyond any number that was counted up from before. */
  get firstVersion(): number {
    return Math.floor(this.reading.redisNow / 1000);
  }

  /** Redis that cannot be reached frees the lease by itself, when it lapses. */
  async release(failed?: Parameters<Lease['release']>[0]): Promise<void> {
    await this.giveBack(failed).catch(() => undefined);
  }
}
