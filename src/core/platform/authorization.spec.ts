import fc from 'fast-check';
import { Secret } from '../secret.js';
import {
  authorised,
  codeSpent,
  exchanged,
  listed,
  readAuthorization,
  refreshed,
  refusedAnew,
  stateOf,
  unlisted,
  withdrawn,
  writeAuthorization,
  type Authorization,
} from './authorization.js';

const APPID = 'wxa1';
const secret = (text: string) => new Secret(text);
const code = secret('code-1');
const event = (at: number, value = code) => ({ appid: APPID, at, code: value, codeUntil: at + 600 });
const known = exchanged(authorised(undefined, event(100)), APPID, secret('r1'), code, 100);
const token = (authorization: Authorization | undefined) => authorization?.refreshToken?.reveal();

describe('an authorisation', () => {
  it('begins with an event, and has its refresh token from the code', () => {
    const begun = authorised(undefined, event(100));
    expect(begun).toMatchObject({ state: 'authorized', at: 100, refreshToken: undefined, renewals: 1 });
    expect(known).toMatchObject({ state: 'authorized', at: 100, code: undefined, renewals: 1 });
    expect(token(known)).toBe('r1');
  });

  it.each<[string, (before: Authorization) => Authorization | undefined]>([
    ['an older event', (before) => authorised(before, event(99, secret('other')))],
    ['an older withdrawal', (before) => withdrawn(before, { appid: APPID, at: 99 })],
    ['an answer to a refresh token of before', (before) => refreshed(before, secret('r0'), secret('r9'))],
    ['a refusal of a refresh token of before', (before) => refusedAnew(before, secret('r0'), 61023, 1)],
    ['the same refresh token again', (before) => refreshed(before, secret('r1'), secret('r1'))],
    ['a refresh that brought none', (before) => refreshed(before, secret('r1'), undefined)],
    ['a code that was not its own', (before) => codeSpent(before, secret('other'))],
    ['the list with the same', (before) => listed(before, entry('r1'), 200)],
    ['the list without a refresh token', (before) => listed(before, entry(undefined), 200)],
  ])('%s changes nothing', (_what, transition) => {
    expect(transition(known)).toBe(known);
  });

  it('the code of an event that a callback has used is not used again', () => {
    const again = authorised(known, event(120));
    expect([again.code, again.at, again.renewals]).toEqual([undefined, 120, known.renewals]);
  });

  it('an update keeps the refresh token until the code has brought another', () => {
    const other = secret('code-2');
    const updated = authorised(known, event(200, other));
    expect([token(updated), updated.code?.value.reveal()]).toEqual(['r1', 'code-2']);
    // A refresh that was under way brings what is overtaken.
    const late = exchanged(updated, APPID, secret('r2'), other, 200);
    expect(token(refreshed(late, secret('r1'), secret('r1b')))).toBe('r2');
    expect(late.renewals).toBe(updated.renewals);
  });

  it('rotates, and the older answer that comes late is of no use', () => {
    const once = refreshed(known, secret('r1'), secret('r2'));
    const twice = refreshed(once, secret('r2'), secret('r3'));
    expect(token(refreshed(twice, secret('r1'), secret('r2')))).toBe('r3');
    expect(twice.renewals).toBe(known.renewals);
  });

  it('withdrawn keeps who and when alone; a list that lags behind brings nothing back', () => {
    const gone = withdrawn(known, { appid: APPID, at: 300 });
    expect(gone).toMatchObject({ state: 'withdrawn', refreshToken: undefined, spare: undefined, at: 300 });
    expect(listed(gone, entry('r1', 100), 400)).toBe(gone);
    expect(listed(gone, entry('r7', 350), 400)).toMatchObject({ state: 'authorized', at: 350 });
    expect(exchanged(gone, APPID, secret('r8'), code, 100)).toBe(gone);
    expect(authorised(gone, event(301, secret('new')))).toMatchObject({ state: 'authorized' });
  });

  it('refused: tries the one of the list once, then needs authorising anew until another comes', () => {
    const spare = listed(known, entry('r5'), 200);
    expect([token(spare), spare.spare?.reveal()]).toEqual(['r1', 'r5']);
    const second = refusedAnew(spare, secret('r1'), 61023, 1000);
    expect([token(second), stateOf(second)]).toEqual(['r5', 'authorized']);
    const refused = refusedAnew(second, secret('r5'), 61003, 2000);
    expect([stateOf(refused), refused.refused]).toEqual(['needs_authorising', { errcode: 61003, at: 2000 }]);
    expect(refusedAnew(refused, secret('r5'), 61003, 3000)).toBe(refused);
    const back = listed(refused, entry('r6'), 300);
    expect([stateOf(back), token(back), back.renewals]).toEqual(['authorized', 'r6', refused.renewals + 1]);
    expect(stateOf(refreshed(refused, secret('r5'), secret('r5')))).toBe('authorized');
  });

  it('missing on the list is told, and costs nothing', () => {
    const missing = unlisted(known);
    expect([missing.listed, token(missing)]).toEqual([false, 'r1']);
    expect(unlisted(missing)).toBe(missing);
    expect(listed(missing, entry('r1'), 1).listed).toBe(true);
  });
});

function entry(refreshToken: string | undefined, authorisedAt = 100) {
  return {
    appid: APPID,
    refreshToken: refreshToken === undefined ? undefined : secret(refreshToken),
    authorisedAt,
  };
}

/** Whatever happens, in whatever order. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('event' as const), at: fc.nat(50), code: fc.nat(5) }),
  fc.record({ kind: fc.constant('withdraw' as const), at: fc.nat(50) }),
  fc.record({ kind: fc.constant('exchange' as const), code: fc.nat(5), got: fc.nat(9) }),
  fc.record({ kind: fc.constant('refresh' as const), used: fc.nat(9), got: fc.nat(9) }),
  fc.record({ kind: fc.constant('refuse' as const), used: fc.nat(9) }),
  fc.record({ kind: fc.constant('list' as const), got: fc.nat(9), at: fc.nat(50) }),
);

it('a refresh token goes for another one or by a withdrawal alone, and time never goes back', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let now: Authorization | undefined;
      for (const one of steps) {
        const before: Authorization | undefined = now;
        switch (one.kind) {
          case 'event':
            now = authorised(before, event(one.at, secret(`c${one.code}`)));
            break;
          case 'withdraw':
            now = withdrawn(before, { appid: APPID, at: one.at });
            break;
          case 'exchange':
            now = exchanged(before, APPID, secret(`r${one.got}`), secret(`c${one.code}`), before?.at ?? 0);
            break;
          case 'refresh':
            now = before && refreshed(before, secret(`r${one.used}`), secret(`r${one.got}`));
            break;
          case 'refuse':
            now = before && refusedAnew(before, secret(`r${one.used}`), 61023, 1);
            break;
          case 'list':
            now = listed(before, entry(`r${one.got}`, one.at), one.at);
        }
        if (now === undefined) continue;
        if (before?.refreshToken !== undefined && now.refreshToken === undefined)
          expect(now.state).toBe('withdrawn');
        expect(now.at).toBeGreaterThanOrEqual(before?.at ?? 0);
        expect(now.renewals).toBeGreaterThanOrEqual(before?.renewals ?? 0);
        const text = writeAuthorization(now, (value) => value.reveal());
        const again = readAuthorization(text);
        expect(again && JSON.parse(writeAuthorization(again, (value) => value.reveal()))).toEqual(
          JSON.parse(text),
        );
      }
    }),
  );
});

it.each([
  '',
  'x',
  '[]',
  '{}',
  '{"appid":"a b","state":"authorized","at":1}',
  '{"appid":"wx1","state":"other","at":1}',
])('%s is no authorisation', (text) => {
  expect(readAuthorization(text)).toBeUndefined();
});
