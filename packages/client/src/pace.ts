/**
 * How long to leave the hub alone. Pure: time and chance (in [0, 1)) are arguments. Whatever the hub answers, two
 * requests for one app's token are at least {@link SPACING_MS} apart.
 */

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Between the sending of two requests for the same app's token. Short: only what nobody should ever see is faster. */
export const SPACING_MS = SECOND;

/** The longest pause between polls of a hub that answers each at once instead of waiting. */
const LONGEST_POLL_PAUSE_MS = 30 * SECOND;

/** Failures while a token is at hand: rotations are missed meanwhile, and nothing worse. */
const LONGEST_PAUSE_HOLDING_MS = 30 * SECOND;
/** Failures with no token: somebody may be waiting, and the hub comes back any moment. */
const LONGEST_PAUSE_WITHOUT_MS = 10 * SECOND;

/** Refusals: the hub locks out an address after 20 failed credentials a minute, and others may share the address. */
const REFUSED_PAUSE_MS = 5 * SECOND;
const LONGEST_REFUSED_PAUSE_MS = MINUTE;

/** A Retry-After of more is a mistake that must not switch a client off; the hub's own ones go up to 10 minutes. */
export const LONGEST_RETRY_AFTER_MS = 10 * MINUTE;

/** Exponential backoff: `base` for the first, doubling to `ceiling`, plus up to half of it by chance. */
export function backoffMs(base: number, nth: number, ceiling: number, chance: number): number {
  const plain = Math.min(base * 2 ** Math.min(Math.max(nth, 1) - 1, 30), ceiling);
  return plain * (1 + 0.5 * chance);
}

/** @param quick how many answers in a row came at once, this one included. */
export function pollPauseMs(quick: number, chance: number): number {
  return backoffMs(SPACING_MS, quick, LONGEST_POLL_PAUSE_MS, chance);
}

export interface FailureSeen {
  /** In a row, this one included. */
  readonly failures: number;
  /** See isLasting. */
  readonly lasting: boolean;
  readonly retryAfterMs: number | undefined;
  /** Whether a token can still be served. */
  readonly holding: boolean;
}

/** From the moment the failure was known. Never less than Retry-After (up to 10 min), plus a tenth by chance. */
export function failurePauseMs(
  { failures, lasting, retryAfterMs, holding }: FailureSeen,
  chance: number,
): number {
  const ceiling = holding ? LONGEST_PAUSE_HOLDING_MS : LONGEST_PAUSE_WITHOUT_MS;
  const backoff = lasting
    ? backoffMs(REFUSED_PAUSE_MS, failures, LONGEST_REFUSED_PAUSE_MS, chance)
    : backoffMs(SPACING_MS, failures, ceiling, chance);
  const asked = Math.min(retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS) * (1 + 0.1 * chance);
  return Math.max(backoff, asked);
}
