import { formatProblems } from './problem.js';
import { HASH_1, load, SECRET } from './spec-support.js';

/** Mangled files, drawn from a seed that is printed: always problems or a reading; never a throw, a hang or a secret. */
const RUNS = 100_000;
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);

const GOOD = `version: 1
defaults: { tokenApi: token, tickets: [jsapi] }
apps:
  - appid: wx1
    secret: ${SECRET}
  - { appid: wx2, secretEnv: A_SECRET }
clients:
  - id: shop
    keys: [{ id: "1", sha256: ${HASH_1}, expiresAt: 2027-11-30T00:00:00Z }]
    allowIps: [10.0.0.0/8]
    apps: [wx1]
    may: [read, gateway]
notify:
  - { type: wecom, urlEnv: A_URL }
`;
const PIECES = [
  ...[
    '\n',
    ' ',
    '  ',
    '\t',
    ':',
    ': ',
    '：',
    '-',
    '- ',
    ',',
    '[',
    ']',
    '{',
    '}',
    '"',
    "'",
    '#',
    '&a',
    '*a',
    '!',
    '!!str',
  ],
  ...[
    '|',
    '>',
    '%',
    '@',
    '`',
    '?',
    '<<: ',
    '---\n',
    '...\n',
    '\\',
    '\0',
    '\r',
    '\ufeff',
    '\u2028',
    '\ud800',
    '~',
    'null',
  ],
  ...['__proto__', 'constructor', 'apps', 'secret', 'NaN', '.inf', '0x10', '1e999', '"*"', 'true', SECRET],
];

/** Mulberry32. */
function randomFrom(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function mangled(below: (limit: number) => number): string {
  let text = GOOD;
  for (let edits = 1 + below(4); edits > 0; edits -= 1) {
    const at = below(text.length);
    const cut = below(4) === 0 ? below(40) : below(3);
    const piece = below(4) === 0 ? '' : (PIECES[below(PIECES.length)] ?? '').repeat(1 + below(3));
    text = text.slice(0, at) + piece + text.slice(at + cut);
  }
  return text;
}

it(`${RUNS} mangled files, FUZZ_SEED=${seed}`, () => {
  const below = randomFrom(seed);
  const env = {
    A_SECRET: 'another-secret-of-the-environment',
    A_URL: 'https://robot.example/key-in-the-url',
  };
  let good = 0;
  let slowest = 0;
  for (let run = 0; run < RUNS; run += 1) {
    const text = mangled(below);
    const started = performance.now();
    const result = load(text, { env });
    slowest = Math.max(slowest, performance.now() - started);
    if (result.ok) good += 1;
    const told = formatProblems(result.ok ? result.warnings : result.problems);
    if (!result.ok && told.length === 0)
      throw new Error(`run ${run}: neither problems nor a reading: ${text}`);
    const shown = told.join('\n');
    // Shorter parts of it may end up in what reads as an appid, and that is told.
    const leaks = [SECRET.slice(0, 20), SECRET.slice(-20), 'another-secret', 'key-in-the-url'];
    if (leaks.some((part) => shown.includes(part)) || told.some((line) => line.includes('\n')))
      throw new Error(`run ${run}: ${shown}\n${text}`);
  }
  expect([good > RUNS / 100, good < RUNS / 2, slowest < 1000]).toEqual([true, true, true]);
}, 180_000);
