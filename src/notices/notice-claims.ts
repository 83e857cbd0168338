import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { HubEnvironment } from '../config/environment/environment.js';
import { TokenStore } from '../token-cache/token-store.js';

/** While one replica finds out what of a gathered message is still to be told, the others wait, ms. */
const TURN_MS = 2000;
/** So often is a turn waited for; then it goes on without. */
const TURN_TRIES = 5;
/** What lasts is noted anew in each such span, ms, and found by who starts in this one or the next. */
const SPAN_MS = 10 * 60_000;

/**
 * Which replica tells what: whoever claims it first. Where the store cannot be asked it is told, rather twice than not
 * at all. With the memory store it only keeps the time since something was last told.
 */
@Injectable()
export class NoticeClaims {
  /** Whether what was told is still known after a restart. */
  readonly outlivesRestart: boolean;
  /** What was noted in the span that {@link #span} names. */
  readonly #noted = new Set<string>();
  #span = 0;

  constructor(
    private readonly store: TokenStore,
    private readonly clock: Clock,
    environment: HubEnvironment,
  ) {
    this.outlivesRestart = environment.redisUrl !== undefined;
  }

  /**
   * Claims to tell `what` about `subject` (an appid or the like), once in `apartMs` over all replicas.
   * @returns `undefined`: tell it; else when it was last told, epoch ms on the hub's clock
   */
  async claim(subject: string, what: string, apartMs: number): Promise<number | undefined> {
    try {
      const wait = await this.store.throttle(subject, `notice:${what}`, apartMs);
      return wait > 0 ? this.clock.now() + wait - apartMs : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Whether somebody has noted that `what` lasts and was told, in this span of ten minutes or the one before: another
   * replica, or this one before it was started anew. If not, it is noted now.
   */
  async lasts(subject: string, what: string): Promise<boolean> {
    const span = this.#spanNow();
    const noted = await Promise.all([this.#note(subject, what, span - 1), this.#note(subject, what, span)]);
    return noted.includes(true);
  }

  /** Notes that `what` lasts and was told, for who starts later. */
  async noteLasting(subject: string, what: string): Promise<void> {
    const span = this.#spanNow();
    const key = `${subject} ${what}`;
    if (this.#noted.has(key)) return;
    this.#noted.add(key);
    await this.#note(subject, what, span);
  }

  /**
   * Resolves when it is this replica's turn to claim many things of one kind: two that claim at the same time would
   * make two messages of them, half each.
   */
  async turn(kind: string): Promise<void> {
    for (let tries = 0; tries < TURN_TRIES; tries++) {
      const wait = await this.store.throttle('hub.notices', `turn:${kind}`, TURN_MS).catch(() => 0);
      if (wait <= 0) return;
      await new Promise<void>((resolve) => this.clock.setTimeout(resolve, wait));
    }
  }

  /** @returns whether it was noted before */
  async #note(subject: string, what: string, span: number): Promise<boolean> {
    const wait = await this.store.throttle(subject, `lasting:${what}:${span}`, 2 * SPAN_MS).catch(() => 0);
    return wait > 0;
  }

  /** By the wall clock, which replicas share well enough. */
  #spanNow(): number {
    const span = Math.floor(this.clock.wallNow() / SPAN_MS);
    if (span !== this.#span) this.#noted.clear();
    this.#span = span;
    return span;
  }
}
