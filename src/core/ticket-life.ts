import type { AppSettings } from './app.js';
import type { Held } from './credential.js';
import { KINDS } from './kinds/kinds.js';
import type { Grant } from './upstream.js';

/**
 * The life of a ticket. Within it the same one comes back, each time with the full `expires_in` (community reports), so
 * its true end is known only to who saw it come. Pure.
 *
 * - Seen to come, as the next answer after one with another ticket: it ends a life after that other answer at the
 *   earliest. That is its end here.
 * - Else it ends a life after its first sight at the latest, and any moment before: what callers are promised ends soon,
 *   and it is asked for again and again until another comes. It goes on being served meanwhile, as long as it may live:
 *   where WeChat cannot be asked, perhaps dead is better than none.
 *
 * Which of the two it is can be read off the times, so that it outlives the process, and other replicas know it too.
 */

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** What WeChat names today; longer lives are looked at as often. */
const USUAL_LIFE_MS = 7200 * SECOND;
/** Tickets are not asked for more often, ms. */
const SHORTEST_LOOK_MS = 5 * SECOND;

/** Two answers so far apart do not tell when the second's ticket came, ms … */
const SEEN_WITHIN_MS = 11 * MINUTE;
/** … nor do they where that is more than this part of its life. */
const SEEN_WITHIN_PART = 0.5;

/** Two answers tell the same end, but for what rounding to seconds and the way take, ms. */
const SAME_END_MS = 2 * SECOND;

/** A ticket that comes back so long after the latest end that it can have has another one, ms … */
const OUTLIVED_MS = 5 * SECOND;
/** … which nobody knows: it is vouched for from answer to answer, ms. */
const VOUCHED_MS = 90 * SECOND;

/** Of a life, what SDKs are promised of a ticket whose end is not known. */
const SDK_PART = 0.25;

/** Of the time in which a ticket that was seen to come may end, such a part is vouched for by each answer. */
const WINDOW_STEPS = 12;

type Times = Pick<Held, 'issuedAt' | 'expiresAt' | 'lifeMs'>;

/** A ticket's end where its coming was not seen; where it was, the end here is earlier than that. */
function latestEnd({ issuedAt, lifeMs }: Times): number {
  return issuedAt + lifeMs;
}

/** Half a second: times lose milliseconds on the way through the store. */
export function isEndKnown(held: Times): boolean {
  return held.expiresAt < latestEnd(held) - SECOND / 2;
}

/** What an answer makes of a ticket's end. @param before what was held when it came, of the same kind */
export function ticketEnd(before: Held | undefined, grant: Grant): number {
  if (before?.value.equals(grant.value) === true) return endOfSame(before, grant);
  const latest = grant.sentAt + grant.lifeMs;
  if (before === undefined) return latest;
  const doubt = grant.sentAt - before.confirmedAt;
  if (doubt > Math.min(SEEN_WITHIN_MS, grant.lifeMs * SEEN_WITHIN_PART)) return latest;
  return Math.min(latest - SECOND, before.confirmedAt + grant.lifeMs);
}

function endOfSame(held: Held, { sentAt, lifeMs }: Grant): number {
  const { expiresAt } = held;
  const latest = latestEnd(held);
  const told = sentAt + lifeMs;
  const isVouchedFor = expiresAt > latest + SECOND / 2;
  if (isVouchedFor || sentAt >= latest + OUTLIVED_MS) return Math.min(told, sentAt + VOUCHED_MS);
  // Should expires_in count down after all, it says when the end is.
  if (told < expiresAt - SAME_END_MS) return told;
  if (sentAt < expiresAt || sentAt >= latest) return expiresAt;
  return Math.min(latest, sentAt + Math.max(SHORTEST_LOOK_MS, (latest - sentAt) / WINDOW_STEPS));
}

/** A ticket whose end is not known is asked for so often, ms. */
export function lookEveryMs({ kind }: Pick<AppSettings, 'kind'>, { lifeMs }: Pick<Held, 'lifeMs'>): number {
  return Math.max(SHORTEST_LOOK_MS, Math.min(lifeMs, USUAL_LIFE_MS) / KINDS[kind].ticketLooks);
}

/**
 * Until when callers may keep a ticket, epoch ms: to its end; where that is not known, until soon after the next look,
 * so that none keeps a dead one for long. Never for a minute or less while that is all that is against it: some SDKs
 * take that for an error.
 */
export function ticketPromisedUntil(app: Pick<AppSettings, 'kind'>, held: Held, now: number): number {
  if (isEndKnown(held)) return held.expiresAt;
  const look = lookEveryMs(app, held);
  const soon = Math.max(held.confirmedAt + 2 * look, now + look) + SHORTEST_LOOK_MS;
  return Math.min(held.expiresAt, soon);
}

/**
 * The same for SDKs, behind WeChat's own paths: they take up to 25 minutes off what they are told, and one of them keeps
 * for ever, in its Redis, what is less than nothing then. Where the end is not known they get a quarter of a life.
 */
export function ticketPromisedToSdksUntil(app: Pick<AppSettings, 'kind'>, held: Held, now: number): number {
  const until = ticketPromisedUntil(app, held, now);
  return isEndKnown(held) ? until : Math.min(held.expiresAt, Math.max(until, now + held.lifeMs * SDK_PART));
}
