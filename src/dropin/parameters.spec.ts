import { seededRandom } from '../../test/support/seeded-random.js';
import { readCredentialRequest } from '../core/dropin.js';
import fc from 'fast-check';
import { generalParameters, parametersOf, queryParameters } from './parameters.js';

const NAMES = ['grant_type', 'appid', 'secret', 'force_refresh', 'access_token', 'type'];

const same = (query: string): void => {
  const [short, general] = [queryParameters(query), generalParameters(query)];
  for (const name of NAMES) expect([query, name, short[name]]).toEqual([query, name, general[name]]);
};

describe('the parameters of a query', () => {
  it.each<[string, Record<string, unknown>]>([
    ['', {}],
    [
      'grant_type=client_credential&appid=wx1&secret=k',
      { grant_type: 'client_credential', appid: 'wx1', secret: 'k' },
    ],
    ['secret=k&appid=&type=jsapi', { secret: 'k', appid: '', type: 'jsapi' }],
    ['appid=first&appid=second', { appid: 'first' }],
    ['xappid=other&appid=wx1', { appid: 'wx1' }],
    ['component_appid=other', { appid: undefined }],
    ['appid&appid=wx1', { appid: '' }],
    ['appid=a%20b+c&secret=%E4%B8%AD', { appid: 'a b c', secret: '中' }],
    ['%61ppid=wx1', { appid: 'wx1' }],
    ['?appid=wx1', { appid: undefined }],
    ['appid=a=b', { appid: 'a=b' }],
    ['&&appid=wx1&', { appid: 'wx1' }],
    ['appid=%zz', { appid: '%zz' }],
  ])('%j', (query, expected) => {
    const found = queryParameters(query);
    for (const [name, value] of Object.entries(expected)) expect(found[name]).toBe(value);
    same(query);
  });

  it('are the same by the short way and by the general one, whatever the query', () => {
    const piece = fc.oneof(
      fc.constantFrom(...NAMES, ...NAMES.map((name) => `${name}=`), ...NAMES.map((name) => `&${name}=`)),
      fc.constantFrom('&', '=', '%', '+', '?', '#', '_', '%41', 'client_credential', 'true', ';'),
      fc.string({ maxLength: 6 }),
      fc.string({ unit: fc.constantFrom(...'aZ9_-.~'), maxLength: 12 }),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join('')),
        same,
      ),
      { numRuns: 2000 },
    );
    const pair = fc.tuple(fc.constantFrom(...NAMES, 'x', 'xappid'), fc.stringMatching(/^[\w.~-]{0,20}$/));
    const pairs = fc.array(pair, { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(
        pairs.map((all) => all.map(([name, value]) => `${name}=${value}`).join('&')),
        same,
      ),
    );
  });

  it('give way to those of the body', () => {
    expect(parametersOf('appid=a&secret=s', '{"appid":"b"}')).toMatchObject({ appid: 'b', secret: 's' });
    expect(parametersOf('appid=a', 'secret=x%20y')).toMatchObject({ appid: 'a', secret: 'x y' });
    expect(parametersOf('appid=a', ' \n')).toMatchObject({ appid: 'a' });
    expect(parametersOf('appid=a', '[1]')).toBeUndefined();
  });
});

describe('whatever is sent', () => {
  const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000);
  const INPUTS = 100_000;
  const PIECES = [
    ...['grant_type', 'appid', 'secret', 'force_refresh', 'access_token', 'type', '__proto__', 'constructor'],
    ...[
      '=',
      '&',
      '%',
      '%00',
      '%zz',
      '%E4%BD',
      '+',
      ';',
      '[]',
      '.',
      '"',
      '{',
      '}',
      ':',
      ',',
      '\\',
      '\\u0000',
      '[',
      ']',
    ],
    ...[
      'client_credential',
      'wx-a',
      'true',
      'null',
      '1e999',
      '-0',
      '\ufeff',
      '\ud800',
      '\u2028',
      '微信',
      ' ',
      '\n',
      '\0',
    ],
    ...[
      'grant_type=client_credential&',
      'appid=wx-a&',
      'secret=k&',
      '{"appid":',
      '"secret":"x"',
      'toString',
      'valueOf',
      'x'.repeat(300),
    ],
  ];

  it(`is read without a throw, into text by known names or JSON's own values (FUZZ_SEED=${SEED})`, () => {
    process.stdout.write(`drop-in parameters: FUZZ_SEED=${SEED}\n`);
    const random = seededRandom(SEED);
    const some = () =>
      Array.from(
        { length: Math.floor(random() * 12) },
        () => PIECES[Math.floor(random() * PIECES.length)],
      ).join('');
    for (let input = 0; input < INPUTS; input += 1) {
      const query = some();
      const body = random() < 0.5 ? undefined : some();
      const parameters = parametersOf(query, body);
      if (parameters === undefined) continue;
      const read = readCredentialRequest(parameters);
      if (read.ok) {
        const { appid, secret, forceRefresh } = read.request;
        expect([typeof appid, typeof secret, typeof forceRefresh]).toEqual(['string', 'string', 'boolean']);
        expect(appid === '' || secret === '').toBe(false);
      } else if (!Number.isInteger(read.error.errcode)) {
        throw new Error(`no errcode for ${JSON.stringify([query, body])}`);
      }
    }
    expect(({} as { appid?: unknown }).appid).toBeUndefined();
  });
});
