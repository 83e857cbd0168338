import { WindowCounter } from '../core/access/limit.js';
import { WindowCounters } from '../core/access/window-counters.js';

/**
 * Answers a minute; a page asks each 2 s, and some more often at its start. Looking must not cost callers their speed,
 * and nobody who looks may lock out another: each client has its own share, and who shows no key has none of it.
 */
export const LIVE_ANSWERS = { ofClient: 600, ofOpenAddress: 200, ofAllOpen: 600 } as const;

/** Addresses that look without a key and are told apart. */
const COUNTED = 1024;

/** How often the console's live view may be asked. */
export class ViewingLimits {
  /** By the client's id: as many as apps.yaml has. */
  readonly #clients = new WindowCounters(16_384);
  readonly #addresses = new WindowCounters(COUNTED);
  readonly #allOpen = new WindowCounter();

  /** @returns 0, or the seconds to wait */
  ofClient(id: string, now: number): number {
    return this.#clients.take(id, now, LIVE_ANSWERS.ofClient);
  }

  /** Without a key, where HUB_CONSOLE_OPEN lets look. @returns 0, or the seconds to wait */
  ofAddress(address: string, now: number): number {
    const wait = this.#addresses.take(address, now, LIVE_ANSWERS.ofOpenAddress);
    return wait > 0 ? wait : this.#allOpen.take(now, LIVE_ANSWERS.ofAllOpen);
  }
}
