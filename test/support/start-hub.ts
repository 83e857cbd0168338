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
import { AppsConfig } from '../../src/config/reload/apps-config.service.js';
import { parseEnvironment } from '../../src/config/environment/parse.js';
import { OpenedState } from '../../src/token-cache/stores/file/opened-state.js';
import { Log, NestLog } from '../../src/logging/log.js';
import { LeakWatch } from './leak-watch.js';
import { rawRequest, type RawAnswer } from './raw-request.js';

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
  /** `notify` of apps.yaml. */
  readonly notify?: readonly Record<string, unknown>[];
  /** `platforms` of apps.yaml. */
  readonly platforms?: readonly Record<string, unknown>[];
  /** `issuers` of apps.yaml. */
  readonly issuers?: readonly Record<string, unknown>[];
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
  /** Of the callers' port, as registered: `/v1/apps/:appid/token`. */
  readonly routes: readonly { readonly method: string; readonly url: string }[];
  /** Every line that the hub has logged. */
  readonly log: readonly string[];
  /** Knows the secrets of the apps, the keys of the clients, and all keys and tokens of requests and answers. */
  readonly leaks: LeakWatch;
  /** Writes apps.yaml anew; the hub is not told. */
  writeApps(
    apps: readonly AppEntry[],
    clients?: readonly Record<string, unknown>[],
    notify?: readonly Record<string, unknown>[],
    issuers?: readonly Record<string, unknown>[],
  ): void;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** `path`: of the callers' port, or a whole URL. */
  request(path: string, init?: RequestInit): Promise<Answer>;
  /** Sends bytes as they are to the callers' port. */
  raw(bytes: string, options?: Parameters<typeof rawRequest>[2]): Promise<RawAnswer>;
  /** @throws {Error} where a secret was in the log, in the metrics or in an answer that must not hold it. */
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
export function appsYaml(
  apps: readonly AppEntry[],
  clients: readonly Record<string, unknown>[],
  notify: readonly Record<string, unknown>[] = [],
  issuers: readonly Record<string, unknown>[] = [],
  platforms: readonly Record<string, unknown>[] = [],
): string {
  const entries = clients.map(({ key, ...client }) =>
    typeof key === 'string' ? { keys: [{ id: 'first', sha256: sha256(key) }], ...client } : client,
  );
  return JSON.stringify(
    {
      version: 1,
      apps,
      clients: entries,
      ...(notify.length > 0 ? { notify } : {}),
      ...(issuers.length > 0 ? { issuers } : {}),
      ...(platforms.length > 0 ? { platforms } : {}),
    },
    undefined,
    1,
  );
}

/** The whole hub on free ports of the loopback: real sockets, real files, the log kept. */
export async function startHub(options: StartHubOptions): Promise<RunningHub> {
  const folder = mkdtempSync(join(tmpdir(), 'hub-test-'));
  const appsFile = join(folder, 'apps.yaml');
  const leaks = new LeakWatch();
  const writeApps: RunningHub['writeApps'] = (
    apps,
    clients = options.clients,
    notify = options.notify ?? [],
    issuers = options.issuers ?? [],
  ) => {
    for (const { appid, secret } of apps as readonly Readonly<Record<string, unknown>>[])
      // Or it has a `secretFile`.
      if (typeof secret === 'string') leaks.addSecret(`AppSecret of ${String(appid)}`, secret);
    for (const { id, key } of clients) {
      if (typeof key === 'string') leaks.addSecret(`key of ${String(id)}`, key);
    }
    for (const { type, url, secret } of notify) {
      if (typeof url === 'string') leaks.addSecret(`URL of ${String(type)}`, url);
      if (typeof secret === 'string') leaks.addSecret(`signing secret of ${String(type)}`, secret);
    }
    for (const { appid, secret, pushToken, aesKeys } of options.platforms ?? [])
      for (const value of [secret, pushToken, aesKeys])
        if (typeof value === 'string') leaks.addSecret(`a secret of ${String(appid)}`, value);
    writeFileSync(appsFile, appsYaml(apps, clients, notify, issuers, options.platforms));
  };
  writeApps(options.apps);
  const parsed = parseEnvironment({
    HUB_HOST: '127.0.0.1',
    HUB_PORT: '0',
    HUB_OPS_PORT: '0',
    HUB_APPS_FILE: appsFile,
    HUB_WECHAT_BASE_URL: options.upstream,
    HUB_WECOM_BASE_URL: options.upstream,
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
  const routes: { method: string; url: string }[] = [];
  adapter.getInstance().addHook('onRoute', ({ method, url }) => {
    for (const name of [method].flat()) routes.push({ method: name, url });
  });
  let testing = Test.createTestingModule({
    imports: [AppModule.forRoot(parsed.environment, await OpenedState.of(parsed.environment))],
  })
    .setLogger(new NestLog(hubLog))
    .overrideProvider(Log)
    .useValue(hubLog);
  if (options.clock !== undefined) testing = testing.overrideProvider(Clock).useValue(options.clock);
  const app = (await testing.compile()).createNestApplication<NestFastifyApplication>(adapter);
  await app.get(AppsConfig).load();
  configureHub(app, tls);
  const { port, opsPort } = await listen(app);
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  const opsUrl = `http://127.0.0.1:${opsPort}`;
  const request = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    for (const key of keysIn(path, init)) leaks.addSecret('a key that was sent', key);
    for (const code of codesIn(path, init)) leaks.addSecret('a login code that was sent', code);
    const response = await fetch(path.startsWith('http') ? path : `${url}${path}`, {
      redirect: 'manual',
      ...init,
    });
    const text = await response.text();
    const answer = { status: response.status, headers: response.headers, text, json: parse(text) };
    if (path.startsWith(opsUrl)) leaks.sawText(`answer of ${path}`, text);
    else leaks.sawAnswer(path.replace(url, ''), answer);
    return answer;
  };
  let stopped = false;
  const lookForLeaks = (): void => {
    for (const [index, line] of log.entries()) leaks.sawText(`log line ${index + 1}`, line);
    leaks.assertNone();
  };
  return {
    app,
    url,
    opsUrl,
    routes,
    port,
    opsPort,
    appsFile,
    log,
    leaks,
    writeApps,
    request,
    raw: async (bytes, rawOptions) => {
      for (const key of keysIn('', { headers: authorizationIn(bytes) }))
        leaks.addSecret('a key that was sent', key);
      const answer = await rawRequest(port, bytes, rawOptions);
      if (answer.status >= 400) leaks.sawText(`raw answer ${answer.status}`, answer.text);
      return answer;
    },
    get: (path, headers = {}) => request(path, { headers }),
    post: (path, body, headers = {}) =>
      request(path, {
        method: 'POST',
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    stop: async () => {
      if (stopped) return;
      stopped = true;
      await request(`${opsUrl}/metrics`).catch(() => undefined);
      await app.close();
      rmSync(folder, { recursive: true, force: true });
      lookForLeaks();
    },
  };
}

export function bearer(key: string): Record<string, string> {
  return { authorization: `Bearer ${key}` };
}

/** Keys and secrets that a request carries, right or wrong: a wrong one may be a right one mistyped. */
function keysIn(path: string, { headers, body }: RequestInit): string[] {
  const authorization = new Headers(headers).get('authorization') ?? '';
  const query = new URLSearchParams(path.split('?')[1] ?? '');
  const sent: unknown = typeof body === 'string' ? parse(body) : undefined;
  const inBody =
    typeof sent === 'object' && sent !== null ? (sent as { secret?: unknown }).secret : undefined;
  return [authorization.split(' ').at(-1), query.get('secret'), query.get('corpsecret'), inBody].filter(
    (value): value is string => typeof value === 'string' && value.length >= 16,
  );
}

/** Codes that users log in with. */
function codesIn(path: string, { body }: RequestInit): string[] {
  const query = new URLSearchParams(path.split('?')[1] ?? '');
  const sent: unknown = typeof body === 'string' ? parse(body) : undefined;
  const inBody = typeof sent === 'object' && sent !== null ? (sent as { code?: unknown }).code : undefined;
  return [query.get('js_code'), query.get('code'), inBody].filter(
    (value): value is string => typeof value === 'string' && value.length >= 16,
  );
}

function authorizationIn(bytes: string): Record<string, string> {
  const value = /^authorization: *([!-~][ -~]*)/im.exec(bytes)?.[1];
  return value === undefined ? {} : { authorization: value };
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
