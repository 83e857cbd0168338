import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { sameCredentials, type AppSettings } from '../core/app.js';
import { disputeLeft, isDisputed, merged, withMerged } from '../core/coordination.js';
import { failed, granted, isValid, type CredentialKind, type Held } from '../core/credential.js';
import { isEarlyRotation, nextAttemptAt, nextTicketAttemptAt } from '../core/refresh-policy.js';
import type { UpstreamResult } from '../core/upstream.js';
import { describeFailure } from '../core/wechat-error.js';
import type { RefreshEnded } from '../events/hub-events.js';
import { WeChatClient } from '../wechat-client/wechat-client.js';
import { Agreement } from './agreement.js';
import type { CredentialCell } from './app-entry.js';
import type { Claim } from './token-store.js';

export interface AttemptOutcome {
  readonly outcome: RefreshEnded['outcome'];
  readonly result: UpstreamResult;
  readonly kind: CredentialKind;
  readonly app: AppSettings;
  readonly sentAt: number;
  readonly endedAt: number;
  /** See {@link isEarlyRotation}. */
  readonly early: boolean;
}

type EndedCall = Omit<AttemptOutcome, 'outcome' | 'early'>;

/**
 * One call to WeChat and what it changes: pure transition -> store -> memory.
 *
 * What WeChat granted is stored before it is served: a version that a caller has seen is one that all replicas know.
 * A store that is gone delays that by its own bound, while the token before goes on being served.
 */
@Injectable()
export class UpstreamAttempt {
  constructor(
    private readonly client: WeChatClient,
    private readonly agreement: Agreement,
    private readonly clock: Clock,
  ) {}

  /** The cell's state is changed when it resolves; its next attempt is not decided. `undefined`: the app is gone. */
  async make(
    cell: CredentialCell,
    force: boolean,
    claim: Claim | undefined,
  ): Promise<AttemptOutcome | undefined> {
    const { entry, slot } = cell;
    const { app } = entry;
    const kind = slot === 'token' ? app.tokenApi : slot;
    const sentAt = this.clock.now();
    const result = await this.#ask(cell, app, force, sentAt);
    const endedAt = this.clock.now();
    const ended = { result, kind, app, sentAt, endedAt };
    if (entry.removed) {
      await claim?.release();
      return undefined;
    }
    if (!result.ok) {
      await this.#failed(cell, ended, claim);
      return { ...ended, outcome: 'failed', early: false };
    }
    // A reload changed the family under the call: the answer belongs to the other one.
    const current = slot !== 'token' || kind === entry.app.tokenApi;
    const before = cell.state;
    const step = granted(before, result.grant, kind, claim?.firstVersion ?? this.#firstVersion());
    const { held } = step.state;
    if (!current || step.outcome === 'outdated' || held === undefined) {
      // A mint all the same, under way while another replica's was: nobody knows which of them WeChat took for the later.
      if (current && kind === 'token') cell.disputedUntil = endedAt;
      await claim?.release();
      return { ...ended, outcome: 'outdated', early: false };
    }
    const same = before.held?.kind === kind && before.held.value.equals(held.value);
    const fence = claim?.fence ?? (same ? before.held.fence : undefined);
    await this.#granted(cell, { ...step.state, held: { ...held, fence } }, before, ended, claim);
    const forcedAt = force ? sentAt : entry.forced.at(-1);
    return { ...ended, outcome: step.outcome, early: isEarlyRotation(before.held, held, forcedAt) };
  }

  #ask(cell: CredentialCell, app: AppSettings, force: boolean, now: number): Promise<UpstreamResult> {
    if (cell.slot === 'token') return this.client.fetchToken(app, { force });
    const { held } = cell.entry.token.state;
    if (isValid(held, now)) return this.client.fetchTicket(cell.slot, held.value);
    return Promise.resolve({ ok: false, error: describeFailure('no_access_token', '') });
  }

  async #granted(
    cell: CredentialCell,
    next: CredentialCell['state'] & { readonly held: Held },
    before: CredentialCell['state'],
    ended: EndedCall,
    claim: Claim | undefined,
  ): Promise<void> {
    const saved = await this.agreement.save(cell, next.held, claim);
    const refused = saved !== undefined && !saved.saved && saved.stored !== undefined;
    if (cell.state === before) {
      cell.state = next;
    } else {
      // News came in while the token was on its way to the store.
      cell.state = withMerged(cell.state, merged(cell.state.held, next.held, ended.kind, this.clock.now()));
    }
    cell.refreshedHere = true;
    if (saved?.saved === true) this.agreement.written(cell, saved.held, saved.stamp);
    else await claim?.release();
    cell.disputedUntil = disputeLeft(cell.disputedUntil, ended.sentAt);
    if (refused) await this.agreement.reach(cell, saved.stored);
    const disputed = this.#isDisputed(cell, ended, claim, { granted: true, refused, mayHaveActed: true });
    if (disputed) cell.disputedUntil = this.clock.now();
  }

  async #failed(cell: CredentialCell, ended: EndedCall, claim: Claim | undefined): Promise<void> {
    const { result, app, sentAt, endedAt } = ended;
    if (result.ok) return;
    const { error } = result;
    const { mayHaveActed } = error;
    if (this.#isDisputed(cell, ended, claim, { granted: false, refused: false, mayHaveActed })) {
      cell.disputedUntil = endedAt;
    }
    // A failure of credentials that a reload has replaced meanwhile says nothing about the new ones.
    if (!sameCredentials(app, cell.entry.app)) {
      await claim?.release();
      return;
    }
    const fence = claim?.fence;
    cell.state = failed(cell.state, error, sentAt, endedAt, fence);
    const { failures, slowFailures } = cell.state;
    // The latest that this replica will choose for its own next attempt: until then the others leave the app to it.
    const next =
      cell.slot === 'token'
        ? nextAttemptAt(cell.entry.app, cell.state, endedAt, 1)
        : nextTicketAttemptAt(cell.state, endedAt, 1);
    await claim?.release({ failure: { error, failures, slowFailures, fence }, retryInMs: next - endedAt });
  }

  #isDisputed(
    cell: CredentialCell,
    { endedAt }: EndedCall,
    claim: Claim | undefined,
    call: { readonly granted: boolean; readonly refused: boolean; readonly mayHaveActed: boolean },
  ): boolean {
    const { app } = cell.entry;
    if (cell.slot !== 'token' || claim === undefined) return false;
    return isDisputed(app.tokenApi, { ...call, endedAt, lapsedAt: claim.lapsesAt });
  }

  /**
   * The number of a token without predecessor that no store has numbered: the wall clock's seconds, so that a hub
   * that starts without any memory never gives a version again that a caller still holds with another token.
   */
  #firstVersion(): number {
    return Math.floor(this.clock.wallNow() / 1000);
  }
}
