import { Injectable } from '@nestjs/common';
import { slotOf, type CredentialSlot, type Held } from '../../core/credential.js';
import { TokenStore, type Claim, type SaveOutcome } from '../token-store.js';

/** The embedded default: one process, nothing outlives it, every claim is granted. */
@Injectable()
export class MemoryTokenStore extends TokenStore {
  readonly #held = new Map<string, Map<CredentialSlot, Held>>();
  #fence = 0;

  override load(appids: readonly string[]): Promise<ReadonlyMap<string, readonly Held[]>> {
    const found = new Map<string, readonly Held[]>();
    for (const appid of appids) {
      const slots = this.#held.get(appid);
      if (slots !== undefined) found.set(appid, [...slots.values()]);
    }
    return Promise.resolve(found);
  }

  override claim(_appid: string): Promise<Claim | undefined> {
    return Promise.resolve({ fence: ++this.#fence, release: () => Promise.resolve() });
  }

  override save(appid: string, held: Held, _claim: Claim): Promise<SaveOutcome> {
    const slots = this.#held.get(appid) ?? new Map<CredentialSlot, Held>();
    const slot = slotOf(held.kind);
    const stored = slots.get(slot);
    if (stored !== undefined && stored.version > held.version) {
      return Promise.resolve({ saved: false, newer: stored });
    }
    slots.set(slot, held);
    this.#held.set(appid, slots);
    return Promise.resolve({ saved: true });
  }

  override remove(appids: readonly string[]): Promise<void> {
    for (const appid of appids) this.#held.delete(appid);
    return Promise.resolve();
  }
}
