import fc from 'fast-check';
import { withoutBackslashes, withoutPercents } from './escapes.js';

/** The same by patterns, which say what is meant and take too long. */
function percents(text: string): string {
  const wide = text.replace(/%u([0-9a-f]{4})/gi, (_escape, hex: string) => character(hex));
  return wide.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) => character(hex));
    }
  });
}

function backslashes(text: string): string {
  return text.replace(
    /\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|([^]))/gi,
    (_escape, wide: string | undefined, narrow: string | undefined, one: string | undefined) =>
      one === undefined ? character(wide ?? narrow ?? '') : /[bfnrtv0]/.test(one) ? ' ' : one,
  );
}

const character = (hex: string): string => String.fromCharCode(Number.parseInt(hex, 16));

const jumble = fc
  .array(
    fc.oneof(
      fc.constantFrom('%', '%u', '%U', '%25', '%C3%A9', '%ff', '%e4%bd%a0', '%2', '\\', '\\u', '\\x', '\\U'),
      fc.constantFrom('0', '4', 'a', 'F', 'g', 'b', 'n', '0041', '41', 'D800', '\n', '"', '\u4f60', '\ud83d'),
      fc.string({ unit: 'binary', maxLength: 3 }),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''));

it('percents and backslashes are taken off as the patterns would', () => {
  fc.assert(
    fc.property(jumble, (text) => {
      expect(withoutPercents(text)).toBe(percents(text));
      expect(withoutBackslashes(text)).toBe(backslashes(text));
    }),
    { numRuns: 20_000 },
  );
});

it('and long texts too', () => {
  const text = 'a%41\\x41'.repeat(10_000);
  expect(withoutPercents(text)).toBe('aA\\x41'.repeat(10_000));
  expect(withoutBackslashes(text)).toBe('a%41A'.repeat(10_000));
});
