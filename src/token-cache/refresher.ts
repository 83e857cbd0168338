import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { Randomness } from '../clock/randomness.js';
import { failed, isValid, type CredentialSlot, type Held } from '../core/credential.js';
import { isToBeProbed } from '../core/doubtful-mint.js';
import { nextAttemptAt, nextTicketAttemptAt } from '../core/refresh-policy.js';
import { describeFailure, isDeadTokenErrcode } from '../core/wechat-error.js';
import { HubEvents, type RefreshEnded, type RefreshTrigger } from '../events/hub-events.js';
import { WeChatClient, type ProbeResult } from '../wechat-client/wechat-client.js';
import type { AppEntry, CredentialCell } from './app-entry.js';
import { isAnswered, RefreshRights, type Attempt } from './refresh-rights.js';
import { fingerprintOf, ServedTokens } from './served-tokens.js';
import type { Claim } from './token-store.js';
import { UpstreamAttempt } from './upstream-attempt.js';
import { UpstreamLanes, WIDTHS, type CallKind, type LaneLoad, type LaneTicket } from './upstream-lanes.js';
import { UpstreamTurns } from './upstream-turns.js';

/** A claim elsewhere has lapsed for sure so long after the time that the store named, ms. */
const LAPSE_MARGIN_MS = 20;
/** A token whose standing is in doubt is minted anew after so long, ms: not on top of a call that has just failed. */
const DISPUTE_MS = 5000;

/** Told each credential's next attempt (epoch ms on the hub's clock) whenever it is decided. */
export type Arm = (appid: string, slot: CredentialSlot, at: number) => void;

/** How one turn of an attempt ended: with its outcome, or to be gone on with after another replica's. */
type Turn = { readonly ended: RefreshEnded | undefined } | { readonly waitMs: number };

/**
 * Carries out attempts, one call at a time per app:
 * place in the queue -> the app's turn -> the right to (among replicas) -> WeChat -> store -> memory -> timer armed.
 *
 * Whatever happens, an attempt ends with the timer armed: an app can fail, but never fall silent.
 */
@Injectable()
export class Refresher {
  /** Survives an entry: an app that is removed and added again waits for the call of its first life. */
  readonly #turns = new UpstreamTurns();
  readonly #lanes = new UpstreamLanes(WIDTHS);
  #arm: Arm = () => undefined;
  #onDeadToken: (entry: AppEntry, token: Held, ticket: CredentialCell) => void = () => undefined;
  #onDoubt: (entry: AppEntry) => void = () => undefined;
  #closing = false;
  /** Attempts that wait for another replica's. */
  readonly #waits = new Set<() => void>();

  constructor(
    private readonly client: WeChatClient,
    private readonly rights: RefreshRights,
    private readonly upstream: UpstreamAttempt,
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

  /** One listener: an attempt failed, and the token that is held may be dead by a mint that nobody saw. */
  bindDoubt(listener: (entry: AppEntry) => void): void {
    this.#onDoubt = listener;
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** Attempts that have a place upstream, and those that wait for one. */
  get load(): LaneLoad {
    return this.#lanes.load;
  }

  /** Starts an attempt, or joins the one under way. Never rejects; `undefined` where no call was made. */
  refresh(cell: CredentialCell, trigger: RefreshTrigger): Promise<RefreshEnded | undefined> {
    if (cell.entry.removed || this.#closing) return Promise.resolve(undefined);
    return (cell.underWay ?? this.#begin(cell, trigger, false)).done;
  }

  /** As {@link refresh} of the token, with WeChat's `force_refresh`; an unforced attempt under way ends first. */
  async forceRefresh(entry: AppEntry, trigger: RefreshTrigger): Promise<RefreshEnded | undefined> {
    const cell = entry.token;
    while (cell.underWay !== undefined && !cell.underWay.forced) await cell.underWay.done;
    if (entry.removed || this.#closing) return undefined;
    return (cell.underWay ?? this.#begin(cell, trigger, true)).done;
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
    const next =
      cell.slot === 'token'
        ? nextAttemptAt(entry.app, state, now, chance)
        : nextTicketAttemptAt(state, now, chance);
    // While attempts fail, they keep their pace whatever is in doubt.
    const urgent = cell.disputed && state.failures === 0;
    cell.putOff = false;
    this.plan(cell, urgent ? Math.min(next, now + DISPUTE_MS) : next);
    if (cell.slot === 'token' && isValid(state.held, now)) {
      this.served.note(entry.app.appid, state.held);
      this.#wakeWarmTickets(entry, now);
    }
    cell.wake();
  }

  /** An attempt failed, here or in another replica: whether the token that is held is still alive may be a question. */
  doubt(cell: CredentialCell): void {
    if (cell.slot === 'token' && isToBeProbed(cell.state, this.clock.now())) this.#onDoubt(cell.entry);
  }

  plan(cell: CredentialCell, at: number): void {
    cell.nextAttemptAt = at;
    this.#armUnlessBusy(cell);
  }

  /** Nothing new begins; resolves when the calls that were sent have ended. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const end of [...this.#waits]) end();
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

  #begin(
    cell: CredentialCell,
    trigger: RefreshTrigger,
    force: boolean,
  ): { readonly done: Promise<RefreshEnded | undefined> } {
    const attempt = { trigger, force, since: this.clock.now(), before: cell.state.held };
    const seat = { ticket: this.#lanes.enter(this.#kindOfCall(cell)) };
    const done = this.#attempt(cell, attempt, seat).finally(() => {
      seat.ticket.leave();
      cell.underWay = undefined;
      this.#ended(cell);
    });
    cell.outcomeKnown = false;
    cell.underWay = { forced: force, promote: () => seat.ticket.promote(), done };
    // A ticket that nobody keeps warm and nobody asked for since the last attempt rests after this one.
    cell.dormant =
      cell.slot !== 'token' &&
      !cell.entry.app.tickets.includes(cell.slot) &&
      cell.usedAt < (cell.state.attemptedAt ?? Number.NEGATIVE_INFINITY);
    if (cell.waiting > 0) seat.ticket.promote();
    return cell.underWay;
  }

  #kindOfCall({ state }: CredentialCell): CallKind {
    if (state.attemptedAt === undefined) return 'first';
    return isValid(state.held, this.clock.now()) ? 'renewal' : 'again';
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

  /** Gives its place in the queue and its turn up while another replica's call is under way. */
  async #attempt(
    cell: CredentialCell,
    attempt: Attempt,
    seat: { ticket: LaneTicket },
  ): Promise<RefreshEnded | undefined> {
    for (let first = true; ; first = false) {
      await seat.ticket.entered;
      const turn = await this.#turns.run(cell.entry.app.appid, () => this.#turn(cell, attempt, first));
      if ('ended' in turn) return turn.ended;
      seat.ticket.leave();
      const known = cell.state;
      await this.#changeWithin(cell, turn.waitMs);
      const failedElsewhere = cell.state !== known && cell.state.failures > 0;
      if (failedElsewhere || isAnswered(cell, attempt)) return undefined;
      seat.ticket = this.#lanes.enter(this.#kindOfCall(cell));
      if (cell.waiting > 0) seat.ticket.promote();
    }
  }

  async #turn(cell: CredentialCell, attempt: Attempt, first: boolean): Promise<Turn> {
    let claim: Claim | undefined;
    try {
      if (this.#isOver(cell)) return { ended: undefined };
      if (first && !(await this.rights.mayBegin(cell, attempt))) return { ended: undefined };
      const right = await this.rights.ask(cell, attempt);
      if (right.kind === 'go') claim = right.claim;
      if (this.#isOver(cell)) {
        await claim?.release();
        return { ended: undefined };
      }
      switch (right.kind) {
        case 'needless':
          cell.outcomeKnown = true;
          this.settle(cell);
          return { ended: undefined };
        case 'later':
          cell.outcomeKnown = true;
          cell.settledOnce = true;
          cell.putOff = right.putOff;
          this.plan(cell, right.at);
          cell.wake();
          return { ended: undefined };
        case 'elsewhere':
          return { waitMs: right.lapsesInMs + LAPSE_MARGIN_MS };
        case 'go':
          // The process was stopped in between: another replica may have the claim before a call would end.
          if (claim !== undefined && this.clock.now() >= claim.startBy) return { waitMs: 0 };
          return { ended: await this.#callUpstream(cell, attempt, claim) };
      }
    } catch (error) {
      // A bug, or a store that broke its promise: counted as a failed attempt, so that the next one is planned.
      this.events.emit('troubleSeen', { where: 'refresh', error });
      const now = this.clock.now();
      cell.state = failed(cell.state, describeFailure('internal', 'see the log'), now, now);
      cell.outcomeKnown = true;
      this.settle(cell);
      await claim?.release();
      return { ended: undefined };
    }
  }

  async #callUpstream(
    cell: CredentialCell,
    { trigger, force }: Attempt,
    claim: Claim | undefined,
  ): Promise<RefreshEnded | undefined> {
    const { entry, slot } = cell;
    const asker = entry.token.state.held;
    const made = await this.upstream.make(cell, force, claim);
    if (made === undefined || entry.removed) return undefined;
    cell.outcomeKnown = true;
    this.settle(cell);
    const { result, kind, outcome, sentAt, endedAt } = made;
    const { held, failures } = cell.state;
    const ended: RefreshEnded = {
      appid: entry.app.appid,
      kind,
      trigger,
      forced: force,
      outcome,
      fingerprint: outcome === 'issued' && held !== undefined ? fingerprintOf(held.value) : undefined,
      durationMs: endedAt - sentAt,
      version: held?.version,
      error: result.ok ? undefined : result.error,
      failures,
      remainingMs: held === undefined ? 0 : Math.max(0, held.expiresAt - endedAt),
      nextAttemptAt: cell.nextAttemptAt ?? endedAt,
    };
    this.events.emit('refreshEnded', ended);
    if (made.early && held !== undefined) {
      this.events.emit('rotatedEarly', { appid: ended.appid, version: held.version });
    }
    const tokenRefused = slot !== 'token' && !result.ok && isDeadTokenErrcode(result.error.errcode ?? 0);
    if (tokenRefused && asker !== undefined) this.#onDeadToken(entry, asker, cell);
    this.doubt(cell);
    return ended;
  }

  #isOver(cell: CredentialCell): boolean {
    return cell.entry.removed || this.#closing;
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
      const timer = this.clock.setTimeout(end, waitMs);
      this.#waits.add(end);
    });
  }
}
