import type { AppState } from './app-state.js';
import { isServable } from './held-token.js';
import { isLasting } from './hub-error.js';
import { SPACING_MS } from './pace.js';

/** What the loop of one app does next. */
export type Step =
  /** The app is not used: forget it. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'wait'; readonly ms: number }
  /** Ask for the token, whatever is held. */
  | { readonly kind: 'fetch' }
  /** Ask for a newer one than `version`; the hub may take `waitSeconds` (0: it answers at once). */
  | { readonly kind: 'follow'; readonly version: number; readonly waitSeconds: number };

export interface StepPolicy {
  readonly idleMs: number;
  readonly followWaitSeconds: number;
}

/**
 * The decision. Pure, and never a hot loop: before `sentAt + SPACING_MS` it always answers `stop` or a `wait` of more
 * than 0 ms.
 *
 * - Nobody waits and nobody has used the app for `idleMs`: stop.
 * - Not before Retry-After or the backoff is over, nor within {@link SPACING_MS} of the last request; with a token at
 *   hand also not before the pause after polls that were answered at once.
 * - Nothing to serve: fetch; but an app that the hub refuses is asked for only while somebody waits.
 * - Near the token's end: fetch, since the hub may vouch for it longer by now, and a 304 would not say so.
 * - Otherwise follow: a long-poll, which ends before the token is near its end. After a failure one short poll, since
 *   what failed may be the waiting itself (a proxy that cuts it off).
 */
export function nextStep(state: AppState, waiting: boolean, now: number, policy: StepPolicy): Step {
  if (!waiting && now - state.usedAt >= policy.idleMs) return { kind: 'stop' };
  const { held, error } = state;
  const serving = isServable(held, now);
  const notBefore = Math.max(state.sentAt + SPACING_MS, state.retryAt, serving ? state.pollAt : -Infinity);
  if (now < notBefore) return { kind: 'wait', ms: notBefore - now };
  if (!serving) {
    const refused = error !== undefined && isLasting(error);
    return refused && !waiting ? { kind: 'stop' } : { kind: 'fetch' };
  }
  if (now >= held.renewAt) return { kind: 'fetch' };
  if (state.failures > 0) return { kind: 'follow', version: held.version, waitSeconds: 0 };
  const waitSeconds = Math.min(policy.followWaitSeconds, Math.floor((held.renewAt - now) / 1000));
  if (waitSeconds < 1) return { kind: 'wait', ms: held.renewAt - now };
  return { kind: 'follow', version: held.version, waitSeconds };
}
