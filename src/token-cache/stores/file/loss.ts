import { isValid, slotOf, type Held } from '../../../core/credential.js';
import { TOKEN_FAMILIES } from '../../../core/kinds/token-families.js';
import { isTokenKind } from '../../../core/credential.js';
import { overlapOf } from '../../../core/unseen-mint.js';

/**
 * What it would cost if a crash came before `next` is on the disk, and the hub began again with `previous`. Pure.
 *
 * - `nothing`: the same value, asked for again.
 * - `a call`: WeChat gives it again, or another, and what is on the disk lives until then.
 * - `a token`: what is on the disk is dead before its time, and would be served.
 */
export type Loss = 'nothing' | 'a call' | 'a token';

export function lossOf(previous: Held | undefined, next: Held, now: number): Loss {
  if (previous?.value.equals(next.value) === true && previous.kind === next.kind) return 'nothing';
  if (slotOf(next.kind) !== 'token' || !isValid(previous, now)) return 'a call';
  return diesWithSuccessor(previous) || outlivesOverlap(previous, now) ? 'a token' : 'a call';
}

/**
 * Until when the token is sure to live once another is asked for; epoch ms. `undefined`: its own end says it.
 * What comes of the call may be lost in a crash, and nobody would know that there was one.
 */
export function endOnceAnotherIsAsked(held: Held | undefined, now: number): number | undefined {
  if (!isValid(held, now) || !diesWithSuccessor(held) || !outlivesOverlap(held, now)) return undefined;
  return now + overlapOf(held);
}

function diesWithSuccessor({ kind }: Held): boolean {
  return isTokenKind(kind) && TOKEN_FAMILIES[kind].endsTheOneBefore;
}

/** Replaced in its last minutes it works to its end; replaced before them, something had ended it, or will. */
function outlivesOverlap(held: Held, now: number): boolean {
  return held.expiresAt - now > overlapOf(held);
}
