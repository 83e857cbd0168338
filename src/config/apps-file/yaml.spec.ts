import { MANY_UNITS, problemsOf, SECRET } from './spec-support.js';
import { readYaml } from './yaml.js';

const APP = `{ appid: wx1, secret: "${SECRET}" }`;

describe('a file that is wrong as a whole', () => {
  it.each([
    ['', ['1 : the file is empty: it needs version: 1 and apps']],
    ['# nothing but a comment\n', ['1 : the file is empty: it needs version: 1 and apps']],
    ['~', ['1 : the file is empty: it needs version: 1 and apps']],
    ['- version: 1', ['1 : must be a mapping with version, defaults, apps…']],
    ['version', ['1 : must be a mapping with version, defaults, apps…']],
    ['apps: []', ['1 version: is missing: write version: 1 as the first line']],
    ['version: "1"\napps: []', ['1 version: must be 1 (the number, without quotes)']],
    ['\nversion: 2\napps: []', ['2 version: must be 1 (the number, without quotes)']],
    ['version: 1', ['1 apps: is missing: write apps: and list at least one, or apps: [] for none']],
    ['version: 1\napps:', ['2 apps: is empty: give it a value, or remove the key']],
    ['version: 1\napps: {}', [/^2 apps: must be a list/]],
    ['version: 1\napps: []\nclients: {}', [/^3 clients: must be a list/]],
    [
      'version: 1\napps: []\nclient: []',
      [
        '3 client: is not a known key (did you mean "clients"?). Known: version, defaults, apps, platforms, issuers, clients, notify, tenantHosts',
      ],
    ],
    ['version: 1\ndefaults: []\napps: []', [/^2 defaults: must be a mapping/]],
    [
      'version: 1\ndefaults:\n  appid: wx1\n  secretEnv: X\napps: []',
      [
        '3 defaults.appid: belongs to each app, not to defaults',
        '4 defaults.secretEnv: belongs to each app, not to defaults',
      ],
    ],
    [
      'version: 1\ndefaults:\n  tokenApi: x\n  tickets: [y]\napps: []',
      [/^3 defaults\.tokenApi: must be one of/, /^4 defaults\.tickets\[0\]: must be one of/],
    ],
    [
      'version: 1\napps: []\n---\nversion: 1',
      ['3 : a second document begins here (---): the file must be one document'],
    ],
    ['version: 1\napps:\n\t- appid: x', [/^3 : a tab is used as indentation/]],
    [
      'version: 1\napps: []\napps: []',
      ['3 apps: this key stands twice in the same mapping: remove one of the two'],
    ],
    [
      `version: 1\napps:\n  - ${APP}\n  - appid: wx2\n    secret: "x"\n    appid: wx3\n    nmae: x`,
      [
        '6 apps[1].appid: this key stands twice in the same mapping: remove one of the two',
        /^7 apps\[1\]\.nmae: is not a known key \(did you mean "name"\?\)/,
      ],
    ],
    ['version: 1\napps: [', [/^2 : .*a bracket is not closed/]],
    ['version: 1\napps:\n  - secret: "abc', [/^3 : something is missing: a closing quote/]],
    ['version: 1\napps: *nowhere', [/^2 apps: aliases \(\*…\) are not supported: use defaults/]],
    ['version: 1\napps: &a [*a]', [/^2 apps\[0\]: aliases \(\*…\) are not supported/]],
    [
      `version: 1\napps:\n  - { appid: wx1, secret: "${SECRET}", tickets: &t [jsapi] }\n  - { appid: wx2, secret: "x y", tickets: *t }`,
      [/^4 apps\[1\]\.tickets: aliases/, /^4 apps\[1\]\.secret: holds white space/],
    ],
    [
      'version: 1\napps: [*a, { appid: [*b], secret: *c }]\nclients: *d',
      [
        /^2 apps\[0\]: aliases/,
        /^2 apps\[1\]\.appid\[0\]: aliases/,
        /^2 apps\[1\]\.secret: aliases/,
        /^2 apps\[1\]\.appid: must be a text, not a list/,
        /^3 clients: aliases/,
      ],
    ],
    [
      'version: 1\napps:\n  - appid: wx1\n    name：Shop\n    secretEnv: X',
      ['4 : a full-width colon (：) is no colon to YAML: write a colon and a space (: )'],
    ],
    [
      'version：1\napps: []',
      ['1 : a full-width colon (：) is no colon to YAML: write a colon and a space (: )'],
    ],
    [
      'version: 1\napps:\n  - {appid: wx1, secretEnv：X}',
      [/^3 apps\[0\]\.\?: is not a known key: write a colon and a space/, /^3 apps\[0\]: has no secret/],
    ],
    [
      'version: 1\napps:\n  - appid: wx1\n\tsecretEnv: X\n\ttickets: [jsapi]\n  - appid: wx2\n    secretEnv: Y',
      ['4 : a tab is used as indentation: use spaces (also in line 5)'],
    ],
    ['version: 1\napps: !custom []', [/^2 : a tag \(!…\) is not used/]],
    ['version: 1\napps: @x', [/^2 : a text begins with a character that YAML reserves/]],
    [
      `version: 1\napps:\n  - { appid: wx1, secret: "${SECRET}" }\n  - appid: wx2: x`,
      [/^4 : a mapping begins in the middle of a line/],
    ],
    ['version: 1\n? [a]\n: b\napps: []', [/^2 : a key must be a text/]],
  ])('%j', (text, expected) => {
    expect(problemsOf(text)).toEqual(
      expected.map((line) => (typeof line === 'string' ? line : expect.stringMatching(line))),
    );
  });

  it('reports everything at once, in the order of the file', () => {
    const text = [
      'version: 2',
      'defaults: { reconcileSeconds: 1 }',
      'apps:',
      '  - appid: wx1',
      '  - { appid: x, secret: "a b" }',
      'clients:',
      '  - { id: c, may: [all] }',
      'other: 1',
    ].join('\n');
    expect(problemsOf(text).map((line) => line.split(':')[0])).toEqual([
      '1 version',
      '2 defaults.reconcileSeconds',
      '4 apps[0]',
      '5 apps[1].appid',
      '5 apps[1].secret',
      '7 clients[0].apps',
      '7 clients[0].may[0]',
      '7 clients[0]',
      '8 other',
    ]);
  });
});

describe('readYaml', () => {
  it('finds the line of what stands at a place, or of what is around it', () => {
    const outcome = readYaml('a:\n  - 1\n  - deep:\n      er: 2\nb:\n', MANY_UNITS);
    if (!outcome.ok) throw new Error('not read');
    const { lineOf } = outcome.source;
    expect(lineOf(['a', 1, 'deep', 'er'])).toBe(4);
    expect(lineOf(['a', 1, 'deep', 'missing'])).toBe(3);
    expect(lineOf(['a', 9])).toBe(1);
    expect(lineOf(['b', 0])).toBe(5);
  });

  it.each([
    ['one unit for each node, a fifth for what is between them', 'a: [b, c] # d\n', 8],
    ['a scalar whatever it looks like', '- "]]]]"\n- a]]]]\n', 4.8],
    ['a block of many lines as one scalar', `a: |\n${' x\n'.repeat(1000)}`, 4.4],
  ])('counts %s', (_, text, units) => {
    expect(readYaml(text, units + 0.001).ok).toBe(true);
    expect(readYaml(text, units - 0.001)).toMatchObject({
      ok: false,
      problems: [{ message: expect.stringContaining('holds more than can be read') }],
    });
  });

  it('says where it became too much', () => {
    const text = `version: 1\napps:\n${'  - {}\n'.repeat(1000)}`;
    expect(readYaml(text, 400)).toMatchObject({ ok: false, problems: [{ path: '', line: 112 }] });
  });

  it.each([
    '[',
    '{',
    '{a: ',
    '- ',
    '? ',
    ': ',
    '-\n',
    '!',
    '&',
    '*',
    '%',
    '"',
    "'",
    '|\n',
    '>\n',
    '\\',
    '\t',
    '#',
  ])('survives %j a hundred thousand times, and tells no more than a hundred problems', (piece) => {
    const outcome = readYaml(piece.repeat(100_000), MANY_UNITS);
    expect(outcome.problems.length).toBeLessThanOrEqual(100);
  });

  it('stops at a hundred errors, of which each would be kept', () => {
    const started = performance.now();
    const outcome = readYaml(`"${'\\q'.repeat(1_000_000)}"`, MANY_UNITS);
    expect(outcome).toMatchObject({ ok: false, problems: [{ line: 1 }] });
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('finds keys that stand twice among a hundred thousand', () => {
    const keys = Array.from({ length: 100_000 }, (_, index) => `k${index}: 1`);
    const started = performance.now();
    const outcome = readYaml([...keys, 'k7: 2'].join('\n'), MANY_UNITS);
    expect(outcome).toMatchObject({ ok: true, problems: [{ path: ['k7'], line: 100_001 }] });
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
