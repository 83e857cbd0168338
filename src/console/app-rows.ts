import { Injectable } from '@nestjs/common';
import { tokenApiOf } from '../core/app.js';
import { Clock } from '../clock/clock.js';
import { causeOf } from '../core/error-cause.js';
import type { CredentialState, Held } from '../core/credential.js';
import { waitBeforeForce } from '../core/force-budget.js';
import { addressesIn, WHITELIST_ERRCODES } from '../core/whitelist.js';
import type { AppEntry } from '../token-cache/refresh/app-entry.js';
import type { TicketStatus } from '../token-cache/ticket-status.js';
import { TokenCache } from '../token-cache/token-cache.service.js';
import { CallHistory } from './call-history.js';
import type { AppRow, ErrorRow, ForceRow, LifeRow, TicketRow } from './wire.js';

/** An app as the console shows it, made anew for each answer: the wall clock may have been set. */
@Injectable()
export class AppRows {
  constructor(
    private readonly cache: TokenCache,
    private readonly clock: Clock,
    private readonly history: CallHistory,
  ) {}

  /** `undefined`: no such app. */
  of(appid: string): AppRow | undefined {
    const status = this.cache.status(appid);
    const entry = this.cache.entry(appid);
    if (status === undefined || entry === undefined) return undefined;
    const { app, state, health, refreshing } = status;
    return {
      appid,
      tenant: app.tenant ?? null,
      name: app.name ?? null,
      kind: app.kind,
      tokenApi: tokenApiOf(app),
      state: health,
      refreshing,
      life: this.#life(state.held),
      nextRefreshAt: this.#wall(status.nextAttemptAt),
      lastRefreshAt: this.#wall(state.refreshedAt),
      failures: state.failures,
      lastError: this.#error(state, 'token'),
      force: status.forcedLeft === undefined ? null : this.#force(entry, status.forcedLeft),
      tickets: status.tickets.map((ticket) => this.#ticket(ticket)),
      calls: this.history.of(appid) ?? null,
    };
  }

  #ticket({ type, health, refreshing, state, nextAttemptAt }: TicketStatus): TicketRow {
    return {
      type,
      state: health,
      refreshing,
      life: this.#life(state.held),
      nextRefreshAt: this.#wall(nextAttemptAt),
      failures: state.failures,
      lastError: this.#error(state, 'ticket'),
    };
  }

  #life(held: Held | undefined): LifeRow | null {
    if (held === undefined) return null;
    const { version, issuedAt, expiresAt, lifeMs } = held;
    return { version, issuedAt: this.#wallOf(issuedAt), expiresAt: this.#wallOf(expiresAt), lifeMs };
  }

  #error({ lastError }: CredentialState, of: 'token' | 'ticket'): ErrorRow | null {
    if (lastError === undefined) return null;
    const { at, error } = lastError;
    return {
      at: this.#wallOf(at),
      class: error.class,
      cause: causeOf(error, of),
      errcode: error.errcode ?? null,
      errmsg: error.errmsg,
      hint: error.hint,
      addresses:
        error.errcode !== undefined && WHITELIST_ERRCODES.has(error.errcode) ? addressesIn(error.errmsg) : [],
    };
  }

  #force(entry: AppEntry, left: number): ForceRow {
    const now = this.clock.now();
    return { left, notBefore: this.#wallOf(now + waitBeforeForce(entry.forced, now)) };
  }

  #wall(at: number | undefined): number | null {
    return at === undefined ? null : this.#wallOf(at);
  }

  /** A time on the hub's clock, as the wall clock of this moment would show it. */
  #wallOf(at: number): number {
    return Math.round(this.clock.wallNow() + (at - this.clock.now()));
  }
}
