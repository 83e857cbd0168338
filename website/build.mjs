// node website/build.mjs: the site in website/dist/site, or an error for each dead link.
// SITE_BASE: the path that it is served under. REPOSITORY_URL and REPOSITORY_REF: where files of the repository are.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vitepress';
import { ROOT, rewritten, sitePages } from './lib/pages.mjs';
import { check } from './lib/check.mjs';

const HERE = fileURLToPath(new URL('./', import.meta.url));
const SOURCES = join(HERE, 'dist/pages');
const { REPOSITORY_URL, REPOSITORY_REF = 'main' } = process.env;
const repository = REPOSITORY_URL ? `${REPOSITORY_URL}/blob/${REPOSITORY_REF}` : undefined;

rmSync(join(HERE, 'dist'), { recursive: true, force: true });
const pages = sitePages();
const there = new Set(pages.values());
const dead = [];
const write = (page, text) => {
  const file = join(SOURCES, `${page}.md`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
};
for (const [document, page] of pages) {
  const result = rewritten(document, pages, repository);
  dead.push(...result.dead.map((link) => `${document}: ${link} leads nowhere`));
  write(page, result.text);
  // The switch of languages leads from each page to its twin.
  if (page.startsWith('zh/') || there.has(`zh/${page}`)) continue;
  const title = /^# (.*)$/m.exec(readFileSync(join(ROOT, document), 'utf8'))?.[1] ?? page;
  write(`zh/${page}`, `# ${title}\n\n这一页只有英文版：[${title}](/${page.replace(/index$/, '')})。\n`);
}
cpSync(join(ROOT, 'docs/images'), join(SOURCES, 'public/images'), { recursive: true });
if (dead.length > 0) {
  process.stderr.write(`${dead.join('\n')}\n`);
  process.exit(1);
}
await build(HERE);
const problems = await check(join(HERE, 'dist/site'), pages);
if (problems.length > 0) {
  process.stderr.write(`${problems.join('\n')}\n`);
  process.exit(1);
}
process.stdout.write(`website/dist/site: ${pages.size} pages\n`);
