import type { AppSettings } from './app.js';
import { answeredFailureAt, FAILING_APART_MS } from './attempt-outcome.js';
import { isValid, type CredentialState, type Held, type UnseenMint } from './credential.js';
import { askAgainAt } from './kinds/same-to-the-end.js';
import { TOKEN_FAMILIES } from './kinds/token-families.js';
import { isEndKnown, lookEveryMs } from './ticket-life.js';
import { mintAgainAt, outlivesUnseen, overlapOf } from './unseen-mint.js';

/**
 * When to ask WeChat next. Pure: the time and the jitter (in [0, 1)) are arguments, and the answer always lies in the
 * future once an attempt has been made, whatever WeChat answered. A thin loop (token-cache, scheduler) owns the
 * clock and the calls.
 */

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** stable_token hands over to a new token 5 minutes before the end of the old one ("getStableAccessToken" page). */
const HANDOVER_WINDOW_MS = 5 * MINUTE;

/** Nothing is asked more often than this, whatever lives WeChat grants. */
const SHORTEST_WAIT_MS = SECOND;

/** At a ticket's very end, so that the gap until the next one stays short. */
const SHORTEST_TICKET_WAIT_MS = 200;

/** No timer is longer, so that a life out of all proportion cannot silence an app for ever. */
const LONGEST_WAIT_MS = 24 * 60 * MINUTE;

/** The next attempt, epoch ms on the hub's clock. `now` itself only for an app that was never tried. */
export function nextAttemptAt(app: AppSettings, state: CredentialState, now: number, jitter: number): number {
  const { held } = state;
  // What is due on a token that another replica got keeps away from the call that failed here.
  const failedAt = answeredFailureAt(state);
  const soonest = Math.max(
    now + SHORTEST_WAIT_MS,
    failedAt === undefined ? now : failedAt + FAILING_APART_MS,
  );
  if (state.failures > 0) return Math.max(soonest, afterFailure(state, now, jitter));
  if (!isValid(held, now) || held.kind !== app.tokenApi) {
    return state.attemptedAt === undefined ? now : soonest;
  }
  const wanted = wantedAt(held, app, now, jitter);
  const again = mintAgainAt(state.unseen, held, now, jitter);
  return Math.min(Math.max(Math.min(wanted, again), soonest), now + LONGEST_WAIT_MS);
}

/** While all is well: by the family of the token. */
function wantedAt(held: Held, app: AppSettings, now: number, jitter: number): number {
  const { again } = TOKEN_FAMILIES[app.tokenApi];
  switch (again) {
    case 'another':
      return mintAt(held, app, jitter);
    case 'same, then another':
      return reconcileAt(held, app.reconcileSeconds * SECOND, now, jitter);
    case 'same to the end':
      return askAgainAt(held, app, jitter);
  }
}

/**
 * Tickets: the same one comes back until its end. Where that is not known, it is asked for at a steady pace
 * (core/ticket-life.ts). Else at the half of what is left, again and again, at least 5 s apart, and at the end itself:
 * about ten calls in a life of 7200 s, one of which would meet a ticket that WeChat took back early.
 */
export function nextTicketAttemptAt(
  app: Pick<AppSettings, 'kind'>,
  state: CredentialState,
  now: number,
  jitter: number,
): number {
  const { held } = state;
  if (state.failures > 0) return Math.max(now + SHORTEST_WAIT_MS, afterFailure(state, now, jitter));
  if (state.attemptedAt === undefined && held === undefined) return now;
  if (!isValid(held, now)) return now + SHORTEST_WAIT_MS;
  const left = held.expiresAt - now;
  const shorter = 0.9 + 0.1 * jitter;
  const wanted = isEndKnown(held)
    ? Math.max(5 * SECOND, (left / 2) * shorter)
    : held.confirmedAt + lookEveryMs(app, held) * shorter - now;
  const again = mintAgainAt(state.unseen, held, now, jitter) - now;
  return now + Math.min(Math.max(Math.min(wanted, left, again), SHORTEST_TICKET_WAIT_MS), LONGEST_WAIT_MS);
}

/** How long before its end a `token` is minted anew at the earliest: at most half the life. */
function aheadOf({ lifeMs }: Pick<Held, 'lifeMs'>, { refreshAheadSeconds }: AheadSettings): number {
  return Math.min(refreshAheadSeconds * SECOND, lifeMs / 2);
}

type AheadSettings = Pick<AppSettings, 'refreshAheadSeconds'>;

/** The earliest moment at which any replica, whatever its jitter, plans to mint the successor of a `token`. */
export function earliestMintAt(held: Pick<Held, 'expiresAt' | 'lifeMs'>, app: AheadSettings): number {
  return held.expiresAt - aheadOf(held, app);
}

/** `token`: one mint so long before expiry, and up to 10 % of that later. */
function mintAt(held: Held, app: AheadSettings, jitter: number): number {
  return earliestMintAt(held, app) + jitter * 0.1 * aheadOf(held, app);
}

/**
 * `stable_token`: the same token comes back until the handover, then a new one.
 * - Before it: once in `reconcileMs` (±10 %), so that a forced refresh by somebody else is noticed.
 * - The handover: one call within a tenth of the window that is left after it (30 s of 300 s).
 * - After it, while the old token still comes back: every 5 s or a tenth of what is left, at least 1 s.
 */
function reconcileAt(held: Held, reconcileMs: number, now: number, jitter: number): number {
  const window = handoverWindow(held);
  const handover = held.expiresAt - window;
  if (held.confirmedAt >= handover) {
    return now + Math.min(5 * SECOND, (held.expiresAt - now) / 10);
  }
  const reconcile = held.confirmedAt + reconcileMs * (0.9 + 0.2 * jitter);
  return Math.min(reconcile, handover + jitter * (window / 10));
}

function handoverWindow(held: Held): number {
  return Math.min(HANDOVER_WINDOW_MS, held.lifeMs / 4);
}

/** Clocks, and the time that a call takes, may part WeChat's handover from the one reckoned here by so much, ms. */
const HANDOVER_DOUBT_MS = 10 * SECOND;

/**
 * Whether WeChat took a `stable_token` out of service before its time, by nobody's doing here: a call gave `after`
 * although `before` had not come to its handover, and no refresh was forced since `before` was first seen.
 *
 * Then somebody else forced one, as a second central server does, or the account's AppSecret was reset. Of `token`
 * this cannot be told from an answer: each call brings another token.
 * @param forcedAt when the hub last sent a forced refresh of the app, epoch ms on its clock
 */
export function isEarlyRotation(
  before: Held | undefined,
  after: Held,
  forcedAt: number | undefined,
): boolean {
  if (before?.kind !== 'stable_token' || after.kind !== 'stable_token') return false;
  if (before.value.equals(after.value)) return false;
  if (forcedAt !== undefined && forcedAt > before.issuedAt) return false;
  return after.confirmedAt < before.expiresAt - handoverWindow(before) - HANDOVER_DOUBT_MS;
}

/**
 * - Configuration errors and quotas: 60 s, doubling to 10 min; or later where WeChat documents a wait of its own.
 * - The first other failure: 1 s.
 * - Then, with less than 10 minutes to live: 5 to 6 s. Otherwise 5 s doubling to 60 s, but not past the moment from
 *   which only 10 minutes are left.
 *
 * Counted from the moment the failed call was sent, so that a call that took 5 s to fail does not double the pace.
 */
function afterFailure(state: CredentialState, now: number, jitter: number): number {
  const { failures, slowFailures, held, lastError } = state;
  const sentAt = state.attemptedAt ?? now;
  const notBefore = lastError?.error.notBeforeMs;
  if (slowFailures > 0) {
    const backoff = doubling(60 * SECOND, slowFailures, 10 * MINUTE) * (1 + 0.1 * jitter);
    return now + Math.max(backoff, notBefore ?? 0);
  }
  if (failures === 1) return now + SECOND;
  const pressing = 5 * SECOND + jitter * SECOND;
  const left = held === undefined ? 0 : held.expiresAt - now;
  if (left < 10 * MINUTE) return sentAt + pressing;
  const backoff = doubling(5 * SECOND, failures - 1, 60 * SECOND) * (1 + 0.1 * jitter);
  return sentAt + Math.min(backoff, Math.max(pressing, left - 10 * MINUTE));
}

/** `base` for the first, twice that for the second, … at most `ceiling`. Safe for any count. */
function doubling(base: number, nth: number, ceiling: number): number {
  return Math.min(base * 2 ** Math.min(nth - 1, 30), ceiling);
}

/**
 * Until when the hub guarantees that the token works, epoch ms.
 *
 * Never past its own end. The next mint leaves a `token` only its overlap, so the guarantee ends that long after the
 * earliest moment at which it can have been superseded, lest a caller keep a token that a rotation has killed:
 *
 * - planned: not before {@link earliestMintAt}, by whichever replica. From then on each moment up to `mintsKnownUntil`
 *   without news of a mint moves it on.
 * - unseen: see core/unseen-mint.ts.
 *
 * @param mintsKnownUntil What other replicas minted before is known here; epoch ms, at most `now`.
 */
export function guaranteedUntil(
  held: Pick<Held, 'kind' | 'expiresAt' | 'lifeMs'>,
  app: AheadSettings,
  unseen: UnseenMint | undefined,
  mintsKnownUntil: number,
  now: number,
): number {
  if (held.kind !== 'token') return held.expiresAt;
  const planned = Math.max(earliestMintAt(held, app), mintsKnownUntil) + overlapOf(held);
  return Math.min(held.expiresAt, planned, outlivesUnseen(unseen, held, now));
}
