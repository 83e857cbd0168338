import fc from 'fast-check';
import { readFlatXml } from './flat-xml.js';

const read = (text: string) => {
  const fields = readFlatXml(text);
  return fields === undefined ? undefined : Object.fromEntries(fields);
};

describe('what is read', () => {
  it.each<[string, string, Record<string, string>]>([
    ['text and CDATA', '<xml><A>1</A><B><![CDATA[x<y>&]]></B></xml>', { A: '1', B: 'x<y>&' }],
    ['white space around', ' \n<xml >\n <A>1</A >\t</xml> \r\n', { A: '1' }],
    ['known entities', '<xml><A>&lt;&gt;&amp;&quot;&apos;&#65;&#x4e2d;</A></xml>', { A: '<>&"\'A中' }],
    ['nothing', '<xml></xml>', {}],
    ['an empty child', '<xml><A></A></xml>', { A: '' }],
    ['a child with children is empty', '<xml><A><B>1</B><C/></A></xml>'.replace('<C/>', ''), { A: '' }],
    ['several CDATA', '<xml><A><![CDATA[1]]>2<![CDATA[3]]></A></xml>', { A: '123' }],
  ])('%s', (_what, text, expected) => {
    expect(read(text)).toEqual(expected);
  });
});

describe('what is refused', () => {
  it.each([
    '',
    'xml',
    '<xml>',
    '<xml></XML>',
    '<xml/>',
    '<xml></xml><xml></xml>',
    '<xml>text</xml>',
    '<xml><A>1</B></xml>',
    '<xml><A>1</A><A>2</A></xml>',
    '<xml><A b="1">1</A></xml>',
    '<xml><A>&other;</A></xml>',
    '<xml><A>&#0;</A></xml>',
    '<xml><A>&#xD800;</A></xml>',
    '<xml><A><![CDATA[1</A></xml>',
    '<xml><!-- c --><A>1</A></xml>',
    '<xml><?php ?></xml>',
    '<?xml version="1.0"?><xml></xml>',
    '<!DOCTYPE xml><xml><A>1</A></xml>',
    '<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><A>&a;</A></xml>',
    `<xml>${'<A>'.repeat(100)}${'</A>'.repeat(100)}</xml>`,
  ])('%s', (text) => {
    expect(readFlatXml(text)).toBeUndefined();
  });
});

it('gives back whatever was written as CDATA', () => {
  const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/);
  const value = fc.string().filter((text) => !text.includes(']]>'));
  fc.assert(
    fc.property(fc.dictionary(name, value, { maxKeys: 8, noNullPrototype: true }), (fields) => {
      const body = Object.entries(fields).map(([key, text]) => `<${key}><![CDATA[${text}]]></${key}>`);
      expect(read(`<xml>${body.join('')}</xml>`)).toEqual(fields);
    }),
  );
});

it('never throws, and takes no longer than the text', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('<', '>', '/', 'xml', 'A', '&', '<![CDATA[', ']]>', ' ', '#')),
      (parts) => {
        readFlatXml(parts.join(''));
      },
    ),
    { numRuns: 2000 },
  );
  const begun = performance.now();
  readFlatXml(`<xml>${'<A>'.repeat(20_000)}`);
  readFlatXml(`<xml><A>${'&'.repeat(60_000)}`);
  readFlatXml(`<xml><A>${'<![CDATA['.repeat(7000)}`);
  expect(performance.now() - begun).toBeLessThan(2000);
});
