import { getMetadataStorage } from 'class-validator';
import { AppsFileDto } from './apps-file.dto.js';
import { knownKeys } from './apps-file.entry.js';
import type { EntryClass, FieldContext, JsonSchema } from './rules.js';

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
 * apps.yaml as JSON Schema (draft-07, which the editors' YAML servers read): what the decorators of the DTOs say.
 *
 * Beyond it, and so refused by the hub alone: secrets that are missing; appids, ids and key hashes that stand in the
 * file twice; grants of apps that the file does not have; an AppSecret used as a key; merge keys and tags of YAML.
 */
export function appsFileSchema(describe: Describe = () => ({})): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $comment: 'Made by npm run docs from the rules that the hub itself reads apps.yaml by.',
    title: 'apps.yaml of wechat-token-hub',
    ...mappingSchema(AppsFileDto, '', describe),
  };
}

/** Every key of apps.yaml, in the order of the file, with the keys of its items behind it. */
export function appsFileKeys(): KeyReference[] {
  return keysOf(AppsFileDto, '');
}

function keysOf(type: EntryClass, path: string): KeyReference[] {
  return fieldsOf(type).flatMap(({ key, rule, required, ...field }) => {
    const own = `${path}${key}`;
    const below =
      rule.of === undefined ? [] : keysOf(rule.of, `${own}${rule.schema.type === 'array' ? '[]' : ''}.`);
    return [{ path: own, required, schema: rule.schema, default: field.default }, ...below];
  });
}

function mappingSchema(type: EntryClass, path: string, describe: Describe): JsonSchema {
  const fields = fieldsOf(type);
  const properties = fields.map(({ key, rule, ...field }) => {
    const own = `${path}${key}`;
    const isList = rule.schema.type === 'array';
    const below =
      rule.of === undefined ? {} : mappingSchema(rule.of, `${own}${isList ? '[]' : ''}.`, describe);
    const value =
      rule.of !== undefined && isList ? { ...rule.schema, items: below } : { ...rule.schema, ...below };
    const byDefault = field.default === undefined ? {} : { default: field.default };
    return [key, { ...describe(own), ...value, ...byDefault }] as const;
  });
  const required = fields.flatMap((field) => (field.required ? [field.key] : []));
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length > 0 ? { required } : {}),
    additionalProperties: false,
    ...(type as { schema?: JsonSchema }).schema,
  };
}

interface Field {
  readonly key: string;
  readonly rule: FieldContext['rule'];
  readonly required: boolean;
  readonly default: unknown;
}

function fieldsOf(type: EntryClass): Field[] {
  const metadata = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  return knownKeys(type).flatMap((key) => {
    const own = metadata.filter(({ propertyName }) => propertyName === key);
    const contexts = own.map(({ context }) => context as FieldContext);
    const held = contexts.find(({ required }) => required !== true);
    if (held === undefined) throw new Error(`${type.name}.${key} has no rule`);
    // What stands where an inherited key is left out, the file itself says: its `defaults`.
    const isInherited = own.some(({ target }) => target !== type);
    return [
      {
        key,
        rule: held.rule,
        required: contexts.some(({ required }) => required === true),
        default: isInherited ? undefined : held.default,
      },
    ];
  });
}
