import fc from 'fast-check';
import { errors, jwtVerify, SignJWT } from 'jose';
import type { IssuerSettings } from '../../core/access/identity.js';
import { judgeClaims } from './claims.js';

const NOW = 1_763_900_000_500;
const SECOND = Math.floor(NOW / 1000);
const ISSUER: IssuerSettings = {
  id: 'cluster',
  issuer: 'https://issuer.example',
  audience: 'hub',
  jwksUri: undefined,
  jwksFile: undefined,
  caFile: undefined,
  tokenFile: undefined,
};
const GOOD = { iss: ISSUER.issuer, aud: 'hub', sub: 'one', exp: SECOND + 60 };

const judged = (changes: object) => {
  const verdict = judgeClaims({ ...GOOD, ...changes }, ISSUER, NOW);
  return typeof verdict === 'string' ? verdict : verdict.proof;
};

describe('claims', () => {
  it.each([
    ['good', {}, { id: 'cluster/one', expiresAt: (SECOND + 90) * 1000 }],
    ['one of several audiences', { aud: ['x', 'hub'] }, { id: 'cluster/one' }],
    ['ends in this second', { exp: SECOND - 30 }, 'expired_token'],
    ['ends in the next', { exp: SECOND - 29 }, { id: 'cluster/one' }],
    ['begins 30 s from now', { nbf: SECOND + 30 }, { id: 'cluster/one' }],
    ['begins later', { nbf: SECOND + 31 }, 'early_token'],
    ['a slash more', { iss: `${ISSUER.issuer}/` }, 'unknown_issuer'],
    ['an audience in other letters', { aud: 'Hub' }, 'wrong_audience'],
    ['an audience in a list in a list', { aud: [['hub']] }, 'wrong_audience'],
    ['an end as text', { exp: String(SECOND + 60) }, 'incomplete_token'],
    ['a beginning as text', { nbf: '0' }, 'incomplete_token'],
    ['a subject that is a number', { sub: 1 }, 'incomplete_token'],
    ['an empty subject', { sub: '' }, 'incomplete_token'],
  ])('%s', (_what, changes, expected) => {
    const found = judged(changes);
    if (typeof expected === 'string') expect(found).toBe(expected);
    else expect(found).toMatchObject(expected);
  });

  /** jose's own rules, by another's hand; it takes a token with an empty subject, and so the hub's is stricter there. */
  it('agree with jose about whatever is made up', async () => {
    const secret = new TextEncoder().encode('a secret of the test, of 32 bytes and more');
    const near = fc.integer({ min: SECOND - 40, max: SECOND + 40 });
    const claims = fc.record(
      {
        iss: fc.constantFrom(ISSUER.issuer, 'https://other.example'),
        aud: fc.oneof(fc.constantFrom('hub', 'other'), fc.subarray(['hub', 'x'])),
        sub: fc.constantFrom('one', 'two'),
        exp: near,
        nbf: near,
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(claims, async (made) => {
        const token = await new SignJWT(made).setProtectedHeader({ alg: 'HS256' }).sign(secret);
        const theirs = await jwtVerify(token, secret, {
          issuer: ISSUER.issuer,
          audience: ISSUER.audience,
          clockTolerance: 30,
          currentDate: new Date(NOW),
          requiredClaims: ['exp', 'sub'],
        }).then(
          () => true,
          (error: unknown) => {
            expect(error).toBeInstanceOf(errors.JOSEError);
            return false;
          },
        );
        expect(typeof judgeClaims(made, ISSUER, NOW) !== 'string').toBe(theirs);
      }),
      { numRuns: 1000 },
    );
  });
});
