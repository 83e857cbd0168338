import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { disputeLeft, merged, withMerged, type Merged } from '../core/coordination.js';
import type { Held } from '../core/credential.js';
import { HubEvents } from '../events/hub-events.js';
import type { CredentialCell } from './app-entry.js';
import { StoreUnavailable, TokenStore, type Claim, type SaveOutcome, type Stored } from './token-store.js';

/** Each look that finds the store ahead and behind again is one more writer who was quicker; none waits for that. */
const MOST_ROUNDS = 4;

/**
 * Brings together what this replica holds of a credential and what the store holds: the newer one wins on both sides
 * (core/coordination.ts). Never rejects, and changes nothing but the cell's state; its next attempt is the caller's.
 */
@Injectable()
export class Agreement {
  constructor(
    private readonly store: TokenStore,
    private readonly clock: Clock,
    private readonly events: HubEvents,
  ) {}

  /** After a look at the store. `undefined`: it holds nothing. Tells what became of the cell. */
  async reach(cell: CredentialCell, stored: Stored | undefined): Promise<Merged['outcome']> {
    let outcome: Merged['outcome'] = 'kept';
    for (let round = 0, look = stored; round < MOST_ROUNDS; round += 1) {
      const step = this.see(cell, look);
      if (step.outcome === 'taken' || outcome === 'kept') outcome = step.outcome;
      const { held } = cell.state;
      // What cannot be read is left to the next refresh, which writes it anew.
      const unreadable = look !== undefined && look.held === undefined;
      if (!step.storeAgain || unreadable || held === undefined || cell.entry.removed) break;
      const saved = await this.save(cell, held, undefined);
      if (saved === undefined) break;
      if (saved.saved) {
        this.written(cell, saved.held, saved.stamp);
        break;
      }
      if (saved.stored === undefined) break;
      look = saved.stored;
    }
    return outcome;
  }

  /** As far as it goes without writing. */
  see(cell: CredentialCell, stored: Stored | undefined): Merged {
    const { entry, slot } = cell;
    cell.seen = stored?.stamp ?? 0;
    const wanted = slot === 'token' ? entry.app.tokenApi : slot;
    const now = this.clock.now();
    const step = merged(cell.state.held, stored?.held, wanted, now);
    cell.state = withMerged(cell.state, step);
    if (step.outcome !== 'kept') cell.refreshedHere = false;
    if (step.outcome === 'taken' && step.held !== undefined) {
      this.events.emit('credentialTaken', { appid: entry.app.appid, kind: step.held.kind });
      cell.disputedUntil = disputeLeft(cell.disputedUntil, step.held.issuedAt);
    }
    if (step.disputed) cell.disputedUntil = now;
    return step;
  }

  /** The store took this in; what is held meanwhile may be another. */
  written(cell: CredentialCell, saved: Held, stamp: number): void {
    cell.seen = stamp;
    const { held } = cell.state;
    if (held?.kind !== saved.kind || !held.value.equals(saved.value)) return;
    const version = Math.max(held.version, saved.version);
    cell.state = { ...cell.state, held: { ...held, version, fence: saved.fence } };
  }

  /** `undefined`: the store is gone. It may have written all the same, so the next look begins from nothing. */
  async save(cell: CredentialCell, held: Held, claim: Claim | undefined): Promise<SaveOutcome | undefined> {
    try {
      return await this.store.save(cell.entry.app.appid, held, claim);
    } catch (error) {
      cell.seen = 0;
      this.tell('store.save', error);
      return undefined;
    }
  }

  /** A store that is gone has told so itself; anything else is a bug. */
  tell(where: string, error: unknown): void {
    if (!(error instanceof StoreUnavailable)) this.events.emit('troubleSeen', { where, error });
  }
}
