import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { AppKindName, TicketType } from '../core/app.js';
import { isValid } from '../core/credential.js';
import { ticketTypeOf } from '../core/kinds/kinds.js';
import { ticketPromisedToSdksUntil, ticketPromisedUntil } from '../core/ticket-life.js';
import { NO_TOKEN, unavailable, type TicketReading } from './reading.js';
import type { AppEntry } from './refresh/app-entry.js';
import { AttemptLoop } from './refresh/attempt-loop.js';
import type { CredentialCell } from './refresh/credential-cell.js';
import { TokenCache } from './token-cache.service.js';

/** A ticket's next attempt is worth waiting for if it is so near: at a ticket's end the next one is a call away. */
const WORTH_WAITING_MS = 2000;

/**
 * Tickets of all types: the guarantees of tokens (memory first, single-flight, serve-cached-on-failure), fetched
 * on first use where apps.yaml does not keep them warm. One that nobody has asked for since its last attempt rests.
 */
@Injectable()
export class TicketCache {
  constructor(
    private readonly cache: TokenCache,
    private readonly attempts: AttemptLoop,
    private readonly clock: Clock,
  ) {}

  kindOf(appid: string): AppKindName | undefined {
    return this.cache.entry(appid)?.app.kind;
  }

  /** The ticket type of that name that the app has; `undefined`: it has none, or there is no such app. */
  typeOf(appid: string, name: unknown): TicketType | undefined {
    const app = this.cache.entry(appid)?.app;
    return app === undefined ? undefined : ticketTypeOf(app.kind, name);
  }

  /**
   * `undefined`: no such app. Waits only where no valid ticket is held, and an attempt is under way or very near: its own,
   * or one for the token that it is asked for with.
   */
  async read(appid: string, type: TicketType, gone?: AbortSignal): Promise<TicketReading | undefined> {
    const entry = this.cache.entry(appid);
    if (entry === undefined) return undefined;
    if (entry.app.loginOnly === true) return NO_TOKEN;
    const cell = entry.ticket(type);
    const comes = !isValid(cell.state.held, this.clock.now()) && this.cache.read(appid)?.kind === 'pending';
    if (comes) await this.cache.settled(appid, gone);
    this.#use(entry, cell);
    for (let waited = 0; waited < 2; waited += 1) {
      const reading = this.#now(entry, cell);
      if (reading !== undefined || entry.removed || gone?.aborted === true) break;
      await this.cache.changeOf(cell, gone);
    }
    if (entry.removed) return undefined;
    return this.#now(entry, cell) ?? unavailable(cell, this.clock.now());
  }

  #now(entry: AppEntry, cell: CredentialCell): TicketReading | undefined {
    const now = this.clock.now();
    const { held } = cell.state;
    if (isValid(held, now)) {
      const secondsTo = (end: number): number => Math.floor((end - now) / 1000);
      return {
        kind: 'held',
        held,
        expiresInSeconds: secondsTo(ticketPromisedUntil(entry.app, held, now)),
        expiresInSecondsForSdks: secondsTo(ticketPromisedToSdksUntil(entry.app, held, now)),
      };
    }
    if (this.attempts.closing) return unavailable(cell, now);
    const due = cell.nextAttemptAt ?? now;
    const near = cell.state.failures === 0 && due - now <= WORTH_WAITING_MS;
    return cell.pending || near || cell.askedAgain ? undefined : unavailable(cell, now);
  }

  /** First use, or use after a rest: the attempt begins at once if it is due, else its timer goes on where it stood. */
  #use(entry: AppEntry, cell: CredentialCell): void {
    const now = this.clock.now();
    cell.usedAt = now;
    const at = cell.nextAttemptAt;
    if (at !== undefined && !cell.dormant) return;
    cell.dormant = false;
    if (at === undefined || at <= now) void entry.refresh(cell, 'schedule');
    else entry.plan(cell, at);
  }
}
