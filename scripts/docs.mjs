// npm run docs: makes anew what is generated of docs/: the configuration reference in both languages and the JSON
// schema of apps.yaml. test/reference.spec.ts says when that is due.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildIfNeeded, root } from './lib/build.mjs';
import { generatedFiles } from './lib/reference.mjs';

buildIfNeeded();
const { appsFileKeys, appsFileSchema } = await import('../dist/config/reference/apps-file.js');
const { variableReferences } = await import('../dist/config/environment/reference.js');
const files = await generatedFiles({
  keys: appsFileKeys(),
  schema: appsFileSchema,
  variables: variableReferences(),
});
for (const [path, text] of Object.entries(files)) {
  writeFileSync(join(root, path), text);
  process.stdout.write(`${path}\n`);
}
