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
