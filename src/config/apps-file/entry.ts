import { didYouMean } from '../nearest-name.js';
import type { Path, Problems } from './problem.js';
import { UNREADABLE, type Complete, type Key, type Table, type Values } from './rule.js';

/** One mapping of the file, read by its table. */
export interface Entry<T extends Table> {
  /** Without the keys that are wrong: those are reported. */
  readonly values: Values<T>;
  /** The known keys that the file has here, right or wrong: what is present is never reported as missing. */
  readonly present: ReadonlySet<string>;
  /** As the file has it. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/**
 * Reads a mapping by its table and reports what is wrong. `undefined`: it is no mapping.
 *
 * `key:` without a value is a problem everywhere. Taken for "not set", an `allowIps:` whose list was deleted would
 * let every address in.
 */
export function readEntry<T extends Table>(
  table: T,
  plain: unknown,
  path: Path,
  problems: Problems,
): Entry<T> | undefined {
  if (plain === UNREADABLE) return undefined;
  const known = Object.keys(table.keys);
  if (plain === null || typeof plain !== 'object' || Array.isArray(plain)) {
    problems.add(path, `must be a mapping with ${known.slice(0, 3).join(', ')}…`);
    return undefined;
  }
  const raw = plain as Readonly<Record<string, unknown>>;
  const values: Record<string, unknown> = {};
  const present = new Set<string>();
  for (const key of Object.keys(raw)) {
    // A table has a prototype: `constructor` is not one of its keys.
    if (!Object.hasOwn(table.keys, key))
      problems.add([...path, key], table.hint?.(key) ?? unknownKeyHint(key, known));
  }
  for (const [key, { rule, required }] of Object.entries<Key>(table.keys)) {
    const value = raw[key];
    if (value === undefined) {
      if (required !== undefined) problems.add([...path, key], `is missing: ${required}`);
      continue;
    }
    present.add(key);
    if (value === null) {
      problems.add([...path, key], 'is empty: give it a value, or remove the key');
      continue;
    }
    const findings = rule(value);
    for (const { at, message } of findings) problems.add([...path, key, ...at], message);
    if (findings.length === 0 && value !== UNREADABLE) values[key] = value;
  }
  return { values: values as Values<T>, present, raw };
}

function unknownKeyHint(key: string, known: readonly string[]): string {
  if (key === '<<') return 'merge keys (<<) are not supported: use defaults, or write the keys out';
  const all = `Known: ${known.join(', ')}`;
  if (key.includes('：'))
    return `is not a known key: write a colon and a space (: ) for the full-width colon (：). ${all}`;
  if (key.includes(':')) return `is not a known key: put a space after the colon. ${all}`;
  return `is not a known key${didYouMean(key, known)}. ${all}`;
}

/** The values with the defaults filled in; `undefined` where a required one is not there. */
export function complete<T extends Table>(table: T, values: Values<T>): Complete<T> | undefined {
  const filled: Record<string, unknown> = {};
  for (const [key, { required, default: byDefault }] of Object.entries<Key>(table.keys)) {
    const value = (values as Readonly<Record<string, unknown>>)[key] ?? byDefault;
    if (value === undefined && required !== undefined) return undefined;
    filled[key] = value;
  }
  return filled as Complete<T>;
}
