import { getMetadataStorage, validateSync } from 'class-validator';
import { unknownKeyHint } from './apps-file.dto.js';
import { formatPath, isPrintableKey, type ConfigProblem, type Path } from './problem.js';
import type { EntryClass, FieldContext, Finding } from './rules.js';
import type { YamlSource } from './yaml-source.js';

/** Collects what is wrong with one file. */
export class Problems {
  readonly list: ConfigProblem[] = [];

  constructor(private readonly source: Pick<YamlSource, 'lineOf'>) {}

  add(path: Path, message: string, shownPath = formatPath(path)): void {
    this.list.push({ path: shownPath, line: this.source.lineOf(path), message });
  }

  lineOf(path: Path): number {
    return this.source.lineOf(path);
  }

  /** In the order of the file. */
  sorted(): ConfigProblem[] {
    return this.list.toSorted((a, b) => a.line - b.line);
  }
}

/** One mapping of the file as its class, without the keys that are wrong: those are reported. */
export interface Entry<T> {
  readonly values: T;
  /** The known keys that the file has here, right or wrong: what is present is never reported as missing. */
  readonly present: ReadonlySet<string>;
  /** As the file has it. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/**
 * Reads a mapping by the rules of a class with class-validator's decorators.
 *
 * - Unknown keys are looked for by hand: class-validator's whitelist neither knows near names nor `__proto__`.
 * - `key:` without a value is a problem everywhere. Taken for "not set", an `allowIps:` whose list was deleted would
 *   let every address in.
 */
export function readEntry<T extends object>(
  type: EntryClass<T>,
  plain: unknown,
  path: Path,
  problems: Problems,
  hintForUnknown: (key: string) => string | undefined = () => undefined,
): Entry<T> | undefined {
  const known = knownKeys(type);
  if (plain === null || typeof plain !== 'object' || Array.isArray(plain)) {
    problems.add(path, `must be a mapping with ${known.slice(0, 3).join(', ')}…`);
    return undefined;
  }
  const raw = plain as Readonly<Record<string, unknown>>;
  const values = new type();
  const slots = values as Record<string, unknown>;
  const present = new Set<string>();
  const empty = new Set<string>();
  for (const [key, value] of Object.entries(raw)) {
    if (!known.includes(key)) {
      const shown = isPrintableKey(key) ? undefined : `${formatPath(path)}${path.length === 0 ? '' : '.'}?`;
      problems.add([...path, key], hintForUnknown(key) ?? unknownKeyHint(key, known), shown);
      continue;
    }
    present.add(key);
    if (value === null) {
      problems.add([...path, key], 'is empty: give it a value, or remove the key');
      empty.add(key);
    } else {
      slots[key] = value;
    }
  }
  for (const { property, contexts } of validateSync(values, VALIDATION)) {
    slots[property] = undefined;
    if (empty.has(property)) continue;
    for (const { at, message } of findingsOf(contexts, raw[property]))
      problems.add([...path, property, ...at], message);
  }
  return { values, present, raw };
}

/** `target` and `value` are left out of errors, so that nothing that prints one can print a secret. */
const VALIDATION = {
  validationError: { target: false, value: false },
  forbidUnknownValues: false,
  skipMissingProperties: false,
} as const;

function findingsOf(contexts: Record<string, unknown> | undefined, value: unknown): Finding[] {
  return Object.values((contexts ?? {}) as Record<string, FieldContext>).flatMap((context) => [
    ...context.rule(value),
  ]);
}

const keysByType = new Map<EntryClass, readonly string[]>();

/** The keys that have a decorator. */
export function knownKeys(type: EntryClass): readonly string[] {
  let keys = keysByType.get(type);
  if (keys === undefined) {
    const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
    // In the order of the class, inherited ones last.
    keys = [...new Set(rules.map(({ propertyName }) => propertyName))];
    keysByType.set(type, keys);
  }
  return keys;
}
