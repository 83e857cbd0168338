import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './build.mjs';

/** The blocks of a language below a heading of docs/sdks.md, in their order. */
export function documentedCode(heading, language) {
  const page = readFileSync(join(root, 'docs', 'sdks.md'), 'utf8');
  const section = page.split(/^### /m).find((text) => text.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`docs/sdks.md has no section “${heading}”`);
  const fence = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms');
  return [...section.matchAll(fence)].map((match) => match[1]);
}

/**
 * A template with its places filled: `{{0}}` is the first block of the section, `{{NAME 0}}` of another one.
 * @param {string} template
 * @param {Record<string, string[]>} blocks by NAME; '' for those without
 * @throws {Error} a place without a block
 */
export function filled(template, blocks) {
  return template.replaceAll(/\{\{(?:(\w+) )?(\d+)\}\}/g, (place, name = '', index) => {
    const block = blocks[name]?.[Number(index)];
    if (block === undefined) throw new Error(`docs/sdks.md has no block for ${place}`);
    return block;
  });
}
