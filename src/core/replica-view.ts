import type { AppHealth } from './credential.js';

/** What a replica sees of its apps, for people who look at another one. */
export interface ReplicaView {
  readonly valid: number;
  readonly failing: number;
  readonly unavailable: number;
  /** Appids of those that are not valid, in the order of the file: the first {@link MOST_TROUBLED}. */
  readonly troubled: readonly string[];
}

/** So many fit a message that every replica sends every few seconds, and a line that somebody reads. */
export const MOST_TROUBLED = 20;

/** `undefined` health: there is no such app any more. */
export function viewOf(apps: Iterable<readonly [appid: string, health: AppHealth | undefined]>): ReplicaView {
  const counts = { valid: 0, failing: 0, unavailable: 0 };
  const troubled: string[] = [];
  for (const [appid, health] of apps) {
    if (health === undefined) continue;
    counts[health] += 1;
    if (health !== 'valid' && troubled.length < MOST_TROUBLED) troubled.push(appid);
  }
  return { ...counts, troubled };
}
