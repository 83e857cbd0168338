import { aHeld, anError, aState } from '../../test/support/builders.js';
import { healthOf, isValid, shown, slotOf, UNTRIED } from './credential.js';

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

describe('slotOf', () => {
  it.each([
    ['token', 'token'],
    ['stable_token', 'token'],
    ['jsapi', 'jsapi'],
    ['wx_card', 'wx_card'],
  ] as const)('%s is kept as %s', (kind, slot) => {
    expect(slotOf(kind)).toBe(slot);
  });
});

describe('what people are shown', () => {
  const own = { at: 500, error: anError('transient') };
  const peer = (at: number) => ({ at, retryAt: at + 60_000, error: anError('configuration') });

  it.each([
    ['nobody else failed: what is', undefined, own, 3, 1000, { failures: 3, error: own.error }],
    ['a failure of another replica', peer(600), undefined, 0, 1000, { failures: 1, error: peer(0).error }],
    ['the later one of both', peer(600), own, 3, 1000, { failures: 3, error: peer(0).error }],
    ['the own one where it came later', peer(400), own, 3, 1000, { failures: 3, error: own.error }],
    ['until the other replica is to have tried again', peer(600), undefined, 0, 60_600, { failures: 0 }],
  ] as const)('%s', (_what, peerFailure, lastError, failures, now, { failures: seen, ...told }) => {
    const state = aState({ held: aHeld(), failures, lastError, peerFailure });
    const people = shown(state, now);
    expect(people.failures).toBe(seen);
    expect(people.lastError?.error).toEqual('error' in told ? told.error : undefined);
    expect(people.held).toBe(state.held);
  });

  it('is failing for as long as another replica keeps the pace', () => {
    const state = aState({ held: aHeld(), peerFailure: peer(600) });
    expect(healthOf(shown(state, 60_599), 60_599)).toBe('failing');
    expect(healthOf(shown(state, 60_600), 60_600)).toBe('valid');
  });
});
