import type { TokenApi } from './app.js';
import { unseenAfterFailure } from './attempt-outcome.js';
import {
  isTokenKind,
  isValid,
  type CredentialKind,
  type CredentialState,
  type Held,
  type UnseenMint,
} from './credential.js';
import { endsTheOneBefore, TOKEN_FAMILIES } from './kinds/token-families.js';
import { unseenAfter, unseenEither, unseenOnceStored } from './unseen-mint.js';
import type { UpstreamError } from './upstream.js';

/**
 * How replicas that share a store agree. Pure: what each of them decides from what it holds, what the store holds and
 * its own clock. No replica ever compares its wall clock with another's: all times of a {@link Held} are on the own
 * clock, into which the store has translated them. The whole of it, with what must never be done: docs/adr/0016.
 *
 * - Of two tokens got under leases, the one with the greater fence is newer: leases of a credential exclude each other.
 * - Where one of them was got without a lease, by a replica that could not reach the store, the one whose call was
 *   sent later is newer. Of calls closer together than the translation of their times can tell, the store's one is.
 * - Versions only follow. A replica that takes over a newer token never goes back in its version: it raises it, and
 *   has the store raise it for all.
 * - What others say is advice with a bound: it delays this replica, never past the need of its token.
 */

/** What a time loses at most on its way through the store's clock to another replica, ms. */
const TRANSLATION_LOSES_MS = 1500;

/**
 * Whether what the store holds is to be taken for what was got last. Both of one app and slot.
 *
 * Without two leases the moments of the calls decide, and the store's has lost something on its way here. For calls so
 * close together each replica could think its own the later one, for ever, while the store refuses both but one: what
 * is stored goes, which all can see, and WeChat is asked again ({@link haveCrossed}).
 */
export function isStoredNewer(stored: Held, held: Held): boolean {
  if (stored.fence !== undefined && held.fence !== undefined && stored.fence !== held.fence) {
    return stored.fence > held.fence;
  }
  return stored.issuedAt >= held.issuedAt - TRANSLATION_LOSES_MS;
}

export interface Merged {
  readonly held: Held | undefined;
  /** `taken`: another token than before; `confirmed`: the same, seen alive later than here; `kept`: nothing new. */
  readonly outcome: 'taken' | 'confirmed' | 'kept';
  /** The store is behind what is held now: it is to be saved there. */
  readonly storeAgain: boolean;
  /** Nobody knows which of the two WeChat gave last, or whether it gave another after the one that is taken. */
  readonly crossed: UnseenMint | undefined;
}

/**
 * What a replica holds after it has seen what the store holds.
 *
 * - A token that has ended is worth nothing, wherever it is.
 * - While a token of the configured family is valid, one of the other family is neither taken nor overwritten: the
 *   configuration is on its way to all replicas, and the next attempt decides.
 */
export function merged(
  held: Held | undefined,
  stored: Held | undefined,
  wanted: CredentialKind,
  now: number,
): Merged {
  const mine = isValid(held, now);
  const kept = { held, outcome: 'kept', storeAgain: false, crossed: undefined } as const;
  if (!isValid(stored, now)) return { ...kept, storeAgain: mine && held.kind === wanted };
  if (held === undefined) return { ...kept, held: stored, outcome: 'taken', crossed: gotAlone(stored, now) };
  if (held.kind === stored.kind && held.value.equals(stored.value)) return sameValue(held, stored, mine);
  if (mine && held.kind === wanted && stored.kind !== wanted) return kept;
  const take = !mine || (held.kind !== wanted && stored.kind === wanted) || isStoredNewer(stored, held);
  const [newer, older] = take ? [stored, held] : [held, stored];
  const crossed =
    mine && held.kind === stored.kind && haveCrossed(newer, older)
      ? { since: Math.min(newer.issuedAt, older.issuedAt), until: now }
      : undefined;
  if (!take) return { ...kept, storeAgain: true, crossed };
  const version = Math.max(stored.version, held.version + 1);
  return {
    held: { ...stored, version },
    outcome: 'taken',
    storeAgain: version > stored.version,
    crossed: unseenEither(crossed, gotAlone(stored, now)),
  };
}

/**
 * Two calls so close together may have reached WeChat in either order, ms: the default bound of a call and what the
 * translation of times loses.
 */
const AT_ONCE_MS = 6000;

/**
 * Leases keep calls apart, as long as one store gives them all. While it fails over two may, and their clocks, which
 * fences follow in ms, differ by up to this.
 */
const FENCES_AT_ONCE_MS = 2000;

/**
 * Only where no lease kept them apart: one had none, or the two are twins, each numbered as the successor of the same
 * token by a replica that another node of the store had given its lease.
 */
function haveCrossed(newer: Held, older: Held): boolean {
  if (newer.fence !== undefined && older.fence !== undefined) {
    return newer.version <= older.version && newer.fence - older.fence < FENCES_AT_ONCE_MS;
  }
  return Math.abs(newer.issuedAt - older.issuedAt) < AT_ONCE_MS;
}

/**
 * What was minted without a lease counts as superseded from its birth on, for whoever takes it over too: others may
 * have done the same, and the replica that got it is about to mint anew.
 */
function gotAlone({ kind, fence, issuedAt }: Held, now: number): UnseenMint | undefined {
  return endsTheOneBefore(kind) && fence === undefined
    ? { since: Math.min(issuedAt, now), until: now }
    : undefined;
}

function sameValue(held: Held, stored: Held, mine: boolean): Merged {
  const later = stored.confirmedAt > held.confirmedAt;
  const version = Math.max(held.version, stored.version);
  return {
    held: {
      ...held,
      version,
      // Of a ticket the first sight tells how long it can live at most: core/ticket-life.ts.
      issuedAt: isToken(held) ? held.issuedAt : Math.min(held.issuedAt, stored.issuedAt),
      fence: laterFence(held.fence, stored.fence),
      confirmedAt: later ? stored.confirmedAt : held.confirmedAt,
      expiresAt: endOfSame(held, stored, later),
      lifeMs: Math.max(held.lifeMs, stored.lifeMs),
      credentialsId: later ? stored.credentialsId : held.credentialsId,
    },
    outcome: later || version > held.version ? 'confirmed' : 'kept',
    storeAgain: version > stored.version || (mine && endsTooLate(held, stored)),
    crossed: undefined,
  };
}

/**
 * The store says that the token lives longer than it does: it was written by a replica whose clock had stood still.
 * A replica that knows no better would serve it past its end. What a translation may lose is no reason to write.
 */
function endsTooLate(held: Held, stored: Held): boolean {
  return isToken(held) && stored.expiresAt - held.expiresAt > TRANSLATION_LOSES_MS;
}

function isToken({ kind }: Held): boolean {
  return isTokenKind(kind);
}

/**
 * The state after {@link merged}: another replica's success counts as one's own, unless an attempt has failed since.
 *
 * - Another token than before is what failed attempts were for.
 * - Of the same token, leases order success and failure where both had one, in whatever order and however late this
 *   replica hears of them; otherwise the times of the calls do.
 */
export function withMerged(
  state: CredentialState,
  { held, outcome, crossed }: Pick<Merged, 'held' | 'outcome' | 'crossed'>,
): CredentialState {
  if (held === undefined) return state;
  const alone = held.fence === undefined ? state.unseen : unseenOnceStored(state.unseen);
  const seen = outcome === 'taken' ? unseenAfter(alone, held.issuedAt) : alone;
  const unseen = unseenEither(seen, crossed);
  const byTime = held.confirmedAt > (state.attemptedAt ?? Number.NEGATIVE_INFINITY);
  const confirmed = outcome === 'confirmed' && (followsFailure(held, state.failedUnder) ?? byTime);
  if (outcome !== 'taken' && !confirmed) return { ...state, held, unseen };
  return {
    ...state,
    held,
    failures: 0,
    slowFailures: 0,
    refreshedAt: held.confirmedAt,
    peerFailure: undefined,
    unseen,
  };
}

/** Whether what is held was got or confirmed under a later lease than the failure. `undefined`: no leases to compare. */
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

/** What a replica tells the others of an attempt that failed. Free of secrets. */
export interface SharedFailure {
  readonly error: UpstreamError;
  /** Of the lease under which it was made. */
  readonly fence: number | undefined;
  /** See {@link Held.credentialsId}: what failed with another AppSecret says nothing about this replica's. */
  readonly credentialsId: string | undefined;
}

/** No advice of others is taken for longer, ms: the longest wait that a replica chooses itself, and its jitter. */
export const LONGEST_ADVICE_MS = 11 * 60_000;

/**
 * Another replica's attempt failed. Told to people, and to whoever reads this replica's state; its own plan stays: the
 * pause in the store paces the attempts of all.
 *
 * News may be heard late, by a process that was stopped. What has been got since then answers the failure.
 */
export function failedElsewhere(
  state: CredentialState,
  { error, fence }: SharedFailure,
  retryInMs: number,
  now: number,
): CredentialState {
  if (followsFailure(state.held, fence) === true) return state;
  return {
    ...state,
    peerFailure: { at: now, retryAt: now + Math.min(retryInMs, LONGEST_ADVICE_MS), error },
    // It was sent a little before it was heard of.
    unseen: unseenAfterFailure(state, error, now - AT_ONCE_MS, now),
  };
}

/** An attempt that is due goes ahead this soon, whatever others do, where nothing was ever asked by this process, ms. */
const NEWCOMER_HELD_OFF_MS = 10_000;
/** So long before the end of a token its refresh waits for nobody, ms … */
const NEED_MS = 60_000;
/** … but for this, which another replica's call may take, ms. */
const LEAST_HELD_OFF_MS = 15_000;

/**
 * Until when others (their lease, the pause after their failure) may hold off an attempt that they first held off at
 * `since`. Epoch ms. From then on it is made regardless: what others say delays a refresh, never past its token's need.
 */
export function heldOffUntil(state: CredentialState, since: number, now: number): number {
  const { held, attemptedAt } = state;
  if (isValid(held, now)) {
    const need = held.expiresAt - Math.min(NEED_MS, held.lifeMs * LAST_RESORT_PART);
    return Math.max(since + LEAST_HELD_OFF_MS, Math.min(since + LONGEST_ADVICE_MS, need));
  }
  return since + (attemptedAt === undefined ? NEWCOMER_HELD_OFF_MS : LONGEST_ADVICE_MS);
}

/** Without the store, a replica that did not refresh the app last mints only so long before its token may end, ms … */
const LAST_RESORT_MS = 60_000;
/** … or with this part of a short life left. */
const LAST_RESORT_PART = 0.1;

/**
 * The store cannot be reached and an attempt is due: when may this replica ask WeChat by itself? Epoch ms; `now` or
 * before: at once.
 *
 * - `stable_token`, `gettoken`: at once. The calls of several replicas bring the same token.
 * - `token`: each mint ends the life of the token before it. The replica that refreshed the app last goes on, and so
 *   does one that has minted by itself already; the others wait until their own token is about to end, be it by
 *   another's mint.
 * - Without a valid token: at once.
 *
 * @param guaranteed until when the token works for sure (core/refresh-policy.ts), epoch ms
 */
export function mayGoAloneAt(
  tokenApi: TokenApi,
  state: CredentialState,
  refreshedLast: boolean,
  guaranteed: number,
  now: number,
): number {
  const { held, unseen } = state;
  if (
    !TOKEN_FAMILIES[tokenApi].endsTheOneBefore ||
    refreshedLast ||
    unseen !== undefined ||
    !isValid(held, now)
  )
    return now;
  return Math.min(guaranteed, held.expiresAt) - Math.min(LAST_RESORT_MS, held.lifeMs * LAST_RESORT_PART);
}

/** So many versions of one second belong to replicas that go alone; each has one of them. */
const REPLICAS = 2 ** 20;

/**
 * The version of a new token that was got without the store. No two replicas that go alone ever give the same one,
 * nor does the store give it afterwards: it is far ahead of what is counted up by one. At most 2^53 until 2242.
 *
 * @param before of the token before it
 * @param wallMs only keeps numbers growing over restarts; epoch ms
 * @param replica this process's own, in [0, 2^20)
 */
export function versionAlone(before: number | undefined, wallMs: number, replica: number): number {
  const second = Math.max(Math.floor(wallMs / 1000), Math.floor((before ?? 0) / REPLICAS) + 1);
  return second * REPLICAS + replica;
}

export function replicaNumber(random: number): number {
  return Math.floor(random * REPLICAS);
}

/**
 * Whether a call under a lease may have minted after another replica's, so that the token which all hold now may have
 * been superseded by one that nobody holds.
 *
 * Only where the lease had lapsed under the call: the process had been stopped for seconds in the middle of it, and
 * nobody can tell whether before or after the request went out. A `stable_token` that was granted and refused by the
 * store for another one may be the later of the two all the same: WeChat is asked again.
 */
export function mayHaveCrossed(tokenApi: CredentialKind, call: EndedCall): boolean {
  if (call.granted) return call.refused && isTokenKind(tokenApi);
  return endsTheOneBefore(tokenApi) && call.mayHaveActed && call.endedAt >= call.lapsedAt;
}

export interface EndedCall {
  /** Whether WeChat granted a token. */
  readonly granted: boolean;
  /** Whether the store refused it, since another replica had been quicker. */
  readonly refused: boolean;
  /** Whether WeChat may have acted on a call that failed. */
  readonly mayHaveActed: boolean;
  readonly endedAt: number;
  /** When the lease lapsed or will. */
  readonly lapsedAt: number;
}
