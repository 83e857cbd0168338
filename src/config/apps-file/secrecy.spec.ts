import fc from 'fast-check';
import { formatProblems } from './problem.js';
import { HASH_1, load, SECRET } from './spec-support.js';

/** As WeChat makes them. */
const appSecret = fc
  .array(fc.constantFrom(...'0123456789abcdef'), { minLength: 32, maxLength: 32 })
  .map((digits) => digits.join(''));

/** As other people make them: anything that is long enough not to be a word of a message by chance. */
const anySecret = fc
  .oneof(
    appSecret,
    fc.string({ unit: 'binary', minLength: 12, maxLength: 40 }),
    fc.string({ unit: fc.constantFrom(...'ab1:#-"\'{}[]*&!|>%@`, \t\n\\'), minLength: 12, maxLength: 40 }),
  )
  // In the place of a key, a word of letters is shown: the typo that it most likely is.
  .filter((secret) => !/^[A-Za-z_-]+$/.test(secret));

/** Mistakes that put an AppSecret where it does not belong, or in a form that is not a text. */
const MISTAKES: readonly ((secret: string) => string)[] = [
  (secret) => `  - appid: wx1\n    secret: ${secret}`,
  (secret) => `  - appid: wx1\n    secret: "${secret}"`,
  (secret) => `  - appid: wx1\n    secret: "${secret} "`,
  (secret) => `  - appid: wx1\n    secret: '${secret}\n`,
  (secret) => `  - appid: wx1\n    secret: [${secret}]`,
  (secret) => `  - appid: wx1\n    secret: { ${secret}: x }`,
  (secret) => `  - appid: wx1\n    secret: { x: ${secret} }`,
  (secret) => `  - appid: wx1\n    secret: *${secret}`,
  (secret) => `  - appid: wx1\n    secret: !${secret}`,
  (secret) => `  - appid: wx1\n    secret: &${secret}`,
  (secret) => `  - appid: wx1\n    secret: |${secret}`,
  (secret) => `  - appid: wx1\n    secret: @${secret}`,
  (secret) => `  - appid: wx1\n    secret:${secret}`,
  (secret) => `  - appid: wx1\n    secret ${secret}`,
  (secret) => `  - appid: wx1\n     secret: ${secret}`,
  (secret) => `  - appid: wx1\n\tsecret: ${secret}`,
  (secret) => `  - {appid: wx1, secret:${secret}}`,
  (secret) => `  - {appid: wx1, secret, ${secret}}`,
  (secret) => `  - {appid: wx1, secret: ${secret}`,
  (secret) => `  - appid: wx1\n    secretEnv: ${secret}`,
  (secret) => `  - appid: wx1\n    secretFile: ${secret}`,
  (secret) => `  - appid: wx1\n    name: x\n    secretEnv: A\n    secret: ${secret}`,
  (secret) => `  - appid: wx1\n    tokenApi: ${secret}`,
  (secret) => `  - appid: wx1\n    tickets: [${secret}]`,
  (secret) => `  - appid: wx1\n    Secret: ${secret}`,
  (secret) => `  - appid: wx1\n    secret: x\n    secret: ${secret}`,
  (secret) => `  - ${secret}`,
  (secret) =>
    `  - appid: wx1\n    secret: ok\nclients:\n  - { id: c, apps: [${secret}], keys: [{ id: k, sha256: ${secret} }] }`,
  (secret) =>
    `  - appid: wx1\n    secret: ok\nclients:\n  - { id: c, apps: "*", keys: [{ id: k, sha256: ${HASH_1}, expiresAt: ${secret} }] }`,
  (secret) => `  - appid: wx1\n    secret: ok\n${secret}: x`,
  (secret) => `  - appid: wx1\n    secret: ok\nnotify:\n  - { type: wecom, url: "${secret}" }`,
  (secret) =>
    `  - appid: wx1\n    secret: ok\nnotify:\n  - { type: wecom, url: "http://example.com/${secret}" }`,
  (secret) =>
    `  - appid: wx1\n    secret: ok\nnotify:\n  - { type: ${secret}, urlEnv: ${secret}, secret: ${secret} }`,
  (secret) =>
    `  - appid: wx1\n    secret: ok\nnotify:\n  - { type: feishu, url: "https://x.test/a b", secret: "${secret} " }`,
  (secret) =>
    `  - appid: wx1\n    secret: ok\nnotify:\n  - { type: feishu, urlFile: ${secret}, events: [${secret}] }`,
];

describe('problems of apps.yaml', () => {
  it.each(MISTAKES.map((mistake) => [mistake('…'), mistake] as const))(
    'never hold the secret in %j',
    (_, mistake) => {
      fc.assert(
        fc.property(anySecret, (secret) => {
          const result = load(`version: 1\napps:\n${mistake(secret)}\n`);
          if (result.ok) return;
          expectAbsent(secret, formatProblems(result.problems));
        }),
        { numRuns: 60 },
      );
    },
  );

  it('never hold what stands in variables and files', () => {
    fc.assert(
      fc.property(anySecret, anySecret, (inEnv, inFile) => {
        const result = load(
          `version: 1\napps:\n  - { appid: wx1, secretEnv: THE_SECRET }\n  - { appid: wx1, secretFile: it }\n`,
          { env: { THE_SECRET: inEnv }, files: { '/etc/hub/it': inFile } },
        );
        if (result.ok) throw new Error('the appid stands there twice');
        expectAbsent(inEnv, formatProblems(result.problems));
        expectAbsent(inFile, formatProblems(result.problems));
      }),
      { numRuns: 300 },
    );
  });

  it('are one line each', () => {
    const result = load(`version: 1\napps:\n  - { appid: wx1, "a\\nb": 1, secret: "${SECRET}\\n" }\n`);
    expect(result.ok ? [] : formatProblems(result.problems).map((line) => line.includes('\n'))).toEqual([
      false,
      false,
    ]);
  });
});

/** Neither the secret as a whole nor any part of it that would help to guess it. */
function expectAbsent(secret: string, lines: readonly string[]): void {
  const text = lines.join('\n');
  for (let start = 0; start + 12 <= secret.length; start += 1) {
    const part = secret.slice(start, start + 12);
    if (text.includes(part)) throw new Error(`a problem holds a part of the secret: ${text}`);
  }
}
