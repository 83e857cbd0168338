/**
 * WeChat's limits on `force_refresh` of stable_token ("getStableAccessToken" page): 20 a day, and none within 30 s of
 * the last. The hub refuses before WeChat would, since a forced call within the 30 s silently does not refresh.
 */
export const FORCED_PER_DAY = 20;
export const FORCED_APART_MS = 30_000;
const DAY_MS = 24 * 60 * 60 * 1000;

/** When forced refreshes were sent, epoch ms on the hub's clock, oldest first. */
export type ForceHistory = readonly number[];

/** How long until one more is allowed, ms; 0: now. Counts any 24 hours, so it never exceeds a calendar day's quota. */
export function waitBeforeForce(history: ForceHistory, now: number): number {
  const recent = withinDay(history, now);
  const last = recent.at(-1);
  const apart = last === undefined ? 0 : last + FORCED_APART_MS - now;
  const oldestThatCounts = recent.at(-FORCED_PER_DAY);
  const daily = oldestThatCounts === undefined ? 0 : oldestThatCounts + DAY_MS - now;
  return Math.max(0, apart, daily);
}

export function forceLeft(history: ForceHistory, now: number): number {
  return Math.max(0, FORCED_PER_DAY - withinDay(history, now).length);
}

export function forceUsed(history: ForceHistory, now: number): ForceHistory {
  return [...withinDay(history, now), now];
}

function withinDay(history: ForceHistory, now: number): number[] {
  return history.filter((at) => at > now - DAY_MS);
}
