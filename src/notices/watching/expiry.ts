const DAY_MS = 86_400_000;

/** Days before its end at which a key or certificate is told of, once each. */
export const STAGES_DAYS = [14, 3, 1] as const;

/** How close something is to its end: the stage that it has reached; `undefined`: not yet, or it is over. */
export function stageOf(expiresAt: number | undefined, wallNow: number): number | undefined {
  if (expiresAt === undefined || expiresAt <= wallNow) return undefined;
  const left = expiresAt - wallNow;
  return STAGES_DAYS.findLast((days) => left <= days * DAY_MS);
}

/** Whole days, rounded up. */
export function daysLeft(expiresAt: number, wallNow: number): number {
  return Math.max(0, Math.ceil((expiresAt - wallNow) / DAY_MS));
}

/**
 * Whether a process that started then, and does not know what was told before, keeps silent for now: it tells when
 * another day of what is left has gone by, so at most once a day however often it is started. On the last day that
 * would be too late.
 */
export function isSilentSince(startedAt: number, expiresAt: number, wallNow: number): boolean {
  const atStart = daysLeft(expiresAt, startedAt);
  return atStart > 1 && daysLeft(expiresAt, wallNow) >= atStart;
}
