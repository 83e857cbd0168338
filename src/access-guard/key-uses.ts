import { isKeyless, type ClientEntry } from '../core/access/client.js';
import { identityName } from '../core/access/identity.js';

/** How often a key or identity (or a client without one, by its address) was let in since the process began, and when last. */
export interface KeyUse {
  requests: number;
  /** Epoch ms on the hub's clock; `undefined`: not since the process began. */
  lastAt: number | undefined;
}

/** The uses of all keys of apps.yaml. The hot path holds the counter itself: no look-up for each request. */
export class KeyUses {
  #byKey = new Map<string, KeyUse>();

  /** @param keyId or the name of an identity; `undefined`: known by its address */
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
    for (const client of clients) {
      for (const proof of proofsOf(client)) {
        const name = `${client.id} ${proof ?? ''}`;
        this.#byKey.set(name, before.get(name) ?? { requests: 0, lastAt: undefined });
      }
    }
  }
}

/** By what a client is let in: the ids of its keys and the names of its identities, or `undefined`, its address alone. */
export function proofsOf(client: ClientEntry): readonly (string | undefined)[] {
  if (isKeyless(client)) return [undefined];
  return [...client.keys.map(({ id }) => id), ...client.identities.map(identityName)];
}
