import { seedOf } from './seed.js';

const TOKEN = 'simulated-token-of-a-central-server';

describe('a token that is brought', () => {
  it.each([1, 7200])('is one with %d s left', (expires_in) => {
    expect(seedOf({ access_token: TOKEN, expires_in })).toEqual({ token: TOKEN, expiresIn: expires_in });
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a list', []],
    ['no token', { expires_in: 7000 }],
    ['no time', { access_token: TOKEN }],
    ['a short text', { access_token: 'x'.repeat(15), expires_in: 7000 }],
    ['a space in it', { access_token: `${TOKEN} x`, expires_in: 7000 }],
    ['an end that has come', { access_token: TOKEN, expires_in: 0 }],
    ['a life longer than WeChat gives', { access_token: TOKEN, expires_in: 7201 }],
    ['half a second', { access_token: TOKEN, expires_in: 1.5 }],
    ['a text for a number', { access_token: TOKEN, expires_in: '7000' }],
    ['a misspelt key beside', { access_token: TOKEN, expires_in: 7000, expiresIn: 1 }],
  ])('is not: %s', (_what, body) => {
    expect(seedOf(body)).toBeUndefined();
  });
});
