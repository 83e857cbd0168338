import { unescape } from 'node:querystring';
import { NEVER_FORWARDED } from '../src/gateway/rules/never-forwarded.js';
import { accessTokenOf, splitTarget, withAccessToken } from '../src/gateway/rules/query.js';
import { isGrantedPath, judgeTarget } from '../src/gateway/rules/target.js';
import { originForm } from '../src/web/request-target.js';
import { seededRandom } from './support/seeded-random.js';

/**
 * 100,000 targets, each a jumble of what paths, escapes and queries are made of, through the rules of the gateway. By an
 * oracle that reads them as Node's own parsers do. A failure names its seed: `FUZZ_SEED=… npx jest test/gateway-fuzz`.
 */

const INPUTS = 100_000;
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));
const random = seededRandom(seed);
const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
const context = `FUZZ_SEED=${seed}`;

const WORDS = [
  ...new Set(NEVER_FORWARDED.flatMap(({ path }) => path.replace(/\*$/, '').split('/'))),
  ...['wxa', 'message', 'send', 'v2', 'jscode2session', 'x', 'access_token', 'access_token[]', '90_token'],
].filter((word) => word !== '');
const ODD = [
  ...[
    '/',
    '/',
    '/',
    '/',
    '//',
    '.',
    '..',
    '\\',
    ';',
    '@',
    ':',
    '#',
    '?',
    '&',
    '=',
    '%',
    '%2e',
    '%2f',
    '%5c',
    '%25',
    '%00',
  ],
  ...['%EF%BC%8F', '%u002f', '\u2215', '\t', ' ', '+', '.json', '~', '-', '_', '*', 'http://h'],
];

const escaped = (text: string) =>
  [...text]
    .map((one) => (random() < 0.5 ? `%${one.charCodeAt(0).toString(16).padStart(2, '0')}` : one))
    .join('');
const spelt = (word: string): string => {
  const spelling = random();
  if (spelling < 0.6) return word;
  if (spelling < 0.75) return word.toUpperCase();
  return spelling < 0.9 ? escaped(word) : escaped(escaped(word));
};
const target = (): string => {
  let text = random() < 0.9 ? '/' : '';
  // Now and then one that is meant to be refused, so that the jumble is near to it.
  if (random() < 0.4) text = spelt(pick(NEVER_FORWARDED).path.replace(/\*$/, ''));
  const parts = Math.floor(random() * 8);
  for (let part = 0; part < parts; part += 1) text += random() < 0.5 ? pick(ODD) : spelt(pick(WORDS));
  return text;
};

/** As a server reads it that takes off one layer of escapes, resolves dots and does not care about case. */
const read = (path: string): string => new URL(unescape(path), 'http://h').pathname.toLowerCase();
const isForbidden = (path: string): boolean =>
  NEVER_FORWARDED.some(({ path: row }) =>
    row.endsWith('*') && !row.endsWith('/*')
      ? path.startsWith(row.slice(0, -1))
      : `${path}/`.startsWith(`${row.replace(/\/\*$/, '')}/`),
  );

it(`${INPUTS} targets: what is forwarded is read alike by everybody, and is nothing that is never forwarded`, () => {
  let forwarded = 0;
  let refused = 0;
  for (let input = 0; input < INPUTS; input += 1) {
    const raw = target();
    const { path, query } = splitTarget(originForm(raw));
    const verdict = judgeTarget(path);
    if (!verdict.ok) {
      refused += 1;
      continue;
    }
    forwarded += 1;
    const url = new URL(verdict.path, 'http://base.example');
    const pathname = url.pathname;
    if (
      url.host !== 'base.example' ||
      pathname !== path ||
      unescape(path) !== path ||
      isForbidden(read(path))
    ) {
      throw new Error(`${context}: ${JSON.stringify(raw)} is forwarded as ${verdict.path}`);
    }
    const pattern = `/${spelt(pick(WORDS)).replaceAll('%', '')}/*`;
    const isUnder = read(path).startsWith(pattern.slice(0, -1).toLowerCase());
    if (isGrantedPath(path, [pattern]) !== isUnder) {
      throw new Error(`${context}: ${JSON.stringify(path)} under ${pattern}: not ${isUnder}`);
    }
    const sent = withAccessToken(query, 'OURS');
    const names = [...new URLSearchParams(sent)].filter(
      ([name]) => name.trim().toLowerCase() === 'access_token',
    );
    if (names.length !== 1 || names[0]?.[1] !== 'OURS' || accessTokenOf(sent) !== 'OURS') {
      throw new Error(`${context}: ${JSON.stringify(query)} becomes ${sent}`);
    }
  }
  // Neither is everything refused nor everything let pass.
  expect([context, forwarded > INPUTS / 50, refused > INPUTS / 50]).toEqual([context, true, true]);
});
