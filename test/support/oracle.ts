import { isValid, type Held } from '../../src/core/credential.js';
import { HubEvents } from '../../src/events/hub-events.js';
import type { Clock } from '../../src/clock/clock.js';
import type { WeChatSimulator } from '../../src/simulator/simulator.js';
import { TokenCache } from '../../src/token-cache/token-cache.service.js';
import type { RunningHub } from './start-hub.js';

/** An answer of the token route, and when it was asked and had, on the clock of hub and simulator. */
export interface Witnessed {
  readonly appid: string;
  readonly askedAt: number;
  readonly hadAt: number;
  /** What the hub held when it was asked. */
  readonly heldBefore: Held | undefined;
  readonly status: number;
  /** The token that the caller holds by this answer: the one in it, or with 304 the one it named. */
  readonly token: string | undefined;
  readonly expiresIn: number | undefined;
}

interface Attempt {
  readonly sentAt: number;
  readonly endedAt: number;
  /** Failures in a row, this one included; 0: it succeeded. */
  readonly failures: number;
}

/**
 * Judges what a hub serves by what WeChat knows.
 *
 * - A token that was served was alive at some moment between question and answer. Closer one cannot look from outside.
 * - While the hub holds a valid token, the answer is 200 (or 304).
 * - The hub never believes a token to live longer than it does, nor shorter by more than rounding and one call.
 * - No app has two calls under way at a time.
 * - While an app fails: again after 1 s, then no call within 5 s of the one before, by the time of sending.
 */
export class Oracle {
  readonly violations: string[] = [];
  readonly answers = new Map<number, number>();
  readonly attempts = new Map<string, Attempt[]>();
  readonly #cache: TokenCache;

  constructor(
    hub: RunningHub,
    private readonly simulator: WeChatSimulator,
    private readonly clock: Clock,
  ) {
    this.#cache = hub.app.get(TokenCache);
    hub.app.get(HubEvents).on('refreshEnded', ({ appid, outcome, durationMs, failures }) => {
      this.#attempted(appid, outcome === 'failed' ? failures : 0, durationMs);
    });
  }

  heldNow(appid: string): Held | undefined {
    return this.#cache.status(appid)?.state.held;
  }

  judge(seen: Witnessed): void {
    this.answers.set(seen.status, (this.answers.get(seen.status) ?? 0) + 1);
    if (seen.status === 200 || seen.status === 304) this.#judgeToken(seen);
    else this.#judgeRefusal(seen);
  }

  #judgeToken({ appid, askedAt, hadAt, token = '', expiresIn }: Witnessed): void {
    const validity = this.simulator.validity(token);
    if (validity?.appid !== appid) {
      this.#violated(`${appid} got what is no token of its own`);
      return;
    }
    const { bornAt, diesAt } = validity;
    if (bornAt > hadAt || diesAt <= askedAt) {
      this.#violated(`${appid} got a dead token: died ${askedAt - diesAt} ms before it was asked for`);
    }
    if (expiresIn !== undefined && askedAt + expiresIn * 1000 > diesAt) {
      this.#violated(`${appid}: expires_in ${expiresIn} promises more than the ${diesAt - askedAt} ms left`);
    }
  }

  #judgeRefusal({ appid, askedAt, hadAt, heldBefore, status }: Witnessed): void {
    if (status !== 503) this.#violated(`${appid}: status ${status}`);
    if (isValid(heldBefore, hadAt)) {
      this.#violated(
        `${appid}: ${status} though a token was held for ${heldBefore.expiresAt - askedAt} ms more`,
      );
    }
  }

  #attempted(appid: string, failures: number, durationMs: number): void {
    const state = this.#cache.status(appid)?.state;
    const attempts = this.attempts.get(appid) ?? [];
    const before = attempts.at(-1);
    const sentAt = state?.attemptedAt ?? this.clock.now();
    const attempt = { sentAt, endedAt: sentAt + durationMs, failures };
    attempts.push(attempt);
    this.attempts.set(appid, attempts);
    if (before !== undefined && sentAt < before.endedAt) this.#violated(`${appid}: two calls at a time`);
    if (before !== undefined && before.failures > 0) {
      const least = before.failures === 1 ? 1000 : 5000;
      const gap = attempt.sentAt - before.sentAt;
      if (gap < least) this.#violated(`${appid}: ${gap} ms after failure number ${before.failures}`);
    }
    if (failures === 0 && state?.held !== undefined) this.#judgeBelief(appid, state.held, durationMs);
  }

  #judgeBelief(appid: string, held: Held, durationMs: number): void {
    const validity = this.simulator.validity(held.value.reveal());
    const early = (validity?.expiresAt ?? 0) - held.expiresAt;
    if (early < 0) this.#violated(`${appid}: believed to live ${-early} ms longer than it does`);
    if (early > 1000 + durationMs) this.#violated(`${appid}: given up ${early} ms before its end`);
  }

  #violated(what: string): void {
    this.violations.push(`${Math.round(this.clock.now())}: ${what}`);
  }
}
