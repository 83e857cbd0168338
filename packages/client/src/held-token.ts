/** A token as the library holds it. Times are milliseconds on ClientClock. Pure. */

export interface TokenGrant {
  readonly token: string;
  readonly version: number;
  /** For which the hub vouches, from the moment the request was sent. */
  readonly lifeMs: number;
  /** When the request was sent: the earliest moment from which the hub may have counted. */
  readonly sentAt: number;
}

export interface HeldToken {
  readonly token: string;
  readonly version: number;
  readonly sentAt: number;
  /** When the answer that brought it was there. */
  readonly answeredAt: number;
  /** The hub vouches for it no longer. */
  readonly expiresAt: number;
  /** Served until then: `expiresAt` less the safety margin. */
  readonly servedUntil: number;
  /** From then on the hub is asked for its whole answer: it may vouch for longer by now. */
  readonly renewAt: number;
}

/** How long before the end the hub is asked anew, if the long-poll has brought nothing by then. */
const RENEW_AHEAD_MS = 60_000;

/**
 * How long an unbroken row of answers must name a lower version before it is believed. Longer than a replica lags
 * behind the store; shorter than the 5 minutes that a `token` app's old token outlives a mint by a hub that has lost
 * its store.
 */
const RENUMBERED_AFTER_MS = 120_000;

/** Another token of the same or a lower version than the held one, as the hub names it since `since`. */
export interface Rival {
  readonly version: number;
  readonly since: number;
}

export interface Holding {
  readonly held: HeldToken | undefined;
  readonly rival: Rival | undefined;
  /** The last token that a report has replaced. */
  readonly rejected: string | undefined;
}

/** @param marginMs at most a tenth of the life, so that short lives are of use at all. */
export function heldOf(grant: TokenGrant, now: number, marginMs: number): HeldToken {
  const { token, version, sentAt, lifeMs } = grant;
  const expiresAt = sentAt + lifeMs;
  return {
    token,
    version,
    sentAt,
    answeredAt: now,
    expiresAt,
    servedUntil: expiresAt - Math.min(marginMs, lifeMs / 10),
    renewAt: expiresAt - Math.min(RENEW_AHEAD_MS, lifeMs / 4),
  };
}

export function isServable(held: HeldToken | undefined, now: number): held is HeldToken {
  return held !== undefined && now < held.servedUntil;
}

/**
 * What to hold after the hub has named `next`.
 *
 * - With nothing to serve, anything that can be served is taken, whatever its version.
 * - The same token: the word of the later request counts, also if the hub numbers it differently by now.
 * - The token that was rejected does not come back while another one is at hand.
 * - A higher version is newer, however late its answer comes.
 * - Another token of the same or a lower version: if it was asked for before the held one was there, it is stale, and
 *   ignored. Otherwise it comes from a replica that lags behind, or from a hub that lost its store and numbers anew:
 *   the first passes, so it is believed when the hub has said nothing else for {@link RENUMBERED_AFTER_MS}.
 */
export function adopted<T extends Holding>(holding: T, next: HeldToken, now: number): T {
  const { held, rejected } = holding;
  if (!isServable(next, now)) return holding;
  if (!isServable(held, now)) return taken(holding, next);
  if (next.token === held.token) return next.sentAt < held.sentAt ? holding : taken(holding, next);
  if (next.token === rejected) return holding;
  if (next.version > held.version) return taken(holding, next);
  if (next.sentAt < held.answeredAt) return holding;
  return rivalled(holding, next, now);
}

/** The hub's answer to a report of `token`: if that one is held, another one replaces it whatever its version. */
export function replaced<T extends Holding>(holding: T, token: string, next: HeldToken, now: number): T {
  if (next.token === token) return adopted(holding, next, now);
  if (holding.held?.token !== token) return adopted(holding, next, now);
  // Even one with no life left: what was reported and replaced is dead, and not to be served again.
  return { ...holding, held: next, rival: undefined, rejected: token };
}

/** The hub has said that the held version is the current one. */
export function confirmed<T extends Holding>(holding: T): T {
  return holding.rival === undefined ? holding : { ...holding, rival: undefined };
}

function taken<T extends Holding>(holding: T, next: HeldToken): T {
  return { ...holding, held: next, rival: undefined };
}

function rivalled<T extends Holding>(holding: T, next: HeldToken, now: number): T {
  const { rival } = holding;
  const goesOn = rival !== undefined && next.version >= rival.version;
  const since = goesOn ? rival.since : now;
  if (now - since >= RENUMBERED_AFTER_MS) return taken(holding, next);
  return { ...holding, rival: { version: next.version, since } };
}
