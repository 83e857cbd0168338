import type { Held } from '../core/credential.js';
import type { UpstreamError } from '../core/upstream.js';
import { describeFailure } from '../core/wechat-error.js';
import type { CredentialCell } from './refresh/credential-cell.js';
import type { ReadyToken } from './ready-token.js';

/** What the cache holds of an app's token now. */
export type TokenReading = HeldToken | NothingHeld;

/** The same of a ticket, or of either. */
export type Reading =
  { readonly kind: 'held'; readonly held: Held; readonly expiresInSeconds: number } | NothingHeld;

/** Of a ticket, {@link Reading}. */
export type TicketReading =
  | {
      readonly kind: 'held';
      readonly held: Held;
      readonly expiresInSeconds: number;
      /** For callers behind WeChat's own paths (core/ticket-life.ts). */
      readonly expiresInSecondsForSdks: number;
    }
  | NothingHeld;

export interface HeldToken {
  readonly kind: 'held';
  readonly held: Held;
  readonly ready: ReadyToken;
  readonly expiresInSeconds: number;
}

export type NothingHeld =
  /** No valid token, but an attempt is under way or about to begin: `TokenCache.settled` tells when it ended. */
  | { readonly kind: 'pending' }
  | {
      readonly kind: 'unavailable';
      /** Until the next attempt; whole, at least 1. */
      readonly retryAfterSeconds: number;
      readonly error: UpstreamError | undefined;
    };

/** Of an app that only logs users in. */
export const NO_TOKEN: NothingHeld = {
  kind: 'unavailable',
  retryAfterSeconds: 3600,
  error: describeFailure('login_only', ''),
};

/** No valid credential and none on its way: when the next attempt is, and why the last one failed. */
export function unavailable(cell: CredentialCell, now: number): NothingHeld {
  const wait = (cell.nextAttemptAt ?? now) - now;
  return {
    kind: 'unavailable',
    retryAfterSeconds: Math.max(1, Math.ceil(wait / 1000)),
    error: cell.shown(now).lastError?.error,
  };
}
