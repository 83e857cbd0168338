import type { ClientEntry, ClientKey } from './client.js';
import { identityName } from './identity.js';

/** Names, by what became of what they name between two readings of apps.yaml. */
export interface NamedChanges {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/**
 * Which clients and keys differ between two readings of apps.yaml. Clients are named by their ids, keys by `client/key`
 * (no id of a key has a slash), never by their hashes.
 *
 * - A client is changed where anything that decides about its requests is, its keys included; the order of a list
 *   decides nothing.
 * - A key is changed where its hash or its end is. The keys of a client that comes or goes come and go with it.
 */
export class ClientComparison {
  readonly #clients = new Changes();
  readonly #keys = new Changes();

  get clients(): NamedChanges {
    return this.#clients;
  }

  get keys(): NamedChanges {
    return this.#keys;
  }

  /** One client before and after; `undefined`: there was or is none. */
  take(id: string, before: ClientEntry | undefined, after: ClientEntry | undefined): void {
    const sameKeys = this.#takeKeys(id, before?.keys ?? [], after?.keys ?? []);
    const same = before !== undefined && after !== undefined && sameKeys && sameRules(before, after);
    this.#clients.take(id, before !== undefined, after !== undefined, same);
  }

  /** @returns whether they are the same */
  #takeKeys(client: string, before: readonly ClientKey[], after: readonly ClientKey[]): boolean {
    const old = new Map(before.map((key) => [key.id, key]));
    let same = before.length === after.length;
    for (const key of after) {
      const was = old.get(key.id);
      const isSame = was?.sha256 === key.sha256 && was.expiresAt === key.expiresAt;
      same &&= isSame;
      this.#keys.take(`${client}/${key.id}`, was !== undefined, true, isSame);
      old.delete(key.id);
    }
    for (const id of old.keys()) this.#keys.take(`${client}/${id}`, true, false, false);
    return same;
  }
}

class Changes implements NamedChanges {
  readonly added: string[] = [];
  readonly changed: string[] = [];
  readonly removed: string[] = [];

  take(name: string, was: boolean, is: boolean, same: boolean): void {
    if (!was && is) this.added.push(name);
    else if (was && !is) this.removed.push(name);
    else if (is && !same) this.changed.push(name);
  }
}

/** Whether both may the same, from the same addresses, as often. */
function sameRules(a: ClientEntry, b: ClientEntry): boolean {
  return (
    a.requestsPerMinute === b.requestsPerMinute &&
    sameMembers(a.may, b.may) &&
    sameMembers(a.apps === '*' ? ['*'] : a.apps, b.apps === '*' ? ['*'] : b.apps) &&
    sameMembers(a.identities.map(identityName), b.identities.map(identityName)) &&
    sameMembers(a.allowIps?.ranges, b.allowIps?.ranges) &&
    sameMembers(a.gatewayPaths, b.gatewayPaths)
  );
}

function sameMembers(a: Iterable<string> | undefined, b: Iterable<string> | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const [left, right] = [new Set(a), new Set(b)];
  return left.size === right.size && [...left].every((member) => right.has(member));
}
