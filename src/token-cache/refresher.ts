import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { Randomness } from '../clock/randomness.js';
import { sameCredentials, type AppSettings } from '../core/app.js';
import { adopted, failed, granted } from '../core/credential.js';
import { nextAttemptAt } from '../core/refresh-policy.js';
import type { UpstreamResult } from '../core/upstream.js';
import { describeFailure } from '../core/wechat-error.js';
import { HubEvents, type RefreshEnded, type RefreshTrigger } from '../events/hub-events.js';
import { WeChatClient } from '../wechat-client/wechat-client.js';
import type { AppEntry } from './app-entry.js';
import { TokenStore, type Claim } from './token-store.js';
import { UpstreamLane } from './upstream-lanes.js';

/** First fetches: the contract's bound, so that a start with thousands of apps is no storm. */
const START_LANE_WIDTH = 50;
/**
 * All later calls. Wide, since hundreds of apps whose calls hang must not hold up the others; bounded, so that an
 * upstream that hangs for all of 10,000 apps cannot exhaust sockets and memory.
 */
const STEADY_LANE_WIDTH = 1000;
/** How soon to look again where another replica has the right to refresh. */
const CLAIMED_ELSEWHERE_MS = 1000;

export type Arm = (appid: string, at: number) => void;

/**
 * Carries out attempts, one at a time per app:
 * place in the queue -> claim -> WeChat -> pure transition -> callers served -> store -> timer armed anew.
 *
 * Whatever happens, an attempt ends with the timer armed: an app can fail, but never fall silent.
 */
@Injectable()
export class Refresher {
  /** Survives an entry: an app that is removed and added again waits for the call of its first life. */
  readonly #lastCall = new Map<string, Promise<unknown>>();
  readonly #startLane = new UpstreamLane(START_LANE_WIDTH);
  readonly #steadyLane = new UpstreamLane(STEADY_LANE_WIDTH);
  #arm: Arm = () => undefined;
  #closing = false;

  constructor(
    private readonly client: WeChatClient,
    private readonly store: TokenStore,
    private readonly clock: Clock,
    private readonly randomness: Randomness,
    private readonly events: HubEvents,
  ) {}

  /** Called with each app's next attempt (epoch ms on the hub's clock) whenever it is decided. One listener. */
  bindArm(arm: Arm): void {
    this.#arm = arm;
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** Starts an attempt, or joins the one under way. Never rejects; `undefined` where no call was made. */
  refresh(entry: AppEntry, trigger: RefreshTrigger): Promise<RefreshEnded | undefined> {
    if (entry.removed || this.#closing) return Promise.resolve(undefined);
    return (entry.underWay ?? this.#begin(entry, trigger, false)).done;
  }

  /** As {@link refresh}, with WeChat's `force_refresh`; an unforced attempt under way ends first. */
  async forceRefresh(entry: AppEntry, trigger: RefreshTrigger): Promise<RefreshEnded | undefined> {
    while (entry.underWay !== undefined && !entry.underWay.forced) await entry.underWay.done;
    if (entry.removed || this.#closing) return undefined;
    return (entry.underWay ?? this.#begin(entry, trigger, true)).done;
  }

  /** The state has changed: the next attempt is decided anew and who waits is woken. */
  settle(entry: AppEntry): void {
    entry.settledOnce = true;
    const now = this.clock.now();
    this.plan(entry, nextAttemptAt(entry.app, entry.state, now, this.randomness.next()));
    entry.wake();
  }

  plan(entry: AppEntry, at: number): void {
    entry.nextAttemptAt = at;
    // While an attempt is under way the timer would only join it: the attempt's end arms it.
    if (entry.underWay === undefined) this.#arm(entry.app.appid, at);
  }

  /** Nothing new begins; resolves when the calls that were sent have ended. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#lastCall.values());
  }

  #begin(
    entry: AppEntry,
    trigger: RefreshTrigger,
    force: boolean,
  ): { readonly done: Promise<RefreshEnded | undefined> } {
    const { appid } = entry.app;
    const lane = (entry.state.attemptedAt === undefined ? this.#startLane : this.#steadyLane).enter();
    const before = this.#lastCall.get(appid);
    const done = this.#attempt(entry, trigger, force, lane.entered, before).finally(() => {
      lane.leave();
      entry.underWay = undefined;
      if (this.#lastCall.get(appid) === done) this.#lastCall.delete(appid);
      if (entry.removed || this.#closing) {
        entry.wake();
      } else if (entry.attemptAgain) {
        entry.attemptAgain = false;
        void this.refresh(entry, 'reload');
      } else {
        this.#arm(appid, entry.nextAttemptAt ?? this.clock.now());
      }
    });
    this.#lastCall.set(appid, done);
    entry.underWay = { forced: force, lane, done };
    if (entry.waiting > 0) lane.promote();
    return entry.underWay;
  }

  async #attempt(
    entry: AppEntry,
    trigger: RefreshTrigger,
    force: boolean,
    entered: Promise<void>,
    before: Promise<unknown> | undefined,
  ): Promise<RefreshEnded | undefined> {
    let claim: Claim | undefined;
    try {
      await before;
      await entered;
      if (entry.removed || this.#closing) return undefined;
      claim = await this.store.claim(entry.app.appid);
      if (claim === undefined) {
        this.plan(entry, this.clock.now() + CLAIMED_ELSEWHERE_MS);
        return undefined;
      }
      return await this.#callUpstream(entry, trigger, force, claim);
    } catch (error) {
      // A bug, or a store that broke its promise: counted as a failed attempt, so that the next one is planned.
      this.events.emit('troubleSeen', { where: 'refresh', error });
      const now = this.clock.now();
      entry.state = failed(entry.state, describeFailure('internal', 'see the log'), now, now);
      this.settle(entry);
      return undefined;
    } finally {
      await claim?.release();
    }
  }

  async #callUpstream(
    entry: AppEntry,
    trigger: RefreshTrigger,
    force: boolean,
    claim: Claim,
  ): Promise<RefreshEnded | undefined> {
    const { app } = entry;
    const sentAt = this.clock.now();
    const result = await this.client.fetchToken(app, { force });
    const now = this.clock.now();
    if (entry.removed) return undefined;
    const outcome = this.#take(entry, app, result, sentAt, now);
    this.settle(entry);
    if (outcome === 'issued' || outcome === 'confirmed') await this.#save(entry, claim);
    const { held, failures } = entry.state;
    const ended: RefreshEnded = {
      appid: app.appid,
      tokenApi: app.tokenApi,
      trigger,
      forced: force,
      outcome,
      durationMs: now - sentAt,
      version: held?.version,
      error: result.ok ? undefined : result.error,
      failures,
      remainingMs: held === undefined ? 0 : Math.max(0, held.expiresAt - now),
      nextAttemptAt: entry.nextAttemptAt ?? now,
    };
    this.events.emit('refreshEnded', ended);
    return ended;
  }

  /** The pure transition that WeChat's answer asks for. `app`: the settings that the call was made with. */
  #take(
    entry: AppEntry,
    app: AppSettings,
    result: UpstreamResult,
    sentAt: number,
    now: number,
  ): RefreshEnded['outcome'] {
    if (!result.ok) {
      // A failure of credentials that a reload has replaced meanwhile says nothing about the new ones.
      if (sameCredentials(app, entry.app)) entry.state = failed(entry.state, result.error, sentAt, now);
      return 'failed';
    }
    // A reload changed the family under the call: the answer belongs to the other one.
    if (app.tokenApi !== entry.app.tokenApi) return 'outdated';
    const { state, outcome } = granted(entry.state, result.grant, app.tokenApi, this.#firstVersion());
    entry.state = state;
    return outcome;
  }

  /**
   * The number of a token without predecessor: the wall clock's seconds, so that a hub that starts without any
   * memory never gives a version again that a caller still holds with another token (its ETag would match).
   */
  #firstVersion(): number {
    return Math.floor(this.clock.wallNow() / 1000);
  }

  async #save(entry: AppEntry, claim: Claim): Promise<void> {
    const { held } = entry.state;
    if (held === undefined) return;
    try {
      const outcome = await this.store.save(entry.app.appid, held, claim);
      if (!outcome.saved && !entry.removed) {
        entry.state = adopted(entry.state, outcome.newer);
        this.settle(entry);
      }
    } catch (error) {
      // The token is good and served from memory; the store gets it with the next refresh.
      this.events.emit('troubleSeen', { where: 'store.save', error });
    }
  }
}
