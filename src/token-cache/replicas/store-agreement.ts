import { Injectable } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import { written } from '../../core/attempt.js';
import { merged, withMerged, type Merged } from '../../core/coordination.js';
import type { Held } from '../../core/credential.js';
import { HubEvents } from '../../events/hub-events.js';
import type { CredentialCell } from '../refresh/credential-cell.js';
import { StoreUnavailable, TokenStore, type Lease, type SaveOutcome, type Stored } from '../token-store.js';

/** Each look that finds the store ahead and behind again is one more writer who was quicker; none waits for that. */
const MOST_ROUNDS = 4;

/**
 * Brings together what this replica holds of a credential and what the store holds: the newer one wins on both sides
 * (core/coordination.ts). Never rejects, and changes nothing but what the cell knows; its next attempt is the caller's.
 */
@Injectable()
export class StoreAgreement {
  /** Apps of which a save failed: the store may have written all the same, and may lack what is served. */
  readonly #unsaved = new Set<string>();

  constructor(
    private readonly store: TokenStore,
    private readonly clock: Clock,
    private readonly events: HubEvents,
  ) {}

  /** After a look at the store. `undefined`: it holds nothing. Tells what became of the cell. */
  async reach(cell: CredentialCell, stored: Stored | undefined): Promise<Merged['outcome']> {
    let outcome: Merged['outcome'] = 'kept';
    for (let round = 0, look = stored; round < MOST_ROUNDS; round += 1) {
      const observed = this.observe(cell, look);
      if (observed.outcome === 'taken' || outcome === 'kept') outcome = observed.outcome;
      const { held } = cell.state;
      // What cannot be read is left to the next refresh, which writes it anew.
      const unreadable = look !== undefined && look.held === undefined;
      if (!observed.storeAgain || unreadable || held === undefined || cell.owner.removed) break;
      const saved = await this.save(cell.owner.app.appid, held, undefined);
      if (saved === undefined) {
        // The next look begins from nothing.
        cell.become({ ...cell.cached, seen: 0 });
        break;
      }
      if (saved.saved) {
        cell.become(written(cell.cached, saved.held, saved.stamp));
        break;
      }
      if (saved.stored === undefined) break;
      look = saved.stored;
    }
    return outcome;
  }

  /** As far as it goes without writing. */
  observe(cell: CredentialCell, stored: Stored | undefined): Merged {
    const { cached } = cell;
    const now = this.clock.now();
    const found = merged(cached.state.held, stored?.held, cell.kind, now);
    cell.become({
      ...cached,
      state: withMerged(cached.state, found),
      seen: stored?.stamp ?? 0,
      refreshedHere: cached.refreshedHere && found.outcome === 'kept',
      // What others held off, they have brought.
      heldOffSince: found.outcome === 'kept' ? cached.heldOffSince : undefined,
    });
    if (found.outcome === 'taken' && found.held !== undefined) {
      this.events.emit('credentialTaken', { appid: cell.owner.app.appid, kind: found.held.kind });
    }
    return found;
  }

  /** `undefined`: the store is gone, and may have written all the same. */
  async save(appid: string, held: Held, lease: Lease | undefined): Promise<SaveOutcome | undefined> {
    try {
      return await this.store.save(appid, held, lease);
    } catch (error) {
      this.#unsaved.add(appid);
      this.tell('store.save', error);
      return undefined;
    }
  }

  /** The apps of which a save has failed since this was last asked. */
  takeUnsaved(): string[] {
    const appids = [...this.#unsaved];
    this.#unsaved.clear();
    return appids;
  }

  /** A store that is gone has told so itself; anything else is a bug. */
  tell(where: string, error: unknown): void {
    if (!(error instanceof StoreUnavailable)) this.events.emit('troubleSeen', { where, error });
  }
}
