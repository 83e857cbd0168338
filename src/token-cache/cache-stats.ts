import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { CredentialKind, CredentialSlot, CredentialState } from '../core/credential.js';
import { AttemptLoop } from './refresh/attempt-loop.js';
import { TokenCache } from './token-cache.service.js';
import type { LimiterLoad } from './refresh/upstream-limiter.js';

/** One token or ticket of an app. Never its value in the clear: that is a Secret of the state. */
export interface CredentialStats {
  readonly slot: CredentialSlot;
  /** What apps.yaml has the hub fetch. */
  readonly kind: CredentialKind;
  /** The app only logs users in: there is no token to be missed. */
  readonly loginOnly: boolean;
  /** A ticket that nobody keeps warm and nobody asks for rests, and is missed by nobody. */
  readonly resting: boolean;
  readonly state: CredentialState;
  readonly nextAttemptAt: number | undefined;
}

/** What this process holds and does, counted for those who watch. Changes nothing. */
@Injectable()
export class CacheStats {
  constructor(
    private readonly cache: TokenCache,
    private readonly attempts: AttemptLoop,
    private readonly clock: Clock,
  ) {}

  /** Attempts that have a place upstream, and those that wait for one. */
  get upstream(): LimiterLoad {
    return this.attempts.load;
  }

  appids(): MapIterator<string> {
    return this.cache.appids();
  }

  /** Of the app, the token first; nothing where there is no such app. */
  *of(appid: string): Generator<CredentialStats> {
    const entry = this.cache.entry(appid);
    if (entry === undefined) return;
    const now = this.clock.now();
    for (const cell of entry.cells()) {
      const { slot, nextAttemptAt, dormant, kind } = cell;
      yield {
        slot,
        kind,
        loginOnly: entry.app.loginOnly === true,
        resting: dormant,
        state: cell.shown(now),
        nextAttemptAt,
      };
    }
  }
}
