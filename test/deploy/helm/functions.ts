import { createHash } from 'node:crypto';
import { parse, stringify } from 'yaml';
import { isTrue, print, type Functions, type Value, type ValueMap } from './evaluate.js';

/** Those of Go, sprig and Helm that the chart uses. https://helm.sh/docs/chart_template_guide/function_list/ */
export const FUNCTIONS: Functions = {
  not: (value) => !isTrue(value),
  eq: (value, ...others) => others.some((other) => compare(value, other) === 0),
  ne: (a, b) => compare(a, b) !== 0,
  gt: (a, b) => compare(a, b) > 0,
  lt: (a, b) => compare(a, b) < 0,
  default: (fallback, value) => (isTrue(value) ? value : fallback),
  required: (message, value) => {
    if (value === null || value === undefined || value === '') throw new Error(text(message));
    return value;
  },
  fail: (message) => {
    throw new Error(text(message));
  },
  int: (value) => BigInt(Math.trunc(Number(value))),
  add: (...values) => values.reduce((sum: bigint, value) => sum + BigInt(print(value)), 0n),
  toString: print,
  quote: (value) => (value === null || value === undefined ? '' : JSON.stringify(print(value))),
  printf: (format, ...args) => printf(text(format), args),
  trunc: (length, value) => text(value).slice(0, Number(length)),
  trimSuffix: (suffix, value) =>
    text(value).endsWith(text(suffix)) ? text(value).slice(0, -text(suffix).length) : value,
  contains: (part, value) => text(value).includes(text(part)),
  replace: (from, to, value) => text(value).replaceAll(text(from), text(to)),
  indent,
  nindent: (width, value) => `\n${indent(width, value)}`,
  sha256sum: (value) => createHash('sha256').update(text(value)).digest('hex'),
  toYaml,
  fromYaml: (value) => (parse(text(value)) as ValueMap | null) ?? {},
  list: (...values) => values,
  index: (map, key) => (map as ValueMap)[text(key)],
  dict: (...pairs) => {
    const map: Record<string, Value> = {};
    for (let i = 0; i < pairs.length; i += 2) map[text(pairs[i])] = pairs[i + 1];
    return map;
  },
  concat: (...lists) =>
    lists.flatMap((value) => {
      if (!Array.isArray(value)) throw new Error('concat of what is no list');
      return value;
    }),
};

/** Helm's: keys sorted, no newline at the end. */
function toYaml(value: Value): string {
  const plain = JSON.parse(
    JSON.stringify(value ?? null, (_key, each: unknown) => (typeof each === 'bigint' ? Number(each) : each)),
  ) as unknown;
  return stringify(plain, { sortMapEntries: true, lineWidth: 0, version: '1.1' }).replace(/\n$/, '');
}

function indent(width: Value, value: Value): string {
  return text(value).replace(/^/gm, ' '.repeat(Number(width)));
}

function text(value: Value): string {
  if (typeof value !== 'string') throw new Error(`expected a string, got ${typeof value}`);
  return value;
}

/** @throws {Error} where Go would not compare: other types, or an int with a float64. */
function compare(a: Value, b: Value): number {
  if (typeof a !== typeof b || typeof a === 'object' || typeof a === 'function' || a === undefined) {
    throw new Error(`incompatible types for comparison: ${typeof a} and ${typeof b}`);
  }
  const [left, right] = [a, b] as [string, string];
  return left === right ? 0 : left < right ? -1 : 1;
}

function printf(format: string, args: readonly Value[]): string {
  let used = 0;
  const printed = format.replace(/%(.)/g, (whole, verb: string) => {
    if (verb === '%') return '%';
    if (used >= args.length) throw new Error(`printf: no argument for ${whole}`);
    const value = args[used++];
    if (verb === 's') return text(value);
    if (verb === 'd' && typeof value === 'bigint') return String(value);
    if (verb === 'v') return print(value);
    throw new Error(`printf: ${whole} is not supported for ${typeof value}`);
  });
  if (used < args.length) throw new Error('printf: too many arguments');
  return printed;
}
