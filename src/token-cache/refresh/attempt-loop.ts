import { Injectable } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import { Randomness } from '../../clock/randomness.js';
import {
  urgencyOf,
  type Attempt,
  type AttemptEnd,
  type AttemptRequest,
  type Calling,
  type Input,
  type LeaseAnswer,
  type SaveAnswer,
  type Seed,
  type StepContext,
} from '../../core/attempt.js';
import { failed } from '../../core/attempt-outcome.js';
import { replicaNumber } from '../../core/coordination.js';
import { isValid, type CredentialState, type Held } from '../../core/credential.js';
import { nextAttemptAt, nextTicketAttemptAt } from '../../core/refresh-policy.js';
import type { Secret } from '../../core/secret.js';
import type { UpstreamResult } from '../../core/upstream.js';
import { describeFailure } from '../../core/wechat-error.js';
import { HubEvents } from '../../events/hub-events.js';
import { WeChatClient } from '../../wechat-client/wechat-client.js';
import { StoreAgreement } from '../replicas/store-agreement.js';
import { StoreContact } from '../replicas/store-contact.js';
import { Mints } from '../mints.js';
import { TokenStore, type Lease, type LeaseOutcome } from '../token-store.js';
import type { CredentialCell } from './credential-cell.js';
import { KeyedMutex } from './keyed-mutex.js';
import { UpstreamLimiter, WIDTHS, type CallKind, type LimiterLoad, type Permit } from './upstream-limiter.js';

/** A call to WeChat that an attempt made, for those who tell of it. */
export interface MadeCall {
  readonly calling: Calling;
  readonly result: UpstreamResult;
  readonly endedAt: number;
  /** What was held when it was sent. */
  readonly before: Held | undefined;
  /** The token that a ticket was asked for with. */
  readonly askedWith: Secret | undefined;
}

export interface EndedAttempt {
  readonly end: AttemptEnd;
  /** `undefined`: WeChat was not asked. */
  readonly call: MadeCall | undefined;
}

/** What an attempt has in its hands while it is under way; all of it is given back at its end. */
interface Hands {
  permit: Permit;
  unlock: (() => void) | undefined;
  lease: Lease | undefined;
  call: MadeCall | undefined;
}

/**
 * Carries out attempts: does what their phase waits for, and has core/attempt.ts decide what comes of it, until they
 * are over. One upstream call per credential at a time in this process.
 *
 * Whatever happens, an attempt comes to an end that can be planned from: an app can fail, but never fall silent.
 */
@Injectable()
export class AttemptLoop {
  /** Survives an app's entry: one that is removed and added again waits for the call of its first life. */
  readonly mutex = new KeyedMutex();
  readonly #limiter = new UpstreamLimiter(WIDTHS);
  readonly #replica: number;
  #closing = false;
  /** Attempts that wait for another replica's. */
  readonly #waits = new Set<() => void>();

  constructor(
    private readonly client: WeChatClient,
    private readonly mints: Mints,
    private readonly store: TokenStore,
    private readonly agreement: StoreAgreement,
    private readonly contact: StoreContact,
    private readonly clock: Clock,
    randomness: Randomness,
    private readonly events: HubEvents,
  ) {
    this.#replica = replicaNumber(randomness.next());
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** Attempts that have a place upstream, and those that wait for one. */
  get load(): LimiterLoad {
    return this.#limiter.load;
  }

  /** Nothing new begins; resolves when the calls that were sent have ended. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const end of [...this.#waits]) end();
    await this.mutex.idle();
  }

  /** Of an idle cell. Never rejects. @returns what to promote it by, and how it ends */
  begin(
    cell: CredentialCell,
    request: AttemptRequest,
  ): { readonly promote: () => void; readonly ended: Promise<EndedAttempt> } {
    const hands: Hands = {
      permit: this.#limiter.enter(this.#kindOfCall(cell), cell.owner.app.tenant),
      unlock: undefined,
      lease: undefined,
      call: undefined,
    };
    cell.advance({ kind: 'requested', request }, this.#context(cell));
    return { promote: () => hands.permit.promote(), ended: this.#run(cell, hands) };
  }

  async #run(cell: CredentialCell, hands: Hands): Promise<EndedAttempt> {
    let end: AttemptEnd | undefined;
    try {
      while (end === undefined) {
        const input = await this.#perform(cell, cell.attempt, hands);
        end = cell.advance(this.#isOver(cell) ? { kind: 'given up' } : input, this.#context(cell));
        await this.#giveBackLease(cell, hands, end);
      }
    } catch (error) {
      // A bug, or a store that broke its promise: counted as a failed attempt, so that the next one is planned.
      this.events.emit('troubleSeen', { where: 'refresh', error });
      const now = this.clock.now();
      cell.know(failed(cell.state, describeFailure('internal', 'see the log'), now, now));
      cell.advance({ kind: 'given up' }, this.#context(cell));
      end = { kind: 'called', outcome: 'failed' };
    } finally {
      await this.#giveBack(hands);
    }
    return { end, call: hands.call };
  }

  /** The app is gone, or the hub ends and WeChat was not asked yet. */
  #isOver(cell: CredentialCell): boolean {
    const { phase } = cell.attempt;
    return cell.owner.removed || (this.#closing && phase !== 'calling' && phase !== 'storing');
  }

  /** Does what the phase waits for. */
  async #perform(cell: CredentialCell, attempt: Attempt, hands: Hands): Promise<Input> {
    switch (attempt.phase) {
      case 'idle':
        return { kind: 'given up' };
      case 'queued':
        await hands.permit.entered;
        hands.unlock = await this.mutex.acquire(`${cell.owner.app.appid} ${cell.slot}`);
        return { kind: 'admitted' };
      case 'leasing':
        return { kind: 'lease', answer: await this.#lease(cell, attempt.request, hands) };
      case 'peer':
        // Others use the place in the queue and the mutex meanwhile.
        await this.#giveBack(hands);
        await this.#changeWithin(cell, attempt.until - this.clock.now());
        hands.permit = this.#limiter.enter(this.#kindOfCall(cell), cell.owner.app.tenant);
        if (cell.waiting > 0) hands.permit.promote();
        return { kind: 'waited' };
      case 'calling': {
        const before = cell.state.held;
        const askedWith = cell.slot === 'token' ? undefined : cell.owner.tokenAt(attempt.sentAt);
        const result = await this.#ask(cell, attempt, askedWith);
        hands.call = { calling: attempt, result, endedAt: this.clock.now(), before, askedWith };
        return { kind: 'called', result };
      }
      case 'storing':
        return { kind: 'saved', answer: await this.#save(cell, attempt.granted.held, hands) };
    }
  }

  async #lease(cell: CredentialCell, request: AttemptRequest, hands: Hands): Promise<LeaseAnswer> {
    const { owner, slot, cached } = cell;
    // A token that is brought is no call: no pause is meant for it.
    const urgency =
      request.seed === undefined ? urgencyOf(cached, request.trigger, this.clock.now()) : 'regardless';
    let outcome: LeaseOutcome;
    try {
      const { credentialsId, app } = owner;
      outcome = await this.store.lease(app.appid, { slot, seen: cached.seen, urgency, credentialsId });
    } catch (error) {
      this.agreement.tell('store.lease', error);
      return { kind: 'unavailable' };
    }
    switch (outcome.kind) {
      case 'granted':
        hands.lease = outcome.lease;
        return { kind: 'granted', terms: outcome.lease };
      case 'changed':
        await this.agreement.reach(cell, outcome.stored);
        return { kind: 'looked' };
      default:
        return outcome;
    }
  }

  #ask(
    { slot }: CredentialCell,
    { app, request, sentAt }: Calling,
    token: Secret | undefined,
  ): Promise<UpstreamResult> {
    if (request.seed !== undefined) return Promise.resolve(grantOf(request.seed, sentAt));
    if (slot === 'token')
      return this.mints.of(app.kind)?.(app) ?? this.client.fetchToken(app, { force: request.force });
    if (token !== undefined) return this.client.fetchTicket(app, slot, token);
    return Promise.resolve({ ok: false, error: describeFailure('no_access_token', '') });
  }

  async #save(cell: CredentialCell, held: Held, hands: Hands): Promise<SaveAnswer> {
    // Without a fence it is as good as got alone; the lease is then given back by itself.
    const outcome = await this.agreement.save(cell, held, held.fence === undefined ? undefined : hands.lease);
    if (outcome === undefined) return { kind: 'unavailable' };
    if (outcome.saved) {
      // The store has given the lease back in the same step.
      if (held.fence !== undefined) hands.lease = undefined;
      return { kind: 'saved', held: outcome.held, stamp: outcome.stamp };
    }
    if (outcome.stored === undefined) return { kind: 'refused' };
    await this.agreement.reach(cell, outcome.stored);
    return { kind: 'newer' };
  }

  /** At the end of an attempt the others are told of a failure; a lease that brings no call is given back. */
  async #giveBackLease(cell: CredentialCell, hands: Hands, end: AttemptEnd | undefined): Promise<void> {
    const { lease, call } = hands;
    const { phase } = cell.attempt;
    if (lease === undefined || phase === 'calling' || phase === 'storing') return;
    hands.lease = undefined;
    const current = call?.calling.credentialsId === cell.owner.credentialsId;
    if (end?.kind !== 'called' || call?.result.ok !== false || !current) {
      await lease.release();
      return;
    }
    const failure = {
      error: call.result.error,
      fence: lease.fence,
      credentialsId: call.calling.credentialsId,
    };
    // The latest that this replica will choose for its own next attempt: until then the others leave it to this one.
    const retryInMs = this.nextAt(cell, call.endedAt, 1) - call.endedAt;
    await lease.release({ failure, retryInMs, sinceSentMs: this.clock.now() - call.calling.sentAt });
  }

  /** By the policy. Epoch ms on the hub's clock. @param jitter in [0, 1) */
  nextAt({ slot, owner, state }: CredentialCell, now: number, jitter: number): number {
    return slot === 'token'
      ? nextAttemptAt(owner.app, state, now, jitter)
      : nextTicketAttemptAt(owner.app, state, now, jitter);
  }

  async #giveBack(hands: Hands): Promise<void> {
    const { lease } = hands;
    hands.lease = undefined;
    hands.permit.leave();
    hands.unlock?.();
    hands.unlock = undefined;
    await lease?.release();
  }

  #kindOfCall({ state }: { readonly state: CredentialState }): CallKind {
    if (state.attemptedAt === undefined) return 'first';
    return isValid(state.held, this.clock.now()) ? 'renewal' : 'again';
  }

  #context({ owner: { app, credentialsId }, kind }: CredentialCell): StepContext {
    return {
      app,
      credentialsId,
      kind,
      now: this.clock.now(),
      wallNow: this.clock.wallNow(),
      replica: this.#replica,
      mintsKnownUntil: this.contact.mintsKnownUntil(),
    };
  }

  /** Resolves at the cell's next change, at the shutdown, or after `waitMs`. */
  #changeWithin(cell: CredentialCell, waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.clock.clearTimeout(timer);
        forget();
        this.#waits.delete(end);
        resolve();
      };
      const forget = cell.onNextChange(end);
      const timer = this.clock.setTimeout(end, Math.max(0, waitMs));
      this.#waits.add(end);
    });
  }
}

/** As WeChat would have answered. */
function grantOf({ value, expiresAt }: Seed, sentAt: number): UpstreamResult {
  const lifeMs = expiresAt - sentAt;
  if (lifeMs > 0) return { ok: true, grant: { value, lifeMs, sentAt } };
  return { ok: false, error: describeFailure('bad_expires_in', 'its life ended meanwhile') };
}
