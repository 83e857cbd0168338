import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { TokenCache } from '../token-cache/token-cache.service.js';

/** A hub whose WeChat does not answer is of use all the same after this: it serves errors that say why. */
const FIRST_ROUND_LIMIT_MS = 10_000;

/**
 * Ready: the configuration is loaded and the first round of fetching has ended for every app, well or badly, or took
 * 10 s. Nothing that happens to WeChat or the store later changes that; only the shutdown does.
 */
@Injectable()
export class Readiness {
  readonly #startedAt: number;
  #ready = false;
  #draining = false;

  constructor(
    private readonly cache: TokenCache,
    private readonly clock: Clock,
  ) {
    this.#startedAt = clock.now();
  }

  get ready(): boolean {
    if (this.#draining) return false;
    this.#ready ||= this.cache.firstRoundEnded || this.clock.now() - this.#startedAt >= FIRST_ROUND_LIMIT_MS;
    return this.#ready;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** The shutdown has begun: load balancers are to look elsewhere. */
  drain(): void {
    this.#draining = true;
  }
}
