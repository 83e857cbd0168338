import { HubError, isLasting } from './hub-error.js';
import {
  adopted,
  confirmed,
  heldOf,
  isServable,
  replaced,
  type Holding,
  type TokenGrant,
} from './held-token.js';
import { failurePauseMs, pollPauseMs, SPACING_MS } from './pace.js';

/**
 * All that is known of one app. A value: transitions return a new one. Pure: time and chance are arguments; times are
 * milliseconds on ClientClock.
 */
export interface AppState extends Holding {
  /** When somebody last asked for it. */
  readonly usedAt: number;
  /** When the last request for its token was sent. */
  readonly sentAt: number;
  /** Not before then, whatever for: the hub failed, or said so (Retry-After). */
  readonly retryAt: number;
  /** Not before then, while a token is at hand: the hub answers polls at once instead of waiting. */
  readonly pollAt: number;
  /** How many answers in a row came at once. */
  readonly quick: number;
  /** In a row. */
  readonly failures: number;
  /** `undefined` after a success. */
  readonly error: HubError | undefined;
}

/** How an answer was asked for. `waitMs`: the `Prefer: wait` of its request, 0 for none. */
export interface Asked {
  readonly waitMs: number;
}

/** An answer sooner than this part of the wait that was asked for came early. */
const FULL_WAIT = 0.9;

export function unknownApp(now: number): AppState {
  return {
    held: undefined,
    rival: undefined,
    rejected: undefined,
    usedAt: now,
    sentAt: -Infinity,
    retryAt: -Infinity,
    pollAt: -Infinity,
    quick: 0,
    failures: 0,
    error: undefined,
  };
}

export function used(state: AppState, now: number): AppState {
  return { ...state, usedAt: now };
}

/** The app is used again after nobody followed it: what is held may have been replaced since, so it is due at once. */
export function resumed(state: AppState, now: number): AppState {
  const held = state.held === undefined ? undefined : { ...state.held, renewAt: now };
  return { ...state, held, pollAt: -Infinity, quick: 0 };
}

export function sent(state: AppState, now: number): AppState {
  return { ...state, sentAt: now };
}

/** 200: the hub has named a token. If there is nothing to serve even so, that is a failure like any other. */
export function granted(
  state: AppState,
  grant: TokenGrant,
  asked: Asked,
  now: number,
  marginMs: number,
  chance: number,
): AppState {
  const next = adopted(state, heldOf(grant, now, marginMs), now);
  if (!isServable(next.held, now)) return failed(state, nothingLeft(), now, chance);
  const news = next.held.token !== state.held?.token;
  return paced(next, asked, news, now, chance);
}

/** 304: the held version is the current one. */
export function unchanged(state: AppState, asked: Asked, now: number, chance: number): AppState {
  return paced(confirmed(state), asked, false, now, chance);
}

/** No answer, or a refusal. What is held stays held: a failure never costs a token that is still good. */
export function failed(state: AppState, error: HubError, now: number, chance: number): AppState {
  const failures = state.failures + 1;
  const pause = failurePauseMs(
    {
      failures,
      lasting: isLasting(error),
      retryAfterMs: error.retryAfterMs,
      holding: isServable(state.held, now),
    },
    chance,
  );
  return { ...state, failures, error, retryAt: now + pause };
}

/** The hub has answered a report of `token`. */
export function reported(
  state: AppState,
  token: string,
  grant: TokenGrant,
  now: number,
  marginMs: number,
): AppState {
  return replaced(state, token, heldOf(grant, now, marginMs), now);
}

function nothingLeft(): HubError {
  return new HubError('HUB_BAD_ANSWER', 'The token that the hub names has no life left.', { status: 200 });
}

/**
 * An answer that brought a new token may come at any time, but not in a row within {@link SPACING_MS} each; one that
 * brought nothing new should have taken the whole wait. What comes sooner makes the next poll wait, longer each time.
 */
function paced(state: AppState, asked: Asked, news: boolean, now: number, chance: number): AppState {
  const tookMs = now - state.sentAt;
  const early = news
    ? tookMs < SPACING_MS
    : asked.waitMs === 0 || tookMs < Math.max(SPACING_MS, asked.waitMs * FULL_WAIT);
  const quick = early ? state.quick + 1 : 0;
  return {
    ...state,
    quick,
    pollAt: early ? state.sentAt + pollPauseMs(quick, chance) : -Infinity,
    retryAt: -Infinity,
    failures: 0,
    error: undefined,
  };
}
