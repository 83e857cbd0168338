import { aHeld } from '../../../../test/support/builders.js';
import { Secret } from '../../../core/secret.js';
import { endOnceAnotherIsAsked, lossOf } from './loss.js';

const NOW = 1_000_000_000;
const MINUTE = 60_000;
const held = (value: string, leftMs: number, kind: 'token' | 'stable_token' | 'jsapi' = 'stable_token') =>
  aHeld({ value: new Secret(value), kind, expiresAt: NOW + leftMs, lifeMs: 7_200_000 });

describe('what a crash would cost before a value is on the disk', () => {
  it.each([
    ['nothing: the same again', held('a', MINUTE), held('a', MINUTE), 'nothing'],
    ['a call: the first one', undefined, held('a', MINUTE), 'a call'],
    ['a call: the one before had ended', held('a', 0, 'token'), held('b', MINUTE, 'token'), 'a call'],
    [
      'a token: a mint ends the one before',
      held('a', MINUTE, 'token'),
      held('b', MINUTE, 'token'),
      'a token',
    ],
    ['a call: handed over in its last minutes', held('a', 5 * MINUTE), held('b', MINUTE), 'a call'],
    [
      'a token: replaced before that, so it was forced',
      held('a', 5 * MINUTE + 1),
      held('b', MINUTE),
      'a token',
    ],
    ['a call: of tickets', held('a', 60 * MINUTE, 'jsapi'), held('b', MINUTE, 'jsapi'), 'a call'],
  ] as const)('%s', (_name, previous, next, loss) => {
    expect(lossOf(previous, next, NOW)).toBe(loss);
  });

  it.each([
    ['minted, far from its end', held('a', 60 * MINUTE, 'token'), NOW + 5 * MINUTE],
    ['minted, in its last five minutes', held('a', 5 * MINUTE, 'token'), undefined],
    ['stable', held('a', 60 * MINUTE), undefined],
    ['none', undefined, undefined],
  ] as const)('a token that is %s, once another is asked for', (_name, token, end) => {
    expect(endOnceAnotherIsAsked(token, NOW)).toBe(end);
  });
});
