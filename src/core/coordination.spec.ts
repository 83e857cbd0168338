import fc from 'fast-check';
import { aHeld, anApp, anError, aState } from '../../test/support/builders.js';
import {
  failedElsewhere,
  heldOffUntil,
  isStoredNewer,
  LONGEST_ADVICE_MS,
  mayGoAloneAt,
  mayHaveCrossed,
  merged,
  replicaNumber,
  versionAlone,
  withMerged,
} from './coordination.js';
import type { CredentialState, Held } from './credential.js';
import { nextAttemptAt } from './refresh-policy.js';
import { Secret } from './secret.js';

const MINUTE = 60_000;
const A = new Secret('A');
const B = new Secret('B');

describe('whether the token in the store is newer than the own one', () => {
  it.each<[string, Partial<Held>, Partial<Held>, boolean]>([
    [
      'the greater fence is, whatever the clocks say',
      { fence: 8, issuedAt: 0 },
      { fence: 7, issuedAt: 9000 },
      true,
    ],
    ['the smaller fence is not', { fence: 7, issuedAt: 9000 }, { fence: 8, issuedAt: 0 }, false],
    ['of one fence, the later call', { fence: 7, issuedAt: 2 }, { fence: 7, issuedAt: 1 }, true],
    [
      'of one fence, not the clearly earlier call',
      { fence: 7, issuedAt: 0 },
      { fence: 7, issuedAt: 1501 },
      false,
    ],
    ['without a lease on one side, the later call', { issuedAt: 2 }, { fence: 7, issuedAt: 1 }, true],
    ['of two calls at once, the one that all can see', { issuedAt: 1 }, { issuedAt: 1 }, true],
    ['so of what the translation of times cannot tell apart', { issuedAt: 0 }, { issuedAt: 1500 }, true],
    ['whichever had a lease: the store’s', { fence: 7, issuedAt: 0 }, { issuedAt: 1500 }, true],
    ['whichever had a lease: the own one', { issuedAt: 0 }, { fence: 7, issuedAt: 1500 }, true],
    ['an own call that was clearly later is not given up', { issuedAt: 0 }, { issuedAt: 1501 }, false],
    ['with a lease in the store', { fence: 7, issuedAt: 0 }, { issuedAt: 1501 }, false],
    ['with an own lease', { issuedAt: 0 }, { fence: 7, issuedAt: 1501 }, false],
  ])('%s', (_case, stored, held, expected) => {
    expect(isStoredNewer(aHeld(stored), aHeld(held))).toBe(expected);
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
      crossed: undefined,
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
      crossed: undefined,
    });
    expect(merged(undefined, stored, 'token', now).held).toBe(stored);
  });

  it('never goes back in the version: a newer token with an old number gets a new one, for all', () => {
    const stored = aHeld({ value: B, version: 5, fence: 110_000, kind: 'token' });
    expect(merged(mine, stored, 'token', now)).toEqual({
      held: { ...stored, version: 6 },
      outcome: 'taken',
      storeAgain: true,
      crossed: undefined,
    });
  });

  it('keeps what is newer than the store, and stores it again', () => {
    const rolledBack = aHeld({ value: B, version: 4, fence: 90_000, kind: 'token' });
    expect(merged(mine, rolledBack, 'token', now)).toEqual({
      held: mine,
      outcome: 'kept',
      storeAgain: true,
      crossed: undefined,
    });
  });

  it('of the same token brings together what both know of it', () => {
    const own = aHeld({ value: A, version: 5, fence: 100_000, confirmedAt: 100, expiresAt: 7_000_000 });
    const stored = aHeld({ value: A, version: 6, fence: 110_000, confirmedAt: 500, expiresAt: 7_000_400 });
    expect(merged(own, stored, 'stable_token', now)).toEqual({
      held: { ...own, version: 6, fence: 110_000, confirmedAt: 500 },
      outcome: 'confirmed',
      storeAgain: false,
      crossed: undefined,
    });
    expect(merged({ ...own, version: 7 }, stored, 'stable_token', now)).toMatchObject({
      held: { version: 7 },
      storeAgain: true,
    });
    expect(merged(own, own, 'stable_token', now)).toMatchObject({
      outcome: 'kept',
      storeAgain: false,
      crossed: undefined,
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

  it.each<[Held['kind'], number]>([
    ['jsapi', 500],
    ['token', 700],
  ])('of the first sight of a %s that two saw: %i', (kind, issuedAt) => {
    const held = aHeld({ value: A, kind, issuedAt: 700 });
    const stored = aHeld({ value: A, kind, issuedAt: 500, confirmedAt: 800 });
    expect(merged(held, stored, kind, now).held?.issuedAt).toBe(issuedAt);
  });

  it('neither takes nor overwrites the other family while it holds a valid token of its own', () => {
    const other = aHeld({ value: B, version: 9, fence: 110_000, kind: 'stable_token' });
    expect(merged(mine, other, 'token', now)).toEqual({
      held: mine,
      outcome: 'kept',
      storeAgain: false,
      crossed: undefined,
    });
    expect(merged(undefined, other, 'token', now).held).toBe(other);
    expect(merged({ ...mine, expiresAt: now }, other, 'token', now).outcome).toBe('taken');
    expect(merged(mine, other, 'stable_token', now).outcome).toBe('taken');
  });

  it.each<[string, Partial<Held>, Partial<Held>, boolean]>([
    ['without a lease on one side, sent almost at once', { issuedAt: 0 }, { fence: 9, issuedAt: 5999 }, true],
    ['the other way round', { fence: 9, issuedAt: 5999 }, { issuedAt: 0 }, true],
    ['without a lease, but far apart', { issuedAt: 0 }, { fence: 9, issuedAt: 6000 }, false],
    ['under leases of one store', { fence: 8000, issuedAt: 0 }, { fence: 10_000, issuedAt: 0 }, false],
    ['under leases of two nodes of the store', { fence: 8000 }, { fence: 9999 }, true],
    ['the other way round', { fence: 9999 }, { fence: 8000 }, true],
    [
      'under leases shortly after each other',
      { fence: 8000, version: 5 },
      { fence: 9999, version: 6 },
      false,
    ],
    ['under such leases, before a failover', { fence: 9999, version: 6 }, { fence: 8000, version: 5 }, false],
    ['of the other family', { kind: 'stable_token', issuedAt: 0 }, { fence: 9, issuedAt: 0 }, false],
  ])('knows when it cannot tell which token is newer: %s', (_case, own, stored, crossed) => {
    const one = aHeld({ value: A, kind: 'token', ...own });
    const other = aHeld({ value: B, kind: 'token', ...stored });
    const since = Math.min(one.issuedAt, other.issuedAt);
    expect(merged(one, other, 'token', now).crossed).toEqual(crossed ? { since, until: now } : undefined);
  });

  it('does not ask which of two was last where one of them has ended', () => {
    const other = aHeld({ value: B, kind: 'token', fence: 9 });
    expect(merged(aHeld({ value: A, kind: 'token', expiresAt: now }), other, 'token', now)).toMatchObject({
      outcome: 'taken',
      crossed: undefined,
    });
  });

  it.each<[string, Held | undefined]>([
    ['that holds nothing', undefined],
    ['that holds another', aHeld({ value: A, kind: 'token', issuedAt: -90_000 })],
  ])(
    'a token that was got without a lease is in doubt from its birth on, also for a replica %s',
    (_who, own) => {
      const alone = aHeld({ value: B, kind: 'token', issuedAt: 100 });
      const crossed = { since: 100, until: now };
      expect(merged(own, alone, 'token', now)).toMatchObject({ outcome: 'taken', crossed });
      expect(merged(own, { ...alone, fence: 9 }, 'token', now).crossed).toBeUndefined();
      const stable = own && { ...own, kind: 'stable_token' as const };
      expect(merged(stable, { ...alone, kind: 'stable_token' }, 'stable_token', now).crossed).toBeUndefined();
    },
  );

  it.each([
    ['the later confirmation', 500, 'stored'],
    ['the own one', 50, 'own'],
  ])('of the same token says with which credentials it was last got: %s', (_case, confirmedAt, expected) => {
    const own = aHeld({ confirmedAt: 100, credentialsId: 'own' });
    const stored = aHeld({ confirmedAt, credentialsId: 'stored' });
    expect(merged(own, stored, 'stable_token', now).held?.credentialsId).toBe(expected);
  });

  it('ends at one token and one version, whatever is lost of the moments of calls on the way', () => {
    const lossMs = fc.nat(400);
    const replicaArb = fc.record({
      apartMs: fc.nat(2500),
      leased: fc.boolean(),
      version: fc.integer({ min: 1, max: 4 }),
      /** Of each look and each write in turn: what its translation loses. */
      reads: fc.array(lossMs, { minLength: 1, maxLength: 4 }),
      writes: fc.array(lossMs, { minLength: 1, maxLength: 4 }),
    });
    const order = fc.array(fc.nat(4), { minLength: 5, maxLength: 40 });
    fc.assert(
      fc.property(fc.array(replicaArb, { minLength: 2, maxLength: 5 }), order, (starts, turns) => {
        let at = 0;
        const replicas = starts.map(({ apartMs, leased, version }, nth) => {
          at += apartMs;
          return aHeld({
            value: new Secret(`token-${nth}`),
            kind: 'token',
            issuedAt: at,
            version,
            fence: leased ? nth + 1 : undefined,
          });
        });
        // As SAVE in token-cache/stores/redis/scripts.ts orders them.
        let store: Held | undefined;
        const save = (held: Held): void => {
          if (store !== undefined && !store.value.equals(held.value)) {
            const leases = held.fence !== undefined && store.fence !== undefined;
            const newer = leases ? held.fence > store.fence! : held.issuedAt > store.issuedAt;
            if (!newer) return;
            store = { ...held, version: Math.max(held.version, store.version + 1) };
          } else store = { ...held, version: Math.max(held.version, store?.version ?? 0) };
        };
        const look = (nth: number, round: number): void => {
          const { reads, writes } = starts[nth]!;
          const before = replicas[nth]!;
          const seen = store && { ...store, issuedAt: store.issuedAt - reads[round % reads.length]! };
          const after = merged(before, seen, 'token', now);
          expect(after.held!.version).toBeGreaterThanOrEqual(before.version);
          replicas[nth] = after.held!;
          const lost = writes[round % writes.length]!;
          if (after.storeAgain) save({ ...after.held!, issuedAt: after.held!.issuedAt - lost });
        };
        turns.forEach((turn, round) => look(turn % replicas.length, round));
        for (let round = 0; round < 2 * replicas.length; round++)
          replicas.forEach((_, nth) => look(nth, round));
        for (const { value, version } of replicas) {
          expect(`${value.reveal()} ${version}`).toBe(`${store?.value.reveal()} ${store?.version}`);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

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

const NOT_CROSSED = { crossed: undefined };

describe('the state after a look at the store', () => {
  it('counts another replica’s later success as its own', () => {
    const peerFailure = { at: 1, retryAt: 2, error: anError() };
    const state = aState({ held: aHeld(), failures: 3, slowFailures: 1, attemptedAt: 400, peerFailure });
    const held = aHeld({ confirmedAt: 500 });
    expect(withMerged(state, { held, outcome: 'confirmed', ...NOT_CROSSED })).toMatchObject({
      held,
      failures: 0,
      slowFailures: 0,
      refreshedAt: 500,
      peerFailure: undefined,
    });
  });

  it('does not forget a failure that came later', () => {
    const peerFailure = { at: 1, retryAt: 2, error: anError() };
    const state = aState({ held: aHeld(), failures: 3, attemptedAt: 600, peerFailure });
    const held = aHeld({ confirmedAt: 500 });
    expect(withMerged(state, { held, outcome: 'confirmed', ...NOT_CROSSED })).toMatchObject({
      failures: 3,
      peerFailure,
    });
    expect(withMerged(aState(), { held: undefined, outcome: 'kept', ...NOT_CROSSED })).toEqual(aState());
  });

  it('holds the calls that crossed for mints that nobody holds', () => {
    const crossed = { since: 100, until: 1000 };
    const held = aHeld({ issuedAt: 500 });
    const after = (outcome: 'taken' | 'kept') =>
      withMerged(aState({ held: aHeld() }), { held, outcome, crossed }).unseen;
    expect(after('taken')).toEqual(crossed);
    expect(after('kept')).toEqual(crossed);
  });

  it('a token that was got after all unseen mints ends the doubt; one that was got before does not', () => {
    const state = aState({ held: aHeld(), unseen: { since: 100, until: 400 } });
    const after = (issuedAt: number) =>
      withMerged(state, { held: aHeld({ issuedAt }), outcome: 'taken', ...NOT_CROSSED }).unseen;
    expect(after(401)).toBeUndefined();
    expect(after(400)).toEqual({ since: 400, until: 400 });
    expect(after(50)).toEqual({ since: 100, until: 400 });
  });

  it('a token that the store has under a lease ends the doubt about others that went alone', () => {
    const unseen = { since: 100, until: Number.POSITIVE_INFINITY };
    const after = (fence: number | undefined) =>
      withMerged(aState({ held: aHeld(), unseen }), {
        held: aHeld({ issuedAt: 400, fence }),
        outcome: 'taken',
        ...NOT_CROSSED,
      }).unseen;
    expect(after(9)).toBeUndefined();
    const own = { held: aHeld({ issuedAt: 100, fence: 9 }), outcome: 'confirmed' as const, ...NOT_CROSSED };
    expect(withMerged(aState({ held: aHeld(), unseen }), own).unseen).toBeUndefined();
    expect(after(undefined)).toEqual({ since: 400, until: Number.POSITIVE_INFINITY });
  });
});

describe('another replica’s failure', () => {
  const failure = (over: Partial<Parameters<typeof failedElsewhere>[1]> = {}) => ({
    error: anError('configuration'),
    fence: undefined,
    credentialsId: undefined,
    ...over,
  });

  it('is told, and neither costs the token nor counts as one of this replica', () => {
    const state = aState({ held: aHeld(), failures: 2, slowFailures: 1, attemptedAt: 300, failedUnder: 3 });
    const { error } = failure();
    expect(failedElsewhere(state, failure({ fence: 7 }), 60_000, 900)).toEqual({
      ...state,
      peerFailure: { at: 900, retryAt: 60_900, error },
      unseen: undefined,
    });
  });

  it.each([
    ['a wait of WeChat’s own', 86_400_000],
    ['what no hub would choose', 1e300],
    ['what is no number to wait for', Number.POSITIVE_INFINITY],
  ])('delays nothing for longer than the longest wait of a hub: %s', (_case, retryInMs) => {
    const { peerFailure } = failedElsewhere(aState(), failure(), retryInMs, 900);
    expect(peerFailure?.retryAt).toBe(900 + LONGEST_ADVICE_MS);
    expect(LONGEST_ADVICE_MS).toBe(11 * MINUTE);
  });

  it('leaves this replica’s own plan as it is, whatever it says', () => {
    fc.assert(
      fc.property(
        fc.nat(10_000_000),
        fc.nat(5),
        fc.nat(5),
        fc.double({ min: 0, max: 1e308, noNaN: true }),
        fc.constantFrom('transient' as const, 'configuration' as const, 'quota' as const),
        fc.constantFrom(...(['token', 'stable_token'] as const)),
        (now, failures, slow, retryInMs, errorClass, tokenApi) => {
          const held = aHeld({ kind: tokenApi });
          const lastError = failures > 0 ? { at: 0, error: anError('quota') } : undefined;
          const state = aState({ held, failures, slowFailures: Math.min(slow, failures), lastError });
          const error = anError(errorClass, { notBeforeMs: 86_400_000 });
          const heard = failedElsewhere(state, failure({ error }), retryInMs, now);
          const app = anApp({ tokenApi });
          expect(nextAttemptAt(app, heard, now, 0.5)).toBe(nextAttemptAt(app, state, now, 0.5));
        },
      ),
    );
  });

  it('hides a mint of `token` where WeChat may have acted, which was sent a little before', () => {
    const lost = failure({ error: anError('transient', { mayHaveActed: true }) });
    const after = (kind: Held['kind']) =>
      failedElsewhere(aState({ held: aHeld({ kind }) }), lost, 1000, 20_000).unseen;
    expect(after('token')).toEqual({ since: 14_000, until: 20_000 });
    expect(after('stable_token')).toBeUndefined();
    expect(after('jsapi')).toBeUndefined();
  });
});

describe('a success and a failure of different replicas', () => {
  const error = anError('transient');

  it.each<[string, number | undefined, number | undefined, number]>([
    ['the failure of an older lease is answered, however late it is heard of', 8, 7, 0],
    ['the failure of the same lease counts', 7, 7, 2],
    ['the failure of a later lease counts', 7, 8, 2],
    ['without a lease the later call decides', undefined, 8, 2],
  ])('%s', (_case, heldFence, failedUnder, failures) => {
    const held = aHeld({ fence: heldFence, confirmedAt: 500 });
    const failing = aState({ held: aHeld(), failures: 2, attemptedAt: 600, failedUnder });
    expect(withMerged(failing, { held, outcome: 'confirmed', ...NOT_CROSSED }).failures).toBe(failures);
  });

  it('another token than before is what attempts were for, under whatever lease they failed', () => {
    const failing = aState({ held: aHeld(), failures: 2, attemptedAt: 600, failedUnder: 8 });
    const held = aHeld({ fence: 7, confirmedAt: 500 });
    expect(withMerged(failing, { held, outcome: 'taken', ...NOT_CROSSED }).failures).toBe(0);
  });

  it('news of a failure that has been answered changes nothing', () => {
    const state = aState({ held: aHeld({ fence: 8 }) });
    const shared = { error, fence: 7, credentialsId: undefined };
    expect(failedElsewhere(state, shared, 5000, 900)).toBe(state);
    expect(failedElsewhere(state, { ...shared, fence: 9 }, 5000, 900).peerFailure?.at).toBe(900);
  });
});

describe('an attempt that others hold off', () => {
  const SINCE = 1_000_000;
  const held = aHeld({ kind: 'token', lifeMs: 120 * MINUTE, expiresAt: SINCE + 60 * MINUTE });
  const short = aHeld({ kind: 'token', lifeMs: MINUTE, expiresAt: SINCE + MINUTE });

  it.each<[string, Partial<CredentialState>, number]>([
    ['with a long life ahead: for the longest advice', { held }, LONGEST_ADVICE_MS],
    [
      'until a minute before the end of its token',
      { held: { ...held, expiresAt: SINCE + 5 * MINUTE } },
      4 * MINUTE,
    ],
    ['or a tenth of a short life before', { held: short }, 54_000],
    ['but for as long as another’s call may take', { held: { ...held, expiresAt: SINCE + 61_000 } }, 15_000],
    [
      'without a valid token: for the longest advice',
      { held: { ...held, expiresAt: SINCE } },
      LONGEST_ADVICE_MS,
    ],
    ['where nothing is held', { attemptedAt: 1 }, LONGEST_ADVICE_MS],
    ['by a process that has asked nothing yet: 10 s', { attemptedAt: undefined }, 10_000],
    [
      'by such a process, of a token that it took over: as any other',
      { held, attemptedAt: undefined },
      LONGEST_ADVICE_MS,
    ],
  ])('is made all the same, %s', (_case, over, afterMs) => {
    const state = { ...aState(), attemptedAt: 1, ...over };
    expect(heldOffUntil(state, SINCE, SINCE)).toBe(SINCE + afterMs);
  });

  it('never waits past its token’s need, nor for longer than a hub would, whatever is held', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 86_400_000 }),
        fc.nat(86_400_000),
        fc.nat(86_400_000),
        fc.boolean(),
        (lifeMs, age, waited, tried) => {
          const issuedAt = SINCE - Math.min(age, lifeMs);
          const state = aState({ held: aHeld({ lifeMs, issuedAt }), attemptedAt: tried ? 0 : undefined });
          const until = heldOffUntil(state, SINCE, SINCE + waited);
          expect(until).toBeGreaterThan(SINCE);
          expect(until).toBeLessThanOrEqual(SINCE + LONGEST_ADVICE_MS);
          const end = issuedAt + lifeMs;
          if (SINCE + waited < end) expect(until).toBeLessThanOrEqual(Math.max(end, SINCE + 15_000));
        },
      ),
    );
  });
});

describe('going on without the store', () => {
  const now = 1000;
  const held = aHeld({ kind: 'token', expiresAt: 100 * MINUTE, lifeMs: 120 * MINUTE });
  const holding = aState({ held });
  const END = held.expiresAt;

  it.each<[string, number, Parameters<typeof mayGoAloneAt>]>([
    ['stable_token: at once', now, ['stable_token', holding, false, END, now]],
    ['token, refreshed here last: at once', now, ['token', holding, true, END, now]],
    ['token, elsewhere: a minute before the end', 99 * MINUTE, ['token', holding, false, END, now]],
    [
      'token, elsewhere, short life: a tenth before the end',
      100 * MINUTE - 6000,
      ['token', aState({ held: { ...held, lifeMs: MINUTE } }), false, END, now],
    ],
    [
      'token, elsewhere, guaranteed for less, since others may mint: a minute before that',
      49 * MINUTE,
      ['token', holding, false, 50 * MINUTE, now],
    ],
    ['token, never past its own end', 99 * MINUTE, ['token', holding, false, 500 * MINUTE, now]],
    [
      'token, minted by itself already: at once',
      now,
      ['token', { ...holding, unseen: { since: 0, until: Number.POSITIVE_INFINITY } }, false, END, now],
    ],
    ['token, none held: at once', now, ['token', aState(), false, now, now]],
    ['token, ended: at once', now, ['token', aState({ held: { ...held, expiresAt: now } }), false, now, now]],
  ])('%s', (_case, expected, decision) => {
    expect(mayGoAloneAt(...decision)).toBe(expected);
  });
});

describe('the version of a token that was got without the store', () => {
  const WALL = 1_795_000_000_000;
  const replica = fc.nat(2 ** 20 - 1);
  const before = fc.option(fc.integer({ min: 0, max: 2 ** 53 - 2 ** 21 }), { nil: undefined });

  it('follows the one before it, and is a whole number that JSON carries', () => {
    fc.assert(
      fc.property(before, fc.integer({ min: 0, max: 8_000_000_000_000 }), replica, (last, wallMs, own) => {
        const version = versionAlone(last, wallMs, own);
        expect(Number.isSafeInteger(version)).toBe(true);
        expect(version).toBeGreaterThan(last ?? 0);
      }),
      { numRuns: 1000 },
    );
  });

  it('is given by no two replicas, whatever they held before and whatever their clocks say', () => {
    fc.assert(
      fc.property(before, before, replica, replica, fc.nat(10_000), (a, b, one, other, apartMs) => {
        fc.pre(one !== other);
        expect(versionAlone(a, WALL, one)).not.toBe(versionAlone(b, WALL + apartMs, other));
      }),
      { numRuns: 1000 },
    );
  });

  it('lies beyond all that the store counts up by one, and beyond seconds of its clock', () => {
    expect(versionAlone(undefined, WALL, 0)).toBeGreaterThan((WALL / 1000) * 1000);
    expect(versionAlone(1_795_000_007, WALL, 5)).toBe(1_795_000_000 * 2 ** 20 + 5);
  });

  it.each([
    [0, 0],
    [0.5, 2 ** 19],
    [1 - Number.EPSILON / 2, 2 ** 20 - 1],
  ])('is of a replica with a number of its own: %p', (random, number) => {
    expect(replicaNumber(random)).toBe(number);
  });
});

describe('a call that outlived its lease', () => {
  const granted = { granted: true, refused: true, mayHaveActed: false, endedAt: 2000, lapsedAt: 1000 };
  const failed = { ...granted, granted: false, refused: false, mayHaveActed: true };

  it.each<[string, Parameters<typeof mayHaveCrossed>, boolean]>([
    ['token, granted, refused by the store', ['token', granted], true],
    ['token, granted and stored all the same', ['token', { ...granted, refused: false }], false],
    ['token, failed, but WeChat may have minted', ['token', failed], true],
    ['token, failed at the moment of lapsing', ['token', { ...failed, endedAt: 1000 }], true],
    ['token, failed in time', ['token', { ...failed, endedAt: 999 }], false],
    ['token, failed, WeChat did nothing', ['token', { ...failed, mayHaveActed: false }], false],
    ['stable_token, granted, refused by the store', ['stable_token', granted], true],
    [
      'stable_token, granted and stored all the same',
      ['stable_token', { ...granted, refused: false }],
      false,
    ],
    ['stable_token, failed: nothing is superseded', ['stable_token', failed], false],
    ['a ticket, whatever', ['jsapi', granted], false],
  ])('%s', (_case, call, expected) => {
    expect(mayHaveCrossed(...call)).toBe(expected);
  });
});
