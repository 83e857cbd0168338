import { describedVariables } from './decorators.js';
import { HubEnvironment } from './environment.js';
import type { JsonSchema } from '../apps-file/rule.js';

/** What the hub knows of one `HUB_*` variable. */
export interface VariableReference {
  readonly name: string;
  readonly schema: JsonSchema;
  /** As it would stand in the environment; `undefined`: unset. */
  readonly default: string | undefined;
}

/** All variables, in the order of the class. */
export function variableReferences(): VariableReference[] {
  const fields = new HubEnvironment() as unknown as Readonly<Record<string, unknown>>;
  return describedVariables().map(({ field, name, schema }) => ({
    name,
    schema,
    default: asText(fields[field]),
  }));
}

/** What is an object here (lists of keys, sets of addresses, secrets) is empty by default. */
function asText(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}
