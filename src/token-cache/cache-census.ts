import { Injectable } from '@nestjs/common';
import type { CredentialKind, CredentialSlot, CredentialState } from '../core/credential.js';
import { Refresher } from './refresher.js';
import { TokenCache } from './token-cache.service.js';
import type { LaneLoad } from './upstream-lanes.js';

/** One token or ticket of an app. Never its value in the clear: that is a Secret of the state. */
export interface CredentialCensus {
  readonly slot: CredentialSlot;
  /** What apps.yaml has the hub fetch. */
  readonly kind: CredentialKind;
  /** A ticket that nobody keeps warm and nobody asks for rests, and is missed by nobody. */
  readonly resting: boolean;
  readonly state: CredentialState;
  readonly nextAttemptAt: number | undefined;
}

/** What this process holds and does, counted for those who watch. Changes nothing. */
@Injectable()
export class CacheCensus {
  constructor(
    private readonly cache: TokenCache,
    private readonly refresher: Refresher,
  ) {}

  /** Attempts that have a place upstream, and those that wait for one. */
  get upstream(): LaneLoad {
    return this.refresher.load;
  }

  appids(): MapIterator<string> {
    return this.cache.appids();
  }

  /** Of the app, the token first; nothing where there is no such app. */
  *of(appid: string): Generator<CredentialCensus> {
    const entry = this.cache.entry(appid);
    if (entry === undefined) return;
    for (const { slot, state, nextAttemptAt, dormant } of entry.cells()) {
      yield {
        slot,
        kind: slot === 'token' ? entry.app.tokenApi : slot,
        resting: dormant,
        state,
        nextAttemptAt,
      };
    }
  }
}
