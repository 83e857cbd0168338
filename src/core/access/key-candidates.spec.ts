import fc from 'fast-check';
import { composeKey } from './key.js';
import { addCandidates, MOST_CANDIDATES } from './key-candidates.js';

const KEY = 'test-key-of-some-client-0000000000000000';
const HUB_MADE = `wxh_${'a1B2'.repeat(11)}zz`;

const candidates = (text: string) => {
  const found = new Set<string>();
  addCandidates(text, found);
  return found;
};
const percent = (text: string) =>
  [...text].map((one) => `%${one.charCodeAt(0).toString(16).padStart(2, '0')}`).join('');
const unicode = (text: string) =>
  [...text].map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');

describe('what could be a hub key', () => {
  it.each<[string, string]>([
    ['alone', KEY],
    ['a value of a query', `/x?secret=${KEY}&a=1`],
    ['a name of a query', `/x?${KEY}=1`],
    ['a segment of a path', `/x/${KEY}/y`],
    ['after a blank that is escaped', `/x?a=Bearer%20${KEY}`],
    ['escaped', `/x?a=${percent(KEY)}`],
    ['escaped twice', `/x?a=${percent(percent(KEY))}`],
    ['escaped in part', `/x?a=${percent(KEY.slice(0, 20))}${KEY.slice(20)}`],
    [
      'in a URL in a URL',
      `/x?to=${encodeURIComponent(`https://h/?u=${encodeURIComponent(`?secret=${KEY}`)}`)}`,
    ],
    ['in JSON', JSON.stringify({ a: [{ secret: KEY }] })],
    ['as a name in JSON', JSON.stringify({ [KEY]: 1 })],
    ['in JSON in JSON', JSON.stringify({ a: JSON.stringify({ b: JSON.stringify({ c: KEY }) }) })],
    ['escaped in JSON', `{"a":"${unicode(KEY)}"}`],
    ['escaped in JSON in JSON', JSON.stringify({ a: `{"b":"${unicode(KEY)}"}` })],
    ['after a line break in JSON', JSON.stringify({ a: `one\n${KEY}\ntwo` })],
    ['JSON in a form', `data=${encodeURIComponent(JSON.stringify({ secret: KEY }))}`],
    ['a form in JSON', JSON.stringify({ a: `secret=${percent(KEY)}` })],
    ['in a multipart body', `--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n${KEY}\r\n--b--`],
    ['in UTF-16', [...KEY].join('\0')],
    ['with dashes around it', `--${KEY}__`],
    ['behind text of any length', `${'some words, '.repeat(1000)}${KEY}`],
  ])('%s', (_where, text) => {
    expect([...candidates(text)]).toContain(KEY);
  });

  it('a key of the hub’s making inside a longer word', () => {
    expect(candidates(`x${HUB_MADE}y`)).toContain(HUB_MADE);
    expect(candidates(`${'x'.repeat(500)}${HUB_MADE}${'y'.repeat(500)}`)).toContain(HUB_MADE);
  });

  it.each<[number, boolean]>([
    [31, false],
    [32, true],
    [128, true],
    [129, false],
  ])('a word of %d characters: %p, wherever it stands', (length, is) => {
    const word = 'k'.repeat(length);
    for (let before = 0; before < 70; before += 1) {
      expect([before, candidates(`${' '.repeat(before)}${word} .`).has(word)]).toEqual([before, is]);
    }
  });

  it('nothing in the usual call', () => {
    expect(
      candidates('{"touser":"oABCDEFGHIJKLMNOPQRSTUVWXYZ0","msgtype":"text","text":{"content":"好"}}').size,
    ).toBe(0);
  });

  it('is looked for in bounded time, whatever comes', () => {
    const startedAt = performance.now();
    for (const piece of [
      `${KEY}%`,
      '%25',
      '\\',
      '\\\\u0041',
      '\0',
      'wxh_',
      `${KEY} `,
      '-',
      'k'.repeat(33) + '%20',
    ]) {
      const found = candidates(piece.repeat(65_536 / piece.length));
      expect(found.size).toBeLessThanOrEqual(MOST_CANDIDATES + 64);
    }
    const different = Array.from({ length: 1985 }, (_, index) => String(index).padStart(32, 'k')).join(' ');
    expect(candidates(different).size).toBe(1985);
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });
});

const COMPOSED = composeKey('0123456789abcdefghijABCDEFGHIJ0123456789');
const OWN = 'a-key-of-somebodys-own-making-0123456789';

describe('what could be a key in a short text', () => {
  it.each([
    ['the key itself', OWN, OWN],
    ['behind a backslash that is escaped', `x%5C${OWN}`, OWN],
    ['between other signs', `{"secret":"${OWN}"}`, OWN],
    ['with every character escaped', [...OWN].map((c) => `%${c.charCodeAt(0).toString(16)}`).join(''), OWN],
    ['escaped twice', OWN.replaceAll('-', '%252d'), OWN],
    ['a hub-made one, glued to more', `x${COMPOSED}yz`, COMPOSED],
    ['a hub-made one in a run that is longer than any key', `${'x'.repeat(200)}${COMPOSED}`, COMPOSED],
  ])('%s', (_what, text, key) => {
    expect([...candidates(text)]).toContain(key);
  });

  it.each([
    ['31 characters', 'x'.repeat(31)],
    ['129 characters', 'x'.repeat(129)],
    ['nothing', ''],
    ['escapes that are none', '%zz%%%'],
  ])('none in %s', (_what, text) => {
    expect([...candidates(text)]).toEqual([]);
  });

  it('is found wherever it stands among signs that no key has', () => {
    const noise = fc.string({ unit: fc.constantFrom('=', '&', '"', ' ', '%20', '.', '/', '+') });
    fc.assert(
      fc.property(noise, noise, fc.constantFrom(OWN, COMPOSED), (before, after, key) => {
        expect([...candidates(`${before}.${key}.${after}`)]).toContain(key);
      }),
    );
  });
});
