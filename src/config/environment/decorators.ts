import { IsBoolean, IsIn, IsInt, Max, Min, ValidateBy, type ValidationArguments } from 'class-validator';
import type { JsonSchema } from '../apps-file/rule.js';

/** What a reader gives back for a text that it cannot read; the message holds no part of the text. */
export class Unreadable {
  constructor(readonly message: string) {}
}

/** Makes a variable's text (never empty) its value. What it leaves as it is, the field's rules judge. */
export type Reader = (text: string) => unknown;

interface VariableOfField {
  readonly name: string;
  readonly read: Reader;
}

const variableByField = new Map<string, VariableOfField>();

/** The variable that fills a field of HubEnvironment; the field's initial value is the default. */
export function Variable(name: string, read: Reader = (text) => text): PropertyDecorator {
  return (_target, field) => {
    variableByField.set(String(field), { name, read });
  };
}

/** All variables that the hub knows, in the order of the class. */
export function knownVariables(): string[] {
  return [...variableByField.values()].map(({ name }) => name);
}

const schemaByField = new Map<string, JsonSchema>();

/** For the configuration reference: what a variable's value must be, apart from what its reader refuses. */
export function describedVariables(): { name: string; field: string; schema: JsonSchema }[] {
  return [...variableByField].map(([field, { name }]) => ({
    name,
    field,
    schema: schemaByField.get(field) ?? { type: 'string' },
  }));
}

/** Fills the fields whose variable is set and not empty. Gives the name of each field's variable. */
export function readVariables(
  target: object,
  env: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<string, string> {
  const fields = target as Record<string, unknown>;
  for (const [field, { name, read }] of variableByField) {
    const text = env[name];
    if (text !== undefined && text !== '') fields[field] = read(text);
  }
  return new Map([...variableByField].map(([field, { name }]) => [field, name]));
}

export function IsReadable(): PropertyDecorator {
  return ValidateBy({
    name: 'isReadable',
    validator: {
      validate: (value: unknown) => !(value instanceof Unreadable),
      defaultMessage: (args?: ValidationArguments) =>
        args?.value instanceof Unreadable ? args.value.message : '',
    },
  });
}

/** Bounds are inclusive; `unit` as in "of milliseconds", or empty. */
export function WholeNumber(from: number, to: number, unit = ''): PropertyDecorator {
  const message = `must be a whole number${unit === '' ? '' : ` ${unit}`} from ${from} to ${to} (digits only)`;
  return (target, field) => {
    schemaByField.set(String(field), { type: 'integer', minimum: from, maximum: to });
    for (const decorate of [IsInt({ message }), Min(from, { message }), Max(to, { message })])
      decorate(target, field);
  };
}

export function OneOf(allowed: readonly string[]): PropertyDecorator {
  const decorate = IsIn([...allowed], { message: `must be one of ${allowed.join(', ')} (in lower case)` });
  return (target, field) => {
    schemaByField.set(String(field), { enum: allowed });
    decorate(target, field);
  };
}

export function TrueOrFalse(): PropertyDecorator {
  const decorate = IsBoolean({ message: 'must be true or false (in lower case)' });
  return (target, field) => {
    schemaByField.set(String(field), { enum: ['true', 'false'] });
    decorate(target, field);
  };
}
