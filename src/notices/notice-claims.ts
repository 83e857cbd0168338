import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { TokenStore } from '../token-cache/token-store.js';

/** While one replica finds out what of a gathered message is still to be told, the others wait, ms. */
const TURN_MS = 2000;
/** So often is a turn waited for; then it goes on without. */
const TURN_TRIES = 5;

/**
 * Which replica tells what: whoever claims it first. Where the store cannot be asked it is told, rather twice than not
 * at all. With the memory store it only keeps the time since something was last told.
 */
@Injectable()
export class NoticeClaims {
  constructor(
    private readonly store: TokenStore,
    private readonly clock: Clock,
  ) {}

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
}
