import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import { Randomness } from '../../clock/randomness.js';
import { NO_SECRET, sameCredentials, type AppSettings, type TicketType } from '../../core/app.js';
import type { AttemptRequest, Seed } from '../../core/attempt.js';
import { reconfigured } from '../../core/attempt-outcome.js';
import {
  UNTRIED,
  acceptedBeside,
  isValid,
  refusedBeside,
  type CredentialSlot,
} from '../../core/credential.js';
import type { ForceHistory } from '../../core/force-budget.js';
import { KINDS } from '../../core/kinds/kinds.js';
import { isEarlyRotation } from '../../core/refresh-policy.js';
import type { Secret } from '../../core/secret.js';
import { unseenEnded } from '../../core/unseen-mint.js';
import type { UpstreamError } from '../../core/upstream.js';
import { describeFailure, isDeadTokenErrcode } from '../../core/wechat-error.js';
import { HubEvents, type RefreshEnded, type RefreshTrigger } from '../../events/hub-events.js';
import { ReadyToken } from '../ready-token.js';
import { StoreContact } from '../replicas/store-contact.js';
import { fingerprintOf, ServedTokens } from '../served-tokens.js';
import { AttemptLoop, type EndedAttempt } from './attempt-loop.js';
import { CredentialCell, type CellOwner } from './credential-cell.js';
import { RefreshTimers } from './refresh-timers.js';
import { CheckHistory, TokenCheck, type CheckedApp } from './token-check.js';

/** Whoever refreshed an app while the store was gone has so long to connect and to store what it got, ms. */
const RETURN_GRACE_MS = 5000;

/** What all entries share. */
@Injectable()
export class EntryParts {
  constructor(
    readonly attempts: AttemptLoop,
    readonly check: TokenCheck,
    readonly timers: RefreshTimers,
    readonly contact: StoreContact,
    readonly clock: Clock,
    readonly randomness: Randomness,
    readonly events: HubEvents,
    readonly served: ServedTokens,
  ) {}
}

const NO_TICKETS: ReadonlyMap<TicketType, CredentialCell> = new Map();

/**
 * What one process holds of one app, and everything that refreshes it: attempts begin here, and their end is settled
 * here: the next one is planned, those who wait are woken, and what the end calls for is done.
 */
export class AppEntry implements CellOwner, CheckedApp {
  readonly token = new CredentialCell(this, 'token');
  removed = false;
  forced: ForceHistory = [];
  /** When an admin last asked for an attempt beside the schedule, and last had one mint; epoch ms on the hub's clock. */
  askedAt = Number.NEGATIVE_INFINITY;
  mintedForAdminAt = Number.NEGATIVE_INFINITY;
  credentialsId: string;
  /** Most apps are never reported. */
  #checks: CheckHistory | undefined;
  #app: AppSettings;
  #ready: ReadyToken | undefined;
  #tickets: Map<TicketType, CredentialCell> | undefined;
  /** A reload asks for an attempt that no attempt under way has made yet. */
  #wantsReload = false;

  constructor(
    app: AppSettings,
    private readonly parts: EntryParts,
  ) {
    this.#app = app;
    this.credentialsId = credentialsIdOf(app);
    if (app.loginOnly === true) this.#restToken();
  }

  get app(): AppSettings {
    return this.#app;
  }

  get checks(): CheckHistory {
    return (this.#checks ??= new CheckHistory());
  }

  /** The token that is held, valid or not, ready for callers; made anew whenever something has changed. */
  get ready(): ReadyToken | undefined {
    return this.#ready ?? this.#makeReady();
  }

  changed(cell: CredentialCell): void {
    if (cell === this.token) this.#ready = undefined;
  }

  tokenAt(now: number): Secret | undefined {
    const { held } = this.token.state;
    return isValid(held, now) ? held.value : undefined;
  }

  /** The cells of the ticket types that were needed so far. */
  get tickets(): ReadonlyMap<TicketType, CredentialCell> {
    return this.#tickets ?? NO_TICKETS;
  }

  /** The cell of a ticket type, made on first need. */
  ticket(type: TicketType): CredentialCell {
    const tickets = (this.#tickets ??= new Map<TicketType, CredentialCell>());
    let cell = tickets.get(type);
    if (cell === undefined) tickets.set(type, (cell = new CredentialCell(this, type)));
    return cell;
  }

  /** `undefined`: a ticket that nobody needed so far. */
  cell(slot: CredentialSlot): CredentialCell | undefined {
    return slot === 'token' ? this.token : this.tickets.get(slot);
  }

  *cells(): Generator<CredentialCell> {
    yield this.token;
    yield* this.tickets.values();
  }

  /** Begins an attempt, or joins the one under way. Never rejects; `undefined` where no call was made. */
  refresh(cell: CredentialCell, trigger: RefreshTrigger): Promise<RefreshEnded | undefined> {
    if (this.removed || this.#app.loginOnly === true || this.parts.attempts.closing)
      return Promise.resolve(undefined);
    return cell.underWay?.done ?? this.#begin(cell, trigger, false);
  }

  /** As {@link refresh} of the token, with WeChat's `force_refresh`; an unforced attempt under way ends first. */
  async forceRefresh(trigger: RefreshTrigger): Promise<RefreshEnded | undefined> {
    const { token } = this;
    while (token.underWay !== undefined && !token.underWay.forced) await token.underWay.done;
    if (this.removed || this.parts.attempts.closing) return undefined;
    return token.underWay?.done ?? this.#begin(token, trigger, true);
  }

  /** Takes over a living token of another server, once no attempt is under way. */
  async seed(seed: Seed): Promise<RefreshEnded | undefined> {
    while (this.token.underWay !== undefined) await this.token.underWay.done;
    if (this.removed || this.parts.attempts.closing) return undefined;
    return this.#begin(this.token, 'seed', false, seed);
  }

  /** What is known has changed: the next attempt is decided anew, and those who wait are woken. */
  settle(cell: CredentialCell): void {
    const { attempts, clock, randomness, served } = this.parts;
    const now = clock.now();
    cell.become({ ...cell.cached, settled: true, waitsForStore: false });
    this.plan(cell, attempts.nextAt(cell, now, randomness.next()));
    const { held } = cell.state;
    if (cell === this.token && isValid(held, now)) {
      served.note(this.app.appid, held);
      this.#beginWarmTickets(now);
    }
    cell.wake();
  }

  plan(cell: CredentialCell, at: number): void {
    cell.nextAttemptAt = at;
    this.#armUnlessBusy(cell);
  }

  /**
   * The store answers again. An attempt that waited for it alone is planned anew, but not at once: whoever the app was
   * left to may hold a token that is not stored yet, and a lease now would be a second mint of the same rotation.
   */
  storeAnswered(cell: CredentialCell): void {
    const now = this.parts.clock.now();
    const { state, cached } = cell;
    const unseen = unseenEnded(state.unseen, now);
    const minted = unseen !== state.unseen;
    if (minted) cell.know({ ...state, unseen });
    if (!cached.waitsForStore && !minted) return;
    const leftUntil = cell.nextAttemptAt ?? now;
    this.settle(cell);
    const resumeAt = Math.min(leftUntil, now + RETURN_GRACE_MS);
    this.plan(cell, Math.max(cell.nextAttemptAt ?? now, resumeAt));
  }

  /**
   * A reload changed the app. Its token stays. New credentials, or any change of an app that fails, are tried at once;
   * otherwise only the next attempt is decided anew.
   */
  reconfigure(app: AppSettings): void {
    const { token } = this;
    const before = this.#app;
    this.#app = app;
    this.#ready = undefined;
    const renewed = !sameCredentials(before, app);
    if (renewed) this.credentialsId = credentialsIdOf(app);
    if (app.loginOnly === true || before.loginOnly === true) {
      this.#turn(app);
      return;
    }
    const failing = token.shown(this.parts.clock.now()).failures > 0;
    const { held } = token.state;
    // A token that was brought was got with none of them: a new AppSecret is no reason to end it by a mint.
    const outdated =
      held === undefined || (held.credentialsId !== undefined && held.credentialsId !== this.credentialsId);
    if (failing || (renewed && outdated)) {
      token.know(reconfigured(token.state));
      this.#wantsReload = true;
      if (token.underWay === undefined) void this.#begin(token, 'reload', false);
    } else if (token.cached.settled) {
      this.settle(token);
    }
    this.#reconfigureTickets(app);
  }

  /**
   * WeChat refused the app where a user logged in or a quota was cleared: its state as if an attempt had found it.
   * @param app as it was when the call was sent
   */
  refused(app: AppSettings, error: UpstreamError): void {
    if (this.removed || !sameCredentials(app, this.#app)) return;
    this.token.know(refusedBeside(this.token.state, error, this.parts.clock.now()));
  }

  /** A user logged in: WeChat takes the app. */
  accepted(): void {
    if (this.token.state.refusal !== undefined) this.token.know(acceptedBeside(this.token.state));
  }

  /** The app is gone from the configuration. */
  remove(): void {
    this.removed = true;
    this.parts.served.forget(this.app.appid);
    if (this.#checks !== undefined) this.parts.check.forget(this);
    for (const cell of this.cells()) {
      this.parts.timers.disarm(this.app.appid, cell.slot);
      cell.wake();
    }
  }

  async #begin(
    cell: CredentialCell,
    trigger: RefreshTrigger,
    force: boolean,
    seed?: Seed,
  ): Promise<RefreshEnded | undefined> {
    const at = this.parts.clock.now();
    // What was got with these credentials will do for new ones, whenever that was.
    const newCredentials = trigger === 'reload' && cell.state.held?.credentialsId !== this.credentialsId;
    const before = newCredentials ? undefined : cell.state.held;
    const request: AttemptRequest = { trigger, force, at, before, seed };
    const { promote, ended } = this.parts.attempts.begin(cell, request);
    const done = ended.then((attempt) => this.#ended(cell, request, attempt));
    cell.underWay = { forced: force, promote, done };
    // A ticket that nobody keeps warm and nobody asked for since the last attempt rests after this one.
    cell.dormant =
      cell.slot !== 'token' &&
      !this.app.tickets.includes(cell.slot) &&
      cell.usedAt < (cell.state.attemptedAt ?? Number.NEGATIVE_INFINITY);
    if (cell.waiting > 0) promote();
    return done;
  }

  /** What every attempt comes to, whatever became of it. */
  #ended(cell: CredentialCell, request: AttemptRequest, attempt: EndedAttempt): RefreshEnded | undefined {
    cell.underWay = undefined;
    if (this.removed || this.parts.attempts.closing) {
      if (attempt.call !== undefined && !this.removed) this.settle(cell);
      else cell.wake();
      return this.removed ? undefined : this.#tell(cell, request, attempt);
    }
    if (attempt.end.kind === 'later') {
      const { at } = attempt.end;
      const planned = cell.nextAttemptAt ?? at;
      const now = this.parts.clock.now();
      this.plan(cell, request.trigger === 'schedule' ? at : Math.min(at, Math.max(planned, now + 1)));
      cell.wake();
    } else {
      this.settle(cell);
    }
    const ended = this.#tell(cell, request, attempt);
    this.#followUp(cell, attempt);
    return ended;
  }

  /** What the end of an attempt calls for. */
  #followUp(cell: CredentialCell, { call }: EndedAttempt): void {
    if (cell === this.token && this.#wantsReload) {
      this.#wantsReload = false;
      const made = call?.calling.credentialsId === this.credentialsId;
      const held = cell.state.held?.credentialsId === this.credentialsId;
      if (!made && !held) void this.refresh(cell, 'reload');
    }
    if (call === undefined || call.result.ok) return;
    this.#noteRefusedAddress(call.result.error);
    if (cell === this.token) void this.parts.check.probeUnseen(this);
    else if (isDeadTokenErrcode(call.result.error.errcode ?? 0))
      void this.#ticketRefused(cell, call.askedWith);
  }

  #noteRefusedAddress(error: UpstreamError): void {
    const { appid, kind } = this.app;
    const { addressRefusedWith } = KINDS[kind];
    if (addressRefusedWith === undefined || error.errcode !== addressRefusedWith) return;
    this.parts.events.emit('addressRefused', { appid, error });
  }

  /** The ticket is asked for again as soon as there is another token; otherwise by its own schedule. */
  async #ticketRefused(ticket: CredentialCell, token: Secret | undefined): Promise<void> {
    if (token === undefined) return;
    ticket.askedAgain = true;
    const outcome = await this.report(token, { by: 'ticket' });
    if (outcome === 'refreshed' || outcome === 'superseded') await this.refresh(ticket, 'report');
    ticket.askedAgain = false;
    ticket.wake();
  }

  /** "WeChat told me that this token is no good": core/report.ts. `undefined`: there is no valid token now. */
  async report(
    reported: Secret,
    reporter: Parameters<TokenCheck['report']>[2],
  ): ReturnType<TokenCheck['report']> {
    const { check, served, events } = this.parts;
    const outcome = await check.report(this, reported, reporter);
    const { appid } = this.app;
    const fingerprint = served.fingerprintOf(appid, reported);
    events.emit('tokenReported', { ...reporter, appid, outcome: outcome ?? 'unavailable', fingerprint });
    return outcome;
  }

  #tell(
    cell: CredentialCell,
    request: AttemptRequest,
    { end, call }: EndedAttempt,
  ): RefreshEnded | undefined {
    if (call === undefined || end.kind !== 'called') return undefined;
    const { calling, result, endedAt, before } = call;
    const { held, failures } = cell.state;
    const ended: RefreshEnded = {
      appid: this.app.appid,
      kind: calling.kind,
      trigger: request.trigger,
      forced: request.force,
      outcome: end.outcome,
      fingerprint: end.outcome === 'issued' && held !== undefined ? fingerprintOf(held.value) : undefined,
      durationMs: endedAt - calling.sentAt,
      version: held?.version,
      error: result.ok ? undefined : result.error,
      failures,
      remainingMs: held === undefined ? 0 : Math.max(0, held.expiresAt - endedAt),
      nextAttemptAt: cell.nextAttemptAt ?? endedAt,
    };
    this.parts.events.emit('refreshEnded', ended);
    const forcedAt = request.force ? calling.sentAt : this.forced.at(-1);
    if (end.outcome === 'issued' && held !== undefined && isEarlyRotation(before, held, forcedAt)) {
      this.parts.events.emit('rotatedEarly', { appid: ended.appid, version: held.version });
    }
    return ended;
  }

  /** While an attempt is under way its timer would only join it: the attempt's end arms it. */
  #armUnlessBusy(cell: CredentialCell): void {
    const { nextAttemptAt: at, underWay, dormant, slot } = cell;
    if (at === undefined || underWay !== undefined || dormant || this.removed) return;
    if (this.#app.loginOnly === true) return;
    this.parts.timers.arm(this.app.appid, slot, at, () => void this.refresh(cell, 'schedule'));
  }

  /** The tickets that apps.yaml keeps warm begin with the first token. */
  #beginWarmTickets(now: number): void {
    for (const type of this.app.tickets) {
      const cell = this.ticket(type);
      if (cell.nextAttemptAt === undefined) this.plan(cell, now);
    }
  }

  /** Tickets that are to be kept warm from now on are woken; the others rest until somebody asks. */
  #reconfigureTickets(app: AppSettings): void {
    for (const [type, cell] of this.tickets) {
      const warm = app.tickets.includes(type);
      if (warm && cell.dormant) {
        cell.dormant = false;
        this.settle(cell);
      } else if (!warm) {
        cell.dormant = true;
        this.parts.timers.disarm(app.appid, type);
      }
    }
  }

  /** Between an app with a token and one that only logs users in. */
  #turn(app: AppSettings): void {
    for (const { slot } of this.cells()) this.parts.timers.disarm(app.appid, slot);
    this.token.know(UNTRIED);
    this.#ready = undefined;
    if (app.loginOnly === true) this.#restToken();
    else void this.refresh(this.token, 'reload');
  }

  /** Nothing is ever fetched, and nothing is waited for. */
  #restToken(): void {
    const { token } = this;
    token.become({ ...token.cached, settled: true, waitsForStore: false });
    token.nextAttemptAt = undefined;
    if (this.#app.secret.equals(NO_SECRET)) {
      const error = describeFailure('no_secret', '');
      token.know(refusedBeside(token.state, error, this.parts.clock.now(), Number.POSITIVE_INFINITY));
    }
    token.wake();
  }

  #makeReady(): ReadyToken | undefined {
    const { held, unseen } = this.token.state;
    const { contact } = this.parts;
    this.#ready = held === undefined ? undefined : new ReadyToken(held, this.app, unseen, contact);
    return this.#ready;
  }
}

/** Which credentials a token was got with, without a trace of them: 64 bits of SHA-256 over 128 random ones. */
function credentialsIdOf(app: AppSettings): string {
  const { appid, tokenApi, secret, corpid, baseUrl, platform, authorisation } = app;
  const of = platform === undefined ? '' : `|${platform}|${authorisation ?? 0}`;
  const where = corpid === undefined && baseUrl === undefined ? of : `|${corpid ?? ''}|${baseUrl ?? ''}`;
  return hash('sha256', `${appid}|${tokenApi}${where}|${secret.reveal()}`, 'hex').slice(0, 16);
}
