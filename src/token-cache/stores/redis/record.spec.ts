import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { aHeld } from '../../../../test/support/builders.js';
import { slotOf, type CredentialKind, type Held } from '../../../core/credential.js';
import { Secret } from '../../../core/secret.js';
import { bodyOf, fenceOf, fingerprint, readRecord } from './record.js';
import { Sealer } from './seal.js';

const DAY = 86_400_000;
const NOW = 1_795_000_000_000;
/** Redis's clock and the hub's are the same here, but for the millisecond that reading it may take. */
const reading = { sentAt: NOW + 1, receivedAt: NOW + 1, redisNow: NOW };
const GREATEST_VERSION = 2 ** 53 - 2 ** 20;
const plain = new Sealer([]);
const sealing = new Sealer([{ id: '2026', bytes: randomBytes(32) }]);
const CREDENTIALS = '0123456789abcdef';

interface Fields {
  readonly form: string;
  readonly stamp: number | string;
  readonly version: number | string;
  readonly fence: number | string;
  readonly kind: string;
  readonly issued: number | string;
  readonly confirmed: number | string;
  readonly expires: number | string;
  readonly life: number | string;
  readonly print: string;
  readonly body: string;
}

const held = aHeld({ value: new Secret('a:token with spaces'), credentialsId: CREDENTIALS });

function written(over: Partial<Fields> = {}, sealer = plain, value = bodyOf(held, NOW + 7_000_000)): string {
  const fields: Fields = {
    form: '2',
    stamp: NOW - 5,
    version: 17,
    fence: NOW - 9,
    kind: 'token',
    issued: NOW - 300,
    confirmed: NOW - 200,
    expires: NOW + 7_000_000,
    life: 7_200_000,
    print: 'abc_-9',
    body: sealer.seal(value, { appid: 'wx1', kind: 'token', version: 17 }),
    ...over,
  };
  const { form, stamp, version, fence, kind, issued, confirmed, expires, life, print, body } = fields;
  return [form, stamp, version, fence, kind, issued, confirmed, expires, life, print, body].join(' ');
}

const read = (text: string, sealer = plain) => readRecord(text, 'wx1', 'token', reading, sealer);
const NONE = { stamp: 0, held: undefined };

describe('a record', () => {
  it.each([
    ['without keys', plain],
    ['sealed', sealing],
  ])('gives back all that was written, on the hub’s clock: %s', (_what, sealer) => {
    expect(read(written({}, sealer), sealer)).toEqual({
      stamp: NOW - 5,
      held: {
        value: held.value,
        version: 17,
        kind: 'token',
        fence: NOW - 9,
        credentialsId: CREDENTIALS,
        issuedAt: NOW - 300,
        confirmedAt: NOW - 200,
        expiresAt: NOW + 7_000_000,
        lifeMs: 7_200_000,
      },
    });
  });

  it('tells a token that was got without a lease, and one whose credentials nobody knows', () => {
    const body = bodyOf({ ...held, credentialsId: undefined }, NOW + 7_000_000);
    const { held: found } = read(written({ fence: 0 }, plain, body));
    expect(found?.fence).toBeUndefined();
    expect(found?.credentialsId).toBeUndefined();
    expect(fenceOf(0)).toBeUndefined();
    expect(fenceOf(7)).toBe(7);
  });

  it.each([
    ['later: the sealed one', NOW + 9_000_000, NOW + 7_000_000],
    ['sooner: the clear one, which a replica has put right', NOW + 1000, NOW + 1000],
  ])('of two ends believes the earlier one. In clear %s', (_what, clear, end) => {
    expect(read(written({ expires: clear }, sealing), sealing).held?.expiresAt).toBe(end);
  });

  it.each<[string, Partial<Fields>]>([
    ['form 1', { form: '1' }],
    ['another form', { form: '3' }],
    ['a stamp past a day ahead', { stamp: NOW + DAY + 1 }],
    ['a stamp that is no number', { stamp: 'x' }],
    ['a stamp below nothing', { stamp: -1 }],
    ['a stamp of 400 digits', { stamp: '9'.repeat(400) }],
    ['a version without room to count up', { version: GREATEST_VERSION + 1 }],
    ['a version past all whole numbers', { version: '9007199254740993' }],
    ['a version of 400 digits', { version: '9'.repeat(400) }],
    ['a version in words of its own', { version: '1e3' }],
    ['a version with a fraction', { version: '1.5' }],
    ['a fence past a day ahead', { fence: NOW + DAY + 1 }],
    ['the greatest fence there is', { fence: Number.MAX_SAFE_INTEGER }],
    ['a fence of 400 digits', { fence: '9'.repeat(400) }],
    ['an issue past a day ahead', { issued: NOW + DAY + 1 }],
    ['an issue of 400 digits', { issued: '9'.repeat(400) }],
    ['a confirmation past a day ahead', { confirmed: NOW + DAY + 1 }],
    ['a confirmation of 400 digits', { confirmed: '9'.repeat(400) }],
    ['an end past a month ahead', { expires: NOW + 30 * DAY + 1 }],
    ['an end of 400 digits', { expires: '9'.repeat(400) }],
    ['a life of more than a month', { life: 30 * DAY + 1 }],
    ['a life of 400 digits', { life: '9'.repeat(400) }],
    ['a life below nothing', { life: '-7200000' }],
    ['another kind', { kind: 'ticket' }],
    ['a kind that every object has', { kind: 'constructor' }],
    ['a fingerprint that is none', { print: 'a.b' }],
    ['no body', { body: '' }],
  ])('is none: %s', (_what, over) => {
    if (over.body !== '') expect(read(written(over))).toEqual(NONE);
    expect(read(written(over)).held).toBeUndefined();
  });

  it.each<[string, Partial<Fields>]>([
    ['a stamp a day ahead', { stamp: NOW + DAY }],
    ['a fence a day ahead', { fence: NOW + DAY }],
    ['the greatest version', { version: GREATEST_VERSION }],
  ])('is one, at the bound: %s', (_what, over) => {
    const version = Number(over.version ?? 17);
    const body = plain.seal(bodyOf(held, NOW + 1000), { appid: 'wx1', kind: 'token', version });
    expect(read(written({ ...over, body })).held).toBeDefined();
  });

  it.each<[string, Partial<Fields>, Sealer]>([
    ['of another slot', { kind: 'jsapi' }, plain],
    ['in an envelope that is none', { body: 'x' }, plain],
    ['with nothing in it', { body: 'raw:' }, plain],
    ['with no end in it', { body: `raw:- ${CREDENTIALS} a-token` }, plain],
    ['with another name of credentials', { body: 'raw:1795000000000 XYZ a-token' }, plain],
    ['unsealed, where keys are set', {}, sealing],
    [
      'sealed for another version',
      {
        version: 18,
        body: sealing.seal(bodyOf(held, NOW + 1), { appid: 'wx1', kind: 'token', version: 17 }),
      },
      sealing,
    ],
    [
      'sealed for another kind',
      {
        kind: 'stable_token',
        body: sealing.seal(bodyOf(held, NOW + 1), { appid: 'wx1', kind: 'token', version: 17 }),
      },
      sealing,
    ],
    [
      'sealed for another app',
      { body: sealing.seal(bodyOf(held, NOW + 1), { appid: 'wx2', kind: 'token', version: 17 }) },
      sealing,
    ],
  ])('keeps its stamp, but holds nothing: %s', (_what, over, sealer) => {
    expect(read(written(over), sealer)).toEqual({ stamp: NOW - 5, held: undefined });
  });

  it('believes no end of 400 digits inside an unsealed body either', () => {
    const body = `raw:${'9'.repeat(400)} ${CREDENTIALS} a-token`;
    expect(read(written({ body })).held?.expiresAt).toBe(NOW + 7_000_000);
  });
});

function isInBounds(record: Held, stamp: number): boolean {
  const { version, issuedAt, confirmedAt, expiresAt, lifeMs, fence, credentialsId } = record;
  const numbers = [stamp, version, issuedAt, confirmedAt, expiresAt, lifeMs, fence ?? 0];
  return (
    numbers.every((number) => Number.isSafeInteger(number)) &&
    version >= 0 &&
    version <= GREATEST_VERSION &&
    Math.max(stamp, issuedAt, confirmedAt, fence ?? 0) <= NOW + DAY + 1 &&
    expiresAt <= NOW + 30 * DAY + 1 &&
    lifeMs <= 30 * DAY &&
    (credentialsId === undefined || /^[0-9a-f]{16}$/.test(credentialsId)) &&
    slotOf(record.kind) === 'token'
  );
}

describe('whatever somebody writes over a record', () => {
  const number = fc.oneof(
    fc.constantFrom('0', '-1', '1e9', '1.5', 'nan', 'inf', '', '9007199254740993', '9'.repeat(400)),
    fc.bigInt({ min: 0n, max: 2n ** 70n }).map(String),
    fc.integer({ min: NOW - 2 * DAY, max: NOW + 60 * DAY }).map(String),
  );
  const mangling = fc.oneof(
    fc.record({ word: fc.nat(9), number }),
    fc.record({ at: fc.nat(400), char: fc.string({ minLength: 0, maxLength: 3, unit: 'binary' }) }),
    fc.record({ cut: fc.nat(400) }),
  );

  function mangled(
    text: string,
    how: { word?: number; number?: string; at?: number; char?: string; cut?: number },
  ) {
    if (how.word !== undefined) {
      const words = text.split(' ');
      words[how.word] = how.number ?? '';
      return words.join(' ');
    }
    if (how.at !== undefined) return text.slice(0, how.at) + (how.char ?? '') + text.slice(how.at + 1);
    return text.slice(0, how.cut);
  }

  it.each([
    ['without keys', plain],
    ['with keys', sealing],
  ])('nothing is thrown, and nothing believed that is out of bounds: %s', (_what, sealer) => {
    const text = written({}, sealer);
    let believed = 0;
    fc.assert(
      fc.property(fc.array(mangling, { minLength: 1, maxLength: 3 }), (how) => {
        const { stamp, held: found } = read(how.reduce(mangled, text), sealer);
        if (found === undefined) return;
        believed += 1;
        if (!isInBounds(found, stamp)) throw new Error(`believed ${JSON.stringify({ stamp, ...found })}`);
        if (sealer === sealing && !found.value.equals(held.value)) throw new Error('another value');
        if (sealer === sealing && found.expiresAt > NOW + 7_000_000) throw new Error('a longer life');
      }),
      { numRuns: 50_000 },
    );
    expect(believed).toBeGreaterThan(0);
  });

  it('any text at all is read without an error', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(read(text).held).toBeUndefined();
      }),
      { numRuns: 5000 },
    );
  });
});

describe('a fingerprint', () => {
  const kinds: readonly CredentialKind[] = ['token', 'stable_token', 'jsapi'];
  it('tells values, kinds and apps apart, and shows nothing of the value', () => {
    const prints = kinds.flatMap((kind) =>
      ['wx1', 'wx2'].flatMap((appid) =>
        ['A', 'B'].map((value) => fingerprint(appid, aHeld({ kind, value: new Secret(value) }))),
      ),
    );
    expect(new Set(prints).size).toBe(12);
    for (const print of prints) expect(print).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(fingerprint('wx1', aHeld({ version: 1 }))).toBe(fingerprint('wx1', aHeld({ version: 2 })));
  });
});
