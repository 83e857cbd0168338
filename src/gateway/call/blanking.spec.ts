import fc from 'fast-check';
import { blanked, Blanking } from './blanking.js';

const TOKEN = '90_TOKEN-in-use-TOKEN-in-us';
const secrets = [Buffer.from(TOKEN)];
const stars = '*'.repeat(TOKEN.length);

const through = (pieces: readonly string[]): { text: string; withheld: boolean[] } => {
  const blanking = new Blanking(secrets);
  const withheld: boolean[] = [];
  let text = '';
  for (const piece of pieces) {
    const ready = blanking.next(Buffer.from(piece));
    withheld.push(ready.length < piece.length);
    text += ready.toString();
  }
  return { text: text + blanking.rest().toString(), withheld };
};

describe('the token in a body', () => {
  it('is blanked in as many characters as it has; a body without it is the very same bytes', () => {
    expect(blanked(Buffer.from(`a=${TOKEN}&b=${TOKEN}${TOKEN}`), secrets).toString()).toBe(
      `a=${stars}&b=${stars}${stars}`,
    );
    const body = Buffer.from('nothing of the kind');
    expect(blanked(body, secrets)).toBe(body);
  });

  it('is found however the body is cut into pieces', () => {
    const body = fc
      .array(
        fc.oneof(fc.constant(TOKEN), fc.constant(TOKEN.slice(0, 12)), fc.stringMatching(/^[a-z_90]{0,30}$/)),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(body, fc.array(fc.nat(400), { maxLength: 8 }), (text, cuts) => {
        const at = [
          0,
          ...cuts.toSorted((a, b) => a - b).map((cut) => Math.min(cut, text.length)),
          text.length,
        ];
        const pieces = at.slice(1).map((end, index) => text.slice(at[index], end));
        expect(through(pieces).text).toBe(text.replaceAll(TOKEN, stars));
      }),
      { numRuns: 500 },
    );
  });

  it('nothing waits that cannot begin it', () => {
    expect(through(['first', 'second']).withheld).toEqual([false, false]);
    expect(through(['first 90_T', 'wo']).withheld).toEqual([true, false]);
  });

  it('is looked for in the first 64 KiB, its whole length where it begins there', () => {
    const pad = 'x'.repeat(65_530);
    expect(through([pad, TOKEN, `more ${TOKEN}`]).text).toBe(`${pad}${stars}more ${TOKEN}`);
    const beyond = 'x'.repeat(65_536);
    expect(through([beyond, TOKEN]).text).toBe(`${beyond}${TOKEN}`);
  });
});
