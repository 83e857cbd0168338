import fc from 'fast-check';
import { aHeld, anApp, anError, aState } from '../../test/support/builders.js';
import { UNTRIED, type CredentialState } from './credential.js';
import {
  earliestMintAt,
  guaranteedUntil,
  isEarlyRotation,
  nextAttemptAt,
  nextTicketAttemptAt,
} from './refresh-policy.js';
import { Secret } from './secret.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

describe('an app that was never tried', () => {
  it('is due at once', () => {
    expect(nextAttemptAt(anApp(), UNTRIED, 1234, 0.5)).toBe(1234);
  });
});

describe('token: one mint ahead of expiry', () => {
  const app = (refreshAheadSeconds: number) => anApp({ tokenApi: 'token', refreshAheadSeconds });

  it.each([
    ['300 s before the end', 300, 7200, 0, 6900],
    ['up to 10 % of that later', 300, 7200, 1, 6930],
    ['1200 s before the end', 1200, 7200, 0, 6000],
    ['at most half the life before', 7200, 7200, 0, 3600],
    ['half of a short life before', 300, 60, 0, 30],
    ['and up to a tenth of that half later', 300, 60, 1, 33],
    ['never sooner than in a second', 300, 1, 0, 1],
  ])('%s', (_what, ahead, lifeSeconds, jitter, expectedSeconds) => {
    const held = aHeld({ kind: 'token', lifeMs: lifeSeconds * SECOND });
    expect(nextAttemptAt(app(ahead), aState({ held }), 0, jitter)).toBe(expectedSeconds * SECOND);
  });
});

describe('stable_token: a token that was taken out of service before its time', () => {
  const before = aHeld({ value: new Secret('before'), issuedAt: 1000, confirmedAt: 1000 });
  /** 300 s before the end, less 10 s of doubt. */
  const latest = before.expiresAt - 310 * SECOND;
  const after = (confirmedAt: number, value = 'after') => aHeld({ value: new Secret(value), confirmedAt });

  it.each([
    ['another one at once', after(1001), undefined, true],
    ['another one up to the handover', after(latest - 1), undefined, true],
    ['another one at the handover', after(latest), undefined, false],
    ['the same one', after(2000, 'before'), undefined, false],
    ['another one, forced through the hub meanwhile', after(3000), 2000, false],
    ['another one, though the one that is held was forced', after(3000), 1000, true],
    ['another one, forced through the hub right after', after(3000), 1001, false],
  ] as const)('%s', (_what, then, forcedAt, expected) => {
    expect(isEarlyRotation(before, then, forcedAt)).toBe(expected);
  });

  it('a short life has its handover at three quarters', () => {
    const short = { ...before, lifeMs: 100 * SECOND, expiresAt: 100 * SECOND };
    expect(isEarlyRotation(short, after(65 * SECOND - 1), undefined)).toBe(true);
    expect(isEarlyRotation(short, after(65 * SECOND), undefined)).toBe(false);
  });

  it('nothing is said of a first token, of `token`, or of a change from one to the other', () => {
    expect(isEarlyRotation(undefined, after(2000), undefined)).toBe(false);
    expect(isEarlyRotation({ ...before, kind: 'token' }, after(2000), undefined)).toBe(false);
    expect(isEarlyRotation(before, { ...after(2000), kind: 'token' }, undefined)).toBe(false);
  });
});

describe('stable_token: reconciliation and handover', () => {
  const next = (held: CredentialState['held'], now: number, jitter: number, reconcileSeconds = 300) =>
    nextAttemptAt(anApp({ reconcileSeconds }), aState({ held }), now, jitter);

  it.each([
    ['10 % early at the least', 0, 270],
    ['on time in the middle', 0.5, 300],
    ['10 % late at the most', 1, 330],
  ])('asks each reconcileSeconds, %s', (_what, jitter, seconds) => {
    expect(next(aHeld(), 0, jitter)).toBe(seconds * SECOND);
  });

  it.each([
    ['at once', 0, 6900],
    ['within 30 s', 1, 6930],
  ])('asks after the handover %s, where that is sooner', (_what, jitter, seconds) => {
    expect(next(aHeld({ confirmedAt: 6800 * SECOND }), 6800 * SECOND, jitter)).toBe(seconds * SECOND);
  });

  it.each([
    ['the handover of a 60 s life lies 15 s before its end', 0, 45],
    ['and the call comes within a tenth of what is left', 1, 46.5],
  ])('%s', (_what, jitter, seconds) => {
    expect(next(aHeld({ lifeMs: 60 * SECOND }), 0, jitter)).toBe(seconds * SECOND);
  });

  it.each([
    ['5 s later', 7200, 6900, 6905],
    ['a tenth of what is left later', 7200, 7170, 7173],
    ['but not within a second', 7200, 7195, 7196],
    ['a tenth of what is left of a short life later', 60, 46, 47.4],
  ])('while the old token still comes back after the handover: again %s', (_what, life, at, expected) => {
    const held = aHeld({ lifeMs: life * SECOND, confirmedAt: at * SECOND });
    expect(next(held, at * SECOND, 0.9)).toBeCloseTo(expected * SECOND, 3);
  });

  it('knows the handover of a token first seen late in its life by what is left of it then', () => {
    const held = aHeld({ lifeMs: 600 * SECOND });
    expect(next(held, 0, 0, 3600)).toBe(450 * SECOND);
  });
});

describe('after a failure', () => {
  const after = (over: Partial<CredentialState>, now: number, jitter = 0) =>
    nextAttemptAt(
      anApp(),
      aState({ attemptedAt: now, lastError: { at: now, error: anError() }, ...over }),
      now,
      jitter,
    );

  it('the first: again after 1 s', () => {
    expect(after({ failures: 1 }, 0)).toBe(SECOND);
    expect(after({ failures: 1, held: aHeld() }, 0, 1)).toBe(SECOND);
  });

  it.each([
    [2, 0, 5],
    [2, 1, 6],
    [50, 0, 5],
    [50, 1, 6],
  ])('without a token, failure %p with jitter %p: again after %p s', (failures, jitter, seconds) => {
    expect(after({ failures }, 0, jitter)).toBe(seconds * SECOND);
  });

  it('with less than 10 minutes to live: every 5 to 6 s', () => {
    const held = aHeld({ lifeMs: 10 * MINUTE - 1 });
    expect(after({ failures: 9, held }, 0, 0)).toBe(5 * SECOND);
    expect(after({ failures: 9, held }, 0, 1)).toBe(6 * SECOND);
  });

  it.each([
    [2, 5],
    [3, 10],
    [4, 20],
    [5, 40],
    [6, 60],
    [7, 60],
    [1000, 60],
  ])('with a long life ahead, failure %p: again after %p s and up to 10 %% more', (failures, seconds) => {
    const held = aHeld();
    expect(after({ failures, held }, 0, 0)).toBe(seconds * SECOND);
    expect(after({ failures, held }, 0, 1)).toBeCloseTo(seconds * 1.1 * SECOND, 3);
  });

  it('does not sleep past the moment from which 10 minutes are left', () => {
    const held = aHeld({ lifeMs: 10 * MINUTE + 20 * SECOND });
    expect(after({ failures: 9, held }, 0, 0)).toBe(20 * SECOND);
  });

  it('counts from the moment the failed call was sent', () => {
    expect(after({ failures: 3, attemptedAt: 0 }, 2 * SECOND)).toBe(5 * SECOND);
  });

  it('and leaves a second after a call that took longer than the pace', () => {
    expect(after({ failures: 3, attemptedAt: 0 }, 30 * SECOND)).toBe(31 * SECOND);
  });

  it.each([
    ['configuration', 1, 60],
    ['configuration', 2, 120],
    ['quota', 4, 480],
    ['quota', 5, 600],
    ['quota', 100, 600],
  ] as const)('%s, the %p. in a row: again after %p s and up to 10 %% more', (errorClass, nth, seconds) => {
    const lastError = { at: 0, error: anError(errorClass) };
    const over = { failures: nth, slowFailures: nth, lastError };
    expect(after(over, 0, 0)).toBe(seconds * SECOND);
    expect(after(over, 0, 1)).toBeCloseTo(seconds * 1.1 * SECOND, 3);
  });

  it('keeps the wait that WeChat documents for a refusal by an administrator', () => {
    const lastError = { at: 0, error: anError('configuration', { notBeforeMs: 24 * HOUR }) };
    expect(after({ failures: 1, slowFailures: 1, lastError }, 0)).toBe(24 * HOUR);
  });
});

describe('after a failure that another replica’s success has answered', () => {
  const error = { at: 100_200, error: anError() };
  const due = aHeld({ kind: 'token', expiresAt: 200_000, lifeMs: 7_200_000 });

  it('keeps away from the call that failed, also with what is due at once', () => {
    const state = aState({ held: due, attemptedAt: 100_000, lastError: error });
    expect(nextAttemptAt(anApp({ tokenApi: 'token' }), state, 100_300, 0)).toBe(105_000);
  });

  it('but not where a call of its own has succeeded since', () => {
    const state = aState({ held: due, attemptedAt: 100_250, lastError: error });
    expect(nextAttemptAt(anApp({ tokenApi: 'token' }), state, 100_300, 0)).toBe(101_300);
  });
});

describe('guaranteedUntil', () => {
  const token = aHeld({ kind: 'token' });
  const app = (refreshAheadSeconds: number) => ({ refreshAheadSeconds });

  it.each<[string, CredentialState['held'] & object, number, number, number]>([
    ['stable_token: the token’s own end', aHeld(), 300, 0, 7200],
    ['a ticket: its own end', aHeld({ kind: 'jsapi' }), 300, 0, 7200],
    ['token, rotation 300 s ahead: the token’s own end', token, 300, 0, 7200],
    ['token, rotation earlier: 300 s after the earliest planned mint', token, 3600, 0, 3900],
    ['not more, however little ahead of it', token, 3600, 3599, 3900],
    ['token, the planned mint is overdue, and nobody has minted: 300 s from then', token, 3600, 4000, 4300],
    ['of a short life half, and a quarter', aHeld({ kind: 'token', lifeMs: 100 * SECOND }), 300, 0, 75],
    ['of a short life not past its end', aHeld({ kind: 'token', lifeMs: 100 * SECOND }), 300, 90, 100],
  ])('%s', (_what, held, ahead, known, seconds) => {
    expect(guaranteedUntil(held, app(ahead), undefined, known * SECOND, known * SECOND)).toBe(
      seconds * SECOND,
    );
  });

  it('what others minted since the store was last heard of is not ruled out', () => {
    expect(guaranteedUntil(token, app(3600), undefined, 3700 * SECOND, 6000 * SECOND)).toBe(4000 * SECOND);
  });

  it('an unseen mint cuts it short', () => {
    const unseen = { since: 1000 * SECOND, until: 1001 * SECOND };
    expect(guaranteedUntil(token, app(300), unseen, 1100 * SECOND, 1100 * SECOND)).toBe(1300 * SECOND);
    expect(guaranteedUntil(aHeld(), app(300), unseen, 1100 * SECOND, 1100 * SECOND)).toBe(7200 * SECOND);
  });

  it.each([
    ['300 s ahead', 300, 7200, 6900],
    ['at most half a life ahead', 7200, 7200, 3600],
  ])('no replica plans to mint sooner: %s', (_what, ahead, life, seconds) => {
    const held = aHeld({ kind: 'token', lifeMs: life * SECOND });
    expect(earliestMintAt(held, app(ahead))).toBe(seconds * SECOND);
    expect(
      nextAttemptAt(anApp({ tokenApi: 'token', refreshAheadSeconds: ahead }), aState({ held }), 0, 0),
    ).toBe(seconds * SECOND);
  });
});

describe('tickets', () => {
  // Seen to come: its end is known, which first sight alone does not tell.
  const ticket = aHeld({ kind: 'jsapi', lifeMs: 7260 * SECOND, expiresAt: 7200 * SECOND });
  const unknown = aHeld({ kind: 'jsapi' });

  it.each<[string, Partial<CredentialState>, number, number, number]>([
    ['one that was never asked for: at once', { held: undefined, attemptedAt: undefined }, 5, 0, 5],
    ['one that has ended: in a second', { held: ticket }, 7200, 0, 7201],
    ['at nine tenths of half of what is left', { held: ticket }, 0, 0, 3240],
    ['at half of it at the latest', { held: ticket }, 0, 1, 3600],
    ['not within 5 s', { held: ticket }, 7192, 0, 7197],
    ['but at its very end', { held: ticket }, 7197, 0, 7200],
    ['and not within 0.2 s', { held: ticket }, 7199.9, 0, 7200.1],
    ['of an unknown end: within a minute', { held: unknown }, 0, 0, 54],
    ['a minute at the latest', { held: unknown }, 0, 1, 60],
    ['a minute from the last answer', { held: { ...unknown, confirmedAt: 90 * SECOND } }, 100, 1, 150],
    ['and at the end that it has at the latest', { held: unknown }, 7198, 0, 7198.2],
    [
      'soon, where nobody knows which of two is the later',
      { held: ticket, unseen: { since: 10 * SECOND, until: 11 * SECOND } },
      12,
      0,
      19,
    ],
  ])('%s', (_what, over, now, jitter, seconds) => {
    const state = aState(over);
    expect(nextTicketAttemptAt(anApp(), state, now * SECOND, jitter)).toBeCloseTo(seconds * SECOND, 3);
  });

  it('of WeCom, which allows 100 calls an hour: of an unknown end each five minutes', () => {
    const app = anApp({ kind: 'wecom', corpid: 'ww1', tokenApi: 'gettoken' });
    expect(nextTicketAttemptAt(app, aState({ held: unknown }), 0, 1)).toBe(300 * SECOND);
  });

  it('after a failure keep the pace of all', () => {
    const lastError = { at: 0, error: anError('quota') };
    const state = aState({ held: ticket, failures: 1, slowFailures: 1, attemptedAt: 0, lastError });
    expect(nextTicketAttemptAt(anApp(), state, 0, 0)).toBe(60 * SECOND);
  });
});

describe('whatever WeChat answered', () => {
  const anyState = fc
    .record({
      now: fc.double({ min: 0, max: 1e13, noNaN: true }),
      age: fc.integer({ min: 0, max: 10 * HOUR }),
      life: fc.integer({ min: 1, max: 1e12 }),
      failures: fc.nat({ max: 1e6 }),
      slow: fc.nat({ max: 1e6 }),
      hasToken: fc.boolean(),
      held: fc.constantFrom('token' as const, 'stable_token' as const),
      callMs: fc.integer({ min: 0, max: 60_000 }),
      notBeforeMs: fc.option(fc.integer({ min: 0, max: 24 * HOUR }), { nil: undefined }),
    })
    .map(({ now, age, life, failures, slow, hasToken, held, callMs, notBeforeMs }) => ({
      now,
      state: aState({
        held: hasToken
          ? aHeld({
              issuedAt: now - age,
              confirmedAt: now - Math.min(age, callMs),
              lifeMs: life,
              kind: held,
            })
          : undefined,
        failures,
        slowFailures: Math.min(slow, failures),
        attemptedAt: now - callMs,
        lastError: failures > 0 ? { at: now, error: anError('quota', { notBeforeMs }) } : undefined,
      }),
    }));
  const anyApp = fc.record({
    tokenApi: fc.constantFrom('token' as const, 'stable_token' as const),
    refreshAheadSeconds: fc.integer({ min: 1, max: 7200 }),
    reconcileSeconds: fc.integer({ min: 5, max: 3600 }),
  });
  const jitter = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

  it('the next attempt lies at least a second and at most 25 hours ahead', () => {
    fc.assert(
      fc.property(anyState, anyApp, jitter, ({ state, now }, app, chance) => {
        // Epoch times of 10^13 ms leave a double some microseconds of resolution.
        const wait = nextAttemptAt(anApp(app), state, now, chance) - now;
        expect(wait).toBeGreaterThanOrEqual(SECOND - 0.01);
        expect(wait).toBeLessThanOrEqual(25 * HOUR);
      }),
      { numRuns: 20_000 },
    );
  });

  it('while things fail, two calls lie at least 5 s apart, but for the first retry', () => {
    fc.assert(
      fc.property(anyState, anyApp, jitter, ({ state, now }, app, chance) => {
        fc.pre(state.failures > 1);
        const sent = state.attemptedAt ?? now;
        expect(nextAttemptAt(anApp(app), state, now, chance) - sent).toBeGreaterThanOrEqual(
          5 * SECOND - 0.01,
        );
      }),
      { numRuns: 20_000 },
    );
  });

  it('the hub never guarantees past the end, nor past the overlap of the next mint of any replica', () => {
    fc.assert(
      fc.property(anyState, anyApp, fc.integer({ min: 0, max: HOUR }), ({ state, now }, app, late) => {
        fc.pre(state.held !== undefined);
        const { held } = state;
        const until = guaranteedUntil(held, app, undefined, now - late, now);
        expect(until).toBeLessThanOrEqual(held.expiresAt);
        if (held.kind === 'token') {
          const earliest = Math.max(earliestMintAt(held, app), now - late);
          expect(until).toBeLessThanOrEqual(earliest + 5 * MINUTE);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it('no replica mints by plan before the moment that the guarantee goes by', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 * HOUR }),
        fc.integer({ min: 1, max: 7200 }),
        fc.nat(20 * HOUR),
        jitter,
        (lifeMs, refreshAheadSeconds, now, chance) => {
          const held = aHeld({ kind: 'token', lifeMs, expiresAt: now + lifeMs });
          const app = anApp({ tokenApi: 'token', refreshAheadSeconds });
          const next = nextAttemptAt(app, aState({ held }), now, chance);
          expect(next).toBeGreaterThanOrEqual(Math.min(earliestMintAt(held, app), now + 24 * HOUR));
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('a ticket is asked for again within a day, and never within 0.2 s', () => {
    fc.assert(
      fc.property(anyState, jitter, ({ state, now }, chance) => {
        const held = state.held === undefined ? undefined : { ...state.held, kind: 'jsapi' as const };
        const wait = nextTicketAttemptAt(anApp(), { ...state, held }, now, chance) - now;
        expect(wait).toBeGreaterThanOrEqual(200 - 0.01);
        expect(wait).toBeLessThanOrEqual(25 * HOUR);
      }),
      { numRuns: 5000 },
    );
  });
});
