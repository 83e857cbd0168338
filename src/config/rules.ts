import { ValidateBy, type ValidationArguments } from 'class-validator';
import { didYouMean } from './nearest-name.js';
import type { Path } from './problem.js';

/** What is wrong with a value: where below its key, and what to do. Never holds the value itself. */
export interface Finding {
  readonly at: Path;
  readonly message: string;
}

/** A part of JSON Schema, draft-07. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A class whose decorated fields are the keys of a mapping. */
export type EntryClass<T extends object = object> = new () => T;

/**
 * Judges the value of a key that is there and not empty. The schema says the same as far as JSON Schema can, for
 * editors; where it cannot, it is the wider of the two and has a `$comment`.
 */
export interface Rule {
  (value: unknown): readonly Finding[];
  readonly schema: JsonSchema;
  /** What each item of the list, or the mapping itself, is read as. */
  readonly of?: EntryClass;
}

export function rule(
  schema: JsonSchema,
  judge: (value: unknown) => readonly Finding[],
  of?: EntryClass,
): Rule {
  return Object.assign((value: unknown) => judge(value), { schema }, of === undefined ? {} : { of });
}

/** What a field's decorators say about it, as class-validator keeps it. */
export interface FieldContext {
  readonly rule: Rule;
  readonly required?: true;
  readonly default?: unknown;
}

const NOTHING_WRONG: readonly Finding[] = [];

/**
 * The rule of a key, for class-validator. The rule itself goes along as the error's context: class-validator says
 * that a list is wrong, and asking the rule again says which of its items. `default`: what holds where the key is
 * not there, for editors and documents.
 */
export function Holds(judge: Rule, { default: byDefault }: { default?: unknown } = {}): PropertyDecorator {
  return ValidateBy(
    {
      name: 'rule',
      validator: {
        validate: (value: unknown) => value === undefined || judge(value).length === 0,
        defaultMessage: ({ property }: ValidationArguments = {} as ValidationArguments) =>
          `${property} is wrong`,
      },
    },
    { context: { rule: judge, default: byDefault } satisfies FieldContext },
  );
}

/** The key must be there; `hint` ends the sentence "is missing: …". */
export function Required(hint: string): PropertyDecorator {
  const message = `is missing: ${hint}`;
  return ValidateBy(
    {
      name: 'required',
      validator: { validate: (value: unknown) => value !== undefined, defaultMessage: () => message },
    },
    { context: { rule: rule({}, () => wrong(message)), required: true } satisfies FieldContext },
  );
}

function wrong(message: string): readonly Finding[] {
  return [{ at: [], message }];
}

/** A text that `flaw` finds nothing wrong with; `schema` says the same as a pattern and the like. */
export function text(flaw: (value: string) => string | undefined, schema: JsonSchema = {}): Rule {
  return rule({ type: 'string', ...schema }, (value) => {
    if (typeof value !== 'string') return wrong(notAText(value));
    const found = flaw(value);
    return found === undefined ? NOTHING_WRONG : wrong(found);
  });
}

/** A text that `pattern` (without flags but `u`) fits; `form` ends the sentence "must be …". */
export function textLike(pattern: RegExp, form: string): Rule {
  return text((value) => (pattern.test(value) ? undefined : `must be ${form}`), { pattern: pattern.source });
}

function notAText(value: unknown): string {
  if (typeof value === 'number') return 'must be a text, but YAML reads it as a number: quote it ("…")';
  if (typeof value === 'boolean') return 'must be a text, but YAML reads it as true or false: quote it ("…")';
  return Array.isArray(value) ? 'must be a text, not a list' : 'must be a text, not a mapping';
}

export function oneOf(allowed: readonly string[]): Rule {
  const form = `must be one of ${allowed.join(', ')}`;
  return rule({ enum: allowed }, (value) => {
    if (typeof value === 'string' && allowed.includes(value)) return NOTHING_WRONG;
    return wrong(typeof value === 'string' ? `${form}${didYouMean(value, allowed)}` : form);
  });
}

/** Bounds are inclusive; `unit` as in "of seconds", or empty. */
export function wholeNumber(from: number, to: number, unit = ''): Rule {
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
export function listOf(item: Rule, example: string, options: ListOptions = {}): Rule {
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
    return items.flatMap((entry, index) => {
      const findings = entry === null ? wrong('is empty: remove the item') : item(entry);
      if (findings.length > 0) return findings.map(({ at, message }) => ({ at: [index, ...at], message }));
      const first = options.unique === true ? items.indexOf(entry) : index;
      return first === index
        ? []
        : [{ at: [index], message: `stands in the list twice (also as item ${first})` }];
    });
  });
}

/** A list of mappings, which are read one by one elsewhere. */
export function listOfMappings(example: string, of: EntryClass): Rule {
  return rule(
    { type: 'array' },
    (value) => (Array.isArray(value) ? NOTHING_WRONG : wrong(`must be a list, as in ${example}`)),
    of,
  );
}

/** A mapping, which is read elsewhere. */
export function mapping(example: string, of: EntryClass): Rule {
  return rule(
    { type: 'object' },
    (value) =>
      typeof value === 'object' && !Array.isArray(value)
        ? NOTHING_WRONG
        : wrong(`must be a mapping, as in ${example}`),
    of,
  );
}

const DATE_TIME =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** ISO 8601 with a date, a time and a zone; a day that the month does not have is refused, too. */
export const dateTimeWithZone: Rule = text(
  (value) =>
    parseDateTime(value) === undefined
      ? 'must be a date, time and zone, as in 2027-11-30T00:00:00Z'
      : undefined,
  { pattern: DATE_TIME.source, $comment: 'The hub also refuses a day that the month does not have.' },
);

/** Epoch milliseconds; `undefined` where the text is not of the form above. */
export function parseDateTime(value: string): number | undefined {
  const parts = DATE_TIME.exec(value);
  if (parts === null) return undefined;
  const [year, month, day] = parts.slice(1, 4).map(Number) as [number, number, number];
  const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate();
  if (day > lastDay) return undefined;
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : time;
}

/** Every item that is wrong in the words of `judge`, which sees the list of texts as a whole. */
export function textList(
  judge: (items: readonly string[]) => readonly { index: number; message: string }[],
  example: string,
  { schema, ...options }: ListOptions & { readonly schema?: JsonSchema } = {},
): Rule {
  const texts = listOf(
    text(() => undefined, schema),
    example,
    options,
  );
  return rule(texts.schema, (value) => {
    const findings = texts(value);
    if (!Array.isArray(value)) return findings;
    const items: readonly unknown[] = value;
    // Those that are no texts are reported already; "" keeps the places of the others.
    const judged = judge(items.map((item) => (typeof item === 'string' ? item : '')));
    const reported = new Set(findings.map(({ at }) => at[0]));
    return [
      ...findings,
      ...judged
        .filter(({ index }) => !reported.has(index))
        .map(({ index, message }) => ({ at: [index], message })),
    ];
  });
}
