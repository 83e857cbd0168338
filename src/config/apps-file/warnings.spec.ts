import { HASH_1, HASH_2, load, SECRET } from './spec-support.js';

const NOW = Date.UTC(2026, 10, 28);

/** What is advised about a file in which nothing is wrong, as `line path: message`. */
function adviceOn(...lines: string[]): string[] {
  const text = ['version: 1', ...lines].join('\n');
  const files = { '/etc/hub/a': SECRET };
  const result = load(text, { env: { A: SECRET }, files, options: { adviceAt: NOW } });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.advice.map(({ line, path, message }) => `${line} ${path}: ${message}`);
}

const APPS = `apps: [{ appid: wx1, secret: "${SECRET}" }]`;
const KEYS = `keys: [{ id: a, sha256: ${HASH_1} }]`;

describe('warnings of check', () => {
  it.each([
    [
      [
        'apps:',
        '  - { appid: wx1, secretFile: a }',
        '  - { appid: wx2, secretFile: a }',
        'clients:',
        '  - { id: c, apps: "*", allowIps: [10.0.0.1] }',
      ],
      '4 apps[1].secretFile: is the same as apps[0].secretFile (line 3): two apps never have the same AppSecret (app wx2)',
    ],
    [
      [
        APPS,
        'clients:',
        '  - id: c',
        '    apps: "*"',
        '    keys:',
        `      - { id: a, sha256: ${HASH_1}, expiresAt: 2026-11-27T23:59:59Z }`,
        `      - { id: b, sha256: ${HASH_2}, expiresAt: 2026-11-28T00:00:01Z }`,
      ],
      '7 clients[0].keys[0].expiresAt: has passed: the key is refused, remove it (client c)',
    ],
    [[APPS], '2 apps[0].appid: is granted to no client: nobody can fetch its token (app wx1)'],
    [
      [
        APPS,
        'clients:',
        `  - { id: c, apps: "*", ${KEYS}, allowIps: [10.21.0.5/16, 10.0.0.0/8, "2001:db8::/32", 10.0.0.1] }`,
      ],
      '4 clients[0].allowIps[0]: is read as 10.21.0.0/16: write that, or the address alone (client c)',
    ],
    [
      [APPS, 'clients:', `  - { id: c, apps: "*", ${KEYS}, allowIps: ["::/0"] }`],
      '4 clients[0].allowIps[0]: allows every address: remove allowIps, or name the networks that are meant (client c)',
    ],
    [
      [APPS, 'clients:', `  - { id: c, apps: "*", ${KEYS}, gatewayPaths: [/wxa/*] }`],
      '4 clients[0].gatewayPaths: has no use: the client may not use the gateway (may: [gateway]) (client c)',
    ],
    [
      [APPS, 'clients:', '  - { id: c, apps: "*", allowIps: [10.0.0.1], may: [admin] }'],
      /^4 clients\[0\]\.may: has admin, and the client no keys: .*add a key \(client c\)$/,
    ],
  ])('%j', (lines, expected) => {
    expect(adviceOn(...lines)).toEqual([
      typeof expected === 'string' ? expected : expect.stringMatching(expected),
    ]);
  });

  it('has nothing to say of a file that is as it should be', () => {
    expect(
      adviceOn(
        APPS,
        'clients:',
        `  - { id: c, apps: [wx1], ${KEYS}, may: [admin, gateway], gatewayPaths: [/wxa/*] }`,
      ),
    ).toEqual([]);
  });
});
