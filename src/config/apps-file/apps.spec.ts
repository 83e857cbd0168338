import { NO_SECRET } from '../../core/app.js';
import { built, load, problemsOf, SECRET, withApp } from './spec-support.js';

describe('apps that are wrong', () => {
  const S = `secret: "${SECRET}"`;
  const env = { OK_SECRET: 'good', EMPTY: '', SPACE_SECRET: 'a b', HUB_SECRET: 'x' };
  const files = {
    '/etc/hub/ok': 'good\r\n',
    '/etc/hub/empty': '\n',
    '/etc/hub/spaces': ' good\n',
    '/etc/hub/two': 'a\nb\n',
    '/etc/hub/folder': '<EISDIR>',
    '/root/secret': '<EACCES>',
  };

  it.each([
    [[`- ${S}`], "3 apps[0].appid: is missing: write the account's AppID"],
    [['- appid: wx1'], '3 apps[0]: has no secret: give exactly one of secret, secretEnv, secretFile'],
    [
      ['- appid: wx1', '  secretFile: ok', `  ${S}`],
      '4 apps[0].secretFile: stands beside secret: keep exactly one of secret, secretEnv, secretFile',
    ],
    [
      ['- appid: 12345678', `  ${S}`],
      '3 apps[0].appid: must be a text, but YAML reads it as a number: quote it ("…")',
    ],
    [
      [`- appid: true`, `  ${S}`],
      '3 apps[0].appid: must be a text, but YAML reads it as true or false: quote it ("…")',
    ],
    [[`- appid: "wx 1"`, `  ${S}`], '3 apps[0].appid: must be 2 to 64 of the characters A-Z a-z 0-9 _ -'],
    [[`- appid: x`, `  ${S}`], '3 apps[0].appid: must be 2 to 64 of the characters A-Z a-z 0-9 _ -'],
    [
      [`- { appid: wx1, ${S} }`, `-`, `  appid: wx1`, `  ${S}`],
      '5 apps[1].appid: is the same as that of apps[0] (line 3): keep one of the two',
    ],
    [
      ['- appid: wx1', `  ${S}`, '  name: 2024'],
      '5 apps[0].name: must be a text, but YAML reads it as a number: quote it ("…")',
    ],
    [['- appid: wx1', `  ${S}`, '  name:'], '5 apps[0].name: is empty: give it a value, or remove the key'],
    [
      ['- appid: wx1', `  ${S}`, '  name: "a\\nb"'],
      '5 apps[0].name: must be one line without control characters',
    ],
    [
      ['- appid: wx1', `  ${S}`, `  name: ${'n'.repeat(201)}`],
      '5 apps[0].name: must be at most 200 characters long',
    ],
    [
      ['- appid: wx1', '  secret: 12345678901234567890123456789012'],
      '4 apps[0].secret: must be a text, but YAML reads it as a number: quote it ("…")',
    ],
    [['- appid: wx1', '  secret: ""'], '4 apps[0].secret: is empty: write the AppSecret'],
    [
      ['- appid: wx1', '  secret: a b'],
      '4 apps[0].secret: holds white space: write the AppSecret alone, on one line',
    ],
    [
      ['- appid: wx1', '  secret: "a\\u200Bb"'],
      '4 apps[0].secret: holds control or invisible characters: copy the AppSecret again',
    ],
    [
      ['- appid: wx1', '  secret: "a\\0b"'],
      '4 apps[0].secret: holds control or invisible characters: copy the AppSecret again',
    ],
    [
      ['- appid: wx1', '  secret: "a.b"'],
      '4 apps[0].secret: holds characters other than A-Z a-z 0-9 _ -: copy the AppSecret again',
    ],
    [
      ['- appid: wx1', `  secret: ${'x'.repeat(129)}`],
      '4 apps[0].secret: is longer than 128 characters: write the AppSecret alone',
    ],
    [
      ['- appid: wx1', `  ${S}`, '  tokenApi: none', '  tickets: [jsapi]'],
      '6 apps[0].tickets: has no use: with tokenApi: none there is no token to fetch tickets with',
    ],
    [['- appid: wx1', '  secret: { a: b }'], '4 apps[0].secret: must be a text, not a mapping'],
    [['- appid: wx1', '  secret: [a]'], '4 apps[0].secret: must be a text, not a list'],
    [
      ['- appid: wx1', '  secretEnv: NO_SECRET'],
      '4 apps[0].secretEnv: the environment variable NO_SECRET is not set: set it where the hub is started',
    ],
    [
      ['- appid: wx1', '  secretEnv: EMPTY'],
      '4 apps[0].secretEnv: the environment variable named here is empty: set it where the hub is started',
    ],
    [
      ['- appid: wx1', '  secretEnv: constructor'],
      '4 apps[0].secretEnv: the environment variable named here is not set: set it where the hub is started',
    ],
    [
      ['- appid: wx1', `  secretEnv: a${SECRET}`],
      '4 apps[0].secretEnv: the environment variable named here is not set: set it where the hub is started',
    ],
    [
      ['- appid: wx1', `  secretEnv: "${SECRET}"`],
      '4 apps[0].secretEnv: must be the name of an environment variable (letters, digits, _), not the secret itself',
    ],
    [
      ['- appid: wx1', '  secretEnv: HUB_SECRET'],
      '4 apps[0].secretEnv: must not begin with HUB_: these variables are the settings of the hub itself, rename the variable',
    ],
    [
      ['- appid: wx1', '  secretEnv: SPACE_SECRET'],
      '4 apps[0].secretEnv: the environment variable SPACE_SECRET holds white space: write the AppSecret alone, on one line',
    ],
    [
      ['- appid: wx1', '  secretFile: gone'],
      '4 apps[0].secretFile: the file cannot be read (ENOENT): there is no such file; relative paths start at the folder of apps.yaml',
    ],
    [
      ['- appid: wx1', '  secretFile: /root/secret'],
      '4 apps[0].secretFile: the file cannot be read (EACCES): the user that runs the hub may not read it',
    ],
    [
      ['- appid: wx1', '  secretFile: ./folder'],
      '4 apps[0].secretFile: the file cannot be read (EISDIR): it is a folder, write the path of a file in it',
    ],
    [
      ['- appid: wx1', '  secretFile: empty'],
      '4 apps[0].secretFile: the file is empty: write the AppSecret into it',
    ],
    [
      ['- appid: wx1', '  secretFile: spaces'],
      '4 apps[0].secretFile: the file holds white space: write the AppSecret alone, on one line',
    ],
    [
      ['- appid: wx1', '  secretFile: two'],
      '4 apps[0].secretFile: the file holds white space: write the AppSecret alone, on one line',
    ],
    [
      ['- appid: wx1', `  ${S}`, '  tokenApi: Token'],
      '5 apps[0].tokenApi: must be one of stable_token, token, none (did you mean "token"?)',
    ],
    [
      ['- appid: wx1', `  ${S}`, '  refreshAheadSeconds: 0'],
      '5 apps[0].refreshAheadSeconds: must be a whole number of seconds from 1 to 7200',
    ],
    [
      ['- appid: wx1', `  ${S}`, '  refreshAheadSeconds: 7201'],
      '5 apps[0].refreshAheadSeconds: must be a whole number of seconds from 1 to 7200',
    ],
    [
      ['- appid: wx1', `  ${S}`, '  refreshAheadSeconds: "300"'],
      '5 apps[0].refreshAheadSeconds: must be a whole number of seconds from 1 to 7200: without quotes',
    ],
    [
      ['- appid: wx1', `  ${S}`, '  reconcileSeconds: 4'],
      '5 apps[0].reconcileSeconds: must be a whole number of seconds from 5 to 3600',
    ],
    [
      ['- appid: wx1', `  ${S}`, '  reconcileSeconds: 3601'],
      '5 apps[0].reconcileSeconds: must be a whole number of seconds from 5 to 3600',
    ],
    [
      ['- appid: wx1', `  ${S}`, '  reconcileSeconds: 5.5'],
      '5 apps[0].reconcileSeconds: must be a whole number of seconds from 5 to 3600',
    ],
    [
      ['- appid: wx1', `  ${S}`, '  tickets: jsapi'],
      '5 apps[0].tickets: must be a list, as in [jsapi, wx_card, agent_config]',
    ],
    [
      ['- appid: wx1', `  ${S}`, '  tickets:', '    - jsapi', '    - card'],
      '7 apps[0].tickets[1]: must be one of jsapi, wx_card, agent_config',
    ],
    [
      ['- appid: wx1', `  ${S}`, '  tickets:', '    - jsapi', '    - jsapi'],
      '7 apps[0].tickets[1]: stands in the list twice (also as item 0)',
    ],
    [
      ['- appid: wx1', `  ${S}`, '  secretenv: X'],
      '5 apps[0].secretenv: is not a known key (did you mean "secretEnv"?). Known: appid, name, secret, secretEnv, secretFile, kind, corpid, agentId, baseUrl, tokenApi, refreshAheadSeconds, reconcileSeconds, tickets',
    ],
    [['- appid: wx1', `  ${S}`, '  notify: x'], /^5 apps\[0\]\.notify: is not a known key\. Known: /],
    [['- appid: wx1', `  ${S}`, '  __proto__: x'], /^5 apps\[0\]\.\?: is not a known key\. Known: /],
    [
      ['- appid: wx1', `  ${S}`, '  "<<": { name: x }'],
      '5 apps[0].?: merge keys (<<) are not supported: use defaults, or write the keys out',
    ],
    [[`- {appid: wx1, ${S}, name:x}`], /^3 apps\[0\]\.\?: is not a known key: put a space after the colon/],
    [['- wx1'], '3 apps[0]: must be a mapping with appid, name, secret…'],
    [['-'], /^3 apps\[0\]: must be a mapping/],
    [['- [wx1]'], /^3 apps\[0\]: must be a mapping/],
  ])('%j', (lines, expected) => {
    const problems = problemsOf(withApp(...lines), { env, files });
    expect(problems).toEqual([typeof expected === 'string' ? expected : expect.stringMatching(expected)]);
  });
});

describe('an AppSecret that cannot be had', () => {
  const TEXT = withApp(
    '- { appid: wx1, secretEnv: NO_SECRET }',
    '- { appid: wx2, secretFile: gone }',
    `- { appid: wx3, secret: "${SECRET}" }`,
  );

  it('is trouble of its app alone', () => {
    const result = load(TEXT);
    expect(result).toMatchObject({
      ok: true,
      warnings: [
        {
          path: 'apps[0].secretEnv',
          line: 3,
          message: 'the environment variable NO_SECRET is not set: set it where the hub is started (app wx1)',
        },
        { path: 'apps[1].secretFile', line: 4, message: expect.stringContaining('(ENOENT)') },
      ],
    });
    expect(result.ok && result.data.apps[0]?.secretProblem).toBe(
      'apps[0].secretEnv (line 3): the environment variable NO_SECRET is not set: set it where the hub is started',
    );
    expect(built(TEXT).apps.map(({ secret }) => secret.equals(NO_SECRET))).toEqual([true, true, false]);
  });

  it('is told beside the problems of a file that is refused', () => {
    expect(problemsOf(`${TEXT}\n- appid: wx1`)).toEqual([
      expect.stringMatching(/^3 apps\[0\]\.secretEnv: /),
      expect.stringMatching(/^4 apps\[1\]\.secretFile: /),
      expect.stringMatching(/^6 apps\[3\]: has no secret/),
      expect.stringMatching(/^6 apps\[3\]\.appid: is the same/),
    ]);
  });
});

describe('the name of an entry', () => {
  const messages = (appid: string) => {
    const result = load(withApp(`- { appid: ${appid}, secret: x, tokenApi: y }`));
    return result.ok ? [] : result.problems.map(({ message }) => message);
  };

  it('stands behind what is wrong with it', () => {
    expect(messages('wx0123456789abcdef')).toEqual([expect.stringMatching(/ \(app wx0123456789abcdef\)$/)]);
  });

  it.each([SECRET, SECRET.toUpperCase(), `wxh_${'a'.repeat(20)}`, 'x'.repeat(32)])(
    'is not told where it may be a secret in the wrong place: %s',
    (appid) => {
      expect(messages(appid)).toEqual([expect.not.stringContaining(appid)]);
    },
  );
});

it('an app of tokenApi: none only logs users in', () => {
  const { apps } = built(
    `version: 1\ndefaults: { tickets: [jsapi] }\n${withApp(`- { appid: wx1, secret: ${SECRET}, tokenApi: none }`).slice(11)}`,
  );
  expect(apps[0]).toMatchObject({ appid: 'wx1', loginOnly: true, tickets: [] });
});
