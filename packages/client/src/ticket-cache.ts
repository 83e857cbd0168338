import type { HubApi, TicketGrant, TicketType } from './hub-api.js';
import { HubError, isLasting } from './hub-error.js';
import type { Settings } from './options.js';
import { failurePauseMs } from './pace.js';

/**
 * How long a ticket is served before the hub is asked again, which is cheap there. Tickets cannot be long-polled, and
 * change about once in two hours; the one before goes on working. Milliseconds.
 */
const FRESH_MS = 60_000;
/** A bound of memory: apps times ticket types. */
const MOST_ENTRIES = 10_000;

interface Entry {
  ticket: TicketGrant | undefined;
  /** Not before: the hub failed, or said so (Retry-After). On ClientClock. */
  retryAt: number;
  failures: number;
  error: HubError | undefined;
  underWay: Promise<void> | undefined;
}

/** Tickets in memory: one request at a time for each, and a failure never costs one that is still good. */
export class TicketCache {
  readonly #api: HubApi;
  readonly #settings: Settings;
  readonly #entries = new Map<string, Entry>();

  constructor(api: HubApi, settings: Settings) {
    this.#api = api;
    this.#settings = settings;
  }

  async get(appid: string, type: TicketType): Promise<TicketGrant> {
    const entry = this.#entry(`${appid} ${type}`);
    const { clock } = this.#settings;
    const before = clock.now();
    const fresh = entry.ticket !== undefined && before < entry.ticket.sentAt + FRESH_MS;
    if (!(fresh && this.#isServable(entry.ticket, before)) && before >= entry.retryAt) {
      entry.underWay ??= this.#fetch(entry, appid, type);
      await entry.underWay;
    }
    const now = clock.now();
    if (this.#isServable(entry.ticket, now)) return entry.ticket;
    const { error, retryAt } = entry;
    if (error === undefined)
      throw new HubError('HUB_BAD_ANSWER', 'The ticket that the hub names has no life left.');
    throw error.withRetryAfter(Math.max(0, Math.ceil(retryAt - now)));
  }

  async #fetch(entry: Entry, appid: string, type: TicketType): Promise<void> {
    const { clock, random } = this.#settings;
    try {
      entry.ticket = await this.#api.ticket(appid, type);
      entry.failures = 0;
      entry.error = undefined;
      entry.retryAt = -Infinity;
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      entry.failures += 1;
      entry.error = error;
      const now = clock.now();
      const holding = this.#isServable(entry.ticket, now);
      const { retryAfterMs } = error;
      const { failures } = entry;
      const lasting = isLasting(error);
      entry.retryAt = now + failurePauseMs({ failures, lasting, retryAfterMs, holding }, random());
    } finally {
      entry.underWay = undefined;
    }
  }

  #isServable(ticket: TicketGrant | undefined, now: number): ticket is TicketGrant {
    if (ticket === undefined) return false;
    return now < ticket.sentAt + ticket.lifeMs - Math.min(this.#settings.expiryMarginMs, ticket.lifeMs / 10);
  }

  #entry(id: string): Entry {
    const known = this.#entries.get(id);
    if (known !== undefined) return known;
    const entry: Entry = {
      ticket: undefined,
      retryAt: -Infinity,
      failures: 0,
      error: undefined,
      underWay: undefined,
    };
    this.#entries.set(id, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > MOST_ENTRIES && oldest !== undefined) this.#entries.delete(oldest);
    return entry;
  }
}
