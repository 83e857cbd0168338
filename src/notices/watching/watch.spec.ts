import * as fc from 'fast-check';
import { classifyErrcode, describeFailure } from '../../core/wechat-error.js';
import {
  APART_MS,
  conditionsOf,
  PRESSING_MS,
  RECOVERY_MS,
  SAME_EPISODE_MS,
  Watch,
  isTicketFailing,
  type CredentialLook,
} from './watch.js';
import { CONDITIONS, type Condition } from '../notice.js';

const T = Date.UTC(2026, 10, 25);
const error = (errcode: number) => classifyErrcode(errcode, 'words of WeChat');

describe('the conditions of an app', () => {
  it.each<[string, Partial<CredentialLook>, Condition[]]>([
    ['no failure, whatever the last error was', { failures: 0, error: error(40125), remainingMs: 0 }, []],
    ['40125', { error: error(40125) }, ['wrong_secret']],
    ['40001', { error: error(40001) }, ['wrong_secret']],
    ['a dead token that a ticket call found', { error: classifyErrcode(40001, '', 'ticket') }, []],
    ['40164', { error: error(40164) }, ['not_whitelisted']],
    ['45009', { error: error(45009) }, ['quota_gone']],
    ['a minute’s quota passes by itself', { error: error(45011) }, []],
    ['frozen', { error: error(40243) }, ['refused']],
    ['no such appid', { error: error(40013) }, ['refused']],
    ['busy', { error: error(-1) }, []],
    ['unreachable', { error: describeFailure('unreachable', 'ECONNREFUSED') }, []],
    ['busy, ten minutes left', { error: error(-1), remainingMs: PRESSING_MS }, []],
    [
      'busy, less than ten minutes left',
      { error: error(-1), remainingMs: PRESSING_MS - 1 },
      ['token_ending'],
    ],
    ['no token', { error: error(-1), remainingMs: 0 }, ['token_ending']],
    ['both', { error: error(40164), remainingMs: 0 }, ['token_ending', 'not_whitelisted']],
  ])('%s', (_what, look, conditions) => {
    expect(conditionsOf({ failures: 1, error: undefined, remainingMs: 7_000_000, ...look })).toEqual(
      conditions,
    );
  });
});

describe('a ticket', () => {
  it.each<[string, Partial<CredentialLook>, boolean]>([
    ['no failure', { failures: 0, error: error(48001) }, false],
    ['no right to it', { error: error(48001) }, true],
    ['busy, with time left', { error: error(-1) }, false],
    ['busy, and it has ended', { error: error(-1), remainingMs: 0 }, true],
    ['no token to ask with', { error: describeFailure('no_access_token', ''), remainingMs: 0 }, false],
  ])('%s', (_what, look, isFailing) => {
    expect(isTicketFailing({ failures: 1, error: undefined, remainingMs: 7_000_000, ...look })).toBe(
      isFailing,
    );
  });
});

describe('what is told of an app', () => {
  const SECRET: Condition[] = ['wrong_secret'];

  it('a condition is raised once, and recovered once it was gone for two minutes', () => {
    const watch = new Watch<Condition>();
    expect(watch.look(SECRET, T)).toMatchObject({ raise: SECRET, recovered: [] });
    expect(watch.isOpen('wrong_secret')).toBe(true);
    expect(watch.look(SECRET, T + 5000)).toMatchObject({ raise: [], recovered: [] });
    watch.heard('wrong_secret', T + 10_000);
    expect(watch.isOpen('wrong_secret')).toBe(false);
    expect(watch.look(SECRET, T + 3 * APART_MS).raise).toEqual([]);
    const gone = T + 3 * APART_MS + 5000;
    expect(watch.look([], gone)).toMatchObject({ raise: [], recovered: [] });
    expect(watch.look([], gone + RECOVERY_MS - 1).recovered).toEqual([]);
    expect(watch.isIdle).toBe(false);
    expect(watch.look([], gone + RECOVERY_MS)).toEqual({ raise: [], recovered: SECRET, over: SECRET });
    expect(watch.isIdle).toBe(true);
    expect(watch.look([], gone + 2 * RECOVERY_MS)).toMatchObject({ raise: [], recovered: [] });
  });

  it('one that is gone before it was told ends without a word', () => {
    const watch = new Watch<Condition>();
    watch.look(SECRET, T);
    expect(watch.look([], T + 5000)).toMatchObject({ raise: [], recovered: [] });
    expect(watch.isOpen('wrong_secret')).toBe(false);
    expect(watch.isIdle).toBe(true);
    // Heard too late: nothing comes of it.
    watch.heard('wrong_secret', T + 6000);
    expect(watch.look([], T + RECOVERY_MS * 2)).toMatchObject({ raise: [], recovered: [] });
  });

  it('one that comes back within two minutes is the same episode', () => {
    const watch = new Watch<Condition>();
    watch.look(SECRET, T);
    watch.heard('wrong_secret', T);
    for (let at = T + RECOVERY_MS - 1; at < T + APART_MS * 2; at += RECOVERY_MS - 1) {
      expect(watch.look([], at)).toMatchObject({ raise: [], recovered: [] });
      expect(watch.look(SECRET, at + 1)).toMatchObject({ raise: [], recovered: [] });
    }
  });

  it.each([
    ['told at the same time elsewhere', T + 1000, true],
    ['told elsewhere a little before it was seen here', T - SAME_EPISODE_MS, true],
    ['told of an earlier episode', T - SAME_EPISODE_MS - 1, false],
  ])('%s', (_what, toldAt, isThisOne) => {
    const watch = new Watch<Condition>();
    watch.look(SECRET, T);
    watch.heard('wrong_secret', toldAt);
    expect(watch.look(SECRET, toldAt + APART_MS - 1).raise).toEqual([]);
    expect(watch.look(SECRET, toldAt + APART_MS).raise).toEqual(isThisOne ? [] : SECRET);
    if (isThisOne) return;
    watch.heard('wrong_secret', toldAt + APART_MS);
    expect(watch.look(SECRET, toldAt + 3 * APART_MS).raise).toEqual([]);
  });

  it('of several conditions the app has recovered with the last, from all that were told', () => {
    const watch = new Watch<Condition>();
    expect(watch.look(['not_whitelisted'], T).raise).toEqual(['not_whitelisted']);
    watch.heard('not_whitelisted', T);
    expect(watch.look(['wrong_secret'], T + 5000).raise).toEqual(SECRET);
    watch.heard('wrong_secret', T + 5000);
    expect(watch.look(['wrong_secret'], T + 2 * RECOVERY_MS).recovered).toEqual([]);
    watch.look([], T + 3 * RECOVERY_MS);
    expect(watch.look([], T + 4 * RECOVERY_MS).recovered).toEqual(['not_whitelisted', 'wrong_secret']);
  });

  it('whatever happens, a condition is told at most once an hour, and a recovery only after something was told', () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 1000, max: 30 * 60_000 }),
      conditions: fc.subarray([...CONDITIONS]),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const watch = new Watch<Condition>();
        // The claims that all replicas share: when each condition was last told.
        const toldAt = new Map<Condition, number>();
        const open = new Set<Condition>();
        let now = T;
        for (const { afterMs, conditions } of steps) {
          now += afterMs;
          const { raise, recovered } = watch.look(conditions, now);
          for (const condition of recovered) expect(open.delete(condition)).toBe(true);
          if (recovered.length > 0) expect(open.size).toBe(0);
          for (const condition of raise) {
            expect(conditions).toContain(condition);
            const last = toldAt.get(condition);
            if (last !== undefined && now - last < APART_MS) {
              watch.heard(condition, last);
              continue;
            }
            toldAt.set(condition, now);
            open.add(condition);
            watch.heard(condition, now);
          }
        }
      }),
    );
  });
});
