import type { Clock } from '../clock/clock.js';
import { BoundedMap } from '../core/access/bounded-map.js';
import { admitsAddress, isExpired, type Caller } from '../core/access/decision.js';
import type { AccessRequest } from './access-request.js';
import type { Origin } from './origins.js';

/** Verified keys, as presented. Several spellings of one (`bearer`, `Bearer`) are several entries. */
const REMEMBERED_KEYS = 16_384;

/** Characters of a header that is remembered: `Bearer`, a space and the longest key. */
const MAX_REMEMBERED = 135;

type KnownByKey = Caller & { readonly by: 'key' };

/** Keys that were found good, so that not each request costs a hash. For one configuration. */
export class VerifiedKeys {
  /** By `Authorization` header, and by key alone: apart, since a header that is a bare key is malformed. */
  readonly #byHeader = new BoundedMap<string, KnownByKey>(REMEMBERED_KEYS);
  readonly #byKey = new BoundedMap<string, KnownByKey>(REMEMBERED_KEYS);

  /** Who presents that, if it is remembered, has not expired by now, and may come from there. */
  callerOf({ key, authorization }: AccessRequest, origin: Origin, clock: Clock): Caller | undefined {
    const known = key === undefined ? this.#byHeader.get(authorization ?? '') : this.#byKey.get(key);
    if (known === undefined || !admitsAddress(known.client, origin.address)) return undefined;
    const ends = known.key.expiresAt !== undefined;
    return ends && isExpired(known.key, clock.wallNow()) ? undefined : known;
  }

  remember({ key, authorization }: AccessRequest, caller: Caller): void {
    if (caller.by !== 'key') return;
    if (key !== undefined) this.#byKey.set(key, caller);
    else if (authorization !== undefined && authorization.length <= MAX_REMEMBERED) {
      this.#byHeader.set(authorization, caller);
    }
  }

  clear(): void {
    this.#byHeader.clear();
    this.#byKey.clear();
  }
}
