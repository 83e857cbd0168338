import fc from 'fast-check';
import { aHeld, anError, aState } from '../../test/support/builders.js';
import { merged, withMerged } from './coordination.js';
import { failed, granted, healthOf, isValid, reconfigured, UNTRIED } from './credential.js';
import { Secret } from './secret.js';

const SECOND = 1000;

function aGrant(value: string, sentAt: number, lifeSeconds = 7200) {
  return { value: new Secret(value), sentAt, lifeMs: lifeSeconds * SECOND };
}

describe('isValid', () => {
  it.each([
    [-1, true],
    [0, false],
    [1, false],
  ])('at its end %p ms a token counts as valid: %p', (offset, valid) => {
    const held = aHeld();
    expect(isValid(held, held.expiresAt + offset)).toBe(valid);
  });

  it('nothing held is not valid', () => {
    expect(isValid(undefined, 0)).toBe(false);
  });
});

describe('granted', () => {
  it('numbers the first token as it is told, and counts its life from the moment of sending', () => {
    const { state, outcome } = granted(UNTRIED, aGrant('A', 500), 'token', 1700);
    expect(outcome).toBe('issued');
    expect(state.held).toMatchObject({ version: 1700, issuedAt: 500, expiresAt: 500 + 7200 * SECOND });
  });

  it('gives a new token the next version', () => {
    const { state, outcome } = granted(
      aState({ held: aHeld({ version: 7 }) }),
      aGrant('B', 10),
      'stable_token',
      1,
    );
    expect(outcome).toBe('issued');
    expect(state.held).toMatchObject({ version: 8, issuedAt: 10 });
  });

  it('takes an unchanged token as a success that keeps the version and the first sight', () => {
    const held = aHeld({ version: 7 });
    const { state, outcome } = granted(aState({ held }), aGrant('a-token', 60_000, 7100), 'stable_token', 1);
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
    expect(granted(state, aGrant('a-token', 10), 'stable_token', 1)).toMatchObject({
      outcome: 'issued',
      state: { held: { version: 8, kind: 'stable_token' } },
    });
  });

  it('ignores an answer to a call that was sent before the held token was first seen', () => {
    const state = aState({ held: aHeld({ issuedAt: 1000 }) });
    expect(granted(state, aGrant('old', 999), 'stable_token', 1)).toEqual({ state, outcome: 'outdated' });
  });

  it('ends a series of failures', () => {
    const state = aState({ failures: 5, slowFailures: 2, lastError: { at: 1, error: anError() } });
    expect(granted(state, aGrant('A', 5), 'token', 1).state).toMatchObject({ failures: 0, slowFailures: 0 });
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

describe('healthOf', () => {
  const held = aHeld();
  it.each([
    ['valid', aState({ held }), held.expiresAt - 1],
    ['failing', aState({ held, failures: 1 }), held.expiresAt - 1],
    ['unavailable', aState({ held }), held.expiresAt],
    ['unavailable', aState({ held, failures: 1 }), held.expiresAt],
    ['unavailable', UNTRIED, 0],
  ])('is %s', (health, state, now) => {
    expect(healthOf(state, now)).toBe(health);
  });
});

it('a reload forgets the failures, not the token', () => {
  const held = aHeld();
  expect(reconfigured(aState({ held, failures: 3, slowFailures: 3 }))).toMatchObject({
    held,
    failures: 0,
    slowFailures: 0,
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
            state = granted(state, grant, 'stable_token', 1).state;
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
