import fc from 'fast-check';
import { composeKey } from './key.js';
import { keysIn } from './keys-in-text.js';

const HUB_MADE = composeKey('0123456789abcdefghijABCDEFGHIJ0123456789');
const OWN = 'a-key-of-somebodys-own-making-0123456789';

describe('what could be a key in a text', () => {
  it.each([
    ['the key itself', OWN, OWN],
    ['between other signs', `{"secret":"${OWN}"}`, OWN],
    ['with every character escaped', [...OWN].map((c) => `%${c.charCodeAt(0).toString(16)}`).join(''), OWN],
    ['escaped twice', OWN.replaceAll('-', '%252d'), OWN],
    ['a hub-made one, glued to more', `x${HUB_MADE}yz`, HUB_MADE],
    ['a hub-made one in a run that is longer than any key', `${'x'.repeat(200)}${HUB_MADE}`, HUB_MADE],
  ])('%s', (_what, text, key) => {
    expect(keysIn(text)).toContain(key);
  });

  it.each([
    ['31 characters', 'x'.repeat(31)],
    ['129 characters', 'x'.repeat(129)],
    ['nothing', ''],
    ['escapes that are none', '%zz%%%'],
  ])('none in %s', (_what, text) => {
    expect(keysIn(text)).toEqual([]);
  });

  it('is found wherever it stands among signs that no key has', () => {
    const noise = fc.string({ unit: fc.constantFrom('=', '&', '"', ' ', '%20', '.', '/', '+') });
    fc.assert(
      fc.property(noise, noise, fc.constantFrom(OWN, HUB_MADE), (before, after, key) => {
        expect(keysIn(`${before}.${key}.${after}`)).toContain(key);
      }),
    );
  });
});
