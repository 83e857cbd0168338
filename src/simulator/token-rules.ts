import type { Credential } from './credentials.js';
import type { FamilyState } from './simulated-app.js';

/** Page "getStableAccessToken": the new token comes 300 s before the old one ends. */
const HANDOVER_MS = 300_000;
/** Page "getStableAccessToken": a forced refresh within 30 s of the last one does not refresh. */
export const FORCE_INTERVAL_MS = 30_000;

/** How long before its end a `stable_token` is replaced: 300 s, or a quarter of a short life. */
export function defaultHandoverMs(lifeMs: number): number {
  return Math.min(HANDOVER_MS, lifeMs / 4);
}

/** Whether normal mode answers another token than the current one. */
export function needsNewStableToken(
  current: Credential,
  handoverMs: (lifeMs: number) => number,
  now: number,
): boolean {
  if (now >= current.diesAt) return true;
  return now >= current.expiresAt - handoverMs(current.expiresAt - current.bornAt);
}

/** Whole seconds of life left, rounded down as WeChat's `expires_in` is. */
export function remainingSeconds(credential: Credential, now: number): number {
  return Math.floor((credential.expiresAt - now) / 1000);
}

/**
 * Makes `next` the current one. The one before lives on for `overlapMs` (`token`: 300 s, page "getAccessToken") or,
 * with Infinity, to its own end (`stable_token`); either way never past its own end. Those before it keep the end
 * that they were given when they were superseded.
 */
export function supersede(family: FamilyState, next: Credential, overlapMs: number, now: number): void {
  const before = family.current;
  if (before !== undefined) {
    before.diesAt = Math.min(before.diesAt, now + overlapMs);
    family.superseded.push(before);
  }
  dropDead(family, now);
  family.current = next;
}

/** Ends every living token of the family at once. */
export function killAll(family: FamilyState, now: number): void {
  for (const credential of [...family.superseded, family.current]) {
    if (credential !== undefined) credential.diesAt = Math.min(credential.diesAt, now);
  }
  family.superseded.length = 0;
  family.current = undefined;
}

function dropDead(family: FamilyState, now: number): void {
  while (family.superseded[0] !== undefined && family.superseded[0].diesAt <= now) family.superseded.shift();
}
