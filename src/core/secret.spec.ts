import { format, inspect } from 'node:util';
import fc from 'fast-check';
import { REDACTED, Secret } from './secret.js';

describe('a secret', () => {
  const value = fc.string({ minLength: 8 }).filter((text) => !REDACTED.includes(text));

  it.each<[string, (secret: Secret) => string]>([
    ['a template', (secret) => `at ${String(secret)}`],
    ['JSON', (secret) => JSON.stringify({ nested: [secret] })],
    ['inspect', (secret) => inspect({ nested: [secret] }, { depth: 9, showHidden: true })],
    ['format', (secret) => format('%s %o %O %j', secret, secret, secret, secret)],
    ['its keys', (secret) => JSON.stringify({ ...secret })],
    ['structured clone', (secret) => inspect(structuredClone(secret))],
  ])('never prints through %s', (_way, print) => {
    fc.assert(
      fc.property(value, (text) => {
        expect(print(new Secret(text))).not.toContain(text);
      }),
    );
  });

  it('is revealed only on demand, and compared without being revealed', () => {
    expect(new Secret('one').reveal()).toBe('one');
    expect(new Secret('one').equals(new Secret('one'))).toBe(true);
    expect(new Secret('one').equals(new Secret('two'))).toBe(false);
    expect(new Secret('one').equals(undefined)).toBe(false);
  });
});
