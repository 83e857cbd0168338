import { BeforeApplicationShutdown, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Clock, type TimerHandle } from '../clock/clock.js';
import { HubEvents } from '../events/hub-events.js';
import { TokenCache } from '../token-cache/token-cache.service.js';

/** setTimeout's own bound is 2^31 - 1 ms; a timer that goes off early just looks again. */
const LONGEST_TIMER_MS = 24 * 60 * 60 * 1000;

/**
 * One timer per app, in Nest's registry under `refresh:<appid>`. It only owns the timers: when the next attempt is
 * due was decided by the policy, and the cache arms the timer anew at the end of each attempt.
 */
@Injectable()
export class RefreshScheduler implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #timers = new Map<string, TimerHandle>();
  #stopped = false;

  constructor(
    private readonly cache: TokenCache,
    private readonly registry: SchedulerRegistry,
    private readonly clock: Clock,
    private readonly events: HubEvents,
  ) {}

  onApplicationBootstrap(): void {
    this.cache.bindScheduler(
      (appid, at) => {
        this.#arm(appid, at);
      },
      (appid) => {
        this.#disarm(appid);
      },
    );
    // Not awaited: the hub answers (with 503) and reports its readiness while the first round is under way.
    this.cache.start().catch((error: unknown) => {
      this.events.emit('troubleSeen', { where: 'scheduler.start', error });
    });
  }

  /** Timers stop first, then the calls under way end. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#stopped = true;
    for (const appid of [...this.#timers.keys()]) this.#disarm(appid);
    await this.cache.close();
  }

  get armed(): number {
    return this.#timers.size;
  }

  #arm(appid: string, at: number): void {
    this.#disarm(appid);
    if (this.#stopped) return;
    const delay = Math.min(Math.max(0, at - this.clock.now()), LONGEST_TIMER_MS);
    const handle = this.clock.setTimeout(() => {
      this.#disarm(appid);
      if (at > this.clock.now() + 1) this.#arm(appid, at);
      else void this.cache.refreshDue(appid);
    }, delay);
    this.#timers.set(appid, handle);
    this.registry.addTimeout(timerName(appid), handle);
  }

  #disarm(appid: string): void {
    const handle = this.#timers.get(appid);
    if (handle === undefined) return;
    this.#timers.delete(appid);
    this.clock.clearTimeout(handle);
    this.registry.deleteTimeout(timerName(appid));
  }
}

function timerName(appid: string): string {
  return `refresh:${appid}`;
}
