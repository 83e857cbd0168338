import fc from 'fast-check';
import { aHeld, anApp, aState } from '../../../test/support/builders.js';
import type { Held } from '../credential.js';
import { granted } from '../attempt-outcome.js';
import { nextAttemptAt } from '../refresh-policy.js';
import { Secret } from '../secret.js';
import { askAgainAt, endOf, isChangingOver, isTooShortForSdks } from './same-to-the-end.js';

const MINUTE = 60_000;
const APP = anApp({ kind: 'wecom', corpid: 'ww1', tokenApi: 'gettoken' });
const held = (over: Partial<Held> = {}) => aHeld({ kind: 'gettoken', ...over });
const grant = (sentAt: number, lifeMs: number, value = 'a-token') => ({
  value: new Secret(value),
  lifeMs,
  sentAt,
});

describe('when a gettoken is asked for again', () => {
  it.each<[string, Partial<Held>, number]>([
    ['of 7200 s: near the half', {}, 3_420_000],
    ['then ahead of the end', { confirmedAt: 3_600_000 }, 6_900_000],
    ['then at the end', { confirmedAt: 6_900_000 }, 7_200_100],
    ['of 60 s: at the end alone', { lifeMs: 60_000 }, 60_100],
    ['of 10 s: at the end alone', { lifeMs: 10_000 }, 10_100],
    ['of an unknown end: once a minute', { endUnknown: true }, 60_000],
    ['of an unknown end that is near: at the end', { endUnknown: true, lifeMs: 30_000 }, 30_100],
  ])('%s', (_what, over, at) => {
    expect(askAgainAt(held(over), APP, 0)).toBe(at);
  });

  it('never twice in a minute but at the end, whatever the life', () => {
    const life = fc.integer({ min: 1000, max: 30 * 86_400_000 });
    fc.assert(
      fc.property(
        life,
        life,
        fc.integer({ min: 1, max: 7200 }),
        fc.noShrink(fc.double({ min: 0, max: 0.999, noNaN: true })),
        (lifeMs, ago, refreshAheadSeconds, jitter) => {
          const one = held({ lifeMs, confirmedAt: Math.min(ago, lifeMs - 1) });
          const at = askAgainAt(one, { refreshAheadSeconds }, jitter);
          const isEnd = at === lifeMs + 100;
          expect(isEnd || (at >= one.confirmedAt + MINUTE && at <= lifeMs - MINUTE)).toBe(true);
        },
      ),
    );
  });

  it('and the next attempt lies in the future, also past the end', () => {
    const now = 7_200_050;
    const state = aState({ held: held(), attemptedAt: 7_200_000 });
    expect(nextAttemptAt(APP, state, now, 0)).toBe(now + 1000);
  });
});

describe('the end that an answer tells', () => {
  it.each<[string, Held | undefined, ReturnType<typeof grant>, number, true | undefined]>([
    ['first sight: the birth was not seen', undefined, grant(0, 7_200_000), 7_200_000, true],
    [
      'another at the end of the one before: its birth was seen',
      held({ value: new Secret('before'), lifeMs: 1000 }),
      grant(1100, 7_200_000),
      7_201_100,
      undefined,
    ],
    [
      'another before that: not',
      held({ value: new Secret('before') }),
      grant(3_600_000, 7_200_000),
      10_800_000,
      true,
    ],
    ['it counts down', held({ endUnknown: true }), grant(MINUTE, 7_140_000), 7_200_000, undefined],
    ['it does not', held({ endUnknown: true }), grant(MINUTE, 7_200_000), 7_200_000, true],
    ['it does not, and the birth was seen', held(), grant(MINUTE, 7_200_000), 7_200_000, undefined],
    ['it ends sooner', held(), grant(MINUTE, 1_000_000), 1_060_000, undefined],
    ['in its last moment', held({ lifeMs: 60_000 }), grant(60_100, 7_200_000), 60_000, undefined],
    ['long past its end', held({ lifeMs: 60_000 }), grant(65_000, 7_200_000), 155_000, true],
    [
      'vouched for from answer to answer',
      held({ issuedAt: 0, confirmedAt: 65_000, expiresAt: 155_000, endUnknown: true }),
      grant(125_000, 7_200_000),
      215_000,
      true,
    ],
  ])('%s', (_what, before, one, expiresAt, endUnknown) => {
    expect(endOf(before, one)).toEqual({ expiresAt, endUnknown });
    const after = granted(aState({ held: before }), one, 'gettoken', () => 2).state.held;
    expect(after).toMatchObject({ expiresAt, endUnknown });
  });
});

describe('around the end', () => {
  const state = aState({ held: held() });

  it.each([
    ['a millisecond before', state, 7_200_100, 7_199_999, false],
    ['at it', state, 7_200_100, 7_200_000, true],
    ['with the next attempt far away', state, 7_300_000, 7_200_000, false],
    ['long after', state, 7_211_000, 7_210_000, false],
    ['after a failure', { ...state, failures: 1 }, 7_200_100, 7_200_000, false],
    ['of another family', aState({ held: aHeld() }), 7_200_100, 7_200_000, false],
  ])('a caller waits for the next one: %s', (_what, of, next, now, waits) => {
    expect(isChangingOver(of, next, now)).toBe(waits);
  });

  it('an SDK that asks again says nothing about its health', () => {
    expect(isTooShortForSdks(held(), 7_134_999)).toBe(false);
    expect(isTooShortForSdks(held(), 7_135_000)).toBe(true);
    expect(isTooShortForSdks(aHeld(), 7_135_000)).toBe(false);
  });
});
