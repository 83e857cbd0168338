import {
  failed,
  granted,
  reported,
  resumed,
  sent,
  unchanged,
  unknownApp,
  used,
  type AppState,
} from './app-state.js';
import { isServable, type HeldToken, type TokenGrant } from './held-token.js';
import type { HubApi } from './hub-api.js';
import { closedError, HubError, isLasting } from './hub-error.js';
import { nextStep, type Step } from './next-step.js';
import type { Settings } from './options.js';

interface Waiter {
  /** On ClientClock. */
  readonly deadline: number;
  readonly resolve: (held: HeldToken) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One app: its state, the loop that keeps it fresh, and those who wait for a token.
 *
 * All requests for the app's token are made by the one loop, one after the other: that is the single flight. Callers
 * only look at the state, or wait for its next change. The loop does what nextStep decides, and ends when nobody uses
 * the app any more. A token that still lives is kept then: the next caller has the loop ask for a newer one first, and
 * gets the old one if the hub is away.
 */
export class AppFollower {
  readonly #appid: string;
  readonly #api: HubApi;
  readonly #settings: Settings;
  readonly #onStopped: () => void;
  readonly #waiters = new Set<Waiter>();
  #state: AppState;
  /** Ends the wait or the long-poll under way, for the loop to decide anew. */
  #interrupt: () => void = () => undefined;
  #running = false;
  /** Set by the first use after nobody followed the app, until the hub has been asked. */
  #doubtful = false;
  #closed = false;

  /** @param onStopped called once, in the same turn in which the loop ends with nothing worth keeping. */
  constructor(appid: string, api: HubApi, settings: Settings, onStopped: () => void) {
    this.#appid = appid;
    this.#api = api;
    this.#settings = settings;
    this.#onStopped = onStopped;
    this.#state = unknownApp(settings.clock.now());
    this.#start();
  }

  /** What is at hand, without waiting. */
  get held(): HeldToken | undefined {
    const { held } = this.#state;
    return !this.#doubtful && isServable(held, this.#settings.clock.now()) ? held : undefined;
  }

  /**
   * A token that can be served: from memory, or as soon as there is one, or the error of the last attempt when waiting
   * on would be of no use: a refusal, a next attempt after the caller's deadline, or the deadline itself.
   */
  acquire(signal: AbortSignal | undefined): Promise<HeldToken> {
    const now = this.#settings.clock.now();
    this.#state = used(this.#state, now);
    if (!this.#running && !this.#closed) this.#resume(now);
    const { held } = this;
    if (held !== undefined) return Promise.resolve(held);
    return this.#wait(now + this.#settings.acquireTimeoutMs, signal);
  }

  /** The hub's answer to a report of `token`. */
  takeReport(token: string, grant: TokenGrant): void {
    const { clock, expiryMarginMs } = this.#settings;
    const before = this.#state.held;
    this.#state = reported(this.#state, token, grant, clock.now(), expiryMarginMs);
    if (this.#state.held === before) return;
    this.#settleWaiters();
    // A long-poll that asks about the version before is of no use any more.
    this.#interrupt();
  }

  close(): void {
    this.#end(closedError());
  }

  #resume(now: number): void {
    // While the hub is to be left alone, what is held is the best there is.
    this.#doubtful = now >= this.#state.retryAt;
    this.#state = resumed(this.#state, now);
    this.#start();
  }

  #start(): void {
    this.#running = true;
    this.#run().catch((error: unknown) => {
      this.#end(error instanceof Error ? error : new Error(String(error)));
      this.#onStopped();
    });
  }

  #wait(deadline: number, signal: AbortSignal | undefined): Promise<HeldToken> {
    return new Promise((resolve, reject) => {
      const { clock } = this.#settings;
      const leave = (): void => {
        clock.clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        deadline,
        resolve: (held) => {
          leave();
          resolve(held);
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      };
      const onAbort = (): void => {
        waiter.reject(signal?.reason as Error);
      };
      // This timer alone keeps the process alive: sockets and the loop's own timers do not.
      const timer = clock.setTimeout(
        () => {
          waiter.reject(
            this.#state.error ?? new HubError('HUB_TIMEOUT', 'No token came from the hub in time.'),
          );
        },
        deadline - clock.now(),
        true,
      );
      this.#waiters.add(waiter);
      if (this.#closed) waiter.reject(closedError());
      else if (signal?.aborted === true) onAbort();
      else {
        signal?.addEventListener('abort', onAbort, { once: true });
        this.#settleWaiters();
        this.#interrupt();
      }
    });
  }

  #settleWaiters(): void {
    const { held } = this;
    const now = this.#settings.clock.now();
    const { error, retryAt } = this.#state;
    for (const waiter of [...this.#waiters]) {
      if (held !== undefined) waiter.resolve(held);
      else if (error !== undefined && now < retryAt && (isLasting(error) || retryAt > waiter.deadline)) {
        waiter.reject(error.withRetryAfter(Math.ceil(retryAt - now)));
      }
    }
  }

  async #run(): Promise<void> {
    // Not in the constructor's turn: who made the follower is still to say what for.
    await Promise.resolve();
    while (!this.#closed) {
      const step = nextStep(this.#state, this.#waiters.size > 0, this.#settings.clock.now(), this.#settings);
      if (step.kind === 'stop') {
        this.#running = false;
        if (this.held === undefined) {
          this.#closed = true;
          this.#onStopped();
        }
        return;
      }
      if (step.kind === 'wait') await this.#sleep(step.ms);
      else await this.#ask(step);
      this.#settleWaiters();
    }
    this.#running = false;
  }

  #sleep(ms: number): Promise<void> {
    const { clock } = this.#settings;
    return new Promise((resolve) => {
      const done = (): void => {
        clock.clearTimeout(timer);
        resolve();
      };
      const timer = clock.setTimeout(done, ms);
      this.#interrupt = done;
    });
  }

  async #ask(step: Extract<Step, { kind: 'fetch' | 'follow' }>): Promise<void> {
    const { clock, random, expiryMarginMs } = this.#settings;
    const cut = new AbortController();
    // Somebody who finds nothing to serve must wait for the fetch that is under way, and not start it over.
    this.#interrupt = () => {
      if (step.kind === 'follow') cut.abort();
    };
    const waitSeconds = step.kind === 'follow' ? step.waitSeconds : 0;
    const asked = { waitMs: waitSeconds * 1000 };
    this.#state = sent(this.#state, clock.now());
    try {
      const question = step.kind === 'follow' ? { version: step.version, waitSeconds } : {};
      const grant = await this.#api.token(this.#appid, { ...question, signal: cut.signal });
      if (cut.signal.aborted) return;
      const now = clock.now();
      this.#state =
        grant === undefined
          ? unchanged(this.#state, asked, now, random())
          : granted(this.#state, grant, asked, now, expiryMarginMs, random());
    } catch (error) {
      if (cut.signal.aborted || this.#closed) return;
      if (!(error instanceof HubError)) throw error;
      this.#state = failed(this.#state, error, clock.now(), random());
      // Those who wait are told themselves.
      if (this.#waiters.size === 0) this.#settings.onError(error, this.#appid);
    } finally {
      this.#doubtful = false;
    }
  }

  #end(error: Error): void {
    this.#closed = true;
    this.#interrupt();
    for (const waiter of [...this.#waiters]) waiter.reject(error);
  }
}
