import type { ClientEntry } from '../core/access/client.js';

/** How often a key (or a client without one, by its address) was let in since the process began, and when last. */
export interface KeyUse {
  requests: number;
  /** Epoch ms on the hub's clock; `undefined`: not since the process began. */
  lastAt: number | undefined;
}

/** The uses of all keys of apps.yaml. The hot path holds the counter itself: no look-up for each request. */
export class KeyUses {
  #byKey = new Map<string, KeyUse>();

  /** @param keyId `undefined`: known by its address */
  of(clientId: string, keyId: string | undefined): KeyUse {
    const name = `${clientId} ${keyId ?? ''}`;
    let use = this.#byKey.get(name);
    if (use === undefined) this.#byKey.set(name, (use = { requests: 0, lastAt: undefined }));
    return use;
  }

  /** Keys that stay, by their ids, go on counting; those of others are forgotten. */
  setClients(clients: readonly ClientEntry[]): void {
    const before = this.#byKey;
    this.#byKey = new Map();
    for (const { id, keys } of clients) {
      for (const keyId of keys.length === 0 ? [''] : keys.map((key) => key.id)) {
        const name = `${id} ${keyId}`;
        this.#byKey.set(name, before.get(name) ?? { requests: 0, lastAt: undefined });
      }
    }
  }
}
