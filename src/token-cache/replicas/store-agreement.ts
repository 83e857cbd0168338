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
  /** Of these a save failed: the store may have written all the same, and may lack what is served. */
  readonly #unsaved = new Set<CredentialCell>();

  constructor(
    private readonly store: TokenStore,
    private readonly clock: Clock,
    private readonly events: HubEvents,
  ) {}

  /** After a look at the store. `undefined`: it holds nothing. Tells what became of the cell. */
  async reach(cell: CredentialCell, stored: Stored | undefined): Promise<Merged['outcome']> {
    let outcome: Merged['outcome'] = 'kept';
    this.#unsaved.delete(cell);
    for (let round = 0, look = stored; round < MOST_ROUNDS; round += 1) {
      const observed = this.observe(cell, look);
      if (observed.outcome === 'taken' || outcome === 'kept') outcome = observed.outcome;
      const { held } = cell.state;
      // What cannot be read is left to the next refresh, which writes it anew.
      const unreadable = look !== undefined && look.held === undefined;
      if (!observed.storeAgain || unreadable || held === undefined || cell.owner.removed) break;
      const saved = await this.save(cell, held, undefined);
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
  async save(cell: CredentialCell, held: Held, lease: Lease | undefined): Promise<SaveOutcome | undefined> {
    try {
      const outcome = await this.store.save(cell.owner.app.appid, held, lease);
      this.#unsaved.delete(cell);
      return outcome;
    } catch (error) {
      this.#unsaved.add(cell);
      this.tell('store.save', error);
      return undefined;
    }
  }

  /** Whether the store did not take what is held: it may answer, and still refuse all that is written. */
  isUnsaved(cell: CredentialCell): boolean {
    return this.#unsaved.has(cell);
  }

  /** A look has shown that the store and this replica hold the same, or nothing. */
  agrees(cell: CredentialCell): void {
    this.#unsaved.delete(cell);
  }

  /** The apps of which a save has failed, and nothing was brought in line since. */
  unsaved(): string[] {
    for (const cell of this.#unsaved) if (cell.owner.removed) this.#unsaved.delete(cell);
    return [...this.#unsaved].map(({ owner }) => owner.app.appid);
  }

  /** A store that is gone has told so itself; anything else is a bug. */
  tell(where: string, error: unknown): void {
    if (!(error instanceof StoreUnavailable)) this.events.emit('troubleSeen', { where, error });
  }
}
