import type { AppSettings } from '../app.js';
import type { CredentialState, Held } from '../credential.js';
import type { Grant } from '../upstream.js';

/**
 * A family whose calls bring the same token for as long as it lives, and then another (`gettoken` of WeCom). Pure.
 *
 * - Asking ahead seldom brings another one, so it is asked rarely: to learn early of a wrong Secret, and of an end that
 *   comes sooner than was told. While all is well no two calls are less than a minute apart, but for lives as short as that.
 * - The next one comes at the end, so the call is made at the end, and whoever asks meanwhile waits for it.
 * - Nobody says whether `expires_in` counts down. If it does, the first answer tells the end. If it does not, a token
 *   whose birth was not seen may end long before it seems to: it is asked for once a minute until another one comes.
 */

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/**
 * So long after the end as it is reckoned here the next one is asked for, ms: on its way to the upstream each call takes
 * another time, and one that comes too early brings the old one once more.
 */
const AFTER_END_MS = 100;

/** A birth that lies so near the end of the token before was seen, ms. */
const SEEN_WITHIN_MS = 5 * SECOND;

/** Two answers tell the same end, but for what rounding to seconds and the way take, ms. */
const SAME_END_MS = 2 * SECOND;

/** A token that comes back so long after its reckoned end lives on, and nobody knows for how long, ms … */
const OUTLIVED_MS = 5 * SECOND;
/** … it is vouched for from answer to answer, which are a minute apart, ms. */
const VOUCHED_MS = 90 * SECOND;

/** When to ask again, epoch ms, while all is well. @param jitter in [0, 1) */
export function askAgainAt(
  held: Held,
  { refreshAheadSeconds }: Pick<AppSettings, 'refreshAheadSeconds'>,
  jitter: number,
): number {
  const { issuedAt, confirmedAt, expiresAt } = held;
  const end = expiresAt + AFTER_END_MS;
  const soonest = confirmedAt + MINUTE;
  if (held.endUnknown === true) return Math.min(end, soonest + jitter * 0.1 * MINUTE);
  const life = expiresAt - issuedAt;
  const ahead = Math.min(refreshAheadSeconds * SECOND, life / 2);
  const looks = [
    { from: issuedAt + 0.475 * life, within: 0.05 * life },
    { from: expiresAt - ahead, within: 0.1 * ahead },
  ];
  const next = looks.find(({ from, within }) => from >= soonest && from + within <= expiresAt - MINUTE);
  return next === undefined ? end : next.from + jitter * next.within;
}

/** What an answer makes of the end of a token. @param before what was held when it came */
export function endOf(before: Held | undefined, grant: Grant): Pick<Held, 'expiresAt' | 'endUnknown'> {
  const { sentAt, lifeMs } = grant;
  const told = sentAt + lifeMs;
  const same = before?.kind === 'gettoken' && before.value.equals(grant.value);
  if (!same) {
    const seen = before?.kind === 'gettoken' && Math.abs(sentAt - before.expiresAt) <= SEEN_WITHIN_MS;
    return { expiresAt: told, endUnknown: seen ? undefined : true };
  }
  const isVouchedFor = before.endUnknown === true && before.expiresAt - before.confirmedAt <= VOUCHED_MS;
  if (sentAt >= before.expiresAt + OUTLIVED_MS || (isVouchedFor && told > before.expiresAt)) {
    return { expiresAt: sentAt + Math.min(lifeMs, VOUCHED_MS), endUnknown: true };
  }
  const agrees = told <= before.expiresAt + SAME_END_MS;
  const expiresAt = told < before.expiresAt - SAME_END_MS ? told : before.expiresAt;
  return { expiresAt, endUnknown: agrees ? undefined : before.endUnknown };
}

/** Whoever asks so near the end for the next one waits, rather than being told that there is none, ms. */
const WORTH_WAITING_MS = 2 * SECOND;
const CHANGES_WITHIN_MS = 10 * SECOND;

/** Whether the token has just come to its end, and the next one is about to be asked for. */
export function isChangingOver(
  { held, failures }: CredentialState,
  nextAttemptAt: number | undefined,
  now: number,
): boolean {
  if (held?.kind !== 'gettoken' || failures > 0 || nextAttemptAt === undefined) return false;
  if (now < held.expiresAt) return false;
  return now - held.expiresAt < CHANGES_WITHIN_MS && nextAttemptAt - now <= WORTH_WAITING_MS;
}

/** SDKs refuse a token that is promised for a minute or less, and ask again: that is no word about its health, ms. */
const REFUSED_BY_SDKS_MS = 65 * SECOND;

/** Whether an SDK that asks again may do so only because the token is about to end. */
export function isTooShortForSdks({ kind, expiresAt }: Held, now: number): boolean {
  return kind === 'gettoken' && expiresAt - now <= REFUSED_BY_SDKS_MS;
}
