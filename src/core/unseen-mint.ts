import type { CredentialState, Held, UnseenMint } from './credential.js';

/**
 * A mint that nobody here holds may have superseded the token that is held. Pure.
 *
 * A mint through /cgi-bin/token leaves the token before it {@link overlapOf} of life, and WeChat tells nobody. Three
 * things hide one from this replica:
 *
 * - its own call was acted on, and the answer was lost (time-out, cut connection, broken answer);
 * - two calls crossed, since no lease kept them apart: the token that was minted last is not known;
 * - the store is away, and others may refresh by themselves at any time.
 *
 * What follows is the same for all three: the token is guaranteed until an unseen mint would have ended it and no
 * longer, and is minted anew before that. A token whose call was sent after the last unseen call had ended supersedes
 * them all, whichever replica sent it. Where no call succeeds, WeChat is asked whether the token is still alive.
 *
 * A call for a `stable_token` or a ticket supersedes nothing; of them only the second case is known, where two replicas
 * hold different ones and WeChat is asked again.
 */

/** After a mint through /cgi-bin/token the token before works for 5 more minutes ("AccessToken" page). */
const TOKEN_OVERLAP_MS = 5 * 60_000;

/** How long a `token` works on after its successor was minted, ms: of short lives a quarter is assumed. */
export function overlapOf({ lifeMs }: Pick<Held, 'lifeMs'>): number {
  return Math.min(TOKEN_OVERLAP_MS, lifeMs / 4);
}

/** How long a token that may be dead is guaranteed from one probe to the next, ms. */
const PROBED_GUARANTEE_MS = 60_000;

/** Until when an unseen mint lets the token live for sure, epoch ms; Infinity: there was none. */
export function outlivesUnseen(
  unseen: UnseenMint | undefined,
  held: Pick<Held, 'lifeMs'>,
  now: number,
): number {
  if (unseen === undefined) return Number.POSITIVE_INFINITY;
  const end = unseen.since + overlapOf(held);
  // Nothing more is known past that: the token is alive or not, and is probed once a minute.
  return end > now ? end : now + Math.min(PROBED_GUARANTEE_MS, overlapOf(held) / 5);
}

/** A crossed mint is settled by another one, so much later that no replica takes the two for crossed (AT_ONCE_MS), ms. */
const SETTLE_MS = 7000;

/**
 * When to mint anew because of unseen mints, epoch ms. While others may still mint: before the guarantee has fallen to
 * a minute, since some SDKs refuse a token that is promised for 60 s or less. Afterwards soon.
 */
export function mintAgainAt(
  unseen: UnseenMint | undefined,
  held: Pick<Held, 'lifeMs'>,
  now: number,
  jitter: number,
): number {
  if (unseen === undefined) return Number.POSITIVE_INFINITY;
  const ahead = unseen.since + overlapOf(held) * (0.75 - 0.05 * jitter);
  return unseen.until === Number.POSITIVE_INFINITY
    ? ahead
    : Math.min(ahead, Math.max(now + SETTLE_MS, unseen.until + 1));
}

/** Both may have hidden a mint. */
export function unseenEither(a: UnseenMint | undefined, b: UnseenMint | undefined): UnseenMint | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const fence = a.fence === undefined || b.fence === undefined ? undefined : Math.max(a.fence, b.fence);
  return unseenBetween(Math.min(a.since, b.since), Math.max(a.until, b.until), fence);
}

export function unseenBetween(since: number, until: number, fence?: number): UnseenMint {
  return { since, until, ...(fence !== undefined && { fence }) };
}

/**
 * The token that is held was got under a lease, and the store has it: others that went alone are back and take it over,
 * or are cut off from the store by themselves, of which nobody can know.
 */
export function unseenOnceStored(unseen: UnseenMint | undefined): UnseenMint | undefined {
  return unseen?.until === Number.POSITIVE_INFINITY ? undefined : unseen;
}

/**
 * What is left of it once a token is held whose call was sent at `sentAt`.
 * @param fence of the lease under which the token was got: leases order calls also where moments are too close together
 */
export function unseenAfter(
  unseen: UnseenMint | undefined,
  sentAt: number,
  fence?: number,
): UnseenMint | undefined {
  if (unseen === undefined || sentAt > unseen.until) return undefined;
  if (fence !== undefined && unseen.fence !== undefined && fence > unseen.fence) return undefined;
  // A call from before this token was minted did not supersede it.
  return { ...unseen, since: Math.max(unseen.since, sentAt) };
}

/**
 * The store is back. What was minted alone meanwhile is settled by one more mint; whoever comes back later with such a
 * token tells by that token itself (core/coordination.ts).
 */
export function unseenEnded(unseen: UnseenMint | undefined, now: number): UnseenMint | undefined {
  return unseen?.until === Number.POSITIVE_INFINITY ? { ...unseen, until: now } : unseen;
}

/** Whether the token that is held may have been dead for a while without the hub's knowing. */
export function isToBeProbed({ held, unseen }: CredentialState, now: number): boolean {
  if (held === undefined || unseen === undefined || now >= held.expiresAt) return false;
  return now >= unseen.since + overlapOf(held);
}

/** WeChat took the token at `askedAt`: of the unseen mints only the latest may still end it. */
export function provedAlive(state: CredentialState, askedAt: number): CredentialState {
  const { unseen, held } = state;
  if (unseen === undefined || held === undefined) return state;
  const overlap = overlapOf(held);
  const since = Math.max(unseen.since, askedAt - overlap + Math.min(PROBED_GUARANTEE_MS, overlap / 5));
  return { ...state, unseen: { since, until: Math.max(unseen.until, since) } };
}

/** WeChat refused the token: its end has come. */
export function provedDead(state: CredentialState, now: number): CredentialState {
  const { held } = state;
  if (held === undefined) return state;
  return { ...state, held: { ...held, expiresAt: Math.min(held.expiresAt, now) }, unseen: undefined };
}
