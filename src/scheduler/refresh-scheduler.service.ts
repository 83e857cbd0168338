import { BeforeApplicationShutdown, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Clock, type TimerHandle } from '../clock/clock.js';
import type { CredentialSlot } from '../core/credential.js';
import { HubEvents } from '../events/hub-events.js';
import { TokenCache } from '../token-cache/token-cache.service.js';

/** setTimeout's own bound is 2^31 - 1 ms; a timer that goes off early just looks again. */
const LONGEST_TIMER_MS = 24 * 60 * 60 * 1000;

/**
 * One timer per app (and one per ticket of it), in Nest's registry under `refresh:<appid>`. It only owns the timers: when the next attempt is
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
      (appid, slot, at) => {
        this.#arm(appid, slot, at);
      },
      (appid, slot) => {
        this.#disarm(timerName(appid, slot));
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
    for (const name of [...this.#timers.keys()]) this.#disarm(name);
    await this.cache.close();
  }

  get armed(): number {
    return this.#timers.size;
  }

  #arm(appid: string, slot: CredentialSlot, at: number): void {
    const name = timerName(appid, slot);
    this.#disarm(name);
    if (this.#stopped) return;
    const delay = Math.min(Math.max(0, at - this.clock.now()), LONGEST_TIMER_MS);
    const handle = this.clock.setTimeout(() => {
      this.#disarm(name);
      if (at > this.clock.now() + 1) this.#arm(appid, slot, at);
      else void this.cache.refreshDue(appid, slot);
    }, delay);
    this.#timers.set(name, handle);
    this.registry.addTimeout(name, handle);
  }

  #disarm(name: string): void {
    const handle = this.#timers.get(name);
    if (handle === undefined) return;
    this.#timers.delete(name);
    this.clock.clearTimeout(handle);
    this.registry.deleteTimeout(name);
  }
}

/** `refresh:<appid>` for the token, `refresh:<appid>:<type>` for a ticket. Appids have no colons. */
function timerName(appid: string, slot: CredentialSlot): string {
  return slot === 'token' ? `refresh:${appid}` : `refresh:${appid}:${slot}`;
}
