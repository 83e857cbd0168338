import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { Randomness } from '../clock/randomness.js';
import { mayGoAloneAt } from '../core/coordination.js';
import type { Held } from '../core/credential.js';
import { REPORTS_APART_MS } from '../core/report.js';
import type { RefreshTrigger } from '../events/hub-events.js';
import { Agreement } from './agreement.js';
import type { CredentialCell } from './app-entry.js';
import { TokenStore, type Claim, type ClaimOutcome } from './token-store.js';

/** An attempt to get a credential, from its beginning. */
export interface Attempt {
  readonly trigger: RefreshTrigger;
  /** WeChat's `force_refresh`. */
  readonly force: boolean;
  /** When it began, epoch ms on the hub's clock, and what was held then. */
  readonly since: number;
  readonly before: Held | undefined;
}

/** Whether an attempt that is due may ask WeChat now. */
export type Right =
  /** `claim`: `undefined` where the store is gone and this replica goes on by itself. */
  | { readonly kind: 'go'; readonly claim: Claim | undefined }
  /** Another replica has done it: no call. */
  | { readonly kind: 'needless' }
  /** Another replica's call is under way: wait for its result, or until its claim has lapsed. */
  | { readonly kind: 'elsewhere'; readonly lapsesInMs: number }
  /** Not before then, epoch ms on the hub's clock. `putOff`: only because the store is gone. */
  | { readonly kind: 'later'; readonly at: number; readonly putOff: boolean };

/** Each claim that finds something new in the store is followed by one more. */
const MOST_CLAIMS = 4;
/** How soon to ask again where replicas write faster than this one can look, ms. */
const BUSY_MS = 1000;

/**
 * One refresh at a time over all replicas.
 *
 * - A claim also tells what the store holds and this replica has not seen: then that is taken over, and a scheduled
 *   attempt has become needless.
 * - A store that is gone decides nothing: core/coordination.ts says who goes on.
 */
@Injectable()
export class RefreshRights {
  /** See {@link mayGoAloneAt}. */
  readonly #turn: number;

  constructor(
    private readonly store: TokenStore,
    private readonly agreement: Agreement,
    private readonly clock: Clock,
    randomness: Randomness,
  ) {
    this.#turn = randomness.next();
  }

  /**
   * Once per attempt, before {@link ask}. On reports WeChat is asked so often at most, over all replicas; this process
   * has kept its own count already. Never rejects.
   */
  async mayBegin(cell: CredentialCell, { trigger }: Attempt): Promise<boolean> {
    if (trigger !== 'report' || cell.slot !== 'token') return true;
    const { appid, tokenApi } = cell.entry.app;
    try {
      return (await this.store.throttle(appid, 'report', REPORTS_APART_MS[tokenApi])) <= 0;
    } catch (error) {
      this.agreement.tell('store.throttle', error);
      return true;
    }
  }

  /** Never rejects. */
  async ask(cell: CredentialCell, attempt: Attempt): Promise<Right> {
    for (let claims = 0; claims < MOST_CLAIMS; claims += 1) {
      const outcome = await this.#claim(cell, attempt.trigger !== 'schedule');
      switch (outcome?.kind) {
        case undefined:
          return this.#alone(cell, attempt);
        case 'granted':
          return { kind: 'go', claim: outcome.claim };
        case 'leased':
          return { kind: 'elsewhere', lapsesInMs: outcome.lapsesInMs };
        case 'paused':
          return { kind: 'later', at: this.clock.now() + outcome.retryInMs, putOff: false };
        case 'changed':
          await this.agreement.reach(cell, outcome.stored);
          if (cell.entry.removed || isAnswered(cell, attempt)) return { kind: 'needless' };
      }
    }
    return { kind: 'later', at: this.clock.now() + BUSY_MS, putOff: false };
  }

  async #claim(cell: CredentialCell, urgent: boolean): Promise<ClaimOutcome | undefined> {
    const { entry, slot, seen } = cell;
    try {
      return await this.store.claim(entry.app.appid, { slot, seen, urgent });
    } catch (error) {
      this.agreement.tell('store.claim', error);
      return undefined;
    }
  }

  /** Somebody waits for an answer about a token that may be dead: only the schedule has time to wait. */
  #alone(cell: CredentialCell, { trigger }: Attempt): Right {
    const now = this.clock.now();
    if (trigger !== 'schedule' || cell.slot !== 'token') return { kind: 'go', claim: undefined };
    const { state, refreshedHere, entry } = cell;
    const at = mayGoAloneAt(entry.app.tokenApi, state.held, refreshedHere, now, this.#turn);
    return at <= now ? { kind: 'go', claim: undefined } : { kind: 'later', at, putOff: true };
  }
}

/** Whether what is held now, after a look at the store or news, is what the attempt was to bring. */
export function isAnswered(cell: CredentialCell, { trigger, force, since, before }: Attempt): boolean {
  const { held } = cell.state;
  if (held === undefined || force || cell.disputed) return false;
  if (before === undefined || !held.value.equals(before.value)) return true;
  // Asked for by somebody: only what WeChat said after they asked will do.
  return held.confirmedAt > (trigger === 'schedule' ? before.confirmedAt : since);
}
