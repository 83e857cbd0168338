import fc from 'fast-check';
import { aHeld, anError, aState } from '../../test/support/builders.js';
import {
  disputeLeft,
  failedElsewhere,
  isDisputed,
  isNewer,
  mayGoAloneAt,
  merged,
  withMerged,
} from './coordination.js';
import type { Held } from './credential.js';
import { Secret } from './secret.js';

const MINUTE = 60_000;
const A = new Secret('A');
const B = new Secret('B');

describe('which of two tokens is newer', () => {
  it.each<[string, Partial<Held>, Partial<Held>, boolean]>([
    [
      'the greater fence, whatever the clocks say',
      { fence: 8, issuedAt: 0 },
      { fence: 7, issuedAt: 9 },
      true,
    ],
    ['not the smaller fence', { fence: 7, issuedAt: 9 }, { fence: 8, issuedAt: 0 }, false],
    ['of one fence, the later call', { fence: 7, issuedAt: 2 }, { fence: 7, issuedAt: 1 }, true],
    ['without a claim on one side, the later call', { issuedAt: 2 }, { fence: 7, issuedAt: 1 }, true],
    ['without a claim on the other', { fence: 7, issuedAt: 1 }, { issuedAt: 2 }, false],
    ['without any claim, the later call', { issuedAt: 2 }, { issuedAt: 1 }, true],
    ['neither of two calls at once', { issuedAt: 1 }, { issuedAt: 1 }, false],
  ])('%s', (_case, a, b, expected) => {
    expect(isNewer(aHeld(a), aHeld(b))).toBe(expected);
  });

  it('is never both', () => {
    const held = fc.record({ fence: fc.option(fc.nat(5), { nil: undefined }), issuedAt: fc.nat(5) });
    fc.assert(
      fc.property(held, held, (a, b) => {
        expect(isNewer(aHeld(a), aHeld(b)) && isNewer(aHeld(b), aHeld(a))).toBe(false);
      }),
    );
  });
});

describe('a look at the store', () => {
  const now = 1000;
  const mine = aHeld({ value: A, version: 5, fence: 100_000, kind: 'token' });

  it('that holds nothing keeps what is held, and stores it again', () => {
    expect(merged(mine, undefined, 'token', now)).toEqual({
      held: mine,
      outcome: 'kept',
      storeAgain: true,
      disputed: false,
    });
    expect(merged(undefined, undefined, 'token', now)).toMatchObject({ held: undefined, storeAgain: false });
  });

  it('stores nothing again that has ended', () => {
    const ended = aHeld({ expiresAt: now });
    expect(merged(ended, undefined, 'stable_token', now).storeAgain).toBe(false);
    expect(merged(mine, ended, 'token', now)).toMatchObject({ held: mine, outcome: 'kept' });
  });

  it('takes what is newer, with its version', () => {
    const stored = aHeld({ value: B, version: 6, fence: 110_000, kind: 'token' });
    expect(merged(mine, stored, 'token', now)).toEqual({
      held: stored,
      outcome: 'taken',
      storeAgain: false,
      disputed: false,
    });
    expect(merged(undefined, stored, 'token', now).held).toBe(stored);
  });

  it('never goes back in the version: a newer token with an old number gets a new one, for all', () => {
    const stored = aHeld({ value: B, version: 5, fence: 110_000, kind: 'token' });
    expect(merged(mine, stored, 'token', now)).toEqual({
      held: { ...stored, version: 6 },
      outcome: 'taken',
      storeAgain: true,
      disputed: false,
    });
  });

  it('keeps what is newer than the store, and stores it again', () => {
    const rolledBack = aHeld({ value: B, version: 4, fence: 90_000, kind: 'token' });
    expect(merged(mine, rolledBack, 'token', now)).toEqual({
      held: mine,
      outcome: 'kept',
      storeAgain: true,
      disputed: false,
    });
  });

  it('of the same token brings together what both know of it', () => {
    const own = aHeld({ value: A, version: 5, fence: 100_000, confirmedAt: 100, expiresAt: 7_000_000 });
    const stored = aHeld({ value: A, version: 6, fence: 110_000, confirmedAt: 500, expiresAt: 7_000_400 });
    expect(merged(own, stored, 'stable_token', now)).toEqual({
      held: { ...own, version: 6, fence: 110_000, confirmedAt: 500 },
      outcome: 'confirmed',
      storeAgain: false,
      disputed: false,
    });
    expect(merged({ ...own, version: 7 }, stored, 'stable_token', now)).toMatchObject({
      held: { version: 7 },
      storeAgain: true,
    });
    expect(merged(own, own, 'stable_token', now)).toMatchObject({
      outcome: 'kept',
      storeAgain: false,
      disputed: false,
    });
  });

  it.each<[string, Held['kind'], number, number]>([
    ['of two opinions of a token’s end believes the earlier one', 'stable_token', 3000, 3000],
    ['does not bring a token back to life that has ended here', 'token', 900, 900],
    ['of a ticket’s end believes who asked last', 'jsapi', 3000, 5000],
  ])('%s', (_case, kind, own, end) => {
    const held = aHeld({ value: A, kind, confirmedAt: 0, expiresAt: own });
    const stored = aHeld({ value: A, kind, confirmedAt: 100, expiresAt: 5000 });
    expect(merged(held, stored, kind, now).held?.expiresAt).toBe(end);
  });

  it('neither takes nor overwrites the other family while it holds a valid token of its own', () => {
    const other = aHeld({ value: B, version: 9, fence: 110_000, kind: 'stable_token' });
    expect(merged(mine, other, 'token', now)).toEqual({
      held: mine,
      outcome: 'kept',
      storeAgain: false,
      disputed: false,
    });
    expect(merged(undefined, other, 'token', now).held).toBe(other);
    expect(merged({ ...mine, expiresAt: now }, other, 'token', now).outcome).toBe('taken');
    expect(merged(mine, other, 'stable_token', now).outcome).toBe('taken');
  });

  it.each<[string, Partial<Held>, Partial<Held>, boolean]>([
    ['without a claim on one side, sent almost at once', { issuedAt: 0 }, { fence: 9, issuedAt: 5999 }, true],
    ['the other way round', { fence: 9, issuedAt: 5999 }, { issuedAt: 0 }, true],
    ['without a claim, but far apart', { issuedAt: 0 }, { fence: 9, issuedAt: 6000 }, false],
    ['under claims of one store', { fence: 8000, issuedAt: 0 }, { fence: 10_000, issuedAt: 0 }, false],
    ['under claims of two nodes of the store', { fence: 8000 }, { fence: 9999 }, true],
    ['the other way round', { fence: 9999 }, { fence: 8000 }, true],
    [
      'under claims shortly after each other',
      { fence: 8000, version: 5 },
      { fence: 9999, version: 6 },
      false,
    ],
    ['under such claims, before a failover', { fence: 9999, version: 6 }, { fence: 8000, version: 5 }, false],
    ['of the other family', { kind: 'stable_token', issuedAt: 0 }, { issuedAt: 0 }, false],
  ])('knows when it cannot tell which token is newer: %s', (_case, own, stored, disputed) => {
    const one = aHeld({ value: A, kind: 'token', ...own });
    const other = aHeld({ value: B, kind: 'token', ...stored });
    expect(merged(one, other, 'token', now).disputed).toBe(disputed);
  });

  it('ends at one token and one version, in whatever order replicas look and store', () => {
    const held = fc.record({
      value: fc.constantFrom(A, B, new Secret('C')),
      version: fc.integer({ min: 1, max: 4 }),
      issuedAt: fc.nat(3),
      fence: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(held, { minLength: 2, maxLength: 4 }), (starts) => {
        // One token has one call and one fence.
        const calls = new Map(starts.map((start) => [start.value.reveal(), start]));
        const replicas = starts.map((start) =>
          aHeld({ ...calls.get(start.value.reveal()), version: start.version, kind: 'token' }),
        );
        const versions = replicas.map(({ version }) => version);
        let store: Held | undefined;
        for (let round = 0; round < 20; round++) {
          replicas.forEach((replica, nth) => {
            const after = merged(replica, store, 'token', now);
            expect(after.held!.version).toBeGreaterThanOrEqual(versions[nth]!);
            replicas[nth] = after.held!;
            versions[nth] = after.held!.version;
            if (after.storeAgain) {
              const version =
                store === undefined || store.value.equals(after.held!.value)
                  ? after.held!.version
                  : Math.max(after.held!.version, store.version + 1);
              store = { ...after.held!, version };
            }
          });
        }
        // Two solo calls at the very same moment have no order: they are settled by the next answer of WeChat.
        const solo = new Set(replicas.map(({ issuedAt, fence }) => `${issuedAt} ${fence ?? ''}`));
        if (solo.size === 1 && new Set(replicas.map(({ value }) => value.reveal())).size > 1) return;
        if (hasCycleOrTie(starts)) return;
        expect(new Set(replicas.map((replica) => `${replica.value.reveal()} ${replica.version}`)).size).toBe(
          1,
        );
      }),
      { numRuns: 500 },
    );
  });
});

/** Whether `isNewer` does not order these calls: ties, and fences that contradict the order of sending. */
function hasCycleOrTie(
  calls: readonly { issuedAt: number; fence: number | undefined; value: Secret }[],
): boolean {
  return calls.some((a) =>
    calls.some((b) => {
      if (a.value.equals(b.value)) return false;
      const [x, y] = [aHeld(a), aHeld(b)];
      if (!isNewer(x, y) && !isNewer(y, x)) return true;
      return isNewer(x, y) !== a.issuedAt > b.issuedAt;
    }),
  );
}

describe('a token that the store has with another end', () => {
  const mine = aHeld({ value: A, version: 5, fence: 10, kind: 'token', expiresAt: 100_000 });

  it.each<[string, Partial<Held>, number, boolean]>([
    ['too late an end is not taken over, and is put right', { expiresAt: 101_501 }, 100_000, true],
    ['what a translation may lose is left', { expiresAt: 101_500 }, 100_000, false],
    ['a sooner end is taken over', { expiresAt: 90_000 }, 90_000, false],
  ])('%s', (_case, stored, expiresAt, storeAgain) => {
    const step = merged(mine, { ...mine, ...stored }, 'token', 1000);
    expect(step.held?.expiresAt).toBe(expiresAt);
    expect(step.storeAgain).toBe(storeAgain);
  });

  it('concerns no ticket, whose end is found out by asking', () => {
    const ticket = { ...mine, kind: 'jsapi' } as const;
    expect(merged(ticket, { ...ticket, expiresAt: 200_000 }, 'jsapi', 1000).storeAgain).toBe(false);
  });
});

describe('the state after a look at the store', () => {
  it('counts another replica’s later success as its own', () => {
    const state = aState({ held: aHeld(), failures: 3, slowFailures: 1, attemptedAt: 400 });
    const held = aHeld({ confirmedAt: 500 });
    expect(withMerged(state, { held, outcome: 'confirmed' })).toMatchObject({
      held,
      failures: 0,
      slowFailures: 0,
      refreshedAt: 500,
    });
  });

  it('does not forget a failure that came later', () => {
    const state = aState({ held: aHeld(), failures: 3, attemptedAt: 600 });
    const held = aHeld({ confirmedAt: 500 });
    expect(withMerged(state, { held, outcome: 'confirmed' }).failures).toBe(3);
    expect(withMerged(aState(), { held: undefined, outcome: 'kept' })).toEqual(aState());
  });

  it('takes another replica’s failure over, and keeps the token', () => {
    const held = aHeld();
    const error = anError('configuration');
    expect(
      failedElsewhere(aState({ held }), { error, failures: 2, slowFailures: 2, fence: 7 }, 900),
    ).toMatchObject({
      held,
      failures: 2,
      slowFailures: 2,
      attemptedAt: 900,
      failedUnder: 7,
      lastError: { at: 900, error },
    });
  });

  it('does not begin to count failures anew with the first one of another replica', () => {
    const shared = { error: anError('transient'), failures: 1, slowFailures: 0, fence: undefined };
    expect(failedElsewhere(aState({ failures: 4 }), shared, 900).failures).toBe(4);
    expect(failedElsewhere(aState(), shared, 900).failures).toBe(1);
  });
});

describe('a success and a failure of different replicas', () => {
  const error = anError('transient');

  it.each<[string, number | undefined, number | undefined, number]>([
    ['the failure of an older claim is answered, however late it is heard of', 8, 7, 0],
    ['the failure of the same claim counts', 7, 7, 2],
    ['the failure of a later claim counts', 7, 8, 2],
    ['without a claim the later call decides', undefined, 8, 2],
  ])('%s', (_case, heldFence, failedUnder, failures) => {
    const held = aHeld({ fence: heldFence, confirmedAt: 500 });
    const failing = aState({ held: aHeld(), failures: 2, attemptedAt: 600, failedUnder });
    expect(withMerged(failing, { held, outcome: 'confirmed' }).failures).toBe(failures);
  });

  it('another token than before is what attempts were for, under whatever claim they failed', () => {
    const failing = aState({ held: aHeld(), failures: 2, attemptedAt: 600, failedUnder: 8 });
    const held = aHeld({ fence: 7, confirmedAt: 500 });
    expect(withMerged(failing, { held, outcome: 'taken' }).failures).toBe(0);
  });

  it('news of a failure that has been answered changes nothing', () => {
    const state = aState({ held: aHeld({ fence: 8 }) });
    const shared = { error, failures: 3, slowFailures: 0, fence: 7 };
    expect(failedElsewhere(state, shared, 900)).toBe(state);
    expect(failedElsewhere(state, { ...shared, fence: 9 }, 900).failures).toBe(3);
  });
});

describe('a doubt about which token was minted last', () => {
  it.each([
    ['is settled by a call that was sent after all in question', 1001, undefined],
    ['is not settled by one that was sent when they ended', 1000, 1000],
    ['is not settled by one that was sent before', 999, 1000],
  ])('%s', (_case, sentAt, left) => {
    expect(disputeLeft(1000, sentAt)).toBe(left);
  });

  it('does not come of nothing', () => {
    expect(disputeLeft(undefined, 1)).toBeUndefined();
  });
});

describe('going on without the store', () => {
  const now = 1000;
  const held = aHeld({ kind: 'token', expiresAt: 100 * MINUTE, lifeMs: 120 * MINUTE });

  it.each<[string, number, Parameters<typeof mayGoAloneAt>]>([
    ['stable_token: at once', now, ['stable_token', held, false, now, 0]],
    ['token, refreshed here last: at once', now, ['token', held, true, now, 0]],
    ['token, elsewhere: a minute before the end', 99 * MINUTE, ['token', held, false, now, 0]],
    [
      'token, elsewhere, short life: a tenth before the end',
      100 * MINUTE - 6000,
      ['token', { ...held, lifeMs: MINUTE }, false, now, 0],
    ],
    ['token, elsewhere, another turn: later', 99.25 * MINUTE, ['token', held, false, now, 0.5]],
    ['token, none held: at once', now, ['token', undefined, false, now, 0.9]],
    ['token, ended: at once', now, ['token', { ...held, expiresAt: now }, false, now, 0.9]],
  ])('%s', (_case, expected, decision) => {
    expect(mayGoAloneAt(...decision)).toBe(expected);
  });
});

describe('a call that outlived its claim', () => {
  const granted = { granted: true, refused: true, mayHaveActed: false, endedAt: 2000, lapsedAt: 1000 };
  const failed = { ...granted, granted: false, refused: false, mayHaveActed: true };

  it.each<[string, Parameters<typeof isDisputed>, boolean]>([
    ['token, granted, refused by the store', ['token', granted], true],
    ['token, granted and stored all the same', ['token', { ...granted, refused: false }], false],
    ['token, failed, but WeChat may have minted', ['token', failed], true],
    ['token, failed at the moment of lapsing', ['token', { ...failed, endedAt: 1000 }], true],
    ['token, failed in time', ['token', { ...failed, endedAt: 999 }], false],
    ['token, failed, WeChat did nothing', ['token', { ...failed, mayHaveActed: false }], false],
    ['stable_token, whatever', ['stable_token', granted], false],
  ])('%s', (_case, call, expected) => {
    expect(isDisputed(...call)).toBe(expected);
  });
});
