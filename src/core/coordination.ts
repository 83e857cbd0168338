import type { TokenApi } from './app.js';
import { doubtAfter, isValid, type CredentialKind, type CredentialState, type Held } from './credential.js';
import type { UpstreamError } from './upstream.js';

/**
 * How replicas that share a store agree. Pure: what each of them decides from what it holds, what the store holds and
 * its own clock. No replica ever compares its wall clock with another's: all times of a {@link Held} are on the own
 * clock, into which the store has translated them.
 *
 * - Of two tokens got under claims, the one with the greater fence is newer: claims of an app exclude each other.
 * - Where one of them was got without a claim, by a replica that could not reach the store, the one whose call was
 *   sent later is newer.
 * - Versions only follow. A replica that takes over a newer token never goes back in its version: it raises it, and
 *   has the store raise it for all.
 */

/** Whether `a` was got after `b`. Both of one app and slot. */
export function isNewer(a: Held, b: Held): boolean {
  if (a.fence !== undefined && b.fence !== undefined && a.fence !== b.fence) return a.fence > b.fence;
  return a.issuedAt > b.issuedAt;
}

export interface Merged {
  readonly held: Held | undefined;
  /** `taken`: another token than before; `confirmed`: the same, seen alive later than here; `kept`: nothing new. */
  readonly outcome: 'taken' | 'confirmed' | 'kept';
  /** The store is behind what is held now: it is to be saved there. */
  readonly storeAgain: boolean;
  /** Nobody knows which of the two WeChat gave last: it is to be asked again. */
  readonly disputed: boolean;
}

/**
 * What a replica holds after a look at the store.
 *
 * - A token that has ended is worth nothing, wherever it is.
 * - While a token of the configured family is valid, one of the other family is neither taken nor overwritten: the
 *   configuration is on its way to all replicas, and the next attempt settles it.
 */
export function merged(
  held: Held | undefined,
  stored: Held | undefined,
  wanted: CredentialKind,
  now: number,
): Merged {
  const mine = isValid(held, now);
  if (!isValid(stored, now)) {
    return { held, outcome: 'kept', storeAgain: mine && held.kind === wanted, disputed: false };
  }
  if (held === undefined) return { held: stored, outcome: 'taken', storeAgain: false, disputed: false };
  if (held.kind === stored.kind && held.value.equals(stored.value)) return sameValue(held, stored, mine);
  if (mine && held.kind === wanted && stored.kind !== wanted) {
    return { held, outcome: 'kept', storeAgain: false, disputed: false };
  }
  const take = !mine || (held.kind !== wanted && stored.kind === wanted) || isNewer(stored, held);
  const [newer, older] = take ? [stored, held] : [held, stored];
  const disputed = mine && held.kind === stored.kind && areAtOnce(newer, older);
  if (!take) return { held, outcome: 'kept', storeAgain: true, disputed };
  const version = Math.max(stored.version, held.version + 1);
  return { held: { ...stored, version }, outcome: 'taken', storeAgain: version > stored.version, disputed };
}

/**
 * Two calls so close together may have reached WeChat in either order, ms: the default bound of a call and what the
 * translation of times loses.
 */
const AT_ONCE_MS = 6000;

/**
 * Claims keep calls apart, as long as one store gives them all. While it fails over two may, and their clocks, which
 * fences follow in ms, differ by up to this.
 */
const FENCES_AT_ONCE_MS = 2000;

/**
 * Only where no claim kept them apart: one had none, or the two are twins, each numbered as the successor of the same
 * token by a replica that another node of the store had given its claim.
 */
function areAtOnce(newer: Held, older: Held): boolean {
  if (newer.fence !== undefined && older.fence !== undefined) {
    return newer.version <= older.version && newer.fence - older.fence < FENCES_AT_ONCE_MS;
  }
  return Math.abs(newer.issuedAt - older.issuedAt) < AT_ONCE_MS;
}

function sameValue(held: Held, stored: Held, mine: boolean): Merged {
  const later = stored.confirmedAt > held.confirmedAt;
  const version = Math.max(held.version, stored.version);
  return {
    held: {
      ...held,
      version,
      fence: laterFence(held.fence, stored.fence),
      confirmedAt: later ? stored.confirmedAt : held.confirmedAt,
      expiresAt: endOfSame(held, stored, later),
      lifeMs: Math.max(held.lifeMs, stored.lifeMs),
    },
    outcome: later || version > held.version ? 'confirmed' : 'kept',
    storeAgain: version > stored.version || (mine && endsTooLate(held, stored)),
    disputed: false,
  };
}

/** What a translation between two clocks may lose is no reason to write, ms. */
const SAME_END_MS = 1500;

/**
 * The store says that the token lives longer than it does: it was written by a replica whose clock had stood still.
 * A replica that knows no better would serve it past its end.
 */
function endsTooLate(held: Held, stored: Held): boolean {
  return isToken(held) && stored.expiresAt - held.expiresAt > SAME_END_MS;
}

function isToken({ kind }: Held): boolean {
  return kind === 'token' || kind === 'stable_token';
}

/**
 * The state after {@link merged}: another replica's success counts as one's own, unless an attempt has failed since.
 *
 * - Another token than before is what failed attempts were for.
 * - Of the same token, claims order success and failure where both had one, in whatever order and however late this
 *   replica hears of them; otherwise the times of the calls do.
 */
export function withMerged(
  state: CredentialState,
  { held, outcome }: Pick<Merged, 'held' | 'outcome'>,
): CredentialState {
  if (held === undefined) return state;
  const doubtfulSince = outcome === 'taken' ? undefined : state.doubtfulSince;
  const byTime = held.confirmedAt > (state.attemptedAt ?? Number.NEGATIVE_INFINITY);
  const confirmed = outcome === 'confirmed' && (followsFailure(held, state.failedUnder) ?? byTime);
  if (outcome !== 'taken' && !confirmed) return { ...state, held, doubtfulSince };
  return { ...state, held, failures: 0, slowFailures: 0, refreshedAt: held.confirmedAt, doubtfulSince };
}

/** Whether what is held was got or confirmed under a later claim than the failure. `undefined`: no claims to compare. */
function followsFailure(held: Held | undefined, failedUnder: number | undefined): boolean | undefined {
  return held?.fence === undefined || failedUnder === undefined ? undefined : held.fence > failedUnder;
}

/**
 * A token's end never moves: of two opinions the earlier one is right, as the other's clock may have stood still. What
 * has ended here does not come back to life. A ticket's end is found out by asking: the later answer knows best.
 */
function endOfSame(held: Held, stored: Held, later: boolean): number {
  if (isToken(held)) return Math.min(held.expiresAt, stored.expiresAt);
  return later ? stored.expiresAt : held.expiresAt;
}

function laterFence(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}

/** What a replica tells the others of an attempt that failed, so that all keep the one pace. Free of secrets. */
export interface SharedFailure {
  readonly error: UpstreamError;
  readonly failures: number;
  readonly slowFailures: number;
  /** Of the claim under which it was made. */
  readonly fence: number | undefined;
}

/**
 * Another replica's attempt failed: as if it had been this one's.
 *
 * - What failed here before counts on: the first failure of another is no reason to try as soon again as after a first.
 * - News may be heard late, by a process that was stopped. What has been got since then answers the failure.
 */
export function failedElsewhere(state: CredentialState, shared: SharedFailure, now: number): CredentialState {
  if (followsFailure(state.held, shared.fence) === true) return state;
  return {
    ...state,
    failures: Math.max(state.failures, shared.failures, 1),
    slowFailures: shared.slowFailures,
    attemptedAt: now,
    failedUnder: shared.fence,
    lastError: { at: now, error: shared.error },
    // It was sent a little before it was heard of.
    doubtfulSince: doubtAfter(state, shared.error, now - AT_ONCE_MS),
  };
}

/** Without the store, who did not refresh the app last goes ahead only so long before the end of its token, ms … */
const LAST_RESORT_MS = 60_000;
/** … or with this part of a short life left. */
const LAST_RESORT_PART = 0.1;

/**
 * The store cannot be reached and an attempt is due: when may this replica ask WeChat on its own? Epoch ms; `now` or
 * before: at once.
 *
 * - `stable_token`: at once. The calls of several replicas bring the same token.
 * - `token`: each mint ends the life of the token before it. The replica that refreshed the app last goes on; the
 *   others wait until their own token is about to end. What they hear of in between moves their token's end.
 * - Without a valid token: at once.
 *
 * `turn`: in [0, 1), the replica's own and always the same, so that several do not mint at the same moment: they are
 * spread over the first half of the time that is left.
 */
export function mayGoAloneAt(
  tokenApi: TokenApi,
  held: Held | undefined,
  refreshedLast: boolean,
  now: number,
  turn: number,
): number {
  if (tokenApi === 'stable_token' || refreshedLast || !isValid(held, now)) return now;
  const left = Math.min(LAST_RESORT_MS, held.lifeMs * LAST_RESORT_PART);
  return held.expiresAt - left * (1 - turn / 2);
}

/**
 * Whether a call under a claim may have minted after another replica's, so that the token which all hold now may have
 * been superseded by one that nobody holds. Only a further mint settles that, and there are 5 minutes for it.
 *
 * `token` alone, and only where the claim had lapsed under the call: the process had been stopped for seconds in the
 * middle of it, and nobody can tell whether before or after the request went out.
 */
export function isDisputed(tokenApi: TokenApi, call: EndedCall): boolean {
  if (tokenApi !== 'token') return false;
  return call.granted ? call.refused : call.mayHaveActed && call.endedAt >= call.lapsedAt;
}

/**
 * What is left of a doubt about which token WeChat minted last, once a token is held whose call was sent at `sentAt`.
 * `disputedUntil`: when all the calls in question had ended, epoch ms on the hub's clock; `undefined`: no doubt.
 *
 * A call that was sent later than that reached WeChat after all of them, whichever replica made it: it settles the
 * doubt, and who shares the doubt need not mint as well.
 */
export function disputeLeft(disputedUntil: number | undefined, sentAt: number): number | undefined {
  return disputedUntil === undefined || sentAt > disputedUntil ? undefined : disputedUntil;
}

export interface EndedCall {
  /** Whether WeChat granted a token. */
  readonly granted: boolean;
  /** Whether the store refused it, since another replica had been quicker. */
  readonly refused: boolean;
  /** Whether WeChat may have acted on a call that failed. */
  readonly mayHaveActed: boolean;
  readonly endedAt: number;
  /** When the claim lapsed or will. */
  readonly lapsedAt: number;
}
