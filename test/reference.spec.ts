import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import {
  appsFileKeys,
  appsFileSchema,
  type Describe,
  type KeyReference,
} from '../src/config/reference/apps-file.js';
import { variableReferences, type VariableReference } from '../src/config/environment/reference.js';
import { parseEnvironment } from '../src/config/environment/parse.js';

/** The configuration reference and the schema of apps.yaml, as they are in docs/: current, complete, and true. */

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

interface Text {
  readonly en: string;
  readonly zh: string;
  readonly example: string;
  readonly form?: { readonly en: string; readonly zh: string };
}
interface Texts {
  readonly 'apps.yaml': Readonly<Record<string, Text>>;
  readonly environment: Readonly<Record<string, Text>>;
}
interface Generator {
  readonly generatedFiles: (from: {
    keys: KeyReference[];
    schema: (describe: Describe) => unknown;
    variables: VariableReference[];
  }) => Promise<Record<string, string>>;
  readonly readTexts: () => Texts;
}

// A variable: TypeScript would look for types of a literal.
const script = '../scripts/lib/reference.mjs';
const { generatedFiles, readTexts } = (await import(script)) as Generator;
const texts = readTexts();
const keys = appsFileKeys();
const variables = variableReferences();

it.each(['docs/configuration.md', 'docs/configuration.zh-CN.md', 'docs/apps.schema.json'])(
  '%s is current: else run npm run docs',
  async (path) => {
    const files = await generatedFiles({ keys, schema: appsFileSchema, variables });
    expect(Object.keys(files)).toContain(path);
    expect(read(path)).toBe(files[path]);
  },
);

describe('docs/reference/texts.yaml', () => {
  it('says something about every key and variable, and about no other', () => {
    expect(Object.keys(texts['apps.yaml']).toSorted()).toEqual(keys.map(({ path }) => path).toSorted());
    expect(Object.keys(texts.environment).toSorted()).toEqual(variables.map(({ name }) => name).toSorted());
  });

  const all = Object.entries({ ...texts['apps.yaml'], ...texts.environment });

  it('says it in both languages, with an example', () => {
    const lacking = all.filter(
      ([, { en, zh, example }]) =>
        typeof en !== 'string' ||
        typeof zh !== 'string' ||
        typeof example !== 'string' ||
        !/\p{Script=Han}/u.test(zh),
    );
    expect(lacking.map(([path]) => path)).toEqual([]);
  });

  it.each(keys.map((key) => [key.path, key] as const))('the example of %s is right', (path, { schema }) => {
    const { example } = texts['apps.yaml'][path]!;
    const filled = example
      .replace(/<64 hex digits>|…/, 'ab'.repeat(32))
      .replace('<43 characters>', 'aB3'.repeat(15).slice(0, 43))
      .replace(/<[^>]+>/, 'ab'.repeat(16));
    const entry = parse(filled) as Record<string, unknown>;
    const value = entry[path.split('.').at(-1)!];
    const fits = new Ajv({ strict: false }).compile(schema);
    expect([value !== undefined, fits(value), fits.errors]).toEqual([true, true, null]);
  });

  it.each(variables.map(({ name }) => [name]))('the example of %s is right', (name) => {
    const [, variable, written] = /^([A-Z_]+)=(.*)$/.exec(texts.environment[name]!.example)!;
    const value = written!.replace('<base64 of 32 bytes>', `${'A'.repeat(43)}=`).replace('<password>', 'p');
    expect(variable).toBe(name);
    expect(parseEnvironment({ ...companionsOf(name), [name]: value })).toMatchObject({ ok: true });
  });
});

/** What a variable is good for nothing without. */
function companionsOf(name: string): Record<string, string> {
  if (name.startsWith('HUB_TLS_')) return { HUB_TLS_CERT_FILE: '/c', HUB_TLS_KEY_FILE: '/k' };
  if (/^HUB_REDIS_(CERT|KEY)_FILE$/.test(name))
    return { HUB_REDIS_URL: 'rediss://r', HUB_REDIS_CERT_FILE: '/c', HUB_REDIS_KEY_FILE: '/k' };
  if (name === 'HUB_REDIS_CA_FILE') return { HUB_REDIS_URL: 'rediss://r' };
  if (name.startsWith('HUB_REDIS_SENTINEL_'))
    return { HUB_REDIS_URL: 'redis+sentinel://s:26379/m', HUB_REDIS_SENTINEL_PASSWORD: 'p' };
  return {};
}

describe('docs/apps.schema.json', () => {
  const accepts = new Ajv({ strict: true, strictTypes: false, strictRequired: false }).compile(
    JSON.parse(read('docs/apps.schema.json')),
  );

  it.each([
    'apps.yaml',
    'deploy/compose/apps.yaml',
    'deploy/kustomize/base/apps.yaml',
    'deploy/kustomize/overlays/single/apps.yaml',
    'deploy/kustomize/overlays/replicated/apps.yaml',
  ])('accepts %s', (file) => {
    expect([accepts(parse(read(file))), accepts.errors]).toEqual([true, null]);
  });

  it('is named in apps.yaml, for editors', () => {
    expect(read('apps.yaml').split('\n')[0]).toBe('# yaml-language-server: $schema=./docs/apps.schema.json');
  });

  it('describes every key in both languages', () => {
    const described = read('docs/apps.schema.json').match(/"description": "[^"]*\p{Script=Han}/gu) ?? [];
    expect(described).toHaveLength(keys.length);
  });
});
