import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { parseEnvironment } from '../../src/config/environment/parse.js';
import { redisAccess, type RedisAccess } from '../../src/config/environment/redis-access.js';
import { freePort } from './free-port.js';

/** A Cluster's nodes talk on their port + 10000. */
const HIGHEST_PORT = 55_000;
const PATIENCE_MS = 10_000;
const running = new Set<RedisServer>();

export interface RedisServerOptions {
  readonly port?: number;
  /** Lines of redis.conf beside those that keep a test's server to itself. */
  readonly config?: readonly string[];
  readonly sentinel?: boolean;
  readonly password?: string;
}

/** What the hub makes of a URL, and of other HUB_REDIS_* variables. */
export function accessTo(url: string, more: Readonly<Record<string, string>> = {}): RedisAccess {
  const parsed = parseEnvironment({ HUB_REDIS_URL: url, ...more });
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return redisAccess(parsed.environment)!;
}

/** A real redis-server on a free port of the loopback. Nothing is written to disk that outlives it. */
export class RedisServer {
  readonly #folder = mkdtempSync(join(tmpdir(), 'redis-test-'));
  #child: ChildProcess | undefined;
  #admin: Redis | undefined;

  private constructor(
    readonly port: number,
    private readonly options: RedisServerOptions,
  ) {}

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(options.port ?? (await freePort(HIGHEST_PORT)), options);
    running.add(server);
    await server.launch();
    return server;
  }

  get url(): string {
    const { password } = this.options;
    return `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${this.port}`;
  }

  get place(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** How many connections it has ever been asked for. */
  async connections(): Promise<number> {
    const [, count] = /total_connections_received:(\d+)/.exec(await this.admin.info('stats')) ?? [];
    return Number(count);
  }

  /** For the test's own commands. */
  get admin(): Redis {
    this.#admin ??= this.#client();
    return this.#admin;
  }

  /** Starts it, after {@link kill} with an empty memory. */
  async launch(): Promise<void> {
    const { config = [], sentinel = false, password } = this.options;
    const file = join(this.#folder, 'redis.conf');
    const lines = [
      `port ${this.port}`,
      'bind 127.0.0.1',
      `dir ${this.#folder}`,
      ...(sentinel
        ? []
        : ['save ""', 'appendonly no', 'repl-diskless-sync-delay 0', 'enable-debug-command yes']),
      ...(password === undefined ? [] : [`requirepass ${password}`, `masterauth ${password}`]),
      ...config,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    this.#child = spawn('redis-server', [file, ...(sentinel ? ['--sentinel'] : [])], { stdio: 'ignore' });
    const failed = new Promise<never>((_resolve, reject) => {
      this.#child?.once('error', () =>
        reject(new Error('redis-server is missing: npm test installs it, or says how to')),
      );
    });
    await Promise.race([failed, this.#answers()]);
  }

  /** It stops in the middle of whatever it does; connections stay open and unanswered. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** As `kill -9`: all that it knew is lost. Resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    this.#admin?.disconnect();
    this.#admin = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  async stop(): Promise<void> {
    running.delete(this);
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #client(): Redis {
    const client = new Redis({
      port: this.port,
      host: '127.0.0.1',
      password: this.options.sentinel === true ? undefined : this.options.password,
      retryStrategy: () => 50,
      maxRetriesPerRequest: null,
    });
    client.on('error', () => undefined);
    return client;
  }

  async #answers(): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    const client = this.#client();
    try {
      while ((await client.ping().catch(() => undefined)) !== 'PONG') {
        if (performance.now() > deadline) throw new Error(`redis-server on ${this.port} does not answer`);
      }
    } finally {
      client.disconnect();
    }
  }
}

/** For `afterEach` or `afterAll`. */
export async function stopRedisServers(): Promise<void> {
  await Promise.all([...running].map((server) => server.stop()));
}

/** A master, a replica of it, and three Sentinels that fail over within about a second. */
export async function startSentinelSet(): Promise<{
  readonly master: RedisServer;
  readonly replica: RedisServer;
  readonly sentinels: readonly RedisServer[];
  readonly url: string;
}> {
  const master = await RedisServer.start();
  const replica = await RedisServer.start({ config: [`replicaof 127.0.0.1 ${master.port}`] });
  const sentinels = await Promise.all(
    [1, 2, 3].map(() =>
      RedisServer.start({
        sentinel: true,
        config: [
          `sentinel monitor hub 127.0.0.1 ${master.port} 2`,
          'sentinel down-after-milliseconds hub 500',
          'sentinel failover-timeout hub 3000',
        ],
      }),
    ),
  );
  await until(async () => (await replica.admin.info('replication')).includes('master_link_status:up'));
  for (const sentinel of sentinels) {
    await until(async () => {
      const known = await sentinel.admin.call('SENTINEL', 'sentinels', 'hub');
      const replicas = await sentinel.admin.call('SENTINEL', 'replicas', 'hub');
      return Array.isArray(known) && known.length === 2 && Array.isArray(replicas) && replicas.length === 1;
    });
  }
  const places = sentinels.map(({ place }) => place).join(',');
  return { master, replica, sentinels, url: `redis+sentinel://${places}/hub` };
}

/** Three masters that share the slots, without replicas. */
export async function startCluster(): Promise<{
  readonly nodes: readonly RedisServer[];
  readonly url: string;
}> {
  const config = ['cluster-enabled yes', 'cluster-node-timeout 1000', 'cluster-require-full-coverage no'];
  const nodes = await Promise.all([1, 2, 3].map(() => RedisServer.start({ config })));
  const [first] = nodes;
  for (const [nth, node] of nodes.entries()) {
    const from = Math.floor((16_384 * nth) / nodes.length);
    const to = Math.floor((16_384 * (nth + 1)) / nodes.length) - 1;
    await node.admin.call('CLUSTER', 'ADDSLOTSRANGE', from, to);
    if (node !== first) await node.admin.call('CLUSTER', 'MEET', '127.0.0.1', first!.port);
  }
  for (const node of nodes) {
    await until(async () => {
      const info = String(await node.admin.call('CLUSTER', 'INFO'));
      return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3');
    });
  }
  return { nodes, url: `redis+cluster://${nodes.map(({ place }) => place).join(',')}` };
}

/** Looks again and again, for ten seconds at most. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  limitMs = PATIENCE_MS,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('what was waited for did not come about');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
