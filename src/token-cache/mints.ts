import { Injectable } from '@nestjs/common';
import type { AppKindName, AppSettings } from '../core/app.js';
import type { UpstreamResult } from '../core/upstream.js';

/** Asks for an app's token: at most one upstream call that mints. Never rejects. */
export type Mint = (app: AppSettings) => Promise<UpstreamResult>;

/**
 * Where tokens of a kind are asked for by more than what the file says of the app, whoever knows the rest asks: attempts
 * come here first. For all other kinds it is the WeChat client.
 */
@Injectable()
export class Mints {
  readonly #byKind = new Map<AppKindName, Mint>();

  provide(kind: AppKindName, mint: Mint): void {
    this.#byKind.set(kind, mint);
  }

  of(kind: AppKindName): Mint | undefined {
    return this.#byKind.get(kind);
  }
}
