import { aHeld, anError, aState } from '../../test/support/builders.js';
import { failedElsewhere, merged, withMerged } from './coordination.js';
import { failed, granted, type CredentialState } from './credential.js';
import { isToBeProbed, provedAlive, provedDead, undoubtedUntil } from './doubtful-mint.js';
import { vouchedUntil } from './refresh-policy.js';
import { Secret } from './secret.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const LOST = anError('transient', { mayHaveActed: true });
const SAID = anError('transient', { mayHaveActed: false });
const held = aHeld({ kind: 'token' });

describe('a doubt begins', () => {
  it.each([
    ['with a mint whose answer was lost', held, LOST, 100],
    ['not where WeChat answered or was not reached', held, SAID, undefined],
    ['not for stable_token: its calls end no token', aHeld(), LOST, undefined],
    ['not for a ticket', aHeld({ kind: 'jsapi' }), LOST, undefined],
    ['not without a token', undefined, LOST, undefined],
  ])('%s', (_what, holding, error, since) => {
    expect(failed(aState({ held: holding }), error, 100, 200).doubtfulSince).toBe(since);
  });

  it('with the first of several', () => {
    const state = failed(failed(aState({ held }), LOST, 100, 200), LOST, 300, 400);
    expect(state.doubtfulSince).toBe(100);
  });

  it('also by another replica’s call, which was sent before it was heard of', () => {
    const shared = { error: LOST, failures: 1, slowFailures: 0, fence: undefined };
    const { doubtfulSince } = failedElsewhere(aState({ held }), shared, 20_000);
    expect(doubtfulSince).toBeLessThan(20_000 - 5000);
  });
});

describe('a doubt ends', () => {
  const doubtful = aState({ held, failures: 2, doubtfulSince: 100 });
  const other = aHeld({ kind: 'token', value: new Secret('another'), version: 2, issuedAt: 500 });

  it('with the next token', () => {
    const grant = { value: new Secret('another'), sentAt: 500, lifeMs: 7200 * SECOND };
    expect(granted(doubtful, grant, 'token', 1).state.doubtfulSince).toBeUndefined();
  });

  it('with another replica’s token, and not with a look at the same', () => {
    const take = (stored: typeof other) => withMerged(doubtful, merged(held, stored, 'token', 600));
    expect(take(other).doubtfulSince).toBeUndefined();
    expect(take({ ...held, confirmedAt: 50 }).doubtfulSince).toBe(100);
  });

  it('not with a failure that is none of it', () => {
    expect(failed(doubtful, SAID, 300, 400).doubtfulSince).toBe(100);
  });
});

describe('how long a doubtful token is vouched for', () => {
  const until = (now: number, doubtfulSince: number | undefined) =>
    vouchedUntil(held, now + 5 * SECOND, now, doubtfulSince);

  it.each([
    ['no doubt: 300 s after the next attempt', 1000 * SECOND, undefined, 1305 * SECOND],
    ['in its first five minutes: to their end', 1100 * SECOND, 1000 * SECOND, 1300 * SECOND],
    ['in the last minute of them: a minute', 1250 * SECOND, 1000 * SECOND, 1310 * SECOND],
    ['later: a minute at a time', 3000 * SECOND, 1000 * SECOND, 3060 * SECOND],
    ['never past its own end', 7190 * SECOND, 1000 * SECOND, 7200 * SECOND],
  ])('%s', (_what, now, since, expected) => {
    expect(until(now, since)).toBe(expected);
  });

  it('without a doubt nothing is cut short', () => {
    expect(undoubtedUntil(undefined, 0)).toBe(Infinity);
  });
});

describe('the question to WeChat', () => {
  const since = 1000 * SECOND;
  const doubtful: CredentialState = aState({ held, failures: 9, doubtfulSince: since });

  it.each([
    ['not while the overlap lasts', since + 5 * MINUTE - 1, false],
    ['when it is over', since + 5 * MINUTE, true],
    ['to the end of the token’s own life', held.expiresAt - 1, true],
    ['and not after that', held.expiresAt, false],
  ])('%s', (_what, now, due) => {
    expect(isToBeProbed(doubtful, now)).toBe(due);
    expect(isToBeProbed({ ...doubtful, doubtfulSince: undefined }, now)).toBe(false);
    expect(isToBeProbed({ ...doubtful, held: undefined }, now)).toBe(false);
  });

  it('alive: comes again in a minute', () => {
    const asked = since + 6 * MINUTE;
    const state = provedAlive(doubtful, asked);
    expect(state.held).toBe(held);
    expect(isToBeProbed(state, asked + MINUTE - 1)).toBe(false);
    expect(isToBeProbed(state, asked + MINUTE)).toBe(true);
  });

  it('alive: never makes a later doubt an earlier one', () => {
    expect(provedAlive(doubtful, since + 1).doubtfulSince).toBe(since);
    expect(provedAlive({ ...doubtful, doubtfulSince: undefined }, since).doubtfulSince).toBeUndefined();
  });

  it('dead: the token has ended, and its end only ever moves forward', () => {
    expect(provedDead(doubtful, 2000 * SECOND)).toMatchObject({
      held: { expiresAt: 2000 * SECOND },
      doubtfulSince: undefined,
    });
    expect(provedDead(doubtful, held.expiresAt + 1).held?.expiresAt).toBe(held.expiresAt);
  });
});
