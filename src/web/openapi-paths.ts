/** Operations by path and method, as OpenAPI 3.1 has them, for routes that are not Nest controllers. */
export type OpenApiPaths = Readonly<Record<string, Readonly<Record<string, object>>>>;

/** `{"errcode","errmsg"}`, with HTTP status 200. */
export const WECHAT_ERROR_SCHEMA = {
  type: 'object',
  required: ['errcode', 'errmsg'],
  properties: { errcode: { type: 'integer' }, errmsg: { type: 'string' } },
} as const;

export function jsonAnswer(description: string, schema: object): object {
  return { description, content: { 'application/json': { schema } } };
}

export function inQuery(name: string, schema: object, description?: string, required = true): object {
  return { name, in: 'query', required, schema, ...(description === undefined ? {} : { description }) };
}

/**
 * OpenAPI 3.1 has no `nullable`: `{"type":"string","nullable":true}` becomes `{"type":["string","null"]}`, and a
 * reference that may be null becomes a choice.
 */
export function withoutNullable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNullable);
  if (typeof value !== 'object' || value === null) return value;
  const { nullable, ...rest } = value as Record<string, unknown>;
  const plain = Object.fromEntries(
    Object.entries(rest).map(([name, member]) => [name, withoutNullable(member)]),
  );
  if (nullable !== true)
    return nullable === undefined ? plain : { ...plain, nullable: withoutNullable(nullable) };
  if (typeof plain.type === 'string' && plain.allOf === undefined)
    return { ...plain, type: [plain.type, 'null'] };
  const { description, type: _type, allOf, ...schema } = plain;
  const one = Array.isArray(allOf) && allOf.length === 1 ? (allOf[0] as object) : { ...schema, allOf };
  return { ...(description === undefined ? {} : { description }), anyOf: [one, { type: 'null' }] };
}
