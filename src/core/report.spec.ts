import { UNTRIED } from './credential.js';
import fc from 'fast-check';
import { aHeld, anError, aState } from '../../test/support/builders.js';
import { ASK_APART_MS, decideReport, MINT_APART_MS, mintNotBefore, notBeforeAfter } from './report.js';
import { Secret } from './secret.js';

const held = aHeld({ value: new Secret('current') });
const NEVER = Number.NEGATIVE_INFINITY;
const END = held.expiresAt;

describe('a report of a dead token', () => {
  it.each([
    ['of another token', 'superseded', aState({ held }), 'old', NEVER, NEVER, 0],
    ['of another token, whatever the throttle', 'superseded', aState({ held, failures: 3 }), 'old', 0, 9, 0],
    ['of the current one', 'ask', aState({ held }), 'current', NEVER, NEVER, 0],
    ['where nothing is held', 'unavailable', aState(), 'current', NEVER, NEVER, 0],
    ['of one whose time is up', 'unavailable', aState({ held }), 'current', NEVER, NEVER, END],
    ['a millisecond before its end', 'ask', aState({ held }), 'current', NEVER, NEVER, END - 1],
    ['by one who has lied, until their time', 'throttled', aState({ held }), 'current', NEVER, 1001, 1000],
    ['by one who has lied, from then on', 'ask', aState({ held }), 'current', NEVER, 1000, 1000],
  ] as const)('%s: %s', (_what, kind, state, reported, askedAt, notBefore, now) => {
    for (const tokenApi of ['token', 'stable_token'] as const) {
      expect(decideReport(state, new Secret(reported), tokenApi, askedAt, notBefore, now)).toEqual({ kind });
    }
  });

  it.each([
    ['stable_token: a call would quicken the schedule’s pace', 'stable_token', 'throttled'],
    ['token: a probe is no such call', 'token', 'ask'],
  ] as const)('while attempts fail, %s', (_what, tokenApi, kind) => {
    const state = aState({ held, failures: 1 });
    expect(decideReport(state, new Secret('current'), tokenApi, NEVER, NEVER, 0)).toEqual({ kind });
  });

  it.each([
    ['stable_token', 5999, 'throttled'],
    ['stable_token', 6000, 'ask'],
    ['token', 5999, 'ask'],
  ] as const)(
    'of what another replica got after a call that failed here, %s, at %p: %s',
    (tokenApi, now, kind) => {
      const state = aState({ held, attemptedAt: 1000, lastError: { at: 1200, error: anError() } });
      expect(decideReport(state, new Secret('current'), tokenApi, NEVER, NEVER, now)).toEqual({ kind });
    },
  );

  it('is not throttled by another replica’s failure', () => {
    const peerFailure = { at: 0, retryAt: 600_000, error: anError() };
    const state = aState({ held, peerFailure });
    expect(decideReport(state, new Secret('current'), 'token', NEVER, NEVER, 1)).toEqual({ kind: 'ask' });
    expect(decideReport(state, new Secret('current'), 'stable_token', NEVER, NEVER, 1)).toEqual({
      kind: 'ask',
    });
  });

  it.each([
    ['token', 4_999],
    ['stable_token', 4_999],
    ['token', 0],
  ] as const)('%s, %p ms after WeChat was last asked: is throttled until 5 s are over', (tokenApi, since) => {
    const state = aState({ held });
    expect(decideReport(state, new Secret('current'), tokenApi, 1000, NEVER, 1000 + since)).toEqual({
      kind: 'throttled',
    });
    expect(decideReport(state, new Secret('current'), tokenApi, 1000, NEVER, 6000)).toEqual({
      kind: 'ask',
    });
    expect(ASK_APART_MS).toBe(5000);
  });

  it('by one who is slowed down alone is throttled', () => {
    const decision = decideReport(aState({ held }), new Secret('current'), 'token', 1000, 9000, 1500);
    expect(decision).toEqual({ kind: 'throttled' });
  });

  it('mints a `token` app once a minute at most', () => {
    expect(MINT_APART_MS).toBe(60_000);
  });
});

describe('one who reports falsely', () => {
  it.each([
    [0, 0],
    [1, 0],
    [3, 0],
    [4, 10],
    [5, 20],
    [6, 40],
    [9, 320],
    [10, 600],
    [11, 600],
    [1_000_000, 600],
  ])('%p times in a row: is not looked into for %p s', (times, seconds) => {
    expect(notBeforeAfter(times, 5000)).toBe(seconds === 0 ? NEVER : 5000 + seconds * 1000);
  });

  it('is never shut out for good, and never listened to sooner after one lie more', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (lies, now) => {
        expect(notBeforeAfter(lies, now)).toBeLessThanOrEqual(now + 600_000);
        expect(notBeforeAfter(lies + 1, now)).toBeGreaterThanOrEqual(notBeforeAfter(lies, now));
      }),
    );
  });
});

describe('a token that proved dead is minted anew', () => {
  it.each([
    ['at once, where nothing is known', {}, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
    ['60 s after the last such mint', { attemptedAt: 90_000 }, 70_000, 130_000],
    ['5 s after a call that failed', { failures: 1, attemptedAt: 90_000 }, Number.NEGATIVE_INFINITY, 95_000],
    [
      '5 s after one that another replica’s success has answered',
      { attemptedAt: 90_000, lastError: { at: 90_100, error: anError() } },
      Number.NEGATIVE_INFINITY,
      95_000,
    ],
    ['at the later of both', { failures: 1, attemptedAt: 90_000 }, 70_000, 130_000],
  ])('%s', (_what, over, mintedAt, expected) => {
    expect(mintNotBefore({ ...UNTRIED, ...over }, mintedAt)).toBe(expected);
  });
});
