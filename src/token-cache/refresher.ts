import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { Randomness } from '../clock/randomness.js';
import { sameCredentials, type AppSettings } from '../core/app.js';
import {
  adopted,
  failed,
  granted,
  isValid,
  type CredentialKind,
  type CredentialSlot,
  type Held,
} from '../core/credential.js';
import { nextAttemptAt, nextTicketAttemptAt } from '../core/refresh-policy.js';
import type { UpstreamResult } from '../core/upstream.js';
import { describeFailure, isDeadTokenErrcode } from '../core/wechat-error.js';
import { HubEvents, type RefreshEnded, type RefreshTrigger } from '../events/hub-events.js';
import { WeChatClient, type ProbeResult } from '../wechat-client/wechat-client.js';
import type { AppEntry, CredentialCell } from './app-entry.js';
import { ServedTokens } from './served-tokens.js';
import { TokenStore, type Claim } from './token-store.js';
import { UpstreamLane } from './upstream-lanes.js';
import { UpstreamTurns } from './upstream-turns.js';

/** First fetches: the contract's bound, so that a start with thousands of apps is no storm. */
const START_LANE_WIDTH = 50;
/**
 * All later calls. Wide, since hundreds of apps whose calls hang must not hold up the others; bounded, so that an
 * upstream that hangs for all of 10,000 apps cannot exhaust sockets and memory.
 */
const STEADY_LANE_WIDTH = 1000;
/** How soon to look again where another replica has the right to refresh. */
const CLAIMED_ELSEWHERE_MS = 1000;

/** Told each credential's next attempt (epoch ms on the hub's clock) whenever it is decided. */
export type Arm = (appid: string, slot: CredentialSlot, at: number) => void;

interface Attempt {
  readonly trigger: RefreshTrigger;
  readonly force: boolean;
}

/**
 * Carries out attempts, one call at a time per app:
 * place in the queue -> the app's turn -> claim -> WeChat -> pure transition -> callers served -> store -> timer armed.
 *
 * Whatever happens, an attempt ends with the timer armed: an app can fail, but never fall silent.
 */
@Injectable()
export class Refresher {
  /** Survives an entry: an app that is removed and added again waits for the call of its first life. */
  readonly #turns = new UpstreamTurns();
  readonly #startLane = new UpstreamLane(START_LANE_WIDTH);
  readonly #steadyLane = new UpstreamLane(STEADY_LANE_WIDTH);
  #arm: Arm = () => undefined;
  #onDeadToken: (entry: AppEntry, token: Held, ticket: CredentialCell) => void = () => undefined;
  #closing = false;

  constructor(
    private readonly client: WeChatClient,
    private readonly store: TokenStore,
    private readonly clock: Clock,
    private readonly randomness: Randomness,
    private readonly events: HubEvents,
    private readonly served: ServedTokens,
  ) {}

  /** One listener: the scheduler. */
  bindArm(arm: Arm): void {
    this.#arm = arm;
  }

  /** One listener: WeChat refused a ticket because the token that asked for it is dead. */
  bindDeadToken(listener: (entry: AppEntry, token: Held, ticket: CredentialCell) => void): void {
    this.#onDeadToken = listener;
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** Starts an attempt, or joins the one under way. Never rejects; `undefined` where no call was made. */
  refresh(cell: CredentialCell, trigger: RefreshTrigger): Promise<RefreshEnded | undefined> {
    if (cell.entry.removed || this.#closing) return Promise.resolve(undefined);
    return (cell.underWay ?? this.#begin(cell, { trigger, force: false })).done;
  }

  /** As {@link refresh} of the token, with WeChat's `force_refresh`; an unforced attempt under way ends first. */
  async forceRefresh(entry: AppEntry, trigger: RefreshTrigger): Promise<RefreshEnded | undefined> {
    const cell = entry.token;
    while (cell.underWay !== undefined && !cell.underWay.forced) await cell.underWay.done;
    if (entry.removed || this.#closing) return undefined;
    return (cell.underWay ?? this.#begin(cell, { trigger, force: true })).done;
  }

  /** Asks WeChat whether the token that is held is alive, in the app's turn. `undefined`: there is none to ask about. */
  probe(entry: AppEntry): Promise<ProbeResult | undefined> {
    return this.#turns.run(entry.app.appid, async () => {
      const { held } = entry.token.state;
      if (entry.removed || this.#closing || !isValid(held, this.clock.now())) return undefined;
      return this.client.probeToken(held.value);
    });
  }

  /** The state has changed: the next attempt is decided anew and who waits is woken. */
  settle(cell: CredentialCell): void {
    cell.settledOnce = true;
    const { entry, state } = cell;
    const now = this.clock.now();
    const chance = this.randomness.next();
    this.plan(
      cell,
      cell.slot === 'token'
        ? nextAttemptAt(entry.app, state, now, chance)
        : nextTicketAttemptAt(state, now, chance),
    );
    if (cell.slot === 'token' && isValid(state.held, now)) {
      this.served.note(entry.app.appid, state.held);
      this.#wakeWarmTickets(entry, now);
    }
    cell.wake();
  }

  plan(cell: CredentialCell, at: number): void {
    cell.nextAttemptAt = at;
    this.#armUnlessBusy(cell);
  }

  /** Nothing new begins; resolves when the calls that were sent have ended. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#turns.idle();
  }

  /** While an attempt is under way its timer would only join it: the attempt's end arms it. */
  #armUnlessBusy(cell: CredentialCell): void {
    const { nextAttemptAt: at, underWay, dormant, entry, slot } = cell;
    if (at !== undefined && underWay === undefined && !dormant && !entry.removed) {
      this.#arm(entry.app.appid, slot, at);
    }
  }

  /** The tickets that apps.yaml keeps warm begin with the first token. */
  #wakeWarmTickets(entry: AppEntry, now: number): void {
    for (const type of entry.app.tickets) {
      const cell = entry.ticket(type);
      if (cell.nextAttemptAt === undefined) this.plan(cell, now);
    }
  }

  #begin(cell: CredentialCell, attempt: Attempt): { readonly done: Promise<RefreshEnded | undefined> } {
    const first = cell.slot === 'token' && cell.state.attemptedAt === undefined;
    const lane = (first ? this.#startLane : this.#steadyLane).enter();
    const done = this.#attempt(cell, attempt, lane.entered).finally(() => {
      lane.leave();
      cell.underWay = undefined;
      this.#ended(cell);
    });
    cell.outcomeKnown = false;
    cell.underWay = { forced: attempt.force, lane, done };
    // A ticket that nobody keeps warm and nobody asked for since the last attempt rests after this one.
    cell.dormant =
      cell.slot !== 'token' &&
      !cell.entry.app.tickets.includes(cell.slot) &&
      cell.usedAt < (cell.state.attemptedAt ?? Number.NEGATIVE_INFINITY);
    if (cell.waiting > 0) lane.promote();
    return cell.underWay;
  }

  #ended(cell: CredentialCell): void {
    if (cell.entry.removed || this.#closing) {
      cell.wake();
    } else if (cell.attemptAgain) {
      cell.attemptAgain = false;
      void this.refresh(cell, 'reload');
    } else {
      this.#armUnlessBusy(cell);
    }
  }

  async #attempt(
    cell: CredentialCell,
    attempt: Attempt,
    entered: Promise<void>,
  ): Promise<RefreshEnded | undefined> {
    await entered;
    const { entry } = cell;
    return this.#turns.run(entry.app.appid, async () => {
      let claim: Claim | undefined;
      try {
        if (entry.removed || this.#closing) return undefined;
        claim = await this.store.claim(entry.app.appid);
        if (claim === undefined) {
          this.plan(cell, this.clock.now() + CLAIMED_ELSEWHERE_MS);
          return undefined;
        }
        return await this.#callUpstream(cell, attempt, claim);
      } catch (error) {
        // A bug, or a store that broke its promise: counted as a failed attempt, so that the next one is planned.
        this.events.emit('troubleSeen', { where: 'refresh', error });
        const now = this.clock.now();
        cell.state = failed(cell.state, describeFailure('internal', 'see the log'), now, now);
        cell.outcomeKnown = true;
        this.settle(cell);
        return undefined;
      } finally {
        await claim?.release();
      }
    });
  }

  async #callUpstream(
    cell: CredentialCell,
    { trigger, force }: Attempt,
    claim: Claim,
  ): Promise<RefreshEnded | undefined> {
    const { entry, slot } = cell;
    const { app } = entry;
    const kind = slot === 'token' ? app.tokenApi : slot;
    const sentAt = this.clock.now();
    const asker = entry.token.state.held;
    const result = await this.#ask(cell, app, force, sentAt);
    const now = this.clock.now();
    if (entry.removed) return undefined;
    const outcome = this.#take(cell, app, kind, result, sentAt, now);
    cell.outcomeKnown = true;
    this.settle(cell);
    if (outcome === 'issued' || outcome === 'confirmed') await this.#save(cell, claim);
    const { held, failures } = cell.state;
    const ended: RefreshEnded = {
      appid: app.appid,
      kind,
      trigger,
      forced: force,
      outcome,
      durationMs: now - sentAt,
      version: held?.version,
      error: result.ok ? undefined : result.error,
      failures,
      remainingMs: held === undefined ? 0 : Math.max(0, held.expiresAt - now),
      nextAttemptAt: cell.nextAttemptAt ?? now,
    };
    this.events.emit('refreshEnded', ended);
    if (slot !== 'token' && asker !== undefined && isDeadToken(result)) this.#onDeadToken(entry, asker, cell);
    return ended;
  }

  #ask(cell: CredentialCell, app: AppSettings, force: boolean, now: number): Promise<UpstreamResult> {
    if (cell.slot === 'token') return this.client.fetchToken(app, { force });
    const { held } = cell.entry.token.state;
    if (isValid(held, now)) return this.client.fetchTicket(cell.slot, held.value);
    return Promise.resolve({ ok: false, error: describeFailure('no_access_token', '') });
  }

  /** The pure transition that WeChat's answer asks for. `app`: the settings that the call was made with. */
  #take(
    cell: CredentialCell,
    app: AppSettings,
    kind: CredentialKind,
    result: UpstreamResult,
    sentAt: number,
    now: number,
  ): RefreshEnded['outcome'] {
    const current = cell.entry.app;
    if (!result.ok) {
      // A failure of credentials that a reload has replaced meanwhile says nothing about the new ones.
      if (sameCredentials(app, current)) cell.state = failed(cell.state, result.error, sentAt, now);
      return 'failed';
    }
    // A reload changed the family under the call: the answer belongs to the other one.
    if (cell.slot === 'token' && kind !== current.tokenApi) return 'outdated';
    const { state, outcome } = granted(cell.state, result.grant, kind, this.#firstVersion());
    cell.state = state;
    return outcome;
  }

  /**
   * The number of a token without predecessor: the wall clock's seconds, so that a hub that starts without any
   * memory never gives a version again that a caller still holds with another token (its ETag would match).
   */
  #firstVersion(): number {
    return Math.floor(this.clock.wallNow() / 1000);
  }

  async #save(cell: CredentialCell, claim: Claim): Promise<void> {
    const { held } = cell.state;
    if (held === undefined) return;
    try {
      const outcome = await this.store.save(cell.entry.app.appid, held, claim);
      if (!outcome.saved && !cell.entry.removed) {
        cell.state = adopted(cell.state, outcome.newer);
        this.settle(cell);
      }
    } catch (error) {
      // The token is good and served from memory; the store gets it with the next refresh.
      this.events.emit('troubleSeen', { where: 'store.save', error });
    }
  }
}

function isDeadToken(result: UpstreamResult): boolean {
  return !result.ok && result.error.errcode !== undefined && isDeadTokenErrcode(result.error.errcode);
}
