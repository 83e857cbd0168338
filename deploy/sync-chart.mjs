// node deploy/sync-chart.mjs: makes the parts of the chart that say what is said elsewhere. docs/apps.schema.json goes
// into values.schema.json, so that Helm refuses a wrong `config`; the tables of README.md are made of values.yaml. A
// test compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { format } from 'prettier';

const chart = join(dirname(fileURLToPath(import.meta.url)), 'helm', 'wechat-token-hub');
const read = (...path) => readFileSync(join(chart, ...path), 'utf8');

/** What the made files are to hold, by name. */
export async function made() {
  const schema = JSON.parse(read('values.schema.json'));
  const { $schema, $comment, ...appsFile } = JSON.parse(read('../../../docs/apps.schema.json'));
  schema.definitions.appsFile = {
    $comment: `Made by deploy/sync-chart.mjs. ${$comment} As of ${$schema}`,
    ...forHelm(appsFile),
  };
  const text = await format(JSON.stringify(schema), { parser: 'json', printWidth: 110 });
  return { 'values.schema.json': text, 'README.md': readme(schema) };
}

/**
 * Helm's patterns are RE2's: `\\u0000` is `\\x{0000}`, and of (?!…) and (?=…), which it has not, those at the beginning
 * become conditions beside the pattern.
 */
export function forHelm(node) {
  if (Array.isArray(node)) return node.map(forHelm);
  if (typeof node !== 'object' || node === null) return node;
  const all = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, forHelm(value)]));
  if (typeof node.pattern !== 'string') return all;
  const conditions = [];
  let rest = node.pattern.replace(/\\u([0-9A-Fa-f]{4})/g, '\\x{$1}').replace(/^\^/, '');
  for (let ahead = leading(rest); ahead !== undefined; ahead = leading(rest)) {
    const condition = { pattern: `^${ahead.inner}` };
    conditions.push(ahead.isNot ? { not: condition } : condition);
    rest = ahead.rest;
  }
  if (/\(\?[=!<]/.test(rest)) throw new Error(`a look-around that is not at the beginning: ${node.pattern}`);
  const pattern = node.pattern.startsWith('^') ? `^${rest}` : rest;
  if (conditions.length === 0) return { ...all, pattern };
  return { ...all, pattern, allOf: [...(all.allOf ?? []), ...conditions] };
}

/** The look-ahead that a pattern begins with. Its brackets are counted but for those in classes and after backslashes. */
function leading(pattern) {
  if (!/^\(\?[=!]/.test(pattern)) return undefined;
  let depth = 0;
  for (const match of pattern.matchAll(/\\.|\[(?:\\.|[^\]])*\]|[()]/g)) {
    if (match[0] === '(') depth++;
    if (match[0] === ')' && --depth === 0) {
      const end = match.index;
      return { isNot: pattern[2] === '!', inner: pattern.slice(3, end), rest: pattern.slice(end + 1) };
    }
  }
  throw new Error(`an open bracket: ${pattern}`);
}

function readme(schema) {
  const values = parse(read('values.yaml'));
  const rows = [...described(read('values.yaml'), schema)].map(({ path, comment }) => {
    const value = path.split('.').reduce((at, key) => at[key], values);
    return `| \`${path}\` | ${shown(value)} | ${comment.replaceAll('|', '\\|').replaceAll('<', '&lt;')} |`;
  });
  return `${read('README.head.md').trim()}\n\n## Values\n\n| value | default | |\n|---|---|---|\n${rows.join('\n')}\n`;
}

const TOO_LONG = 50;

function shown(value) {
  if (value === '' || value === null) return '';
  const text = JSON.stringify(value);
  return text.length > TOO_LONG ? 'see [values.yaml](values.yaml)' : `\`${text.replaceAll('"', "'")}\``;
}

/** Each value that the schema does not take apart further, with the comments above it and above what it is part of. */
function* described(text, schema) {
  const parents = [];
  let comment = [];
  let inList = -1;
  for (const line of text.split('\n').slice(1)) {
    const [, indent, sign, key] = /^( *)(?:(#|-)|([A-Za-z]\w*):)?/.exec(line);
    const depth = indent.length / 2;
    if (line.trim() === '') comment = [];
    else if (inList >= 0 && depth > inList) continue;
    else if (sign === '#') comment.push(line.trim().slice(2));
    else if (key !== undefined) {
      parents.splice(depth);
      const path = [...parents.map((parent) => parent.key), key].join('.');
      const isOpen = nodeAt(schema, path)?.properties !== undefined;
      inList = isOpen ? -1 : depth;
      // What stands above a group is said at its first value.
      const inherited = parents.flatMap((parent) => parent.comment.splice(0));
      if (isOpen) parents.push({ key, comment: [...inherited, ...comment] });
      else yield { path, comment: [...inherited, ...comment].join(' ') };
      comment = [];
    }
  }
}

function nodeAt(schema, path) {
  return path.split('.').reduce((node, key) => node?.properties?.[key], schema);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [file, text] of Object.entries(await made())) writeFileSync(join(chart, file), text);
}
