import type { Clock } from '../clock/clock.js';
import { BoundedMap } from '../core/access/bounded-map.js';
import { classify, KINDS } from '../core/kinds/kinds.js';
import type { HubEvents } from '../events/hub-events.js';
import type { TicketCache } from '../token-cache/ticket-cache.service.js';
import { refusedWith } from './rules/answer.js';

/** Every call may be refused: that is told of so seldom, of an app. Milliseconds. */
const APART_MS = 60_000;

/** Tells of calls that are refused because of the hub's address although tokens are given: only the caller sees it. */
export class RefusedAddresses {
  readonly #told = new BoundedMap<string, { readonly at: number }>(10_000);

  constructor(
    private readonly tickets: TicketCache,
    private readonly clock: Clock,
    private readonly events: HubEvents,
  ) {}

  /** @param text of a small answer, its bytes as Latin-1 */
  lookAt(appid: string, text: string): void {
    const kind = this.tickets.kindOf(appid);
    const errcode = kind && KINDS[kind].addressRefusedWith;
    const words = errcode === undefined ? undefined : refusedWith(errcode, text);
    if (kind === undefined || errcode === undefined || words === undefined) return;
    const now = this.clock.now();
    const told = this.#told.get(appid);
    if (told !== undefined && now - told.at < APART_MS) return;
    this.#told.set(appid, { at: now });
    this.events.emit('addressRefused', { appid, error: classify(kind, errcode, words, 'probe') });
  }
}
