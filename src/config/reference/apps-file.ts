import type { JsonSchema, Key, Table } from '../apps-file/rule.js';
import { TOP } from '../apps-file/tables.js';

/** What the hub knows of one key of apps.yaml. */
export interface KeyReference {
  /** As in `apps[].secretEnv`. */
  readonly path: string;
  readonly required: boolean;
  readonly schema: JsonSchema;
  /** What holds where the key is not there; `undefined`: nothing does. */
  readonly default: unknown;
}

/** Gives what stands beside a key in the schema, as `description`. */
export type Describe = (path: string) => JsonSchema;

/**
 * apps.yaml as JSON Schema (draft-07, which the editors' YAML servers read): what the tables say.
 *
 * Beyond it, and so refused by the hub alone: secrets that are missing; appids, ids and key hashes that stand in the
 * file twice; grants of apps that the file does not have; an AppSecret used as a key; aliases, merge keys and tags of
 * YAML.
 */
export function appsFileSchema(describe: Describe = () => ({})): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $comment: 'Made by npm run docs from the rules that the hub itself reads apps.yaml by.',
    title: 'apps.yaml of wechat-token-hub',
    ...mappingSchema(TOP, '', describe),
  };
}

/** Every key of apps.yaml, in the order of the file, with the keys of its items behind it. */
export function appsFileKeys(table: Table = TOP, path = ''): KeyReference[] {
  return Object.entries<Key>(table.keys).flatMap(([key, { rule, required, default: byDefault }]) => {
    const own = `${path}${key}`;
    const below = rule.of === undefined ? [] : appsFileKeys(rule.of, pathBelow(own, rule.schema));
    return [
      { path: own, required: required !== undefined, schema: rule.schema, default: byDefault },
      ...below,
    ];
  });
}

function mappingSchema(table: Table, path: string, describe: Describe): JsonSchema {
  const properties = Object.entries<Key>(table.keys).map(([key, { rule, default: byDefault }]) => {
    const own = `${path}${key}`;
    const below = rule.of === undefined ? {} : mappingSchema(rule.of, pathBelow(own, rule.schema), describe);
    const value =
      rule.of !== undefined && rule.schema.type === 'array'
        ? { ...rule.schema, items: below }
        : { ...rule.schema, ...below };
    return [
      key,
      { ...describe(own), ...value, ...(byDefault === undefined ? {} : { default: byDefault }) },
    ] as const;
  });
  const required = Object.entries<Key>(table.keys).flatMap(([key, of]) =>
    of.required === undefined ? [] : [key],
  );
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length > 0 ? { required } : {}),
    additionalProperties: false,
    ...table.schema,
  };
}

function pathBelow(path: string, { type }: JsonSchema): string {
  return type === 'array' ? `${path}[].` : `${path}.`;
}
