import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import type { Answer } from './start-hub.js';

type Schema = Readonly<Record<string, unknown>>;

interface Documented {
  readonly description?: string;
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
  readonly headers?: Readonly<Record<string, { readonly schema: Schema }>>;
}

export interface Operation {
  readonly operationId?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<Record<string, Documented>>;
}

export interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** Compares real answers with the document: as strictly as it can be read, so that what it leaves out shows. */
export class OpenApiCheck {
  readonly #ajv = new Ajv({ strict: true, allowUnionTypes: true, allErrors: true, strictRequired: false });
  readonly #compiled = new Map<Schema, ValidateFunction>();

  constructor(readonly document: OpenApi) {
    (addFormats as unknown as (ajv: Ajv) => void)(this.#ajv);
    this.#ajv.addVocabulary(['components']);
    this.#ajv.addSchema({ $id: 'doc', components: strict(document.components) as object });
  }

  /** As in `get /v1/apps/{appid}/token`. */
  operations(): Map<string, Operation> {
    return new Map(
      Object.entries(this.document.paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, operation] as const),
      ),
    );
  }

  /** What in the answer is not as the document has it; empty: nothing. */
  flaws(operation: Operation, { status, headers, text, json }: Answer): string[] {
    const documented = operation.responses[String(status)];
    if (documented === undefined) return [`status ${status} is not documented`];
    const flaws = Object.keys(documented.headers ?? {})
      .filter((name) => headers.get(name) === null)
      .map((name) => `the header ${name} is missing`);
    if (documented.content === undefined) {
      return text === '' ? flaws : [...flaws, 'a body where the document has none'];
    }
    const type = headers.get('content-type')?.split(';')[0] ?? '';
    const schema = documented.content[type]?.schema;
    if (schema === undefined) return [...flaws, `the content type ${type} is not documented`];
    const validate = this.compile(schema);
    if (!validate(json)) {
      const errors = (validate.errors ?? []).map(
        ({ instancePath, message, params }) => `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`,
      );
      flaws.push(...errors);
    }
    return flaws;
  }

  /** @throws {Error} where it is no schema, or refers to nothing. */
  compile(schema: Schema): ValidateFunction {
    let validate = this.#compiled.get(schema);
    if (validate === undefined) {
      validate = this.#ajv.compile(strict(schema) as object);
      this.#compiled.set(schema, validate);
    }
    return validate;
  }
}

/**
 * OpenAPI 3.0's schemas as JSON Schema, with no room for anything that they do not name. `nullable` beside `allOf` is
 * read as tools read it: null, or all of them.
 */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { nullable, example: _example, ...rest } = schema as Schema;
  const converted: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(rest)) {
    converted[keyword] =
      keyword === '$ref' && typeof value === 'string' ? value.replace(/^#/, 'doc#') : strict(value);
  }
  if (typeof rest.properties === 'object' && rest.type === 'object') converted.additionalProperties ??= false;
  // JSON Schema allows no format beside another type; Nest writes `type: object` beside `allOf`.
  if (converted.allOf !== undefined) delete converted.type;
  return nullable === true ? { anyOf: [converted, { type: 'null' }] } : converted;
}
