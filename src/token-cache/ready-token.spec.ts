import fc from 'fast-check';
import { aHeld, anApp, aState } from '../../test/support/builders.js';
import { isValid, type UnseenMint } from '../core/credential.js';
import { guaranteedUntil } from '../core/refresh-policy.js';
import { Secret } from '../core/secret.js';
import { ReadyToken } from './ready-token.js';
import { AppEntry, type EntryParts } from './refresh/app-entry.js';

const time = fc.double({ min: 0, max: 1e13, noNaN: true });
const contactUntil = (knownUntil: number) => ({ mintsKnownUntil: () => knownUntil });
const ready = (held = aHeld()) => new ReadyToken(held, anApp(), undefined, contactUntil(0));

describe('a ready token', () => {
  it('says what its parts say, at any time', () => {
    const kind = fc.constantFrom('token' as const, 'stable_token' as const);
    const hidden = fc.option(
      fc.record({ since: time, lasts: fc.oneof(fc.nat(100_000), fc.constant(Number.POSITIVE_INFINITY)) }),
      { nil: undefined },
    );
    const ahead = fc.integer({ min: 1, max: 7200 });
    fc.assert(
      fc.property(kind, time, hidden, ahead, time, time, (of, expiresAt, mint, seconds, now, knownUntil) => {
        const unseen: UnseenMint | undefined = mint && { since: mint.since, until: mint.since + mint.lasts };
        const held = aHeld({ kind: of, expiresAt });
        const app = anApp({ refreshAheadSeconds: seconds });
        const token = new ReadyToken(held, app, unseen, contactUntil(knownUntil));
        expect(token.isValid(now)).toBe(isValid(held, now));
        const until = guaranteedUntil(held, app, unseen, knownUntil, now);
        expect(token.expiresInSeconds(now)).toBe(Math.floor((until - now) / 1000));
      }),
    );
  });

  it('is written as JSON in ASCII, whatever the token is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(), fc.nat(), (token, version, seconds) => {
        const written = ready(aHeld({ value: new Secret(token), version }));
        const fields = { access_token: token, expires_in: seconds };
        expect(JSON.parse(written.body(seconds))).toEqual({ ...fields, version });
        expect(JSON.parse(`${written.fields(seconds)},"outcome":"x"}`)).toEqual({
          ...fields,
          version,
          outcome: 'x',
        });
        expect(JSON.parse(written.wechatBody(seconds))).toEqual(fields);
        expect(written.body(seconds)).toMatch(/^[ -~]*$/);
        expect(written.etag).toBe(`"${version}"`);
      }),
    );
  });

  it('moves its guarantee on as the hub learns that nobody has minted', () => {
    let knownUntil = 0;
    const held = aHeld({ kind: 'token' });
    const app = anApp({ tokenApi: 'token', refreshAheadSeconds: 3600 });
    const token = new ReadyToken(held, app, undefined, { mintsKnownUntil: () => knownUntil });
    expect(token.expiresInSeconds(0)).toBe(3900);
    knownUntil = 4_000_000;
    expect(token.expiresInSeconds(4_000_000)).toBe(300);
    expect(token.expiresInSeconds(4_100_000)).toBe(200);
  });
});

describe('the ready token of an app', () => {
  const entryOf = (app: Parameters<typeof anApp>[0]) => {
    const contact = contactUntil(0);
    const clock = { now: () => 0 };
    return new AppEntry(anApp(app), { contact, clock } as unknown as EntryParts);
  };

  it('follows each change of what is known', () => {
    const entry = entryOf({ tokenApi: 'token', refreshAheadSeconds: 3600 });
    const { token } = entry;
    expect(entry.ready).toBeUndefined();
    const [first, second] = [1, 2].map((version) => aHeld({ kind: 'token', version, expiresAt: 7200_000 }));
    token.know({ ...token.state, held: first });
    expect(entry.ready?.held).toBe(first);
    expect(entry.ready).toBe(entry.ready);
    expect(entry.ready?.expiresInSeconds(0)).toBe(3900);
    token.know({ ...token.state, unseen: { since: 60_000, until: 61_000 } });
    expect(entry.ready?.expiresInSeconds(0)).toBe(360);
    token.know({ ...token.state, held: second });
    expect(entry.ready?.version).toBe(2);
    token.know({ ...token.state, held: undefined });
    expect(entry.ready).toBeUndefined();
  });

  it('stays where only a ticket has changed, or only the plan', () => {
    const entry = entryOf({});
    entry.token.know({ ...entry.token.state, held: aHeld() });
    const { ready: before } = entry;
    const ticket = entry.ticket('jsapi');
    ticket.know({ ...ticket.state, held: aHeld({ kind: 'jsapi' }) });
    ticket.nextAttemptAt = 1;
    entry.token.nextAttemptAt = 1;
    entry.token.become({ ...entry.token.cached, seen: 5 });
    expect(entry.ready).toBe(before);
  });

  it('takes the new settings of a reload', () => {
    const entry = entryOf({ tokenApi: 'token', refreshAheadSeconds: 300 });
    entry.token.know(aState({ held: aHeld({ kind: 'token' }) }));
    expect(entry.ready?.expiresInSeconds(0)).toBe(7200);
    entry.reconfigure(anApp({ tokenApi: 'token', refreshAheadSeconds: 3600 }));
    expect(entry.ready?.expiresInSeconds(0)).toBe(3900);
    expect(entry.ready?.refreshAheadSeconds).toBe(3600);
  });
});
