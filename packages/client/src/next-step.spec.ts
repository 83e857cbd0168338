import fc from 'fast-check';
import { failed, granted, sent, unchanged, unknownApp, used, type AppState } from './app-state.js';
import { HubError } from './hub-error.js';
import { nextStep, type Step } from './next-step.js';
import { backoffMs, failurePauseMs, SPACING_MS } from './pace.js';

const POLICY = { idleMs: 1_800_000, followWaitSeconds: 50 };
const AT_ONCE = { waitMs: 0 };

function holding(now: number, lifeMs = 7_200_000, state = unknownApp(now)): AppState {
  const grant = { token: 'a', version: 1, lifeMs, sentAt: now };
  return granted(sent(state, now), grant, AT_ONCE, now, 5000, 0);
}

const unreachable = new HubError('HUB_UNREACHABLE', 'away');
const refused = new HubError('HUB_UNAUTHENTICATED', 'no such key', { status: 401 });

const step = (state: AppState, now: number, waiting = false): Step => nextStep(state, waiting, now, POLICY);

describe('what the loop does next', () => {
  // The last of a row: whether somebody waits.
  const rows: [string, Step, AppState, number, boolean?][] = [
    ['an unknown app is fetched at once', { kind: 'fetch' }, unknownApp(0), 0],
    ['then followed, a second later', { kind: 'wait', ms: 999 }, holding(0), 1],
    ['by a long-poll', { kind: 'follow', version: 1, waitSeconds: 50 }, holding(0), 1000],
    [
      'which ends before the end is near',
      { kind: 'follow', version: 1, waitSeconds: 14 },
      holding(0, 20_000),
      1000,
    ],
    ['near its end it is fetched', { kind: 'fetch' }, holding(0, 20_000), 15_000],
    ['less than a second before that, it waits', { kind: 'wait', ms: 500 }, holding(0, 20_000), 14_500],
    ['an app that nobody uses is forgotten', { kind: 'stop' }, holding(0), POLICY.idleMs],
    [
      'unless somebody waits',
      { kind: 'follow', version: 1, waitSeconds: 50 },
      holding(0),
      POLICY.idleMs,
      true,
    ],
    [
      'and not while it is used',
      { kind: 'follow', version: 1, waitSeconds: 50 },
      used(holding(0), 9),
      POLICY.idleMs,
    ],
    [
      'a failure is waited out',
      { kind: 'wait', ms: 1000 },
      failed(unknownApp(0), unreachable, 0, 0),
      0,
      true,
    ],
    [
      'then tried again, with nobody waiting',
      { kind: 'fetch' },
      failed(unknownApp(0), unreachable, 0, 0),
      1000,
    ],
    ['a refusal is remembered', { kind: 'wait', ms: 5000 }, failed(unknownApp(0), refused, 0, 0), 0],
    ['and the app forgotten then', { kind: 'stop' }, failed(unknownApp(0), refused, 0, 0), 5000],
    ['unless somebody waits', { kind: 'fetch' }, failed(unknownApp(0), refused, 0, 0), 5000, true],
    [
      'after a failure, one short poll',
      { kind: 'follow', version: 1, waitSeconds: 0 },
      failed(holding(0), unreachable, 1, 0),
      1001,
    ],
  ];
  it.each(rows)('%s', (...[, expected, state, now, waiting]) => {
    expect(step(state, now, waiting)).toEqual(expected);
  });

  it('polls that are answered at once are made ever more seldom, up to half a minute', () => {
    let state = holding(0);
    let now = 0;
    const gaps: number[] = [];
    for (let i = 0; i < 8; i++) {
      const next = step(state, now, true);
      const at = next.kind === 'wait' ? now + next.ms : now;
      gaps.push(at - now);
      now = at;
      state = unchanged(sent(state, now), { waitMs: 50_000 }, now, 0);
    }
    expect(gaps).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('and at once again after one that waited', () => {
    let state = unchanged(sent(holding(0), 1000), { waitMs: 50_000 }, 1001, 0);
    expect(step(state, 2000).kind).toBe('wait');
    state = unchanged(sent(state, 3000), { waitMs: 50_000 }, 53_000, 0);
    expect(step(state, 53_000)).toEqual({ kind: 'follow', version: 1, waitSeconds: 50 });
  });

  it('a hub that answers polls at once does not hold up the fetch when the token has ended', () => {
    let state = holding(0, 10_000);
    for (const at of [1000, 2000, 4000, 8000]) state = unchanged(sent(state, at), { waitMs: 5000 }, at, 0);
    expect(step(state, 9000).kind).toBe('fetch');
  });

  it('is no hot loop, whatever the hub answers and however fast', () => {
    const answer = fc.oneof(
      fc.record({
        kind: fc.constant('200' as const),
        token: fc.constantFrom('a', 'b', 'c', 'd'),
        version: fc.nat(5),
        lifeMs: fc.constantFrom(0, 1000, 5000, 60_000, 7_200_000),
      }),
      fc.record({ kind: fc.constant('304' as const) }),
      fc.record({
        kind: fc.constant('error' as const),
        code: fc.constantFrom('HUB_UNREACHABLE', 'HUB_UNAUTHENTICATED', 'HUB_RATE_LIMITED'),
        retryAfterMs: fc.option(fc.constantFrom(0, 1000, 60_000), { nil: undefined }),
      }),
    );
    const event = fc.record({
      answer,
      tookMs: fc.constantFrom(0, 1, 500, 1000, 50_000),
      chance: fc.double({ min: 0, max: 0.999, noNaN: true }),
      waiting: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        let now = 0;
        let state = unknownApp(0);
        let lastSentAt = -Infinity;
        for (const { answer: said, tookMs, chance, waiting } of events) {
          const next = step(state, now, waiting);
          if (next.kind === 'stop') return;
          if (next.kind === 'wait') {
            expect(next.ms).toBeGreaterThan(0);
            expect(next.ms).toBeLessThanOrEqual(60_000 * 1.5);
            now += next.ms;
            continue;
          }
          expect(now - lastSentAt).toBeGreaterThanOrEqual(SPACING_MS - 1e-6);
          lastSentAt = now;
          state = sent(state, now);
          now += tookMs;
          const asked = { waitMs: next.kind === 'follow' ? next.waitSeconds * 1000 : 0 };
          const before = state.held;
          if (said.kind === '200')
            state = granted(state, { ...said, sentAt: lastSentAt }, asked, now, 5000, chance);
          else if (said.kind === '304') state = unchanged(state, asked, now, chance);
          else {
            state = failed(
              state,
              new HubError(said.code, '', { retryAfterMs: said.retryAfterMs }),
              now,
              chance,
            );
            // A failure never costs a token.
            expect(state.held).toBe(before);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('how long the hub is left alone', () => {
  it('never less than Retry-After, but a mistaken one does not switch a client off', () => {
    const pause = (retryAfterMs: number, chance = 0) =>
      failurePauseMs({ failures: 1, lasting: false, retryAfterMs, holding: false }, chance);
    expect(pause(45_000)).toBe(45_000);
    expect(pause(45_000, 0.99)).toBeGreaterThan(45_000);
    expect(pause(0)).toBe(1000);
    expect(pause(1e12)).toBe(600_000);
  });

  it('doubles, with jitter on top, up to 10 s without a token, 30 s with one, a minute when refused', () => {
    const pauses = (lasting: boolean, holding: boolean) =>
      [1, 2, 3, 4, 5, 6, 99].map((failures) =>
        failurePauseMs({ failures, lasting, retryAfterMs: undefined, holding }, 0),
      );
    expect(pauses(false, false)).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
    expect(pauses(false, true)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect(pauses(true, true)).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
    expect(backoffMs(1000, 1, 30_000, 0.5)).toBe(1250);
  });
});
