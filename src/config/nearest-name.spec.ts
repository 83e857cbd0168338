import { didYouMean, nearestName } from './nearest-name.js';

const KNOWN = [
  'appid',
  'name',
  'secret',
  'secretEnv',
  'secretFile',
  'tokenApi',
  'refreshAheadSeconds',
  'tickets',
];

describe('nearestName', () => {
  it.each([
    ['secretenv', 'secretEnv'],
    ['secret_env', 'secretEnv'],
    ['token-api', 'tokenApi'],
    ['refreshAheadSecs', 'refreshAheadSeconds'],
    ['tikcets', 'tickets'],
    ['app_id', 'appid'],
    ['nmae', 'name'],
    ['secre', 'secret'],
  ])('%s is meant to be %s', (word, expected) => {
    expect(nearestName(word, KNOWN)).toBe(expected);
  });

  it.each(['', 'x', 'reconcile', 'completely different', '__proto__'])('%j is near nothing', (word) => {
    expect(nearestName(word, KNOWN)).toBeUndefined();
  });

  it('takes the nearest of several', () => {
    expect(nearestName('wx1112', ['wx1113', 'wx1111', 'wx1112x'])).toBe('wx1113');
    expect(nearestName('abcd12', ['abce13', 'abcd13'])).toBe('abcd13');
  });
});

describe('didYouMean', () => {
  it('is a part of a sentence, or nothing', () => {
    expect(didYouMean('titckets', KNOWN)).toBe(' (did you mean "tickets"?)');
    expect(didYouMean('zzz', KNOWN)).toBe('');
  });
});
