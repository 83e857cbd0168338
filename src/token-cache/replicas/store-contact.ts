import { Injectable } from '@nestjs/common';
import { HubEnvironment } from '../../config/environment/environment.js';
import { TokenStore } from '../token-store.js';

/** From the request of a mint to its being known here: the bound of the call, and of the commands around it, ms. */
const COMMANDS_MS = 2000;

/** Up to when this process knows what others have done. */
@Injectable()
export class StoreContact {
  readonly #delayMs: number;
  #behindSince: number | undefined;

  constructor(
    private readonly store: TokenStore,
    environment: HubEnvironment,
  ) {
    this.#delayMs = environment.wechatTimeoutMs + COMMANDS_MS;
  }

  /** Of mints that reached WeChat before, whichever replica made them, this one knows. Epoch ms on the hub's clock. */
  mintsKnownUntil(): number {
    return (this.#behindSince ?? this.store.reachedAt) - this.#delayMs;
  }

  /** What others did is not known until everything has been compared again. */
  lost(): void {
    this.#behindSince ??= this.store.reachedAt;
  }

  /** Everything has been compared. */
  found(): void {
    this.#behindSince = undefined;
  }
}
