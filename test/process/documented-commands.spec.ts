import { jest } from '@jest/globals';
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
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
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { makeCertificate } from '../support/certificates.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { bearer, sha256, startHub, testKey, type RunningHub } from '../support/start-hub.js';

// A busy machine takes seconds to start a process.
jest.setTimeout(120_000);

/**
 * Commands of the documents that start programs, or need what a test machine has not. Blocks marked `sh run` are run
 * by test/docs.spec.ts; each command of every other `sh` block is here, by one of the rows of {@link HOW}. Both
 * languages show the same code (test/docs.spec.ts), so the English pages are enough.
 */
const SECRET = 'simulated-secret-of-documents';
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

type How =
  /** Run as it stands, with placeholders filled in. */
  | 'started'
  | 'run'
  /** Another suite runs it: named in `by`. */
  | 'elsewhere'
  /** It cannot be run here: `by` says why; what it names is looked at. */
  | 'looked at';

interface Row {
  readonly fits: RegExp;
  readonly how: How;
  readonly by: string;
}

const HOW: readonly Row[] = [
  { fits: /node dist\/main\.js$/, how: 'started', by: 'here' },
  { fits: /^npm run demo$/, how: 'started', by: 'here' },
  { fits: /^(?!docker |kubectl )(?:.*[ |])?node dist\/cli\/main\.js /, how: 'run', by: 'here' },
  { fits: /^npm (?:pack|install \/path)/, how: 'run', by: 'here' },
  { fits: /^npm (?:ci|test)$/, how: 'elsewhere', by: '.ci/run, a clean clone each time' },
  { fits: /^npm run (?:build|check)$/, how: 'elsewhere', by: '.ci/run' },
  { fits: /^npm run (?:dev|docs|simulator)\b/, how: 'looked at', by: 'runs until it is stopped, or writes' },
  { fits: /^npm run bench\b/, how: 'looked at', by: 'takes minutes of a quiet machine' },
  { fits: /^export /, how: 'looked at', by: 'placeholders; the demo prints the lines' },
  {
    fits: /^curl .*http:\/\/hub:3000\//,
    how: 'looked at',
    by: 'a host of the reader; docs/gateway.md runs it',
  },
  {
    fits: /^curl .*\(cat \/var\/run\/secrets\/wechat-token-hub\/token\)/,
    how: 'looked at',
    by: 'a pod of the reader; test/e2e/identities.spec.ts',
  },
  { fits: /^curl .*\$SIMULATOR\/_sim\//, how: 'elsewhere', by: 'src/simulator/control-api.spec.ts' },
  { fits: /^curl .*docker-compose/, how: 'looked at', by: 'no container engine' },
  { fits: /^docker (?:build|push|compose|run|exec)/, how: 'looked at', by: 'no container engine' },
  { fits: /^wechat-token-hub check /, how: 'looked at', by: 'a folder of the reader; src/config/folder' },
  {
    fits: /^HUB_\w+=\S+ wechat-token-hub state /,
    how: 'elsewhere',
    by: 'test/process/state-command.spec.ts',
  },
  { fits: /^promtool /, how: 'elsewhere', by: 'test/monitoring' },
  {
    fits: /^node deploy\/sync-alerts\.mjs/,
    how: 'looked at',
    by: 'writes; test/deploy/kustomize.spec.ts compares',
  },
  { fits: /^helm /, how: 'looked at', by: 'no cluster; test/deploy renders the chart' },
  {
    fits: /^kubectl kustomize /,
    how: 'elsewhere',
    by: 'test/deploy/kustomize.spec.ts, where kubectl is installed',
  },
  { fits: /^kubectl (?!kustomize )/, how: 'looked at', by: 'no cluster; test/deploy renders the manifests' },
];

interface Command {
  readonly page: string;
  readonly text: string;
}

/** Lines that end in a backslash joined, comments off, parts of `&&` by themselves. */
function commandsOf(page: string): Command[] {
  return [...read(page).matchAll(/^```(?:sh|bash|shell)(?:| cli| hub)\n([^]*?)^```/gm)].flatMap((match) =>
    match[1]!
      .replaceAll(/\\\n\s*/g, '')
      .split('\n')
      .flatMap((line) => line.replace(/(^|\s+)# .*$/, '').split(' && '))
      .map((text) => text.trim())
      .filter((text) => text !== '')
      .map((text) => ({ page, text })),
  );
}

function pagesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return pagesBelow(path);
    return entry.name.endsWith('.md') && !entry.name.endsWith('.zh-CN.md') ? [path] : [];
  });
}

const COMMANDS = [
  ...['README.md', 'CONTRIBUTING.md', 'bench/README.md', 'packages/client/README.md'],
  ...pagesBelow('docs'),
].flatMap(commandsOf);
const rowOf = (text: string) => HOW.filter(({ fits }) => fits.test(text));
const ofKind = (how: How, part = '') => [
  ...new Set(
    COMMANDS.filter(({ text }) => rowOf(text)[0]?.how === how && text.includes(part)).map(({ text }) => text),
  ),
];

it('each command of the documents is in the table once, and each row is used', () => {
  const wrong = COMMANDS.filter(({ text }) => rowOf(text).length !== 1);
  expect(wrong).toEqual([]);
  const unused = HOW.filter(({ fits }) => !COMMANDS.some(({ text }) => fits.test(text)));
  expect(unused).toEqual([]);
});

let simulator: WeChatSimulator;
let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  simulator = await WeChatSimulator.start({ acceptAnyApp: () => SECRET });
  folder = mkdtempSync(join(tmpdir(), 'hub-commands-'));
  symlinkSync(join(ROOT, 'dist'), join(folder, 'dist'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const authority = await makeCertificate('authority', { isAuthority: true });
  const certificate = await makeCertificate('localhost', { issuer: authority });
  writeFileSync(join(folder, 'tls.crt'), certificate.cert);
  writeFileSync(join(folder, 'tls.key'), certificate.key);
  writeFileSync(join(folder, 'clients-ca.crt'), authority.cert);
  writeFileSync(join(folder, 'shop-oa'), `${SECRET}\n`);
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null) child.kill('SIGTERM');
    await ended(child);
  }
});

afterAll(async () => {
  await simulator.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Resolves to the exit code, once all output is there. */
async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null)
    await new Promise((resolve) => child.once('close', resolve));
  return child.exitCode;
}

/** The page's own apps.yaml; the README's where it has none. Keys and secrets are ours. */
function writeAppsFile(page: string): void {
  const yaml = (from: string) => /^```yaml apps\.yaml\n([^]*?)^```/m.exec(read(from))?.[1];
  const text = (yaml(page) ?? yaml('README.md')!)
    .replaceAll('/run/secrets/', `${folder}/`)
    .replace(/<sha256[^>]*>/, sha256(testKey('first-of-the-page')))
    .replaceAll(/<sha256[^>]*>/g, (placeholder) => sha256(placeholder));
  writeFileSync(join(folder, 'apps.yaml'), text);
}

const filledIn = (text: string) =>
  text.replaceAll("'<AppSecret>'", SECRET).replaceAll('/etc/hub/', `${folder}/`);

/** As in a shell that stands in the repository's root; ports and upstream are ours. */
function inShell(text: string, environment: Readonly<Record<string, string>> = {}, cwd = folder) {
  const child = spawn('bash', ['-c', text.replace(/(^|\s)node dist/, '$1exec node dist')], {
    cwd,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      SHOP_APPSECRET: SECRET,
      HUB_HOST: '127.0.0.1',
      HUB_PORT: '0',
      HUB_OPS_PORT: '0',
      HUB_WECHAT_BASE_URL: simulator.url,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const [out, errors]: [string[], string[]] = [[], []];
  createInterface({ input: child.stdout }).on('line', (line) => out.push(line));
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
  return { child, out, errors };
}

describe('started', () => {
  const starts = COMMANDS.filter(({ text }) => text.endsWith('node dist/main.js'));

  it.each(starts.map(({ page, text }) => [page, text]))('%s: %s', async (page, text) => {
    writeAppsFile(page);
    const { out, errors } = inShell(filledIn(text));
    const listening = () => out.find((line) => line.includes('"msg":"listening"'));
    await eventually(() => listening() !== undefined, `listening (${errors.join('; ')})`);
    const { port, opsPort } = JSON.parse(listening()!) as { port: number; opsPort: number };
    await eventually(async () => (await fetch(`http://127.0.0.1:${opsPort}/readyz`)).status === 200, 'ready');
    if (text.includes('TLS')) return;
    const token = await fetch(`http://127.0.0.1:${port}/v1/apps/wx0123456789abcdef/token`, {
      headers: bearer(testKey('first-of-the-page')),
    });
    if (text.includes('PROXY')) {
      // There is no such proxy here, and WeChat is not asked past it.
      expect(token.status).toBe(503);
      expect(await token.json()).toMatchObject({ detail: expect.stringContaining('HUB_OUTBOUND_PROXY') });
    } else {
      expect(token.status).toBe(200);
    }
  });

  it('npm run demo: every line that it prints works when it is pasted', async () => {
    const { child, out } = inShell('exec node scripts/demo.mjs', {}, ROOT);
    await eventually(() => out.some((line) => line.startsWith('Ctrl-C')), 'the end of what it prints');
    const pasted = out.filter((line) => /^(?:export|curl) /.test(line));
    expect(pasted.length).toBeGreaterThanOrEqual(7);
    for (const name of ['WXHUB_URL', 'WXHUB_OPS_URL', 'WXHUB_KEY', 'APPID', 'WECHAT_URL'])
      expect(pasted.join('\n')).toContain(`${name}=`);
    const shown = spawnSync('bash', ['-euo', 'pipefail'], { input: pasted.join('\n'), encoding: 'utf8' });
    expect([shown.status, shown.stderr]).toEqual([0, '']);
    expect(shown.stdout.match(/"access_token":"/g)).toHaveLength(2);
    expect(shown.stdout).toContain('HTTP/1.1 401');
    expect(shown.stdout).toContain('wxhub_token_valid');
    child.kill('SIGINT');
    expect(await ended(child)).toBe(0);
  });
});

describe('the command line', () => {
  const commands = COMMANDS.filter(
    ({ text }) => rowOf(text)[0]?.how === 'run' && text.includes('node dist/cli/main.js '),
  );
  const asksAHub = (text: string) => / (?:status|refresh "|reload)/.test(text);
  let hub: RunningHub;

  beforeAll(async () => {
    hub = await startHub({
      upstream: simulator.url,
      apps: [{ appid: 'wx-commands', secret: SECRET }],
      clients: [{ id: 'admin', key: testKey('admin'), apps: '*', may: ['read', 'admin'] }],
    });
    // Until then the app is not well, and says so by the exit code of status.
    expect((await hub.get('/v1/apps/wx-commands/token', bearer(testKey('admin')))).status).toBe(200);
  });

  afterAll(async () => {
    await hub.stop();
  });

  it.each(commands.map(({ page, text }) => [page, text]))('%s: %s', async (page, text) => {
    writeAppsFile(page);
    const { child, out, errors } = inShell(filledIn(text), {
      WXHUB_URL: hub.url,
      WXHUB_KEY: testKey('admin'),
      APPID: 'wx-commands',
    });
    const code = await ended(child);
    expect(out.join('')).not.toBe('');
    // The upstream here speaks no TLS, which the doctor finds; that it asks about the apps is what can be seen.
    if (text.includes(' doctor')) expect(out.join('\n')).toContain('wx0123456789abcdef');
    else expect([code, /key create(?!.*--json)/.test(text) ? [] : errors]).toEqual([0, []]);
    if (asksAHub(text) && !text.includes('--failing'))
      expect(out.join('\n')).toMatch(/wx-commands|unchanged/);
  });

  it('the client library is packed and installed as docs/calling.md says', () => {
    const [pack, install] = COMMANDS.filter(({ text }) => /^npm (?:pack|install \/path)/.test(text));
    const project = join(folder, 'project');
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), '{"name":"project","version":"1.0.0","private":true}');
    execFileSync('bash', ['-c', `${pack!.text} --pack-destination ${folder} --silent`], {
      cwd: ROOT,
      stdio: 'pipe',
    });
    const command = `${install!.text.replace('/path/to', folder)} --offline --no-audit --no-fund --silent`;
    execFileSync('bash', ['-c', command], { cwd: project, stdio: 'pipe' });
    expect(existsSync(join(project, 'node_modules/wechat-token-hub-client/package.json'))).toBe(true);
  });
});

describe('looked at', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

  it('npm run …: there is such a script, and the file that it names', () => {
    const names = COMMANDS.flatMap(({ text }) => /^npm run (\S+)/.exec(text)?.[1] ?? []);
    expect(names.filter((name) => scripts[name] === undefined)).toEqual([]);
    const files = names.flatMap((name) => /(?:scripts|bench)\/\S+\.mjs/.exec(scripts[name]!)?.[0] ?? []);
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  it('npm run bench: its suites and flags exist', () => {
    const code = readdirSync(join(ROOT, 'bench'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.mjs'))
      .map((file) => read(join('bench', file)))
      .join('\n');
    const words = ofKind('looked at', 'npm run bench -- ').flatMap((text) =>
      text.split(' -- ')[1]!.split(/\s+/),
    );
    const flags = words.filter((word) => word.startsWith('--') && word !== '--cpu-prof');
    expect(flags.filter((flag) => !code.includes(flag.slice(2)))).toEqual([]);
    const suites = words.filter((word) => /^[a-z]+(?:-[a-z]+)*$/.test(word));
    expect(suites.length).toBeGreaterThan(0);
    expect(suites.filter((suite) => !existsSync(join(ROOT, 'bench/suites', `${suite}.mjs`)))).toEqual([]);
  });

  it('docker: the Dockerfile takes the arguments, Compose has the key and the app', () => {
    const text = ofKind('looked at', 'docker').join('\n');
    for (const [, name] of text.matchAll(/--build-arg (\w+)=/g))
      expect(read('Dockerfile')).toContain(`ARG ${name!}`);
    const curl = ofKind('looked at', 'docker-compose').join('\n');
    const [, key] = /Bearer ([\w-]+)/.exec(curl)!;
    const [, appid] = /apps\/(\w+)\/token/.exec(curl)!;
    expect(read('docker-compose.yaml') + read('deploy/compose/apps.yaml')).toContain(key);
    expect(read('deploy/compose/apps.yaml')).toContain(appid);
    expect(read('deploy/compose/apps.yaml')).toContain(sha256(key!));
  });

  it('helm, kubectl, promtool and scripts: the files and folders that they name exist', () => {
    const text = [...ofKind('looked at'), ...ofKind('elsewhere')].join('\n');
    const paths = [...text.matchAll(/deploy\/[\w./-]+/g)].map(([path]) => path);
    expect(paths.length).toBeGreaterThan(2);
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

it('the nginx configuration of docs/network.md is one, and hands the caller’s address on', async () => {
  const [port, upstream] = [await freePort(), await freePort()];
  const block = /^```nginx\n([^]*?)^```/m.exec(read('docs/network.md'))![1]!;
  const file = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  writeFileSync(
    file,
    `daemon off; pid ${folder}/nginx.pid; error_log ${folder}/error.log; events {}\nhttp { ${temporary.join(' ')}\n${block
      .replace('10.0.0.5:3000', `127.0.0.1:${upstream}`)
      .replace('listen 8080', `listen 127.0.0.1:${port}`)
      .replace('/var/log/nginx/', `${folder}/`)} }\n`,
  );
  writeFileSync(
    join(folder, 'apps.yaml'),
    JSON.stringify({
      version: 1,
      apps: [{ appid: 'wx-nginx', secret: SECRET }],
      // The caller's own address, not the proxy's: only true where the header is handed on and believed.
      clients: [{ id: 'by-address', allowIps: ['203.0.113.7'], apps: '*' }],
    }),
  );
  const { out } = inShell(`HUB_PORT=${upstream} HUB_TRUSTED_PROXIES=127.0.0.1 node dist/main.js`);
  await eventually(() => out.some((line) => line.includes('"msg":"listening"')), 'listening');
  const nginx = spawn('nginx', ['-c', file, '-p', folder], { stdio: 'ignore' });
  children.push(nginx);
  const ask = async (path: string, from: string) =>
    (
      await fetch(`http://127.0.0.1:${port}${path}`, { headers: { 'x-forwarded-for': from } }).catch(
        () => undefined,
      )
    )?.status;
  await eventually(async () => (await ask('/readyz', '203.0.113.7')) === 200, 'ready behind nginx');
  // nginx appends 127.0.0.1, which is trusted; the entry before it is the caller.
  expect(await ask('/v1/apps/wx-nginx/token', '203.0.113.7')).toBe(200);
  expect(await ask('/v1/apps/wx-nginx/token', '203.0.113.8')).toBe(403);
  expect(await ask('/cgi-bin/token?appid=wx-nginx&secret=not-to-be-logged', '203.0.113.8')).toBe(200);
  expect(readFileSync(join(folder, 'hub.log'), 'utf8')).not.toContain('not-to-be-logged');
});
