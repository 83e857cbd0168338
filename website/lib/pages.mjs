// Which documents of the repository are pages of the site, where, and what their links become there.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CHINESE = '.zh-CN.md';

/** Documents beside docs/, by the name of their page. */
const BESIDE = {
  'README.md': 'index',
  'packages/client/README.md': 'client-library',
  'deploy/helm/wechat-token-hub/README.md': 'chart',
  'ARCHITECTURE.md': 'architecture',
  'CONTRIBUTING.md': 'contributing',
  'bench/README.md': 'benchmarks',
  'CHANGELOG.md': 'changelog',
  'SECURITY.md': 'security-policy',
};

/** As GitHub makes anchors of headings: links in the documents are written for it. */
export function anchorOf(title) {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
    .replaceAll(' ', '-');
}

/** The path of a document's page, without ending: `zh/runbooks/index`. */
function pageOf(document) {
  const chinese = document.endsWith(CHINESE);
  const english = chinese ? document.replace(CHINESE, '.md') : document;
  const name =
    BESIDE[english] ??
    (english === 'docs/README.md'
      ? 'documentation'
      : english
          .replace(/^docs\//, '')
          .replace(/README\.md$/, 'index')
          .replace(/\.md$/, ''));
  return chinese ? `zh/${name}` : name;
}

function documentsIn(folder) {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap(({ name }) => {
    const path = posix.join(folder, name);
    if (statSync(join(ROOT, path)).isDirectory()) return documentsIn(path);
    return name.endsWith('.md') ? [path] : [];
  });
}

/** Page by document. @returns {Map<string, string>} */
export function sitePages() {
  const beside = Object.keys(BESIDE).flatMap((name) => [name, name.replace(/\.md$/, CHINESE)]);
  const documents = [...beside.filter((name) => existsSync(join(ROOT, name))), ...documentsIn('docs')];
  return new Map(documents.map((document) => [document, pageOf(document)]));
}

/**
 * A document as the page of the site. What the site does not have is linked in the repository, or is text where the
 * repository has no address.
 *
 * @param {string | undefined} repository the address of the repository's files: https://github.com/owner/name/blob/v1.0.0
 * @returns {{ text: string, dead: string[] }}
 */
export function rewritten(document, pages, repository) {
  const page = pages.get(document);
  const dead = [];
  const target = (label, link, isImage) => {
    if (/^(https?:|mailto:|#)/.test(link)) return `${label}(${link})`;
    const [path, anchor] = link.split('#');
    const there = posix.normalize(posix.join(posix.dirname(document), decodeURI(path)));
    const other = pages.get(there);
    const rest = anchor === undefined ? '' : `#${anchor}`;
    if (other !== undefined) {
      const way = posix.relative(posix.dirname(page), other);
      return `${label}(${way.startsWith('.') ? way : `./${way}`}.md${rest})`;
    }
    if (!existsSync(join(ROOT, there))) dead.push(link);
    if (isImage) return `${label}(/${relative('docs', there)})`;
    if (repository !== undefined) return `${label}(${repository}/${there}${rest})`;
    return label.slice(1, -1);
  };
  // The site has a switch of languages of its own.
  const source = readFileSync(join(ROOT, document), 'utf8').replace(
    /^(?:\[English\]\(.*\)|English) \| .*\n\n/m,
    '',
  );
  const text = prose(source, (line) =>
    line.replace(/(!?)(\[(?:`[^`]*`|[^[\]`])*\])\(([^()\s]+)\)/g, (_all, image, label, link) =>
      target(image + label, link, image === '!'),
    ),
  );
  return { text, dead };
}

/** Only what is outside of code fences is changed. */
function prose(markdown, change) {
  let fenced = false;
  return markdown
    .split('\n')
    .map((line) => {
      if (line.startsWith('```')) fenced = !fenced;
      return fenced || line.startsWith('```') ? line : change(line);
    })
    .join('\n');
}

/**
 * What stands beside each page: the chapters and tables of docs/README, which leads to every page.
 * @param {'' | 'zh/'} language
 */
export function sidebarOf(language, pages) {
  const document = language === '' ? 'docs/README.md' : `docs/README${CHINESE}`;
  const groups = [];
  for (const line of readFileSync(join(ROOT, document), 'utf8').split('\n')) {
    const title = /^## (.*)$/.exec(line)?.[1];
    if (title !== undefined) groups.push({ text: title, items: [] });
    const row = /^\| \[([^\]]*)\]\(([^)#]*)\)/.exec(line);
    if (row === null) continue;
    const page = pages.get(posix.normalize(posix.join(dirname(document), row[2])));
    if (page === undefined) throw new Error(`${document}: ${row[2]} is no page`);
    groups.at(-1)?.items.push({ text: row[1], link: `/${page.replace(/index$/, '')}` });
  }
  return groups;
}
