import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { isValid, type Held } from '../core/credential.js';
import { provedAlive, provedDead } from '../core/doubtful-mint.js';
import { CHECKS_APART_MS, decideReport, type ReportOutcome } from '../core/report.js';
import { Secret } from '../core/secret.js';
import { HubEvents, type Reporter } from '../events/hub-events.js';
import { Agreement } from './agreement.js';
import type { AppEntry, CredentialCell } from './app-entry.js';
import { Refresher } from './refresher.js';
import { ServedTokens } from './served-tokens.js';
import { TokenCache } from './token-cache.service.js';
import { TokenStore } from './token-store.js';

/**
 * Tokens that WeChat is said to refuse: by a caller's report, by an SDK that asks again, by the gateway or a ticket
 * call that was refused. All come through here, so that together they keep the limits of core/report.ts.
 */
@Injectable()
export class DeadTokens {
  constructor(
    private readonly cache: TokenCache,
    private readonly refresher: Refresher,
    private readonly clock: Clock,
    private readonly events: HubEvents,
    private readonly store: TokenStore,
    private readonly agreement: Agreement,
    private readonly served: ServedTokens,
  ) {
    refresher.bindDeadToken((entry, token, ticket) => void this.#ticketRefused(entry, token, ticket));
    refresher.bindDoubt((entry) => {
      this.#settleDoubt(entry);
    });
  }

  /**
   * "WeChat told me that this token is no good." Compares first; of many reports of one death the first asks WeChat
   * and the others share its answer.
   * @returns `undefined` where the hub has no valid token now: read the cache for why
   */
  async report(appid: string, reported: Secret, reporter: Reporter): Promise<ReportOutcome | undefined> {
    const entry = this.cache.entry(appid);
    if (entry === undefined) return undefined;
    const outcome = await this.#report(entry, reported);
    const fingerprint = this.served.fingerprintOf(appid, reported);
    this.events.emit('tokenReported', { ...reporter, appid, outcome: outcome ?? 'unavailable', fingerprint });
    return outcome;
  }

  /**
   * An SDK asks again for the token that it just got, which is the only way it has to say that the token is dead.
   * `stable_token`: a normal call; `token`: a probe, and a mint only if the token is dead.
   * @returns the check to wait for, begun here or shared; `undefined` where it was made sure of just now, or where
   * attempts fail and the schedule keeps the pace
   */
  makeSure(appid: string, now = this.clock.now()): Promise<void> | undefined {
    const entry = this.cache.entry(appid);
    if (entry === undefined) return undefined;
    const { held, failures } = entry.token.state;
    if (!isValid(held, now) || failures > 0) return undefined;
    if (entry.checking !== undefined) return entry.checking;
    if (now - entry.checkedAt < CHECKS_APART_MS[entry.app.tokenApi]) return undefined;
    return this.#share(entry, now, () => this.#check(entry, held));
  }

  /** Whoever asks meanwhile shares the check, and the next one keeps its distance from this one. */
  #share(entry: AppEntry, now: number, check: () => Promise<void>): Promise<void> {
    entry.checkedAt = now;
    entry.checking = check().finally(() => {
      entry.checking = undefined;
    });
    return entry.checking;
  }

  async #check(entry: AppEntry, held: Held): Promise<void> {
    if (entry.app.tokenApi === 'stable_token') {
      await this.#report(entry, held.value);
      return;
    }
    if (await this.#checkedElsewhere(entry)) return;
    if ((await this.refresher.probe(entry)) === 'dead') await this.#report(entry, held.value);
  }

  /** See core/doubtful-mint.ts. Shares the pace, and a check under way, with those who ask again. */
  #settleDoubt(entry: AppEntry): void {
    const now = this.clock.now();
    if (entry.checking !== undefined || now - entry.checkedAt < CHECKS_APART_MS.token) return;
    void this.#share(entry, now, () => this.#probeDoubtful(entry));
  }

  async #probeDoubtful(entry: AppEntry): Promise<void> {
    const cell = entry.token;
    const asked = cell.state.held;
    const askedAt = this.clock.now();
    const result = await this.refresher.probe(entry);
    const { state } = cell;
    // What came in meanwhile has settled it, or is another token's matter.
    if (entry.removed || asked === undefined || state.held === undefined) return;
    if (!state.held.value.equals(asked.value)) return;
    if (result === 'alive') {
      cell.state = provedAlive(state, askedAt);
    } else if (result === 'dead') {
      cell.state = provedDead(state, this.clock.now());
      this.events.emit('tokenLost', { appid: entry.app.appid, version: asked.version });
      this.refresher.settle(cell);
    }
  }

  /** Over all replicas, a `token` app is probed so often at most. This process has kept its own count already. */
  async #checkedElsewhere({ app }: AppEntry): Promise<boolean> {
    try {
      return (await this.store.throttle(app.appid, 'check', CHECKS_APART_MS[app.tokenApi])) > 0;
    } catch (error) {
      this.agreement.tell('store.throttle', error);
      return false;
    }
  }

  async #report(entry: AppEntry, reported: Secret): Promise<ReportOutcome | undefined> {
    const cell = entry.token;
    const now = this.clock.now();
    const before = cell.state.held;
    const { tokenApi } = entry.app;
    const decision = decideReport(cell.state, reported, tokenApi, entry.reportedAt, cell.putOff, now);
    switch (decision) {
      case 'superseded':
        return 'superseded';
      case 'unavailable':
        return undefined;
      case 'throttled':
        // The attempt that a report began is shared; one that the schedule began is as good.
        if (cell.underWay === undefined) return 'throttled';
        break;
      case 'ask':
        entry.reportedAt = now;
        break;
      default:
        return unreachable(decision);
    }
    const ended = await this.refresher.refresh(cell, 'report');
    const { held, attemptedAt } = cell.state;
    // From call to call: a slow store may have stood between the report and its call, and not before the next one.
    if (decision === 'ask') entry.reportedAt = Math.max(now, attemptedAt ?? now);
    if (held !== undefined && held.version !== before?.version) return 'refreshed';
    if (!isValid(held, this.clock.now())) return undefined;
    // WeChat could not be asked: nothing is known, the schedule goes on trying, and a report costs no valid token.
    return ended === undefined || ended.outcome === 'failed' ? 'throttled' : 'confirmed';
  }

  /** The ticket is asked for again as soon as there is another token; otherwise by its own schedule. */
  async #ticketRefused(entry: AppEntry, token: Held, ticket: CredentialCell): Promise<void> {
    const outcome = await this.report(entry.app.appid, token.value, { by: 'ticket' });
    if (outcome === 'refreshed' || outcome === 'superseded') await this.refresher.refresh(ticket, 'report');
  }
}

function unreachable(decision: never): never {
  throw new Error(`unknown decision ${String(decision)}`);
}
