import { problemsOf, SECRET } from './apps-file.spec-support.js';
import { readYaml } from './yaml-source.js';

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
        '3 client: is not a known key (did you mean "clients"?). Known: version, defaults, apps, clients, notify',
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
    [
      'version: 1\napps: *nowhere',
      ['2 : an alias (*…) without an anchor (&…) before it: quote a text that begins with *'],
    ],
    ['version: 1\napps: &a [*a]', ['2 : an alias (*…) inside of its own anchor (&…)']],
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
  it('finds the line of what an alias stands for', () => {
    const outcome = readYaml('a: &x\n  - 1\n  - deep:\n      er: 2\nb: *x\n');
    if (!outcome.ok) throw new Error('not read');
    expect(outcome.source.lineOf(['b'])).toBe(5);
    expect(outcome.source.lineOf(['b', 1, 'deep', 'er'])).toBe(4);
    expect(outcome.source.lineOf(['b', 1, 'deep', 'missing'])).toBe(3);
    expect(outcome.source.lineOf(['b', 9])).toBe(5);
  });

  it('gives the latest anchor of a name, and shares what it stands for', () => {
    const outcome = readYaml('a: &x [1]\nb: *x\nc: &x [2]\nd: *x\n');
    if (!outcome.ok) throw new Error('not read');
    const value = outcome.source.value as Record<string, unknown>;
    expect(value).toMatchObject({ a: [1], b: [1], c: [2], d: [2] });
    expect(value.a).toBe(value.b);
  });

  it('refuses aliases that stand for billions of values, fast', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 12; level += 1) {
      lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`);
    }
    const started = performance.now();
    const outcome = readYaml(lines.join('\n'));
    expect(outcome).toMatchObject({
      ok: false,
      problems: [{ path: '', line: 7, message: expect.stringContaining('use fewer aliases') }],
    });
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('survives a text that is nested very deeply', () => {
    expect(readYaml('['.repeat(50_000)).ok).toBe(false);
  });
});
