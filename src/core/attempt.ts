import type { AppSettings } from './app.js';
import { failed, FAILING_APART_MS, granted, type Granted } from './attempt-outcome.js';
import {
  heldOffUntil,
  mayGoAloneAt,
  mayHaveCrossed,
  merged,
  versionAlone,
  withMerged,
} from './coordination.js';
import {
  isTokenKind,
  isValid,
  type CredentialKind,
  type CredentialState,
  type Held,
  type UnseenMint,
} from './credential.js';
import { guaranteedUntil } from './refresh-policy.js';
import type { Secret } from './secret.js';
import { unseenAfter, unseenEither, unseenOnceStored } from './unseen-mint.js';
import type { UpstreamResult } from './upstream.js';
import { endsTheOneBefore } from './kinds/token-families.js';

/**
 * An attempt to get a credential, as a value with a phase, and the pure step from one phase to the next. The loop that
 * does what a phase is waiting for (token-cache/refresh/attempt-loop.ts) comes back here after every wait:
 *
 *     queued ──► leasing ──► calling ──► storing ──► idle
 *       ▲          │  ▲         │
 *       └─ peer ◄──┘  └─ looks again     └► idle
 *
 * - `queued`: waits for a permit of the limiter and for the credential's mutex.
 * - `leasing`: asks the store for the lease, and learns what other replicas have done.
 * - `peer`: another replica's call is under way; waits for its result, or until its lease has lapsed.
 * - `calling`: WeChat is asked.
 * - `storing`: what WeChat granted is on its way to the store, and is served from then on.
 *
 * {@link isAnswered} is asked after each wait before the call: whatever brought an answer meanwhile (news of another
 * replica, a look at the store), there is no second call.
 */
export type Attempt =
  | { readonly phase: 'idle' }
  | { readonly phase: 'queued'; readonly request: AttemptRequest }
  | { readonly phase: 'leasing'; readonly request: AttemptRequest; readonly looks: number }
  | {
      readonly phase: 'peer';
      readonly request: AttemptRequest;
      readonly since: number;
      readonly until: number;
    }
  | Calling
  | Storing;

export type AttemptTrigger = 'schedule' | 'reload' | 'admin' | 'report' | 'seed';

export interface AttemptRequest {
  readonly trigger: AttemptTrigger;
  /** WeChat's `force_refresh`. */
  readonly force: boolean;
  /** When it was asked for, epoch ms on the hub's clock, and what was held then. */
  readonly at: number;
  readonly before: Held | undefined;
  /** A living token that an operator brings: it takes the place of WeChat's answer, and WeChat is not asked. */
  readonly seed?: Seed | undefined;
}

export interface Seed {
  readonly value: Secret;
  /** Epoch ms on the hub's clock. */
  readonly expiresAt: number;
}

/** The right to ask WeChat, given to one replica at a time. Times: epoch ms on the hub's clock. */
export interface LeaseTerms {
  /** Grows with every lease of the app; the store refuses what comes with a smaller one than it has seen. */
  readonly fence: number;
  /** The number for a token that has no predecessor. */
  readonly firstVersion: number;
  /** A call must have begun before: later, its bound would outlive the lease. */
  readonly startBy: number;
  /** From then on another replica may have the lease. */
  readonly lapsesAt: number;
}

export interface Calling {
  readonly phase: 'calling';
  readonly request: AttemptRequest;
  /** `undefined`: without the store, by itself. */
  readonly lease: LeaseTerms | undefined;
  readonly sentAt: number;
  /** As they were when the call was sent. */
  readonly app: AppSettings;
  readonly credentialsId: string;
  readonly kind: CredentialKind;
}

export interface Storing extends Omit<Calling, 'phase'> {
  readonly phase: 'storing';
  readonly endedAt: number;
  /** What was known when the answer came, and what the answer makes of it. */
  readonly before: CredentialState;
  readonly granted: CredentialState & { readonly held: Held };
  readonly outcome: Granted['outcome'];
}

/** All that one process knows of one credential. A value, replaced by {@link step} and by nothing else. */
export interface CachedCredential {
  readonly state: CredentialState;
  readonly attempt: Attempt;
  /** Stamp of what this replica has last seen in the store; 0: nothing. */
  readonly seen: number;
  /** Whether what is held was last got or confirmed by this replica itself, as far as it knows. */
  readonly refreshedHere: boolean;
  /** Since when others hold off an attempt that is due here; `undefined`: nobody does. */
  readonly heldOffSince: number | undefined;
  /** An attempt is due, and waits only because the store is gone and another replica may be making it. */
  readonly waitsForStore: boolean;
  /** Whether an attempt of this process has ended, or the store held a valid credential. */
  readonly settled: boolean;
}

/** What a step goes by besides the value itself. */
export interface StepContext {
  readonly app: AppSettings;
  readonly credentialsId: string;
  /** What the app's settings have the hub fetch here. */
  readonly kind: CredentialKind;
  readonly now: number;
  /** Wall clock, epoch ms, and this process's number: for versions that are given without the store. */
  readonly wallNow: number;
  readonly replica: number;
  /** What other replicas minted before is known here; epoch ms, at most `now`. */
  readonly mintsKnownUntil: number;
}

export type LeaseAnswer =
  | { readonly kind: 'granted'; readonly terms: LeaseTerms }
  /** Another replica's call is under way; its lease lapses after so many ms if nothing is heard of it. */
  | { readonly kind: 'leased'; readonly lapsesInMs: number }
  /** Another replica's attempt failed, and it keeps the pace; after so many ms it is to have tried again. */
  | { readonly kind: 'paused'; readonly retryInMs: number }
  /** The store held what this replica had not seen. It has been looked at. */
  | { readonly kind: 'looked' }
  /** The store is gone. */
  | { readonly kind: 'unavailable' };

/** What the store did with a token. `held`: as it is stored. */
export type SaveAnswer =
  | { readonly kind: 'saved'; readonly held: Held; readonly stamp: number }
  /** It holds another one that is newer; nothing was written. */
  | { readonly kind: 'newer' }
  /** The life of the token is over, or the app was removed. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'unavailable' };

export type Input =
  | { readonly kind: 'requested'; readonly request: AttemptRequest }
  /** The permit and the mutex are there. */
  | { readonly kind: 'admitted' }
  | { readonly kind: 'lease'; readonly answer: LeaseAnswer }
  /** The wait for another replica is over, for whatever reason. */
  | { readonly kind: 'waited' }
  | { readonly kind: 'called'; readonly result: UpstreamResult }
  | { readonly kind: 'saved'; readonly answer: SaveAnswer }
  /** Nothing is to come of it: the app is gone, the hub ends, or something was thrown. */
  | { readonly kind: 'given up' };

/** Why an attempt is over. */
export type AttemptEnd =
  /** WeChat was asked. */
  | { readonly kind: 'called'; readonly outcome: Granted['outcome'] | 'failed' }
  /** Another replica has brought the answer. */
  | { readonly kind: 'needless' }
  /** Not before `at`, epoch ms. */
  | { readonly kind: 'later'; readonly at: number }
  | { readonly kind: 'given up' };

export interface Step {
  readonly next: CachedCredential;
  /** Present where the attempt is over: `next` is idle. */
  readonly end?: AttemptEnd;
}

export const UNCACHED: Omit<CachedCredential, 'state'> = {
  attempt: { phase: 'idle' },
  seen: 0,
  refreshedHere: false,
  heldOffSince: undefined,
  waitsForStore: false,
  settled: false,
};

/** Another replica's lease has lapsed for sure so long after the time that the store named, ms. */
const LAPSE_MARGIN_MS = 20;
/** Each look that finds something new in the store is followed by one more, up to so many … */
const MOST_LOOKS = 4;
/** … and where replicas write faster than this one can look, by the next attempt so much later, ms. */
const BUSY_MS = 1000;

/** The one reducer of attempts. An input that does not belong to the phase changes nothing. */
export function step(cached: CachedCredential, input: Input, context: StepContext): Step {
  const { attempt } = cached;
  if (input.kind === 'requested') {
    if (attempt.phase !== 'idle') return { next: cached };
    return { next: { ...cached, attempt: { phase: 'queued', request: input.request } } };
  }
  if (attempt.phase === 'idle') return { next: cached };
  if (input.kind === 'given up') return over(cached, { kind: 'given up' });
  switch (attempt.phase) {
    case 'queued':
      return input.kind === 'admitted'
        ? unlessAnswered(cached, context, { phase: 'leasing', request: attempt.request, looks: 0 })
        : { next: cached };
    case 'leasing':
      return input.kind === 'lease'
        ? leaseAnswered(cached, attempt, input.answer, context)
        : { next: cached };
    case 'peer':
      return input.kind === 'waited' ? waited(cached, attempt, context) : { next: cached };
    case 'calling':
      return input.kind === 'called' ? called(cached, attempt, input.result, context) : { next: cached };
    case 'storing':
      return input.kind === 'saved' ? saved(cached, attempt, input.answer, context) : { next: cached };
  }
}

/**
 * Whether what is held now is what the attempt was to bring.
 *
 * - Where a mint that nobody holds may be newer still, only WeChat can tell.
 * - The schedule wants another token than before, or the same seen alive later.
 * - A reload that brought other credentials wants what was got with them, by whichever replica.
 * - A token that is brought is always another matter.
 * - Whoever asks (an admin, a report) wants what WeChat said after they asked, or another token than they had.
 */
export function isAnswered(
  state: CredentialState,
  { trigger, force, at, before, seed }: AttemptRequest,
  { credentialsId, kind, now }: Pick<StepContext, 'credentialsId' | 'kind' | 'now'>,
): boolean {
  const { held } = state;
  if (seed !== undefined || force || state.unseen !== undefined) return false;
  if (!isValid(held, now) || held.kind !== kind) return false;
  const another = before === undefined || !held.value.equals(before.value);
  if (trigger === 'reload') {
    return held.credentialsId === credentialsId && (another || held.confirmedAt > before.confirmedAt);
  }
  return another || held.confirmedAt > (trigger === 'schedule' ? before.confirmedAt : at);
}

/**
 * What holds an attempt off: the pause after another replica's failure is respected (`patient`), respected for 5 s after
 * that failure (`urgent`), or not at all, and no lease either (`regardless`).
 */
export type Urgency = 'patient' | 'urgent' | 'regardless';

/** An attempt that others held off for as long as they may goes between theirs for so long, and then over them, ms. */
const GIVING_WAY_MS = 40_000;

/** Somebody who asks is urgent; so is the schedule once others have held it off for as long as they may. */
export function urgencyOf(cached: CachedCredential, trigger: AttemptTrigger, now: number): Urgency {
  const { heldOffSince, state } = cached;
  const overdue = heldOffSince === undefined ? -1 : now - heldOffUntil(state, heldOffSince, now);
  if (overdue >= GIVING_WAY_MS) return 'regardless';
  return overdue >= 0 || trigger !== 'schedule' ? 'urgent' : 'patient';
}

function unlessAnswered(cached: CachedCredential, context: StepContext, next: Attempt): Step {
  const { attempt, state } = cached;
  if (attempt.phase !== 'idle' && isAnswered(state, attempt.request, context)) {
    return over(cached, { kind: 'needless' });
  }
  return { next: { ...cached, attempt: next } };
}

function over(cached: CachedCredential, end: AttemptEnd): Step {
  const settled = cached.settled || end.kind !== 'given up';
  const heldOffSince = end.kind === 'later' ? cached.heldOffSince : undefined;
  return {
    next: { ...cached, attempt: { phase: 'idle' }, heldOffSince, settled, waitsForStore: false },
    end,
  };
}

function leaseAnswered(
  cached: CachedCredential,
  attempt: Extract<Attempt, { phase: 'leasing' }>,
  answer: LeaseAnswer,
  context: StepContext,
): Step {
  const { request, looks } = attempt;
  const { now } = context;
  const heldOff: CachedCredential = { ...cached, heldOffSince: cached.heldOffSince ?? now };
  switch (answer.kind) {
    case 'granted':
      // The process was stopped in between: another replica may have the lease before a call would end.
      if (now >= answer.terms.startBy) return lookAgain(cached, request, looks, context);
      return unlessAnswered(cached, context, callOf(request, answer.terms, context));
    case 'leased': {
      if (urgencyOf(heldOff, request.trigger, now) === 'regardless')
        return call(cached, request, undefined, context);
      const until = now + answer.lapsesInMs + LAPSE_MARGIN_MS;
      return { next: { ...heldOff, attempt: { phase: 'peer', request, since: now, until } } };
    }
    case 'paused': {
      const until = heldOffUntil(cached.state, heldOff.heldOffSince ?? now, now);
      // From then on the store names only what is left of 5 s, unless it was asked just before.
      const at = now + Math.min(answer.retryInMs, until > now ? until - now : FAILING_APART_MS);
      return over(heldOff, { kind: 'later', at: Math.max(now + 1, at) });
    }
    case 'looked':
      return lookAgain(cached, request, looks, context);
    case 'unavailable':
      return alone(cached, request, context);
  }
}

function lookAgain(
  cached: CachedCredential,
  request: AttemptRequest,
  looks: number,
  context: StepContext,
): Step {
  if (looks + 1 >= MOST_LOOKS) return over(cached, { kind: 'later', at: context.now + BUSY_MS });
  return unlessAnswered(cached, context, { phase: 'leasing', request, looks: looks + 1 });
}

/** Somebody waits for an answer about a token that may be dead: only the schedule has time to wait. */
function alone(cached: CachedCredential, request: AttemptRequest, context: StepContext): Step {
  const { app, kind, now } = context;
  if (request.trigger !== 'schedule' || !isTokenKind(kind)) {
    return call(cached, request, undefined, context);
  }
  const at = mayGoAloneAt(app.tokenApi, cached.state, cached.refreshedHere, guaranteed(cached, context), now);
  if (at <= now) return call(cached, request, undefined, context);
  const { next, end } = over(cached, { kind: 'later', at });
  return { next: { ...next, waitsForStore: true }, ...(end !== undefined && { end }) };
}

function guaranteed({ state: { held, unseen } }: CachedCredential, context: StepContext): number {
  if (held === undefined) return context.now;
  return guaranteedUntil(held, context.app, unseen, context.mintsKnownUntil, context.now);
}

function callOf(
  request: AttemptRequest,
  lease: LeaseTerms | undefined,
  { app, credentialsId, kind, now }: StepContext,
): Calling {
  return { phase: 'calling', request, lease, sentAt: now, app, credentialsId, kind };
}

function call(
  cached: CachedCredential,
  request: AttemptRequest,
  lease: LeaseTerms | undefined,
  context: StepContext,
): Step {
  return unlessAnswered(cached, context, callOf(request, lease, context));
}

/** A failure elsewhere ends the wait too: the pause in the store says when it is tried again. */
function waited(
  cached: CachedCredential,
  { request, since }: Extract<Attempt, { phase: 'peer' }>,
  context: StepContext,
): Step {
  const { peerFailure } = cached.state;
  const paced = request.trigger === 'schedule' || request.trigger === 'report';
  if (paced && peerFailure !== undefined && peerFailure.at >= since) {
    const heldOffSince = cached.heldOffSince ?? since;
    const until = Math.max(
      heldOffUntil(cached.state, heldOffSince, context.now),
      peerFailure.at + FAILING_APART_MS,
    );
    const at = Math.max(Math.min(peerFailure.retryAt, until), context.now + 1);
    return over({ ...cached, heldOffSince }, { kind: 'later', at });
  }
  return unlessAnswered(cached, context, { phase: 'queued', request });
}

function called(
  cached: CachedCredential,
  calling: Calling,
  result: UpstreamResult,
  context: StepContext,
): Step {
  const { lease, sentAt, kind, credentialsId } = calling;
  const { now } = context;
  const known: CachedCredential = { ...cached, heldOffSince: undefined };
  if (!result.ok) {
    const { mayHaveActed } = result.error;
    const crossed = crossedBy(calling, { granted: false, refused: false, mayHaveActed }, now);
    const unseen = unseenEither(known.state.unseen, crossed);
    // A failure of credentials that a reload has replaced meanwhile says nothing about the new ones.
    const state =
      credentialsId === context.credentialsId
        ? failed({ ...known.state, unseen }, result.error, sentAt, now, lease?.fence)
        : { ...known.state, unseen };
    return over({ ...known, state }, { kind: 'called', outcome: 'failed' });
  }
  const before = known.state;
  // The process stood still in its call: others may have minted since the lease lapsed, as if there had been none.
  const lapsed = endsTheOneBefore(kind) && lease !== undefined && now >= lease.lapsesAt;
  const kept = lapsed ? undefined : lease;
  const answer = granted(before, result.grant, kind, (version) => versionAfter(version, kept, context));
  const { held } = answer.state;
  // A reload changed the family under the call: the answer belongs to the other one.
  if (kind !== context.kind || answer.outcome === 'outdated' || held === undefined) {
    // A mint all the same, while another replica's was under way: nobody knows which of them WeChat took for the later.
    const crossed: UnseenMint | undefined =
      endsTheOneBefore(kind) && kind === context.kind ? { since: sentAt, until: now } : undefined;
    const state = { ...before, unseen: unseenEither(before.unseen, crossed) };
    return over({ ...known, state }, { kind: 'called', outcome: 'outdated' });
  }
  const same = answer.outcome === 'confirmed';
  // What a token was got with that somebody brought is not known.
  const gotWith = calling.request.seed === undefined ? credentialsId : undefined;
  const fence = kept?.fence ?? (same ? before.held?.fence : undefined);
  const unseen = unseenEither(answer.state.unseen, lapsed ? { since: sentAt, until: now } : undefined);
  const next = { ...answer.state, held: { ...held, fence, credentialsId: gotWith }, unseen };
  const storing: Storing = {
    ...calling,
    phase: 'storing',
    lease: kept,
    endedAt: now,
    before,
    granted: next,
    outcome: answer.outcome,
  };
  return { next: { ...known, attempt: storing } };
}

function versionAfter(
  before: number | undefined,
  lease: LeaseTerms | undefined,
  { wallNow, replica }: StepContext,
): number {
  if (lease === undefined) return versionAlone(before, wallNow, replica);
  return before === undefined ? lease.firstVersion : before + 1;
}

/** What WeChat granted is served from now on, whatever the store did with it. */
function saved(cached: CachedCredential, storing: Storing, answer: SaveAnswer, context: StepContext): Step {
  const { before, kind, outcome, lease, sentAt } = storing;
  const { now } = context;
  const next = unlessStored(storing, answer, context);
  // News may have come in while the token was on its way to the store.
  const state =
    answer.kind === 'newer' && cached.state !== before && cached.state.held !== undefined
      ? // What the store holds has been taken over already.
        { ...next, held: cached.state.held, unseen: cached.state.unseen }
      : cached.state === before
        ? next
        : withMerged(cached.state, merged(cached.state.held, next.held, kind, now));
  const refused = answer.kind === 'newer' || answer.kind === 'refused';
  const crossed =
    lease === undefined
      ? undefined
      : crossedBy(
          storing,
          { granted: true, refused: refused && answer.kind === 'newer', mayHaveActed: true },
          now,
        );
  // Without the store others may do the same from now on, and the store may hold it all the same, unseen.
  const underLease = lease !== undefined && answer.kind === 'saved';
  const goesAlone = answer.kind === 'unavailable' && endsTheOneBefore(kind);
  const unseen = unseenEither(
    unseenAfter(underLease ? unseenOnceStored(state.unseen) : state.unseen, sentAt),
    goesAlone ? { since: sentAt, until: Number.POSITIVE_INFINITY } : crossed,
  );
  const known = {
    ...cached,
    state: { ...state, unseen },
    refreshedHere: true,
    seen: answer.kind === 'saved' ? answer.stamp : answer.kind === 'unavailable' ? 0 : cached.seen,
  };
  const stored = answer.kind === 'saved' ? written(known, answer.held, answer.stamp) : known;
  return over(stored, { kind: 'called', outcome });
}

/** A new token that no store has numbered gets a number that no store and no other replica gives. */
function unlessStored(
  { granted: state, lease, outcome, before }: Storing,
  answer: SaveAnswer,
  { wallNow, replica }: StepContext,
): CredentialState & { readonly held: Held } {
  if (answer.kind !== 'unavailable' || lease === undefined || outcome !== 'issued') return state;
  const version = versionAlone(before.held?.version, wallNow, replica);
  return { ...state, held: { ...state.held, version, fence: undefined } };
}

function crossedBy(
  { kind, lease, sentAt }: Calling | Storing,
  call: { readonly granted: boolean; readonly refused: boolean; readonly mayHaveActed: boolean },
  now: number,
): UnseenMint | undefined {
  if (lease === undefined) return undefined;
  const crossed = mayHaveCrossed(kind, { ...call, endedAt: now, lapsedAt: lease.lapsesAt });
  return crossed ? { since: sentAt, until: now } : undefined;
}

/** The store took this in; what is held meanwhile may be another. */
export function written(cached: CachedCredential, saved: Held, stamp: number): CachedCredential {
  const { state } = cached;
  const { held } = state;
  if (held?.kind !== saved.kind || !held.value.equals(saved.value)) return { ...cached, seen: stamp };
  const version = Math.max(held.version, saved.version);
  return { ...cached, seen: stamp, state: { ...state, held: { ...held, version, fence: saved.fence } } };
}
