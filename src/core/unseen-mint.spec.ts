import fc from 'fast-check';
import { aHeld, anApp, anError, aState } from '../../test/support/builders.js';
import { failed, granted } from './attempt-outcome.js';
import { failedElsewhere, merged, withMerged } from './coordination.js';
import type { CredentialState, UnseenMint } from './credential.js';
import { guaranteedUntil, nextAttemptAt } from './refresh-policy.js';
import { Secret } from './secret.js';
import {
  isToBeProbed,
  mintAgainAt,
  outlivesUnseen,
  overlapOf,
  provedAlive,
  provedDead,
  unseenAfter,
  unseenBetween,
  unseenEither,
  unseenEnded,
} from './unseen-mint.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const EVER = Number.POSITIVE_INFINITY;
const LOST = anError('transient', { mayHaveActed: true });
const SAID = anError('transient', { mayHaveActed: false });
const held = aHeld({ kind: 'token' });
const short = aHeld({ kind: 'token', lifeMs: 100 * SECOND });

const anyUnseen = fc
  .record({ since: fc.nat(10_000_000), lasts: fc.option(fc.nat(100_000), { nil: EVER }) })
  .map(({ since, lasts }): UnseenMint => ({ since, until: since + lasts }));

describe('a mint is unseen', () => {
  it.each([
    ['where its answer was lost', held, LOST, { since: 100, until: 200 }],
    ['not where WeChat answered or was not reached', held, SAID, undefined],
    ['not for stable_token: its calls end no token', aHeld(), LOST, undefined],
    ['not for a ticket', aHeld({ kind: 'jsapi' }), LOST, undefined],
    ['not without a token', undefined, LOST, undefined],
  ])('%s', (_what, holding, error, unseen) => {
    expect(failed(aState({ held: holding }), error, 100, 200).unseen).toEqual(unseen);
  });

  it('from the first of several to the end of the last', () => {
    const state = failed(failed(aState({ held }), LOST, 100, 200), LOST, 300, 400);
    expect(state.unseen).toEqual({ since: 100, until: 400 });
  });

  it('also another replica’s, which was sent before it was heard of', () => {
    const shared = { error: LOST, fence: undefined, credentialsId: undefined };
    const { unseen } = failedElsewhere(aState({ held }), shared, 5000, 20_000);
    expect(unseen?.since).toBeLessThan(20_000 - 5000);
    expect(unseen?.until).toBe(20_000);
  });

  it.each<[string, UnseenMint | undefined, UnseenMint | undefined, UnseenMint | undefined]>([
    ['none', undefined, undefined, undefined],
    ['the one', { since: 1, until: 2 }, undefined, { since: 1, until: 2 }],
    ['the other', undefined, { since: 1, until: 2 }, { since: 1, until: 2 }],
    ['both', { since: 1, until: 4 }, { since: 2, until: 3 }, { since: 1, until: 4 }],
    [
      'and what others may still make',
      { since: 5, until: EVER },
      { since: 2, until: 3 },
      { since: 2, until: EVER },
    ],
  ])('of two spans: %s', (_what, a, b, either) => {
    expect(unseenEither(a, b)).toEqual(either);
    expect(unseenEither(b, a)).toEqual(either);
  });
});

describe('it matters no more', () => {
  const doubtful = aState({ held, failures: 2, unseen: { since: 100, until: 200 } });
  const other = aHeld({ kind: 'token', value: new Secret('another'), version: 2, issuedAt: 500, fence: 8 });

  it('with the next token', () => {
    const grant = { value: new Secret('another'), sentAt: 500, lifeMs: 7200 * SECOND };
    expect(granted(doubtful, grant, 'token', () => 2).state.unseen).toBeUndefined();
  });

  it('with another replica’s token, and not with a look at the same', () => {
    const take = (stored: typeof other) =>
      withMerged(doubtful, merged({ ...held, fence: 7 }, stored, 'token', 600));
    expect(take(other).unseen).toBeUndefined();
    expect(take({ ...held, confirmedAt: 50 }).unseen).toEqual({ since: 100, until: 200 });
  });

  it('not with a failure that is none of it', () => {
    expect(failed(doubtful, SAID, 300, 400).unseen).toEqual({ since: 100, until: 200 });
  });

  it.each<[string, UnseenMint | undefined, number, UnseenMint | undefined]>([
    ['by a call that was sent after all in question', { since: 100, until: 1000 }, 1001, undefined],
    [
      'not by one that was sent when they ended',
      { since: 100, until: 1000 },
      1000,
      { since: 1000, until: 1000 },
    ],
    [
      'not by one that was sent while they were made',
      { since: 100, until: 1000 },
      500,
      { since: 500, until: 1000 },
    ],
    ['not by one that was sent before', { since: 100, until: 1000 }, 50, { since: 100, until: 1000 }],
    ['never while others may make more', { since: 100, until: EVER }, 5000, { since: 5000, until: EVER }],
    ['and does not come of nothing', undefined, 1, undefined],
  ])('is settled %s', (_what, unseen, sentAt, left) => {
    expect(unseenAfter(unseen, sentAt)).toEqual(left);
  });

  it.each<[string, number | undefined, number | undefined, boolean]>([
    ['settled by a token of a later lease, however close the calls', 7, 8, true],
    ['not by one of the same lease', 7, 7, false],
    ['not by one of an earlier lease', 7, 6, false],
    ['not by one without a lease', 7, undefined, false],
    ['not where calls without leases may have been among them', undefined, 8, false],
  ])('that was made under a lease is %s', (_what, under, fence, settled) => {
    const unseen = unseenBetween(100, 1000, under);
    expect(unseenAfter(unseen, 1000, fence)).toEqual(settled ? undefined : { ...unseen, since: 1000 });
  });

  it.each<[string, UnseenMint, UnseenMint, UnseenMint]>([
    ['leases', unseenBetween(1, 20, 7), unseenBetween(2, 10, 8), { since: 1, until: 20, fence: 8 }],
    ['one of them none', unseenBetween(1, 20, 7), unseenBetween(2, 30), { since: 1, until: 30 }],
    ['the other none', unseenBetween(3, 20), unseenBetween(2, 10, 8), { since: 2, until: 20 }],
  ])('is joined with another, under %s', (_what, a, b, both) => {
    expect(unseenEither(a, b)).toEqual(both);
  });

  it.each<[string, UnseenMint | undefined, UnseenMint | undefined]>([
    ['nobody goes alone any more', { since: 100, until: EVER }, { since: 100, until: 900 }],
    ['what had ended before stays as it was', { since: 100, until: 200 }, { since: 100, until: 200 }],
    ['there was none', undefined, undefined],
  ])('when the store is back: %s', (_what, unseen, left) => {
    expect(unseenEnded(unseen, 900)).toEqual(left);
  });
});

describe('how long the token before works on', () => {
  it.each([
    ['5 minutes', 7200, 300],
    ['up to lives of 20 minutes', 1200, 300],
    ['a quarter of a short life', 100, 25],
  ])('%s', (_what, life, seconds) => {
    expect(overlapOf({ lifeMs: life * SECOND })).toBe(seconds * SECOND);
  });
});

describe('how long a token is guaranteed that an unseen mint may have ended', () => {
  const unseen = { since: 1000 * SECOND, until: 1001 * SECOND };
  const until = (now: number, hidden: UnseenMint | undefined) =>
    guaranteedUntil(held, { refreshAheadSeconds: 300 }, hidden, now, now);

  it.each([
    ['none: to its own end', 1100 * SECOND, undefined, 7200 * SECOND],
    ['in its first five minutes: to their end', 1100 * SECOND, unseen, 1300 * SECOND],
    ['a second before they are over', 1299 * SECOND, unseen, 1300 * SECOND],
    ['when they are over: a minute', 1300 * SECOND, unseen, 1360 * SECOND],
    ['later: a minute at a time', 3000 * SECOND, unseen, 3060 * SECOND],
    ['never past its own end', 7190 * SECOND, unseen, 7200 * SECOND],
    [
      'while others may mint, from when they may',
      1100 * SECOND,
      { since: 900 * SECOND, until: EVER },
      1200 * SECOND,
    ],
  ])('%s', (_what, now, hidden, expected) => {
    expect(until(now, hidden)).toBe(expected);
  });

  it('of a short life a fifth of its overlap at a time', () => {
    expect(outlivesUnseen({ since: 0, until: 1 }, short, 30 * SECOND)).toBe(35 * SECOND);
  });

  it('without one nothing is cut short', () => {
    expect(outlivesUnseen(undefined, held, 0)).toBe(EVER);
  });

  it('is always some time, at least while the overlap lasts and a fifth of it later', () => {
    fc.assert(
      fc.property(
        anyUnseen,
        fc.integer({ min: 1, max: 86_400_000 }),
        fc.nat(20_000_000),
        (hidden, lifeMs, now) => {
          const end = outlivesUnseen(hidden, { lifeMs }, now);
          expect(end).toBeGreaterThan(now);
          expect(end).toBeLessThanOrEqual(
            Math.max(hidden.since + overlapOf({ lifeMs }), now + Math.min(MINUTE, overlapOf({ lifeMs }) / 5)),
          );
        },
      ),
    );
  });
});

describe('when it is minted anew', () => {
  const since = 1000 * SECOND;
  const ended = { since, until: since + SECOND };

  it.each<[string, UnseenMint | undefined, number, number, number]>([
    ['never, where there is none', undefined, since, 0, EVER],
    ['7 s after now', ended, since + 2 * SECOND, 0, since + 9 * SECOND],
    [
      'not before the last has ended',
      { since, until: since + 30 * SECOND },
      since,
      0,
      since + 30 * SECOND + 1,
    ],
    [
      'ahead of the guarantee’s last minute, where others still mint',
      { since, until: EVER },
      since,
      0,
      since + 225 * SECOND,
    ],
    ['and up to a twentieth of the overlap sooner', { since, until: EVER }, since, 1, since + 210 * SECOND],
  ])('%s', (_what, unseen, now, jitter, at) => {
    expect(mintAgainAt(unseen, held, now, jitter)).toBe(at);
  });

  it('is what the schedule goes by', () => {
    const app = anApp({ tokenApi: 'token' });
    const at = (unseen: UnseenMint | undefined) => nextAttemptAt(app, aState({ held, unseen }), since, 0);
    expect(at(ended)).toBe(since + 7 * SECOND);
    expect(at({ since, until: EVER })).toBe(since + 225 * SECOND);
    expect(at(undefined)).toBe(6900 * SECOND);
  });

  it('more than a minute is left of the guarantee then, of an ordinary life', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (jitter) => {
        const unseen = { since, until: EVER };
        const at = mintAgainAt(unseen, held, since, jitter);
        expect(outlivesUnseen(unseen, held, at) - at).toBeGreaterThan(MINUTE);
      }),
    );
  });
});

describe('the question to WeChat', () => {
  const since = 1000 * SECOND;
  const doubtful: CredentialState = aState({ held, failures: 9, unseen: { since, until: since + SECOND } });

  it.each([
    ['not while the overlap lasts', since + 5 * MINUTE - 1, false],
    ['when it is over', since + 5 * MINUTE, true],
    ['to the end of the token’s own life', held.expiresAt - 1, true],
    ['and not after that', held.expiresAt, false],
  ])('%s', (_what, now, due) => {
    expect(isToBeProbed(doubtful, now)).toBe(due);
    expect(isToBeProbed({ ...doubtful, unseen: undefined }, now)).toBe(false);
    expect(isToBeProbed({ ...doubtful, held: undefined }, now)).toBe(false);
  });

  it('alive: comes again in a minute', () => {
    const asked = since + 6 * MINUTE;
    const state = provedAlive(doubtful, asked);
    expect(state.held).toBe(held);
    expect(isToBeProbed(state, asked + MINUTE - 1)).toBe(false);
    expect(isToBeProbed(state, asked + MINUTE)).toBe(true);
  });

  it('alive: never makes a later one an earlier one, and forgets none', () => {
    expect(provedAlive(doubtful, since + 1).unseen).toEqual(doubtful.unseen);
    expect(provedAlive({ ...doubtful, unseen: undefined }, since).unseen).toBeUndefined();
    expect(
      provedAlive({ ...doubtful, unseen: { since, until: EVER } }, since + 6 * MINUTE).unseen?.until,
    ).toBe(EVER);
  });

  it('alive: only ever proves a later end', () => {
    fc.assert(
      fc.property(anyUnseen, fc.nat(20_000_000), (unseen, askedAt) => {
        const after = provedAlive({ ...doubtful, unseen }, askedAt).unseen!;
        expect(after.since).toBeGreaterThanOrEqual(unseen.since);
        expect(after.until).toBeGreaterThanOrEqual(Math.max(unseen.until, after.since));
      }),
    );
  });

  it('dead: the token has ended, and its end only ever moves forward', () => {
    expect(provedDead(doubtful, 2000 * SECOND)).toMatchObject({
      held: { expiresAt: 2000 * SECOND },
      unseen: undefined,
    });
    expect(provedDead(doubtful, held.expiresAt + 1).held?.expiresAt).toBe(held.expiresAt);
    expect(provedDead(aState(), 1)).toEqual(aState());
  });
});
