import fc from 'fast-check';
import { aHeld, anApp } from '../../test/support/builders.js';
import { isValid } from '../core/credential.js';
import { vouchedUntil } from '../core/refresh-policy.js';
import { Secret } from '../core/secret.js';
import { AppEntry } from './app-entry.js';
import { ReadyToken } from './ready-token.js';

const time = fc.double({ min: 0, max: 1e13, noNaN: true });
const maybe = fc.option(time, { nil: undefined });

describe('a ready token', () => {
  it('says what its parts say, at any time', () => {
    const kind = fc.constantFrom('token' as const, 'stable_token' as const);
    fc.assert(
      fc.property(kind, time, maybe, maybe, time, (of, expiresAt, next, doubtful, now) => {
        const held = aHeld({ kind: of, expiresAt });
        const ready = new ReadyToken(held, next, doubtful);
        expect(ready.isValid(now)).toBe(isValid(held, now));
        const until = vouchedUntil(held, next ?? now, now, doubtful);
        expect(ready.expiresInSeconds(now)).toBe(Math.floor((until - now) / 1000));
      }),
    );
  });

  it('is written as JSON in ASCII, whatever the token is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(), fc.nat(), (token, version, seconds) => {
        const ready = new ReadyToken(aHeld({ value: new Secret(token), version }), undefined, undefined);
        const fields = { access_token: token, expires_in: seconds };
        expect(JSON.parse(ready.body(seconds))).toEqual({ ...fields, version });
        expect(JSON.parse(`${ready.fields(seconds)},"outcome":"x"}`)).toEqual({
          ...fields,
          version,
          outcome: 'x',
        });
        expect(JSON.parse(ready.wechatBody(seconds))).toEqual(fields);
        expect(ready.body(seconds)).toMatch(/^[ -~]*$/);
        expect(ready.etag).toBe(`"${version}"`);
      }),
    );
  });
});

describe('the ready token of an app', () => {
  it('follows each change of the cell', () => {
    const entry = new AppEntry(anApp({ tokenApi: 'token' }));
    const { token } = entry;
    expect(entry.ready).toBeUndefined();
    const [first, second] = [1, 2].map((version) => aHeld({ kind: 'token', version, expiresAt: 7200_000 }));
    token.state = { ...token.state, held: first };
    expect(entry.ready?.held).toBe(first);
    expect(entry.ready).toBe(entry.ready);
    token.nextAttemptAt = 3600_000;
    expect(entry.ready?.expiresInSeconds(0)).toBe(3900);
    token.nextAttemptAt = 1800_000;
    expect(entry.ready?.expiresInSeconds(0)).toBe(2100);
    token.state = { ...token.state, doubtfulSince: 60_000 };
    expect(entry.ready?.expiresInSeconds(0)).toBe(360);
    token.state = { ...token.state, held: second };
    expect(entry.ready?.version).toBe(2);
    token.state = { ...token.state, held: undefined };
    expect(entry.ready).toBeUndefined();
  });

  it('stays where only a ticket has changed', () => {
    const entry = new AppEntry(anApp());
    entry.token.state = { ...entry.token.state, held: aHeld() };
    const { ready } = entry;
    const ticket = entry.ticket('jsapi');
    ticket.state = { ...ticket.state, held: aHeld({ kind: 'jsapi' }) };
    ticket.nextAttemptAt = 1;
    expect(entry.ready).toBe(ready);
  });
});
