import { createHash } from 'node:crypto';
import { HASH_1, HASH_2, problemsOf, SECRET, withClient } from './spec-support.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const KEY = `{ id: a, sha256: ${HASH_1} }`;
const NUMBER = 'must be a text, but YAML reads it as a number: quote it ("…")';

describe('clients that are wrong', () => {
  it.each([
    [
      ['- apps: "*"', `  keys: [${KEY}]`],
      ['4 clients[0].id: is missing: a name for this backend, as in order-service'],
    ],
    [['- id: 7', '  apps: "*"', `  keys: [${KEY}]`], [`4 clients[0].id: ${NUMBER}`]],
    [
      ['- id: a b', '  apps: "*"', `  keys: [${KEY}]`],
      ['4 clients[0].id: must be 1 to 64 of the characters A-Z a-z 0-9 . _ -'],
    ],
    [
      [`- { id: c, apps: "*", keys: [${KEY}] }`, `- { id: c, apps: "*", allowIps: [10.0.0.1] }`],
      ['5 clients[1].id: is the same as clients[0].id (line 4): it must be unique, change one of the two'],
    ],
    [
      ['- id: c', '  apps: "*"'],
      [
        '4 clients[0]: has neither keys nor identities nor allowIps: a client without the first two is known by its address alone',
      ],
    ],
    [
      ['- id: c', '  apps: "*"', '  keys: []'],
      [
        '4 clients[0]: has neither keys nor identities nor allowIps: a client without the first two is known by its address alone',
      ],
    ],
    [
      ['- id: c', '  apps: "*"', '  keys:'],
      ['6 clients[0].keys: is empty: give it a value, or remove the key'],
    ],
    [
      ['- id: c', '  apps: "*"', `  keys: ${KEY}`],
      ['6 clients[0].keys: must be a list, as in - { id: "2026-11", sha256: "…" }'],
    ],
    [
      ['- id: c', '  apps: "*"', '  keys: [x]'],
      ['6 clients[0].keys[0]: must be a mapping with id, sha256, expiresAt…'],
    ],
    [
      ['- id: c', '  apps: "*"', '  keys:', '    - id: a'],
      [
        '7 clients[0].keys[0].sha256: is missing: the SHA-256 of the key in hex, as `printf %s "$KEY" | sha256sum` gives it',
      ],
    ],
    [
      ['- id: c', '  apps: "*"', '  keys:', `    - sha256: ${HASH_1}`],
      ['7 clients[0].keys[0].id: is missing: a name for this key, as in "2026-11"'],
    ],
    [
      ['- id: c', '  apps: "*"', '  keys:', `    - { id: 2026, sha256: ${HASH_1} }`],
      [`7 clients[0].keys[0].id: ${NUMBER}`],
    ],
    [
      ['- id: c', '  apps: "*"', '  keys:', `    - { id: a, sha256: ${'1'.repeat(64)} }`],
      [`7 clients[0].keys[0].sha256: ${NUMBER}`],
    ],
    [
      ['- id: c', '  apps: "*"', '  keys:', `    - { id: a, sha256: ${'1'.repeat(10)}e${'2'.repeat(53)} }`],
      [`7 clients[0].keys[0].sha256: ${NUMBER}`],
    ],
    [
      ['- id: c', '  apps: "*"', '  keys:', `    - { id: a, sha256: ${HASH_1.slice(1)} }`],
      ['7 clients[0].keys[0].sha256: must be the SHA-256 of the key: 64 hex digits'],
    ],
    [
      ['- id: c', '  apps: "*"', '  keys:', `    - { id: a, sha256: wxh_hunter2 }`],
      [/^7 clients\[0\]\.keys\[0\]\.sha256: must be the SHA-256 of the key: this looks like a key itself/],
    ],
    [
      ['- id: c', '  apps: "*"', '  keys:', `    - { id: a, sha256: ${sha256('')} }`],
      [/^7 clients\[0\]\.keys\[0\]\.sha256: is the SHA-256 of an empty text/],
    ],
    [
      ['- id: c', '  apps: "*"', '  keys:', `    - { id: a, sha256: ${sha256(SECRET)} }`],
      [
        '7 clients[0].keys[0].sha256: is the SHA-256 of an AppSecret of this file: an AppSecret is never a key, make one',
      ],
    ],
    [
      ['- id: c', '  apps: "*"', '  keys:', `    - ${KEY}`, `    - { id: a, sha256: ${HASH_2} }`],
      [
        '8 clients[0].keys[1].id: is the same as clients[0].keys[0].id (line 7): it must be unique, change one of the two',
      ],
    ],
    [
      [
        `- { id: c, apps: "*", keys: [${KEY}] }`,
        `- { id: d, apps: "*", keys: [{ id: a, sha256: ${HASH_1.toUpperCase()} }] }`,
      ],
      [
        '5 clients[1].keys[0].sha256: is the same as clients[0].keys[0].sha256 (line 4): it must be unique, change one of the two',
      ],
    ],
    ...[
      '2027-11-30',
      '2027-11-30T00:00:00',
      '2027-02-29T00:00:00Z',
      '2027-13-01T00:00:00Z',
      '2027-11-30T24:00:00Z',
      '2027-11-30 00:00:00Z',
      'tomorrow',
    ].map((time): [string[], string[]] => [
      ['- id: c', '  apps: "*"', '  keys:', `    - { id: a, sha256: ${HASH_1}, expiresAt: "${time}" }`],
      ['7 clients[0].keys[0].expiresAt: must be a date, time and zone, as in 2027-11-30T00:00:00Z'],
    ]),
    [
      ['- id: c', '  apps: "*"', '  allowIps: []'],
      [
        '6 clients[0].allowIps: is an empty list: list at least one address or CIDR, or remove the key to allow any address',
      ],
    ],
    [
      ['- id: c', '  apps: "*"', '  allowIps:'],
      ['6 clients[0].allowIps: is empty: give it a value, or remove the key'],
    ],
    [
      ['- id: c', '  apps: "*"', '  allowIps: 10.0.0.0/8'],
      ['6 clients[0].allowIps: must be a list, as in [10.0.0.0/8, "2001:db8::/32"]'],
    ],
    [
      [
        '- id: c',
        '  apps: "*"',
        '  allowIps:',
        '    - 10.0.0.0/8',
        '    - 10.8',
        '    - 10.0.0.0/33',
        '    - ',
        '    - localhost',
      ],
      [
        `8 clients[0].allowIps[1]: ${NUMBER}`,
        /^9 clients\[0\]\.allowIps\[2\]: must be an address or a CIDR: /,
        '10 clients[0].allowIps[3]: is empty: remove the item',
        /^11 clients\[0\]\.allowIps\[4\]: must be an address or a CIDR: /,
      ],
    ],
    [
      ['- id: c', `  keys: [${KEY}]`],
      ['4 clients[0].apps: is missing: list the appids that this client may use, or write "*" for all'],
    ],
    [
      ['- id: c', '  apps: wx1', `  keys: [${KEY}]`],
      ['5 clients[0].apps: must be a list of appids, or "*" for all: put the appid in [ ]'],
    ],
    [
      ['- id: c', '  apps: ["*"]', `  keys: [${KEY}]`],
      ['5 clients[0].apps[0]: must not stand in a list: for all apps write apps: "*"'],
    ],
    [
      ['- id: c', '  apps:', '    - wx1', '    - wx23', '    - 5', '    - other-app', `  keys: [${KEY}]`],
      [
        '7 clients[0].apps[1]: is not the appid of an app of this file (did you mean "wx22"?): correct or remove it',
        `8 clients[0].apps[2]: ${NUMBER}`,
        '9 clients[0].apps[3]: is not the appid of an app of this file: correct or remove it',
      ],
    ],
    [
      ['- id: c', '  apps: "*"', `  keys: [${KEY}]`, '  may: []'],
      ['7 clients[0].may: is an empty list: list some of read, report, login, gateway, platform, admin'],
    ],
    [
      ['- id: c', '  apps: "*"', `  keys: [${KEY}]`, '  may: read'],
      ['7 clients[0].may: must be a list, as in [read, report, login, gateway, platform, admin]'],
    ],
    [
      ['- id: c', '  apps: "*"', `  keys: [${KEY}]`, '  may: [read, raed]'],
      [
        '7 clients[0].may[1]: must be one of read, report, login, gateway, platform, admin (did you mean "read"?)',
      ],
    ],
    [
      ['- id: c', '  apps: "*"', `  keys: [${KEY}]`, '  may: [read, Admin]'],
      [
        '7 clients[0].may[1]: must be one of read, report, login, gateway, platform, admin (did you mean "admin"?)',
      ],
    ],
    [
      ['- id: c', '  apps: "*"', `  keys: [${KEY}]`, '  may: [read, read]'],
      ['7 clients[0].may[1]: stands in the list twice (also as item 0)'],
    ],
    ...['0', '10000001', '1.5', '"60"', '.inf'].map((value): [string[], RegExp[]] => [
      ['- id: c', '  apps: "*"', `  keys: [${KEY}]`, `  requestsPerMinute: ${value}`],
      [/^7 clients\[0\]\.requestsPerMinute: must be a whole number from 1 to 10000000/],
    ]),
    [
      ['- id: c', '  apps: "*"', `  keys: [${KEY}]`, '  gatewayPaths: []'],
      ['7 clients[0].gatewayPaths: is an empty list: list at least one path, or remove the key to allow all'],
    ],
    [
      [
        '- id: c',
        '  apps: "*"',
        `  keys: [${KEY}]`,
        '  gatewayPaths: [/a/*, wxa/b, "/a*b", "/a?b", /a/../b, /a/*]',
      ],
      [
        '7 clients[0].gatewayPaths[1]: must be a path that begins with /, as in "/wxa/*"',
        '7 clients[0].gatewayPaths[2]: must have * at its end only, as in "/wxa/*"',
        '7 clients[0].gatewayPaths[3]: must be a path alone, without ?, #, \\ or white space',
        '7 clients[0].gatewayPaths[4]: must not have . or .. in it',
        '7 clients[0].gatewayPaths[5]: stands in the list twice (also as item 0)',
      ],
    ],
    [
      ['- id: c', '  apps: "*"', '  allowips: [10.0.0.1]', `  keys: [${KEY}]`],
      [/^6 clients\[0\]\.allowips: is not a known key \(did you mean "allowIps"\?\)/],
    ],
  ])('%j', (lines, expected) => {
    const problems = problemsOf(withClient(...lines));
    expect(problems).toEqual(
      expected.map((line) => (typeof line === 'string' ? line : expect.stringMatching(line))),
    );
  });

  it('do not count as a wrong grant where the app is there but wrong itself', () => {
    const text = `version: 1\napps:\n  - appid: wx1\nclients:\n  - { id: c, apps: [wx1], allowIps: [10.0.0.1] }`;
    expect(problemsOf(text)).toEqual([expect.stringMatching(/^3 apps\[0\]: has no secret/)]);
  });

  it('says nothing of grants where the list of apps cannot be read', () => {
    const text = `version: 1\napps: wx1\nclients:\n  - { id: c, apps: [wx1], allowIps: [10.0.0.1] }`;
    expect(problemsOf(text)).toEqual([expect.stringMatching(/^2 apps: must be a list/)]);
  });
});
