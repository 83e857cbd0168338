const DAY_MS = 86_400_000;

/** Days before its end at which a key is told of, once each. */
export const KEY_STAGES_DAYS = [14, 3, 1] as const;

/** How close a key is to its end: the stage that it has reached; `undefined`: not yet, or it is over. */
export function keyStageOf(expiresAt: number | undefined, wallNow: number): number | undefined {
  if (expiresAt === undefined || expiresAt <= wallNow) return undefined;
  const left = expiresAt - wallNow;
  return KEY_STAGES_DAYS.findLast((days) => left <= days * DAY_MS);
}

/** Whole days, rounded up. */
export function daysLeft(expiresAt: number, wallNow: number): number {
  return Math.max(0, Math.ceil((expiresAt - wallNow) / DAY_MS));
}
