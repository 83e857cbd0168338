// What VitePress does not look at: anchors, languages, and whether the search finds what readers look for.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import MiniSearch from 'minisearch';
import { wordsOf } from './words.mjs';

/** What a reader types, and a page that must be among the first ten. */
const SOUGHT = {
  root: {
    whitelist: '/operations',
    'AppSecret leaked': '/disaster-recovery',
    HUB_REDIS_URL: '/redis',
  },
  zh: {
    审计日志: '/zh/operations',
    泄露: '/zh/disaster-recovery',
    多副本: '/zh/redis',
    access_token: '/zh/',
  },
};

/** @returns {Promise<string[]>} a line for each problem of the built site */
export async function check(site, pages) {
  const base = (process.env.SITE_BASE ?? '').replace(/\/$/, '');
  const html = new Map();
  for (const page of pages.values()) {
    const file = join(site, `${page}.html`);
    if (existsSync(file)) html.set(`/${page}`.replace(/\/index$/, '/'), readFileSync(file, 'utf8'));
  }
  const problems = [...pages.values()]
    .filter((page) => !existsSync(join(site, `${page}.html`)))
    .map((page) => `${page} was not built`);
  for (const [address, text] of html) {
    const lang = address.startsWith('/zh/') ? 'zh-CN' : 'en';
    if (!text.includes(`<html lang="${lang}"`)) problems.push(`${address}: its language is not ${lang}`);
    for (const [, link] of text.matchAll(/<a href="([^"]*#[^"]+)"/g)) {
      if (/^https?:/.test(link)) continue;
      const { pathname, hash } = new URL(link, `http://site${base}${address}`);
      const target = decodeURI(pathname).slice(base.length);
      const there = html.get(target) ?? html.get(`${target}/`);
      if (!there?.includes(`id="${decodeURIComponent(hash.slice(1))}"`))
        problems.push(`${address}: ${link} leads nowhere`);
    }
  }
  for (const [locale, sought] of Object.entries(SOUGHT)) {
    const index = await searchIndex(site, locale);
    for (const [words, page] of Object.entries(sought)) {
      const found = index.search(words, {
        prefix: true,
        fuzzy: 0.2,
        boost: { title: 4, text: 2, titles: 1 },
      });
      if (!found.slice(0, 10).some(({ id }) => id.startsWith(`${base}${page}`)))
        problems.push(
          `the search of ${locale} finds ${page} not by ${words}: ${found
            .slice(0, 3)
            .map(({ id }) => id)
            .join(' ')}`,
        );
    }
  }
  return problems;
}

/** As the browser loads it. */
async function searchIndex(site, locale) {
  const chunks = join(site, 'assets/chunks');
  const name = readdirSync(chunks).find((file) => file.startsWith(`@localSearchIndex${locale}.`));
  const { default: text } = await import(join(chunks, name));
  return MiniSearch.loadJSON(text, {
    fields: ['title', 'titles', 'text'],
    storeFields: ['title', 'titles'],
    tokenize: wordsOf,
  });
}
