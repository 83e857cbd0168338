import fc from 'fast-check';
import { aHeld, anApp } from '../../test/support/builders.js';
import { granted } from './attempt-outcome.js';
import { isValid, UNTRIED, type CredentialState, type Held } from './credential.js';
import { nextTicketAttemptAt } from './refresh-policy.js';
import { Secret } from './secret.js';
import { isEndKnown, lookEveryMs, ticketEnd, ticketPromisedUntil } from './ticket-life.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const LIFE = 2 * HOUR;
const APP = anApp({ tickets: ['jsapi'] });
const WECOM = anApp({ kind: 'wecom', corpid: 'ww1', tokenApi: 'gettoken' });

const held = (over: Partial<Held> = {}) => aHeld({ kind: 'jsapi', value: new Secret('one'), ...over });
const grant = (sentAt: number, value = 'one', lifeMs = LIFE) => ({
  value: new Secret(value),
  lifeMs,
  sentAt,
});

describe('the end that an answer tells', () => {
  it.each<[string, Held | undefined, ReturnType<typeof grant>, number, boolean]>([
    ['first sight: a life at the most', undefined, grant(0), LIFE, false],
    ['the same again, with a full life: as before', held(), grant(HOUR), LIFE, false],
    ['the same, which counts down: it tells', held(), grant(HOUR, 'one', HOUR / 2), HOUR * 1.5, true],
    ['another, a minute after the one before: its birth was seen', held(), grant(MINUTE, 'two'), LIFE, true],
    ['… within a second: a second less, to be told apart', held(), grant(300, 'two'), LIFE - 700, true],
    ['another, long after: not', held(), grant(12 * MINUTE, 'two'), LIFE + 12 * MINUTE, false],
    ['another, after more than half a life: not', held(), grant(20_000, 'two', 30_000), 50_000, false],
  ])('%s', (_what, before, answer, end, isKnown) => {
    const { state } = granted({ ...UNTRIED, held: before }, answer, 'jsapi', () => 2);
    expect(state.held?.expiresAt).toBe(end);
    expect(isEndKnown(state.held!)).toBe(isKnown);
  });

  const seen = held({ expiresAt: LIFE - MINUTE });

  it.each<[string, Held, number, number]>([
    ['before the earliest moment that it may end at: as before', seen, LIFE - 2 * MINUTE, LIFE - MINUTE],
    ['at it: good for some seconds more', seen, LIFE - MINUTE, LIFE - MINUTE + 5 * SECOND],
    [
      'of a longer doubt: for a part of it',
      held({ expiresAt: LIFE - 600_000 }),
      LIFE - 600_000,
      LIFE - 550_000,
    ],
    ['but not past the latest', seen, LIFE - SECOND, LIFE],
    ['at the latest: the call may have been quicker than the end', seen, LIFE, LIFE - MINUTE],
    ['5 s after that: it has another end, and is vouched for', seen, LIFE + 5 * SECOND, LIFE + 95 * SECOND],
    [
      '… from answer to answer',
      held({ expiresAt: LIFE + MINUTE }),
      LIFE + MINUTE - 1,
      LIFE + 150 * SECOND - 1,
    ],
  ])('the same once more, %s', (_what, before, sentAt, end) => {
    expect(ticketEnd(before, grant(sentAt))).toBe(end);
  });
});

describe('what callers are promised', () => {
  const known = held({ expiresAt: LIFE - MINUTE });

  it.each<[string, Held, number, number]>([
    ['a known end', known, HOUR, LIFE - MINUTE],
    ['an unknown one: until after the next look but one', held(), 0, 125 * SECOND],
    ['… which a look moves on', held({ confirmedAt: HOUR }), HOUR + 59 * SECOND, HOUR + 125 * SECOND],
    ['… and while WeChat does not answer: 65 s from now', held(), HOUR, HOUR + 65 * SECOND],
    ['… never past the latest end', held(), LIFE - SECOND, LIFE],
  ])('%s', (_what, ticket, now, until) => {
    expect(ticketPromisedUntil(APP, ticket, now)).toBe(until);
  });

  it.each([
    ['WeChat', APP, LIFE, MINUTE],
    ['WeCom, by the limits of its API', WECOM, LIFE, 5 * MINUTE],
    ['a life of hours', APP, 10 * LIFE, MINUTE],
    ['a life of seconds', APP, 30 * SECOND, 5 * SECOND],
  ])('looks: %s', (_what, app, lifeMs, every) => {
    expect(lookEveryMs(app, { lifeMs })).toBe(every);
  });
});

/** WeChat’s side: one ticket after the other, each for a life, the first of an age that nobody knows. */
function* answers(age: number, lifeMs: number): Generator<{ value: string; end: number }, never, number> {
  let end = lifeMs - age;
  let nth = 1;
  let at = yield { value: 'unused', end };
  for (;;) {
    if (at >= end) {
      nth += 1;
      end = at + lifeMs;
    }
    at = yield { value: `ticket-${nth}`, end };
  }
}

it('whatever the age of the first: no dead one for longer than a look, no gap, and few calls', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: LIFE - 1 }),
      fc.constantFrom(APP, WECOM),
      fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
      fc.integer({ min: 1, max: 900 }),
      (age, app, chances, callMs) => {
        const look = lookEveryMs(app, { lifeMs: LIFE });
        const weChat = answers(age, LIFE);
        weChat.next();
        let state: CredentialState = UNTRIED;
        const calls: number[] = [];
        const ends = new Map<string, number>();
        let now = 0;
        while (now < 4 * LIFE) {
          const sentAt = now;
          const { value, end } = weChat.next(sentAt + callMs / 2).value;
          ends.set(value, end);
          calls.push(sentAt);
          const before = state.held;
          state = granted(state, grant(sentAt, value), 'jsapi', (version) => (version ?? 0) + 1).state;
          now = sentAt + callMs;
          if (before !== undefined && !before.value.equals(state.held!.value)) {
            const died = ends.get(before.value.reveal())!;
            expect(Math.min(before.expiresAt, now) - died).toBeLessThanOrEqual(look + callMs + 500);
            // From the last moment at which it was served to the moment at which there was the next.
            expect(now - before.expiresAt).toBeLessThanOrEqual(2500 + 2 * callMs);
          }
          const latest = ends.get(value)!;
          if (isValid(state.held, now) && isEndKnown(state.held)) {
            expect(ticketPromisedUntil(app, state.held, now)).toBeLessThanOrEqual(latest + 500);
          }
          now = nextTicketAttemptAt(app, state, now, chances.next().value as number);
        }
        const first = calls.filter((at) => at < LIFE).length;
        expect(first).toBeLessThanOrEqual(LIFE / (look * 0.9) + 15);
        // From the second rotation on the end is known to the second.
        expect(calls.filter((at) => at >= 2 * LIFE).length / 2).toBeLessThanOrEqual(25);
      },
    ),
    { numRuns: 300 },
  );
});
