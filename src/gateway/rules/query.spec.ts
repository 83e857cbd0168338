import fc from 'fast-check';
import { accessTokenOf, splitTarget, withAccessToken } from './query.js';

describe('the access_token of a query', () => {
  it.each<[string | undefined, string | undefined]>([
    [undefined, undefined],
    ['', undefined],
    ['a=1', undefined],
    ['access_token=x', 'x'],
    ['a=1&access_token=x&b=2', 'x'],
    ['access_token=x&access_token=y', 'x'],
    ['access%5Ftoken=x', 'x'],
    ['%61ccess_token=x', 'x'],
    ['ACCESS_TOKEN=x', 'x'],
    ['+access_token+=x', 'x'],
    ['access_token[]=x', 'x'],
    ['access_token', ''],
    ['access_token=', ''],
    ['access_token=a%2Bb', 'a+b'],
    ['access_token=%zz', ''],
    ['access_token=a=b', 'a=b'],
    ['my_access_token=x', undefined],
    ['access_tokens=x', undefined],
    ['a=access_token=x', undefined],
  ])('%s: %s', (query, token) => {
    expect(accessTokenOf(query)).toBe(token);
  });
});

describe('putting a token in', () => {
  it.each<[string | undefined, string]>([
    [undefined, 'access_token=T'],
    ['', 'access_token=T'],
    ['a=1', 'access_token=T&a=1'],
    ['access_token=x', 'access_token=T'],
    ['a=%2f+&access_token=x&&b', 'access_token=T&a=%2f+&&b'],
    ['a=1&Access%5FToken=x&access_token', 'access_token=T&a=1'],
    ['access=1&%zz=2', 'access_token=T&access=1&%zz=2'],
  ])('%s: %s', (query, expected) => {
    expect(withAccessToken(query, 'T')).toBe(expected);
  });

  const pair = fc.oneof(
    fc.string(),
    fc.constantFrom('access_token=x', 'access%5ftoken=y', 'a=1', '', 'b', '%', 'access_token'),
  );
  const queries = fc.array(pair, { maxLength: 8 }).map((pairs) => pairs.join('&'));

  it('leaves exactly one, first, and all else as it was', () => {
    fc.assert(
      fc.property(queries, (query) => {
        const [ours, ...rest] = withAccessToken(query, 'OURS').split('&');
        expect(ours).toBe('access_token=OURS');
        expect(accessTokenOf(rest.join('&'))).toBeUndefined();
        // What is left is the query, with pairs taken out and none changed or moved.
        let from = 0;
        const before = query === '' ? [] : query.split('&');
        for (const left of rest) {
          const at = before.indexOf(left, from);
          expect(at).toBeGreaterThanOrEqual(from);
          from = at + 1;
        }
      }),
    );
  });
});

it('a target is split at its first question mark', () => {
  expect(splitTarget('/a?b?c')).toEqual({ path: '/a', query: 'b?c' });
  expect(splitTarget('/a?')).toEqual({ path: '/a', query: '' });
  expect(splitTarget('/a')).toEqual({ path: '/a', query: undefined });
});
