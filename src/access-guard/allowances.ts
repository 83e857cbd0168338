import { BoundedMap } from '../core/access/bounded-map.js';
import type { ClientEntry } from '../core/access/client.js';
import type { ShownProof } from '../core/access/identity.js';
import { WindowCounter } from '../core/access/limit.js';
import type { Granted } from './access-verdict.js';
import type { KeyUse, KeyUses } from './key-uses.js';
import type { Origin } from './origins.js';

/**
 * Addresses of one client whose requests are counted. Each client has its own, so that none pushes out another's by
 * calling from many; only who passed the client's rules gets one.
 */
const COUNTED_ADDRESSES_PER_CLIENT = 8_192;

/** What is kept of one client at one address; of IPv6 at one /64, of which every host has as many as it likes. */
export class Allowance {
  readonly requests = new WindowCounter();
  #granted: Granted | undefined;
  /** Of the client and key of {@link #granted}. */
  #use: KeyUse | undefined;

  /** The verdict that lets this client pass; the last one again where it is the same: no object per request. */
  granted(
    client: ClientEntry,
    key: ShownProof | undefined,
    { text }: Origin,
    uses: KeyUses,
    now: number,
  ): Granted {
    let granted = this.#granted;
    let use = this.#use;
    // After a reload an equal client is another object, and a block has many addresses: the verdict names those of now.
    if (
      granted === undefined ||
      use === undefined ||
      granted.client !== client ||
      granted.key !== key ||
      granted.address !== text
    ) {
      granted = this.#granted = { ok: true, client, key, address: text };
      use = this.#use = uses.of(client.id, key?.id);
    }
    use.requests += 1;
    use.lastAt = now;
    return granted;
  }
}

/** The allowances of all clients. Not emptied by a reload: that would hand out a minute's requests anew. */
export class Allowances {
  #byClient = new Map<string, BoundedMap<string, Allowance>>();

  /** Clients that stay, by id, keep their counts; those of others are forgotten. */
  setClients(clients: readonly ClientEntry[]): void {
    const before = this.#byClient;
    this.#byClient = new Map(
      clients.map(({ id }) => [id, before.get(id) ?? new BoundedMap(COUNTED_ADDRESSES_PER_CLIENT)]),
    );
  }

  of(client: ClientEntry, origin: Origin): Allowance {
    const addresses = this.#byClient.get(client.id);
    if (addresses === undefined) throw new Error(`client ${client.id} is not in the configuration`);
    let allowance = addresses.get(origin.block);
    if (allowance === undefined) {
      allowance = new Allowance();
      addresses.set(origin.block, allowance);
    }
    return allowance;
  }
}
