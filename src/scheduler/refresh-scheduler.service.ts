import { Injectable, OnModuleDestroy } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Clock, type TimerHandle } from '../clock/clock.js';
import type { CredentialSlot } from '../core/credential.js';
import { RefreshTimers } from '../token-cache/refresh/refresh-timers.js';

/** setTimeout's own bound is 2^31 - 1 ms; a timer that goes off early just looks again. */
const LONGEST_TIMER_MS = 24 * 60 * 60 * 1000;

/**
 * Renews each configured app on a timer of its own (and each ticket of it), in Nest's registry under
 * `refresh:<appid>`. It only owns the timers: when the next attempt is due was decided by the policy, and the end of
 * each attempt arms the timer anew.
 */
@Injectable()
export class RefreshScheduler extends RefreshTimers implements OnModuleDestroy {
  readonly #timers = new Map<string, TimerHandle>();
  #stopped = false;

  constructor(
    private readonly registry: SchedulerRegistry,
    private readonly clock: Clock,
  ) {
    super();
  }

  /** Timers stop first, then the calls under way end. */
  onModuleDestroy(): void {
    this.#stopped = true;
    for (const name of [...this.#timers.keys()]) this.#disarm(name);
  }

  get armed(): number {
    return this.#timers.size;
  }

  override arm(appid: string, slot: CredentialSlot, at: number, due: () => void): void {
    const name = timerName(appid, slot);
    this.#disarm(name);
    if (this.#stopped) return;
    const delay = Math.min(Math.max(0, at - this.clock.now()), LONGEST_TIMER_MS);
    const handle = this.clock.setTimeout(() => {
      this.#disarm(name);
      if (at > this.clock.now() + 1) this.arm(appid, slot, at, due);
      else due();
    }, delay);
    this.#timers.set(name, handle);
    this.registry.addTimeout(name, handle);
  }

  override disarm(appid: string, slot: CredentialSlot): void {
    this.#disarm(timerName(appid, slot));
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
