import { aHeld, aState } from '../../test/support/builders.js';
import { decideReport } from './report.js';
import { Secret } from './secret.js';

const held = aHeld({ value: new Secret('current') });
const NEVER = Number.NEGATIVE_INFINITY;

describe('a report of a dead token', () => {
  it.each([
    ['of another token', 'superseded', aState({ held }), 'old', NEVER, 0],
    ['of another token, whatever the throttle', 'superseded', aState({ held, failures: 3 }), 'old', 0, 0],
    ['of the current one', 'ask', aState({ held }), 'current', NEVER, 0],
    ['while attempts fail', 'throttled', aState({ held, failures: 1 }), 'current', NEVER, 0],
    ['where nothing is held', 'unavailable', aState(), 'current', NEVER, 0],
    ['of one whose time is up', 'unavailable', aState({ held }), 'current', NEVER, held.expiresAt],
    ['a millisecond before its end', 'ask', aState({ held }), 'current', NEVER, held.expiresAt - 1],
  ] as const)('%s: %s', (_what, decision, state, reported, lastAskedAt, now) => {
    expect(decideReport(state, new Secret(reported), 'token', lastAskedAt, false, now)).toBe(decision);
  });

  it.each([
    ['token', 59_999, 'throttled'],
    ['token', 60_000, 'ask'],
    ['stable_token', 4_999, 'throttled'],
    ['stable_token', 5_000, 'ask'],
  ] as const)('%s, %p ms after WeChat was last asked on a report: %s', (tokenApi, since, decision) => {
    expect(decideReport(aState({ held }), new Secret('current'), tokenApi, 1000, false, 1000 + since)).toBe(
      decision,
    );
  });

  it.each([
    [4_999, 'throttled'],
    [5_000, 'ask'],
  ] as const)('%p ms after a failure, where the schedule waits for the store: %s', (since, decision) => {
    const state = aState({ held, failures: 2, attemptedAt: 1000 });
    expect(decideReport(state, new Secret('current'), 'token', NEVER, true, 1000 + since)).toBe(decision);
  });
});
