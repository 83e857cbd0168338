import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { isValid } from '../core/credential.js';
import type { Secret } from '../core/secret.js';
import type { RefreshEnded } from '../events/hub-events.js';
import { ServedTokens } from './served-tokens.js';
import { TokenCheck } from './refresh/token-check.js';
import { TokenCache } from './token-cache.service.js';

/** WeChat is asked about an app at most once in this time, whatever the reason: the contract's floor. */
const APART_MS = 5000;

export type SeedRefusal =
  /** Of WeChat's families of tokens only `/cgi-bin/token` mints; any other app has nothing to gain. */
  | 'not_token_api'
  /** The hub serves it for another app. */
  | 'of_another_app'
  /** WeChat says that it is dead. */
  | 'dead';

export type SeedRequest =
  | { readonly kind: 'taken'; readonly ended: RefreshEnded | undefined }
  | { readonly kind: 'refused'; readonly why: SeedRefusal }
  | { readonly kind: 'too_early'; readonly retryAfterMs: number };

/**
 * Takes over the living token of a central server that the hub replaces, so that the app moves without a mint.
 *
 * - WeChat is asked first, by a call without side effects: what it calls dead is refused. Where it cannot be asked (the
 *   hub's address is not on the whitelist yet), the operator's word counts.
 * - From then on it is a token like any other: with a version, in the store, told to the other replicas, and replaced
 *   when it is due.
 */
@Injectable()
export class TokenSeeding {
  /** Of each app, when it was last asked about here; as many as were ever seeded. */
  readonly #askedAt = new Map<string, number>();

  constructor(
    private readonly cache: TokenCache,
    private readonly check: TokenCheck,
    private readonly served: ServedTokens,
    private readonly clock: Clock,
  ) {}

  /** @returns `undefined`: no such app */
  async take(appid: string, value: Secret, lifeMs: number): Promise<SeedRequest | undefined> {
    const entry = this.cache.entry(appid);
    if (entry === undefined) return undefined;
    if (entry.app.tokenApi !== 'token' || entry.app.loginOnly === true) {
      return { kind: 'refused', why: 'not_token_api' };
    }
    const owner = this.served.ownerOf(value);
    if (owner !== undefined && owner !== appid) return { kind: 'refused', why: 'of_another_app' };
    const now = this.clock.now();
    const retryAfterMs = (this.#askedAt.get(appid) ?? Number.NEGATIVE_INFINITY) + APART_MS - now;
    if (retryAfterMs > 0) return { kind: 'too_early', retryAfterMs };
    this.#askedAt.set(appid, now);
    if ((await this.check.probe(entry, value)) === 'dead') return { kind: 'refused', why: 'dead' };
    return { kind: 'taken', ended: await entry.seed({ value, expiresAt: now + lifeMs }) };
  }

  /** Whether the app now serves this very token. */
  serves(appid: string, value: Secret): boolean {
    const held = this.cache.entry(appid)?.token.state.held;
    return isValid(held, this.clock.now()) && held.value.equals(value);
  }
}
