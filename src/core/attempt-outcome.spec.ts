import fc from 'fast-check';
import { aHeld, anError, aState } from '../../test/support/builders.js';
import {
  answeredFailureAt,
  failed,
  granted,
  isFailing,
  reconfigured,
  unseenAfterFailure,
} from './attempt-outcome.js';
import { merged, withMerged } from './coordination.js';
import { UNTRIED } from './credential.js';
import { Secret } from './secret.js';

const SECOND = 1000;

function aGrant(value: string, sentAt: number, lifeSeconds = 7200) {
  return { value: new Secret(value), sentAt, lifeMs: lifeSeconds * SECOND };
}

/** The next one, or `first`. */
const numbered = (first: number) => (before: number | undefined) =>
  before === undefined ? first : before + 1;

describe('granted', () => {
  it('numbers the first token as it is told, and counts its life from the moment of sending', () => {
    const { state, outcome } = granted(UNTRIED, aGrant('A', 500), 'token', numbered(1700));
    expect(outcome).toBe('issued');
    expect(state.held).toMatchObject({ version: 1700, issuedAt: 500, expiresAt: 500 + 7200 * SECOND });
  });

  it('gives a new token the next version', () => {
    const { state, outcome } = granted(
      aState({ held: aHeld({ version: 7 }) }),
      aGrant('B', 10),
      'stable_token',
      numbered(1),
    );
    expect(outcome).toBe('issued');
    expect(state.held).toMatchObject({ version: 8, issuedAt: 10 });
  });

  it('takes an unchanged token as a success that keeps the version and the first sight', () => {
    const held = aHeld({ version: 7 });
    const { state, outcome } = granted(
      aState({ held }),
      aGrant('a-token', 60_000, 7100),
      'stable_token',
      numbered(1),
    );
    expect(outcome).toBe('confirmed');
    expect(state.held).toMatchObject({
      version: 7,
      issuedAt: 0,
      confirmedAt: 60_000,
      expiresAt: 60_000 + 7100 * SECOND,
      lifeMs: 7200 * SECOND,
    });
  });

  it('never mixes the families: the same text from the other one is another token', () => {
    const state = aState({ held: aHeld({ version: 7, kind: 'token' }) });
    expect(granted(state, aGrant('a-token', 10), 'stable_token', numbered(1))).toMatchObject({
      outcome: 'issued',
      state: { held: { version: 8, kind: 'stable_token' } },
    });
  });

  it('ignores an answer to a call that was sent before the held token was first seen', () => {
    const state = aState({ held: aHeld({ issuedAt: 1000 }) });
    expect(granted(state, aGrant('old', 999), 'stable_token', numbered(1))).toEqual({
      state,
      outcome: 'outdated',
    });
  });

  it('ends a series of failures', () => {
    const state = aState({ failures: 5, slowFailures: 2, lastError: { at: 1, error: anError() } });
    expect(granted(state, aGrant('A', 5), 'token', numbered(1)).state).toMatchObject({
      failures: 0,
      slowFailures: 0,
    });
  });
});

describe('granted: what was known before', () => {
  it('is answered: no failure of another replica is shown any longer', () => {
    const peerFailure = { at: 1, retryAt: 2, error: anError() };
    expect(granted(aState({ peerFailure }), aGrant('A', 5), 'token', numbered(1)).state.peerFailure).toBe(
      undefined,
    );
  });

  it.each([
    ['sent after the last unseen mint: nothing is in doubt', 401, undefined],
    ['sent while it was under way', 400, { since: 400, until: 400 }],
    ['sent before the first one', 50, { since: 100, until: 400 }],
  ])('of unseen mints only those after the call remain: %s', (_case, sentAt, left) => {
    const state = aState({ held: aHeld({ kind: 'token' }), unseen: { since: 100, until: 400 } });
    const { unseen } = granted(state, aGrant('B', sentAt), 'token', numbered(1)).state;
    expect(unseen).toEqual(left);
  });

  it('a ticket keeps its first known end, however often it is given with a full life', () => {
    const held = aHeld({ kind: 'jsapi', lifeMs: 7200 * SECOND });
    const { state, outcome } = granted(
      aState({ held }),
      aGrant('a-token', 3600 * SECOND),
      'jsapi',
      numbered(1),
    );
    expect(outcome).toBe('confirmed');
    expect(state.held?.expiresAt).toBe(7200 * SECOND);
  });

  it.each([
    ['still within the time that a call takes', 7204.999, 7200],
    ['long after', 7205, 7295],
  ])('a ticket that WeChat gives past its end lives on from answer to answer: %s', (_case, sentAt, end) => {
    const held = aHeld({ kind: 'jsapi', lifeMs: 7200 * SECOND });
    const { state } = granted(aState({ held }), aGrant('a-token', sentAt * SECOND), 'jsapi', numbered(1));
    expect(state.held?.expiresAt).toBe(end * SECOND);
  });

  it('such a ticket is not vouched for past the life that WeChat names', () => {
    const held = aHeld({ kind: 'jsapi', lifeMs: 20 * SECOND });
    const { state } = granted(aState({ held }), aGrant('a-token', 30 * SECOND, 20), 'jsapi', numbered(1));
    expect(state.held?.expiresAt).toBe(50 * SECOND);
  });
});

describe('failed', () => {
  it.each([
    ['so soon after one that another replica’s success has answered is not a first one', 9_999, 2],
    ['later is a first one', 10_000, 1],
  ])('%s', (_case, after, failures) => {
    const answered = aState({ held: aHeld(), attemptedAt: 1000, lastError: { at: 1200, error: anError() } });
    expect(failed(answered, anError(), 1000 + after, 1000 + after).failures).toBe(failures);
  });

  it('keeps a token that is valid', () => {
    const held = aHeld();
    expect(failed(aState({ held }), anError(), 10, 20).held).toBe(held);
  });

  it('counts all failures, and the slow ones in a row', () => {
    const once = failed(UNTRIED, anError('configuration'), 1, 2);
    const twice = failed(once, anError('quota'), 3, 4);
    expect(twice).toMatchObject({ failures: 2, slowFailures: 2, attemptedAt: 3, lastError: { at: 4 } });
    expect(failed(twice, anError('transient'), 5, 6)).toMatchObject({ failures: 3, slowFailures: 0 });
  });
});

describe('a failure under a lease', () => {
  it('remembers which, and one without a lease forgets it', () => {
    const under = failed(UNTRIED, anError(), 1, 2, 7);
    expect(under.failedUnder).toBe(7);
    expect(failed(under, anError(), 3, 4).failedUnder).toBeUndefined();
  });

  it.each([
    [11_999, 2],
    [12_000, 1],
  ])('goes on from another replica’s failure until 10 s after its retry: at %p counts %p', (at, failures) => {
    const peerFailure = { at: 1000, retryAt: 2000, error: anError() };
    expect(failed(aState({ peerFailure }), anError(), at, at).failures).toBe(failures);
  });

  it('leaves what another replica’s failure told', () => {
    const peerFailure = { at: 1, retryAt: 2, error: anError() };
    expect(failed(aState({ peerFailure }), anError(), 3, 4).peerFailure).toBe(peerFailure);
  });
});

describe('a call that failed before another replica’s success', () => {
  const lastError = { at: 1200, error: anError() };

  it.each([
    ['is known while no call of this replica succeeded', aState({ attemptedAt: 1000, lastError }), 1000],
    ['is none once one has', aState({ attemptedAt: 1300, lastError }), undefined],
    ['is none while failures count', aState({ attemptedAt: 1000, lastError, failures: 1 }), undefined],
    ['is none where nothing failed', aState({ attemptedAt: 1000 }), undefined],
  ])('%s', (_case, state, at) => {
    expect(answeredFailureAt(state)).toBe(at);
  });

  it.each([
    ['by a failure of its own', aState({ failures: 1, attemptedAt: 0 }), 1e9, true],
    [
      'for 5 s after one that another replica’s success has answered',
      aState({ attemptedAt: 1000, lastError }),
      5999,
      true,
    ],
    ['and no longer', aState({ attemptedAt: 1000, lastError }), 6000, false],
    ['not where nothing failed', aState({ attemptedAt: 1000 }), 1001, false],
  ])('counts as failing %s', (_case, state, now, failing) => {
    expect(isFailing(state, now)).toBe(failing);
  });
});

describe('a call that WeChat may have acted on', () => {
  const LOST = anError('transient', { mayHaveActed: true });
  const minted = aState({ held: aHeld({ kind: 'token' }) });

  it.each([
    ['hides a mint, between its sending and its end', minted, LOST, { since: 100, until: 200 }],
    ['not where WeChat answered or was not reached', minted, anError(), undefined],
    ['not for stable_token: its calls end no token', aState({ held: aHeld() }), LOST, undefined],
    ['not for a ticket', aState({ held: aHeld({ kind: 'jsapi' }) }), LOST, undefined],
    ['not without a token', aState(), LOST, undefined],
    [
      'adds to what was hidden before',
      { ...minted, unseen: { since: 50, until: 60 } },
      LOST,
      { since: 50, until: 200 },
    ],
    [
      'and takes nothing away from it',
      { ...minted, unseen: { since: 50, until: 60 } },
      anError(),
      { since: 50, until: 60 },
    ],
  ])('%s', (_case, state, error, unseen) => {
    expect(unseenAfterFailure(state, error, 100, 200)).toEqual(unseen);
    expect(failed(state, error, 100, 200).unseen).toEqual(unseen);
  });
});

it('a reload forgets the failures, not the token', () => {
  const held = aHeld();
  const peerFailure = { at: 1, retryAt: 2, error: anError() };
  expect(reconfigured(aState({ held, failures: 3, slowFailures: 3, peerFailure }))).toMatchObject({
    held,
    failures: 0,
    slowFailures: 0,
    peerFailure: undefined,
  });
});

describe('whatever comes in whatever order', () => {
  const event = fc.oneof(
    fc.record({
      kind: fc.constant('grant' as const),
      token: fc.integer({ min: 0, max: 5 }),
      sentAt: fc.integer({ min: 0, max: 100_000 }),
      life: fc.integer({ min: 1, max: 10_000_000 }),
    }),
    fc.record({
      kind: fc.constant('fail' as const),
      slow: fc.boolean(),
      at: fc.integer({ min: 0, max: 100_000 }),
    }),
    fc.record({
      kind: fc.constant('adopt' as const),
      version: fc.integer({ min: 1, max: 50 }),
      sentAt: fc.integer({ min: 0, max: 100_000 }),
    }),
    fc.record({ kind: fc.constant('reload' as const) }),
  );

  it('versions never go back, one version is one token, and only a grant or the store changes what is held', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        let state = UNTRIED;
        for (const happened of events) {
          const before = state;
          if (happened.kind === 'grant') {
            const grant = {
              value: new Secret(`t${happened.token}`),
              sentAt: happened.sentAt,
              lifeMs: happened.life,
            };
            state = granted(state, grant, 'stable_token', numbered(1)).state;
          } else if (happened.kind === 'adopt') {
            const { version, sentAt } = happened;
            const stored = aHeld({ version, issuedAt: sentAt, value: new Secret(`s${version}`) });
            state = withMerged(state, merged(state.held, stored, 'stable_token', sentAt));
          } else if (happened.kind === 'fail') {
            state = failed(state, anError(happened.slow ? 'quota' : 'transient'), happened.at, happened.at);
            expect(state.held).toBe(before.held);
          } else {
            state = reconfigured(state);
            expect(state.held).toBe(before.held);
          }
          if (before.held !== undefined) {
            expect(state.held!.version).toBeGreaterThanOrEqual(before.held.version);
            if (state.held!.version === before.held.version) {
              expect(state.held!.value.equals(before.held.value)).toBe(true);
            }
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
