import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.js';
import { LeakWatch } from './leak-watch.js';
import { appsYaml, type AppEntry } from './start-hub.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MAIN = join(ROOT, 'dist', 'main.js');

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  /** Since the start of the process or the last {@link HubProcess.kill}. */
  readonly afterMs: number;
}

export interface LogLine {
  readonly level: string;
  readonly time: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface HubProcessOptions {
  readonly upstream?: string;
  readonly apps?: readonly AppEntry[];
  readonly clients?: readonly Record<string, unknown>[];
  /** apps.yaml as it is, instead of `apps` and `clients`. */
  readonly yaml?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** The hub as it runs for real: `node dist/main.js` in a process of its own, with an environment of its own. */
export class HubProcess {
  readonly child: ChildProcess;
  readonly folder = mkdtempSync(join(tmpdir(), 'hub-process-'));
  readonly appsFile = join(this.folder, 'apps.yaml');
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  readonly exited: Promise<Exit>;
  readonly leaks = new LeakWatch();
  #since = performance.now();
  #ended = false;

  constructor(options: HubProcessOptions) {
    if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: run npm run build first, or npm test`);
    this.writeApps(options.apps ?? [], options.clients ?? [], options.yaml);
    this.child = spawn(process.execPath, [MAIN], {
      cwd: this.folder,
      env: {
        PATH: process.env.PATH,
        HUB_HOST: '127.0.0.1',
        HUB_PORT: '0',
        HUB_OPS_PORT: '0',
        HUB_APPS_FILE: 'apps.yaml',
        ...(options.upstream === undefined ? {} : { HUB_WECHAT_BASE_URL: options.upstream }),
        ...options.environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    createInterface({ input: this.child.stdout! }).on('line', (line) => this.stdout.push(line));
    createInterface({ input: this.child.stderr! }).on('line', (line) => this.stderr.push(line));
    this.exited = new Promise((resolve) => {
      // Not 'exit': the last lines come after that.
      this.child.once('close', (code, signal) => {
        this.#ended = true;
        resolve({ code, signal, afterMs: performance.now() - this.#since });
      });
    });
  }

  writeApps(apps: readonly AppEntry[], clients: readonly Record<string, unknown>[], yaml?: string): void {
    for (const { appid, secret } of apps) this.leaks.addSecret(`AppSecret of ${appid}`, secret);
    for (const { id, key } of clients) {
      if (typeof key === 'string') this.leaks.addSecret(`key of ${String(id)}`, key);
    }
    writeFileSync(this.appsFile, yaml ?? appsYaml(apps, clients));
  }

  /** Lines of the log so far. @throws {SyntaxError} where one is no JSON. */
  get log(): LogLine[] {
    return this.stdout.map((line) => JSON.parse(line) as LogLine);
  }

  /** Resolves to the first log line with this message. */
  async logged(msg: string, where: (line: LogLine) => boolean = () => true): Promise<LogLine> {
    let found: LogLine | undefined;
    await eventually(() => {
      found = this.log.find((line) => line.msg === msg && where(line));
      if (found === undefined && this.#ended) {
        throw new Error(`ended without “${msg}”: ${[...this.stdout, ...this.stderr].join('\n')}`);
      }
      return found !== undefined;
    }, `the log line “${msg}”`);
    return found!;
  }

  /** Resolves once both ports are open. */
  async listening(): Promise<{ readonly url: string; readonly opsUrl: string }> {
    const { port, opsPort } = await this.logged('listening');
    return { url: `http://127.0.0.1:${String(port)}`, opsUrl: `http://127.0.0.1:${String(opsPort)}` };
  }

  kill(signal: NodeJS.Signals): void {
    this.#since = performance.now();
    this.child.kill(signal);
  }

  /** For `afterEach`. @throws {Error} where a secret was in the output. */
  async dispose(): Promise<void> {
    if (!this.#ended) this.child.kill('SIGKILL');
    await this.exited;
    rmSync(this.folder, { recursive: true, force: true });
    this.leaks.sawText('stdout', this.stdout.join('\n'));
    this.leaks.sawText('stderr', this.stderr.join('\n'));
    this.leaks.assertNone();
  }
}
