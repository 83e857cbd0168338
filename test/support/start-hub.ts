import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { AppModule } from '../../src/app.module.js';
import { configureHub, createAdapter, listen } from '../../src/bootstrap/create-hub.js';
import { Clock } from '../../src/clock/clock.js';
import { AppsConfig } from '../../src/config/apps-config.service.js';
import { parseEnvironment } from '../../src/config/environment.js';
import { Log, NestLog } from '../../src/logging/log.js';

export interface AppEntry {
  readonly appid: string;
  readonly secret: string;
  readonly [key: string]: unknown;
}

export interface StartHubOptions {
  /** Where the simulator is. */
  readonly upstream: string;
  readonly apps: readonly AppEntry[];
  /** `key` (the key itself) becomes its hash in apps.yaml. */
  readonly clients: readonly Record<string, unknown>[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
}

export interface RunningHub {
  readonly app: NestFastifyApplication;
  readonly url: string;
  readonly opsUrl: string;
  readonly port: number;
  readonly opsPort: number;
  readonly appsFile: string;
  /** Every line that the hub has logged. */
  readonly log: readonly string[];
  /** Writes apps.yaml anew; the hub is not told. */
  writeApps(apps: readonly AppEntry[], clients?: readonly Record<string, unknown>[]): void;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  stop(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body, parsed; `undefined` where it is not JSON. */
  // Tests look into answers as they come.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly json: any;
}

/** A key for tests: of the right form, and visibly none of anybody's. */
export function testKey(name: string): string {
  return `test-key-${name}-`.padEnd(40, '0');
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** apps.yaml as JSON, which is YAML. */
export function appsYaml(apps: readonly AppEntry[], clients: readonly Record<string, unknown>[]): string {
  const entries = clients.map(({ key, ...client }) =>
    typeof key === 'string' ? { keys: [{ id: 'first', sha256: sha256(key) }], ...client } : client,
  );
  return JSON.stringify({ version: 1, apps, clients: entries }, undefined, 1);
}

/** The whole hub on free ports of the loopback: real sockets, real files, the log kept. */
export async function startHub(options: StartHubOptions): Promise<RunningHub> {
  const folder = mkdtempSync(join(tmpdir(), 'hub-test-'));
  const appsFile = join(folder, 'apps.yaml');
  const writeApps: RunningHub['writeApps'] = (apps, clients = options.clients) => {
    writeFileSync(appsFile, appsYaml(apps, clients));
  };
  writeApps(options.apps);
  const parsed = parseEnvironment({
    HUB_HOST: '127.0.0.1',
    HUB_PORT: '0',
    HUB_OPS_PORT: '0',
    HUB_APPS_FILE: appsFile,
    HUB_WECHAT_BASE_URL: options.upstream,
    ...options.environment,
  });
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));

  const log: string[] = [];
  const hubLog = new Log(
    'trace',
    new Writable({
      write: (line, _encoding, done) => {
        log.push(String(line));
        done();
      },
    }),
  );
  const { adapter, tls } = createAdapter(parsed.environment);
  let testing = Test.createTestingModule({ imports: [AppModule.forRoot(parsed.environment)] })
    .setLogger(new NestLog(hubLog))
    .overrideProvider(Log)
    .useValue(hubLog);
  if (options.clock !== undefined) testing = testing.overrideProvider(Clock).useValue(options.clock);
  const app = (await testing.compile()).createNestApplication<NestFastifyApplication>(adapter);
  await app.get(AppsConfig).load();
  configureHub(app, tls);
  const { port, opsPort } = await listen(app);
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  const request = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(path.startsWith('http') ? path : `${url}${path}`, {
      redirect: 'manual',
      ...init,
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parse(text) };
  };
  return {
    app,
    url,
    opsUrl: `http://127.0.0.1:${opsPort}`,
    port,
    opsPort,
    appsFile,
    log,
    writeApps,
    get: (path, headers = {}) => request(path, { headers }),
    post: (path, body, headers = {}) =>
      request(path, {
        method: 'POST',
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    stop: async () => {
      await app.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function bearer(key: string): Record<string, string> {
  return { authorization: `Bearer ${key}` };
}

// The same reason as for Answer.json.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
function parse(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
