import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readAppsFile } from '../src/config/apps-file/read.js';
import '../src/config/environment/environment.js';
import { knownVariables } from '../src/config/environment/decorators.js';
import { APPID_PATTERN } from '../src/core/app.js';
import { HUB_ERRORS } from '../src/core/hub-error.js';
import { hasValidForm } from '../src/core/access/key.js';
import type { WeChatSimulator } from '../src/simulator/simulator.js';
import { sha256, startHub, testKey, type RunningHub } from './support/start-hub.js';
import { startSimulator, stopSimulators } from './support/simulator-harness.js';

/**
 * The documents say what is so: what a page shows runs, and both languages show the same.
 *
 * A fenced block whose info string ends in `run` is run as it stands, against a hub on a simulator; see {@link RUNNERS}
 * for the programs. Blocks without it start servers or stand for other machines.
 */
const ROOT = fileURLToPath(new URL('../', import.meta.url));
const READMES = ['README.md', 'README.zh-CN.md'];
const CHINESE = '.zh-CN.md';

interface Block {
  /** The info string: `sh run`. */
  readonly info: string;
  readonly code: string;
}

interface Section {
  readonly level: number;
  readonly title: string;
  readonly tableRows: number;
  readonly listItems: number;
  readonly blocks: readonly Block[];
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** A document cut at its headings; what is in a fence is code and nothing else. */
function sectionsOf(markdown: string): Section[] {
  const sections: { level: number; title: string; tableRows: number; listItems: number; blocks: Block[] }[] =
    [];
  let fence: { info: string; lines: string[] } | undefined;
  for (const line of markdown.split('\n')) {
    const section = sections.at(-1);
    if (fence !== undefined) {
      if (line === '```') {
        section?.blocks.push({ info: fence.info, code: `${fence.lines.join('\n')}\n` });
        fence = undefined;
      } else fence.lines.push(line);
    } else if (line.startsWith('```')) fence = { info: line.slice(3), lines: [] };
    else if (/^#+ /.test(line)) {
      const title = line.replace(/^#+ /, '');
      sections.push({ level: line.indexOf(' '), title, tableRows: 0, listItems: 0, blocks: [] });
    } else if (section !== undefined && line.startsWith('|')) section.tableRows += 1;
    else if (section !== undefined && /^(-|\d+\.) /.test(line)) section.listItems += 1;
  }
  return sections;
}

function blocksOf(markdown: string): Block[] {
  return sectionsOf(markdown).flatMap(({ blocks }) => blocks);
}

/** Comments may be in the document's own language. */
function withoutComments({ info, code }: Block): Block {
  return { info, code: code.replace(/(^|[ \t]+)(#|\/\/) .*$/gm, '') };
}

/** Every document of the repository. */
function documents(folder = ''): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return /^(node_modules|dist|\.git|coverage|artefacts)$/.test(entry.name) ? [] : documents(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

const DOCUMENTS = documents();
/** By hand, and by theme: what release-please writes is in English. */
const CHINESE_CHANGELOG = 'CHANGELOG.zh-CN.md';
/** Those that exist in Chinese, by their English name. */
const PAGES = DOCUMENTS.filter((path) => path.endsWith(CHINESE) && path !== CHINESE_CHANGELOG).map((path) =>
  path.replace(CHINESE, '.md'),
);
const chineseOf = (page: string): string => page.replace(/\.md$/, CHINESE);
const RUN_PAGES = PAGES.flatMap((page) => [page, chineseOf(page)]).filter(
  (page) =>
    existsSync(join(ROOT, page)) && blocksOf(read(page)).some(({ info }) => / (run|client)$/.test(info)),
);

/** The programs that run the blocks of a language, from a file of this name. */
const RUNNERS: Readonly<Record<string, { readonly file: string; readonly command: readonly string[] }>> = {
  sh: { file: 'block.sh', command: ['bash', '-euo', 'pipefail'] },
  js: { file: 'block.mjs', command: [process.execPath] },
  python: { file: 'block.py', command: ['python3'] },
  java: { file: 'Block.java', command: ['java'] },
  php: { file: 'block.php', command: ['php'] },
  go: { file: 'block.go', command: ['go', 'run'] },
};

function isInstalled(program: string): boolean {
  const asksFor = program === 'go' || program === 'openssl' ? 'version' : '--version';
  return spawnSync(program, [asksFor], { stdio: 'ignore' }).status === 0;
}

/** What this machine does not have is skipped, and shown as skipped. */
function ifInstalled(...programs: string[]): typeof it.skip {
  return programs.every(isInstalled) ? it : it.skip;
}

const inShell = ifInstalled('bash', 'curl', 'openssl');

/** packages/client, as `npm pack` would have it. */
const library = mkdtempSync(join(tmpdir(), 'hub-docs-client-'));

beforeAll(() => {
  cpSync(join(ROOT, 'packages', 'client', 'package.json'), join(library, 'package.json'));
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const project = join(ROOT, 'packages', 'client', 'tsconfig.json');
  execFileSync(process.execPath, [tsc, '-p', project, '--outDir', join(library, 'dist')]);
}, 60_000);

afterAll(() => {
  rmSync(library, { recursive: true, force: true });
});

describe.each(RUN_PAGES)('%s', (page) => {
  const blocks = blocksOf(read(page));
  const key = testKey('documents');
  let simulator: WeChatSimulator;
  let hub: RunningHub;
  let folder: string;
  const appid = (index: number): string => `wx-document-${index}`;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hub-docs-'));
    // What a page shows must succeed: with this, curl fails where the answer is an error.
    writeFileSync(join(folder, '.curlrc'), 'fail\n');
    const apps = blocks.map((_block, index) => ({
      appid: appid(index),
      secret: `simulated-secret-${index}`,
    }));
    simulator = await startSimulator({ apps });
    hub = await startHub({
      upstream: simulator.url,
      apps,
      clients: [{ id: 'reader', key, apps: '*', may: ['read', 'report', 'gateway', 'admin'] }],
    });
    // A reader's hub has been up for a while: without this, what comes first on a page meets a hub that is not ready.
    const headers = { authorization: `Bearer ${key}` };
    const first = await Promise.all(
      apps.map(async (app) => (await hub.get(`/v1/apps/${app.appid}/token`, headers)).status),
    );
    expect(new Set(first)).toEqual(new Set([200]));
    expect((await hub.get(`${hub.opsUrl}/readyz`)).status).toBe(200);
  });

  afterAll(async () => {
    await hub.stop();
    await stopSimulators();
    rmSync(folder, { recursive: true, force: true });
  });

  /** As a reader runs it: with the variables of "Try it", and an app of its own. */
  async function run(command: readonly string[], index: number): Promise<string> {
    const child = spawn(command[0]!, command.slice(1), {
      cwd: folder,
      env: {
        ...process.env,
        CURL_HOME: folder,
        WXHUB_URL: hub.url,
        WXHUB_OPS_URL: hub.opsUrl,
        WXHUB_KEY: key,
        APPID: appid(index),
        WECHAT_URL: simulator.url,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, errors] = ['', ''];
    child.stdout.on('data', (chunk) => (out += String(chunk)));
    child.stderr.on('data', (chunk) => (errors += String(chunk)));
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect({ code, errors: code === 0 ? '' : errors, out }).toMatchObject({ code: 0, errors: '' });
    expect(out).not.toBe('');
    expect(out).not.toMatch(/"errcode":[1-9-]/);
    return out;
  }

  for (const [index, { info, code }] of blocks.entries()) {
    if (info !== 'sh run') continue;
    inShell(`shell: ${code.split('\n')[0]!}`, async () => {
      const file = join(folder, `block-${index}.sh`);
      writeFileSync(file, code);
      await run([...RUNNERS.sh!.command, file], index);
    });
  }

  const programs = blocks.flatMap(({ info }, index) =>
    info.endsWith(' run') && info !== 'sh run' ? [[info, index]] : [],
  );
  for (const [info, index] of programs as [string, number][]) {
    const { file, command } = RUNNERS[info.split(' ')[0]!]!;
    const { code } = blocks[index]!;
    const program = command[0]!.split('/').at(-1)!;
    if (code.includes('/reject')) {
      ifInstalled(command[0]!)(
        `${program}: calls WeChat, though the token that the hub has is dead`,
        async () => {
          writeFileSync(join(folder, file), code);
          simulator.killToken(appid(index), 'stable_token');
          expect(await run([...command, file], index)).toContain('203.0.113.10');
          expect(hub.log.some((line) => line.includes('was dead') && line.includes(appid(index)))).toBe(true);
        },
        120_000,
      );
    } else {
      ifInstalled(command[0]!)(
        `${program}: gets the token`,
        async () => {
          writeFileSync(join(folder, file), code);
          expect(await run([...command, file], index)).toMatch(/access_token.*expires_in/s);
        },
        120_000,
      );
    }
  }

  for (const [index, { info, code }] of blocks.entries()) {
    if (info !== 'js client') continue;
    it('the client library, from the package as it is built', async () => {
      mkdirSync(join(folder, 'node_modules'));
      symlinkSync(library, join(folder, 'node_modules', 'wechat-token-hub-client'));
      writeFileSync(join(folder, 'client.mjs'), code);
      simulator.killToken(appid(index), 'stable_token');
      expect(await run([process.execPath, 'client.mjs'], index)).toContain('203.0.113.10');
    });
  }
});

inShell('the command that makes a key prints one that the hub takes, and its SHA-256', () => {
  const made = READMES.map((readme) => {
    const { code } = blocksOf(read(readme)).find((block) => block.code.includes('dgst'))!;
    const words = execFileSync('bash', ['-euo', 'pipefail', '-c', code], { encoding: 'utf8' }).split(/\s+/);
    return words.filter((word) => /^[0-9a-f]{64}$/.test(word)) as [string, string];
  });
  for (const [key, hash, ...rest] of made) {
    expect([hasValidForm(key), hash, rest]).toEqual([true, sha256(key), []]);
  }
});

describe.each(
  DOCUMENTS.flatMap((page) =>
    blocksOf(read(page)).some(({ info }) => info === 'yaml apps.yaml') ? [page] : [],
  ),
)('apps.yaml of %s', (page) => {
  it('is accepted, placeholders filled in', () => {
    for (const { info, code } of blocksOf(read(page))) {
      if (info !== 'yaml apps.yaml') continue;
      const result = readAppsFile(
        Buffer.from(code.replace(/<.*>/g, (placeholder) => sha256(placeholder))),
        { env: { SHOP_APPSECRET: 'one' }, readFile: () => 'two\n', baseDir: '/' },
        { maxUnits: 10_000 },
      );
      expect(result).toMatchObject({ ok: true, warnings: [] });
      if (!result.ok) continue;
      expect(result.data.apps.every(({ appid }) => APPID_PATTERN.test(appid))).toBe(true);
      expect(result.data.clients).not.toEqual([]);
    }
  });
});

it.each(READMES)('%s has a row for every variable of the hub, and for none that there is not', (readme) => {
  const cells = [...read(readme).matchAll(/^\| (`HUB_[^|]*) \|/gm)].map((match) => match[1]!);
  const named = cells.flatMap((cell) => cell.match(/HUB_[A-Z_]+/g) ?? []);
  expect(named.toSorted()).toEqual(knownVariables().toSorted());
});

/** The chapters that a reader looks for, by their English names; both languages have the same sections (below). */
const CHAPTERS = [
  ...[
    'Try it',
    'How it works',
    'Compared with the usual ways',
    'Apps and clients: `apps.yaml`',
    'Run it',
    'Call it',
  ],
  ...[
    'curl',
    'Node.js',
    'Java',
    'Python',
    'PHP',
    'Go',
    'Point your SDK at the hub',
    'No token at all: the gateway',
  ],
  ...[
    'Several replicas: Redis',
    'Behind a proxy',
    'Operations',
    'What makes it trustworthy',
    'Security',
    'More',
  ],
];
const SDKS = [
  ...['WxJava', 'EasyWeChat', 'node-easywechat', 'co-wechat-api', 'wechat-api', 'nest-wechat', 'wechatpy'],
  ...['silenceper', 'chanxuehong', 'Senparc', 'PowerWeChat'],
];

it('README.md has every chapter', () => {
  const titles = sectionsOf(read('README.md')).map(({ title }) => title);
  expect(CHAPTERS.filter((chapter) => !titles.includes(chapter))).toEqual([]);
});

it.each([...READMES, 'docs/sdks.md', 'docs/sdks.zh-CN.md'])('%s has a row for each SDK', (page) => {
  const rows = read(page)
    .split('\n')
    .filter((line) => line.startsWith('| '));
  expect(SDKS.filter((sdk) => !rows.some((row) => row.startsWith(`| ${sdk}`)))).toEqual([]);
});

it('docs/README.md leads to every page', () => {
  const linked = [...read('docs/README.md').matchAll(/\]\(([^)#]+)/g)].map((match) =>
    join('docs', match[1]!),
  );
  const pages = PAGES.filter((page) => /^docs\/[^/]+$/.test(page) && page !== 'docs/README.md');
  expect(pages.filter((page) => !linked.includes(page))).toEqual([]);
});

it('the changelogs have the same versions, in the same order, and say something of each', () => {
  const versions = (file: string) =>
    sectionsOf(read(file))
      .filter(({ level }) => level === 2)
      .map(({ title }) => /\d+\.\d+\.\d+/.exec(title)?.[0] ?? title.replace('未发布', 'Unreleased'));
  expect(versions(CHINESE_CHANGELOG)).toEqual(versions('CHANGELOG.md'));
  const parts = read(CHINESE_CHANGELOG).split(/^## /m).slice(1);
  expect(parts.filter((part) => !/^- /m.test(part))).toEqual([]);
});

describe('every page of docs/ and every README of users', () => {
  it('exists in both languages', () => {
    const english = DOCUMENTS.filter((path) => /^docs\/(?!adr\/)/.test(path) && !path.endsWith(CHINESE));
    expect(english.filter((path) => !PAGES.includes(path))).toEqual([]);
    expect(PAGES.filter((path) => !DOCUMENTS.includes(path))).toEqual([]);
    expect(PAGES).toEqual(
      expect.arrayContaining(['README.md', 'SECURITY.md', 'docs/README.md', 'packages/client/README.md']),
    );
  });
});

describe.each(PAGES)('%s and its Chinese twin', (page) => {
  const [english, chinese] = [page, chineseOf(page)].map(read) as [string, string];

  it('have the same sections, with as many tables, lists and blocks in each', () => {
    const outline = (markdown: string) =>
      sectionsOf(markdown).map(({ level, tableRows, listItems, blocks }) => ({
        level,
        tableRows,
        listItems,
        blocks: blocks.length,
      }));
    expect(outline(chinese)).toEqual(outline(english));
  });

  it('show the same code', () => {
    expect(blocksOf(chinese).map(withoutComments)).toEqual(blocksOf(english).map(withoutComments));
  });

  it('are linked to each other', () => {
    const name = (path: string) => path.split('/').at(-1)!;
    expect(english).toContain(`](${name(chineseOf(page))})`);
    expect(chinese).toContain(`](${name(page)})`);
  });
});

/** As GitHub makes anchors of headings. */
function slugOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
    .replaceAll(' ', '-');
}

describe('links', () => {
  it.each(DOCUMENTS)('of %s lead to what there is', (document) => {
    const prose = read(document).replace(/^```[^]*?^```$/gm, '');
    const dead = [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
      .map((match) => match[1]!)
      .filter((link) => !/^(https?|mailto):/.test(link))
      .filter((link) => {
        const [path, anchor] = link.split('#') as [string, string | undefined];
        const target =
          path === '' ? document : relative(ROOT, join(ROOT, dirname(document), decodeURI(path)));
        if (!existsSync(join(ROOT, target))) return true;
        return (
          anchor !== undefined &&
          !sectionsOf(read(target)).some(({ title }) => slugOf(title) === decodeURI(anchor))
        );
      });
    expect(dead).toEqual([]);
  });
});

describe('variables', () => {
  /** Codes of errors look alike: those of the hub's answers, and those that the client library has besides. */
  const CODES = [
    ...Object.keys(HUB_ERRORS),
    ...['HUB_BAD_ANSWER', 'HUB_CLIENT_CLOSED', 'HUB_TIMEOUT', 'HUB_UNREACHABLE'],
  ];

  it.each(DOCUMENTS.filter((page) => !page.startsWith('test')))('that %s names are the hub’s', (page) => {
    const named = read(page).match(/\bHUB_[A-Z_]*[A-Z]\b/g) ?? [];
    const known = [...knownVariables(), ...CODES];
    expect([...new Set(named)].filter((name) => !known.includes(name))).toEqual([]);
  });

  it('every code of an error is in docs/api.md, and no other', () => {
    const rows = [...read('docs/api.md').matchAll(/^\| \d{3} \| `(HUB_[A-Z_]+)`/gm)].map(
      (match) => match[1]!,
    );
    expect([...new Set(rows)].toSorted()).toEqual(Object.keys(HUB_ERRORS).toSorted());
  });
});

describe('ARCHITECTURE.md', () => {
  it('names only files and folders that there are', () => {
    const named = [
      ...read('ARCHITECTURE.md').matchAll(/`((?:src|test|scripts|packages|bench|docs)\/[^`*…\s]*)`/g),
    ].map((match) => match[1]!);
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});
