import { didYouMean } from '../nearest-name.js';
import type { Path } from './problem.js';

/*
 * What rules and tables are made of. A rule says what a value must be: to the hub, which judges by it; to editors and
 * documents, by its schema; and to TypeScript, by the type of a value that has passed.
 */

/** What is wrong with a value: where below its key, and what to do. Never holds the value itself. */
export interface Finding {
  readonly at: Path;
  readonly message: string;
}

/** A part of JSON Schema, draft-07. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * Judges the value of a key that is there and not empty. The schema says the same as far as JSON Schema can, for
 * editors; where it cannot, it is the wider of the two and has a `$comment`.
 */
export interface Rule<T = unknown> {
  (value: unknown): readonly Finding[];
  readonly schema: JsonSchema;
  /** By which table each item of the list, or the mapping itself, is read. */
  readonly of?: Table;
  /** Never there: the type of a value that has passed. */
  readonly passed?: T;
}

/** One key of a mapping. */
export interface Key<T = unknown> {
  readonly rule: Rule<T>;
  /** The key must be there; ends the sentence "is missing: …". */
  readonly required?: string;
  /** What holds where the key is not there, for the hub, editors and documents. */
  readonly default?: T;
}

/** The keys of a mapping, in the order in which documents list them. A key that is not in the table is refused. */
export interface Table<Keys extends Readonly<Record<string, Key>> = Readonly<Record<string, Key>>> {
  readonly keys: Keys;
  /** What concerns several of the keys. */
  readonly schema?: JsonSchema;
  /** What to say of a key that is not in the table, where that is more than its not being known. */
  readonly hint?: (key: string) => string | undefined;
}

type Passed<K> = K extends { readonly rule: Rule<infer T> } ? T : never;
type Filled<K> = K extends { readonly default: unknown } ? Passed<K> : Passed<K> | undefined;

/** A mapping as it was read: without the keys that are wrong or not there. */
export type Values<T extends Table> = { readonly [K in keyof T['keys']]?: Passed<T['keys'][K]> };

/** A mapping in which nothing is wrong, with the defaults filled in. */
export type Complete<T extends Table> = {
  readonly [K in keyof T['keys']]: T['keys'][K] extends { readonly required: string }
    ? Passed<T['keys'][K]>
    : Filled<T['keys'][K]>;
};

export function required<T>(hint: string, rule: Rule<T>): { rule: Rule<T>; required: string } {
  return { rule, required: hint };
}

export function optional<T>(rule: Rule<T>): { rule: Rule<T> } {
  return { rule };
}

export function withDefault<T>(value: T, rule: Rule<T>): { rule: Rule<T>; default: T } {
  return { rule, default: value };
}

/** Stands for what cannot be read as a value (an alias), and is reported as such: no rule has a word to add. */
export const UNREADABLE: unique symbol = Symbol('unreadable');

const NOTHING_WRONG: readonly Finding[] = [];

export function wrong(message: string): readonly Finding[] {
  return [{ at: [], message }];
}

export function rule<T>(
  schema: JsonSchema,
  judge: (value: unknown) => readonly Finding[],
  of?: Table,
): Rule<T> {
  const judged = (value: unknown) => (value === UNREADABLE ? NOTHING_WRONG : judge(value));
  return Object.assign(judged, { schema }, of === undefined ? {} : { of });
}

/** A text that `flaw` finds nothing wrong with; `schema` says the same as a pattern and the like. */
export function text(flaw: (value: string) => string | undefined, schema: JsonSchema = {}): Rule<string> {
  return rule({ type: 'string', ...schema }, (value) => {
    if (typeof value !== 'string') return wrong(notAText(value));
    const found = flaw(value);
    return found === undefined ? NOTHING_WRONG : wrong(found);
  });
}

/** A text that `pattern` (without flags but `u`) fits; `form` ends the sentence "must be …". */
export function textLike(pattern: RegExp, form: string): Rule<string> {
  return text((value) => (pattern.test(value) ? undefined : `must be ${form}`), { pattern: pattern.source });
}

function notAText(value: unknown): string {
  if (typeof value === 'number') return 'must be a text, but YAML reads it as a number: quote it ("…")';
  if (typeof value === 'boolean') return 'must be a text, but YAML reads it as true or false: quote it ("…")';
  return Array.isArray(value) ? 'must be a text, not a list' : 'must be a text, not a mapping';
}

export function oneOf<const T extends string>(allowed: readonly T[]): Rule<T> {
  const form = `must be one of ${allowed.join(', ')}`;
  const names: readonly string[] = allowed;
  return rule({ enum: allowed }, (value) => {
    if (typeof value === 'string' && names.includes(value)) return NOTHING_WRONG;
    return wrong(typeof value === 'string' ? `${form}${didYouMean(value, allowed)}` : form);
  });
}

/** Bounds are inclusive; `unit` as in "of seconds", or empty. */
export function wholeNumber(from: number, to: number, unit = ''): Rule<number> {
  const form = `must be a whole number${unit === '' ? '' : ` ${unit}`} from ${from} to ${to}`;
  return rule({ type: 'integer', minimum: from, maximum: to }, (value) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to)
      return NOTHING_WRONG;
    return wrong(typeof value === 'string' && /^[0-9]+$/.test(value) ? `${form}: without quotes` : form);
  });
}

export interface ListOptions {
  readonly unique?: boolean;
  /** Where an empty list is wrong: what to do instead. */
  readonly ifEmpty?: string;
}

/** A list, each item of which holds `item`; `example` shows how to write one. */
export function listOf<T>(item: Rule<T>, example: string, options: ListOptions = {}): Rule<readonly T[]> {
  const schema = {
    type: 'array',
    items: item.schema,
    ...(options.unique === true ? { uniqueItems: true } : {}),
    ...(options.ifEmpty === undefined ? {} : { minItems: 1 }),
  };
  return rule(schema, (value) => {
    if (!Array.isArray(value)) return wrong(`must be a list, as in ${example}`);
    const items: readonly unknown[] = value;
    if (items.length === 0 && options.ifEmpty !== undefined)
      return wrong(`is an empty list: ${options.ifEmpty}`);
    const firsts = new Map<unknown, number>();
    return items.flatMap((entry, index) => {
      const findings = entry === null ? wrong('is empty: remove the item') : item(entry);
      if (findings.length > 0) return findings.map(({ at, message }) => ({ at: [index, ...at], message }));
      const first = firsts.get(entry);
      if (options.unique !== true || first === undefined || entry === UNREADABLE) {
        firsts.set(entry, index);
        return [];
      }
      return [{ at: [index], message: `stands in the list twice (also as item ${first})` }];
    });
  });
}

/** A list of mappings, which are read one by one, each by the table. */
export function listOfMappings(example: string, of: Table): Rule<readonly unknown[]> {
  return rule(
    { type: 'array' },
    (value) => (Array.isArray(value) ? NOTHING_WRONG : wrong(`must be a list, as in ${example}`)),
    of,
  );
}

/** A mapping, which is read by the table. */
export function mapping(example: string, of: Table): Rule<object> {
  return rule(
    { type: 'object' },
    (value) =>
      typeof value === 'object' && !Array.isArray(value)
        ? NOTHING_WRONG
        : wrong(`must be a mapping, as in ${example}`),
    of,
  );
}
