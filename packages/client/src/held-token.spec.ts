import { unchanged, unknownApp } from './app-state.js';
import {
  adopted,
  confirmed,
  heldOf,
  isServable,
  replaced,
  type Holding,
  type TokenGrant,
} from './held-token.js';

const NONE: Holding = { held: undefined, rival: undefined, rejected: undefined };

function grant(token: string, version: number, sentAt = 0, lifeMs = 7_200_000): TokenGrant {
  return { token, version, sentAt, lifeMs };
}

/** Answers that each took 10 ms, taken in one after the other. */
function after(...grants: TokenGrant[]): Holding {
  return grants.reduce<Holding>((holding, next) => take(holding, next), NONE);
}

function take(holding: Holding, next: TokenGrant, now = next.sentAt + 10): Holding {
  return adopted(holding, heldOf(next, now, 5000), now);
}

describe('the life of a token', () => {
  it('counts from the moment the request was sent, less the margin', () => {
    const held = heldOf(grant('a', 1, 1000, 100_000), 4000, 5000);
    expect(held).toMatchObject({ expiresAt: 101_000, servedUntil: 96_000 });
    expect(isServable(held, 95_999)).toBe(true);
    expect(isServable(held, 96_000)).toBe(false);
  });

  it('is of use also where it is short: the margin is at most a tenth', () => {
    expect(heldOf(grant('a', 1, 0, 2000), 0, 5000).servedUntil).toBe(1800);
  });

  it('is looked after before its end', () => {
    expect(heldOf(grant('a', 1), 0, 5000).renewAt).toBe(7_140_000);
    expect(heldOf(grant('a', 1, 0, 4000), 0, 5000).renewAt).toBe(3000);
  });
});

describe('which token is held', () => {
  it('the first one, if it has a life left', () => {
    expect(after(grant('a', 7)).held).toMatchObject({ token: 'a', version: 7 });
    expect(after(grant('a', 7, 0, 0)).held).toBeUndefined();
  });

  it('a higher version, however late its answer comes', () => {
    const holding = after(grant('a', 1, 50_000));
    expect(take(holding, grant('b', 2, 1000), 60_000).held).toMatchObject({ token: 'b' });
  });

  it('not an older one whose answer comes late', () => {
    const holding = after(grant('b', 2, 1000));
    const late = take(holding, grant('a', 1, 1005), 51_000);
    expect(late).toBe(holding);
  });

  it('not one that has no life left, whatever its version', () => {
    const holding = after(grant('a', 1));
    expect(take(holding, grant('b', 2, 100, 0))).toBe(holding);
  });

  it('of the same token, the later word on its life', () => {
    expect(after(grant('a', 1, 0, 1000_000), grant('a', 1, 500, 3_000)).held?.expiresAt).toBe(3500);
    expect(after(grant('a', 1, 500, 3_000), grant('a', 1, 0, 1000_000)).held?.expiresAt).toBe(3500);
  });

  it('of the same token, the later word on its version, also a lower one', () => {
    expect(after(grant('a', 9), grant('a', 3, 500)).held?.version).toBe(3);
  });

  it('any version once nothing can be served', () => {
    const holding = after(grant('a', 9, 0, 10_000));
    expect(take(holding, grant('b', 1, 8989)).held).toMatchObject({ token: 'a' });
    expect(take(holding, grant('b', 1, 8990)).held).toMatchObject({ token: 'b' });
  });

  it('a lower version that the hub names for two minutes, and nothing else: it numbers anew', () => {
    let holding = after(grant('a', 9));
    for (let at = 1000; at < 121_000; at += 5000) holding = take(holding, grant('b', 1, at));
    expect(holding.held?.token).toBe('a');
    expect(take(holding, grant('b', 1, 121_000)).held?.token).toBe('b');
  });

  it('also if that hub rotates meanwhile', () => {
    const holding = after(grant('a', 9), grant('b', 1, 1000), grant('c', 2, 100_000), grant('c', 2, 121_000));
    expect(holding.held?.token).toBe('c');
  });

  it('but not if the hub has confirmed the held version meanwhile', () => {
    const doubted = take(after(grant('a', 9)), grant('b', 1, 1000));
    expect(take(confirmed(doubted), grant('b', 1, 130_000)).held?.token).toBe('a');
    const state = unchanged({ ...unknownApp(0), ...doubted }, { waitMs: 0 }, 60_000, 0);
    expect(state.rival).toBeUndefined();
  });

  it('not a lower version that a lagging replica names now and then', () => {
    let holding = after(grant('a', 9));
    for (let at = 1000; at < 600_000; at += 10_000) {
      holding = take(holding, grant('old', 8, at));
      holding = take(holding, grant('a', 9, at + 5000));
    }
    expect(holding.held?.token).toBe('a');
  });
});

describe('after a report', () => {
  const report = (holding: Holding, token: string, next: TokenGrant): Holding =>
    replaced(holding, token, heldOf(next, next.sentAt + 10, 5000), next.sentAt + 10);

  it('the answer replaces the reported token, also with a lower version', () => {
    expect(report(after(grant('a', 9)), 'a', grant('b', 1, 500)).held?.token).toBe('b');
  });

  it('the reported token does not come back from another replica', () => {
    const holding = report(after(grant('a', 9)), 'a', grant('b', 1, 500));
    expect(take(holding, grant('a', 9, 1000)).held?.token).toBe('b');
    expect(take(holding, grant('c', 10, 1000)).held?.token).toBe('c');
  });

  it('a report of a token that is no longer held replaces nothing newer', () => {
    const holding = after(grant('b', 2));
    expect(report(holding, 'a', grant('a2', 1, 5)).held?.token).toBe('b');
    expect(report(holding, 'a', grant('c', 3, 5)).held?.token).toBe('c');
  });

  it('the hub insists: the token stays, and is not held for rejected', () => {
    const holding = report(after(grant('a', 1)), 'a', grant('a', 1, 500));
    expect(holding).toMatchObject({ held: { token: 'a' }, rejected: undefined });
  });

  it('what was replaced is not served, even if its successor has no life left', () => {
    const { held } = report(after(grant('a', 1)), 'a', grant('b', 2, 500, 0));
    expect(isServable(held, 510)).toBe(false);
  });
});
