import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { eventually } from './eventually.js';
import { HubProcess } from './hub-process.js';
import { ReplicaWitness, type Witnessed } from './replica-witness.js';
import { bearer, testKey, type AppEntry } from './start-hub.js';
import { UpstreamLine } from './upstream-line.js';

const KEY = testKey('replicas');
/** With REPLICAS_LOG=folder each test leaves there what WeChat was asked and what the hubs said. */
const KEEP_IN = process.env.REPLICAS_LOG;
const CLIENTS = [
  { id: 'reader', key: KEY, apps: '*', may: ['read', 'report', 'admin'], requestsPerMinute: 1_000_000 },
];
/**
 * A life and all that hangs on it in the proportions of the real one: WeChat's overlap is as long as the hub is early.
 * `token` is minted anew at the half of it.
 */
const LIFE_SECONDS = 16;
/** A claim outlives this by 2 s; a fifth of a life is left when one lapses that was made at the half. */
const UPSTREAM_TIMEOUT_MS = 2000;
/** How long a claim lasts, ms. */
export const CLAIM_MS = UPSTREAM_TIMEOUT_MS + 2000;

/** An app whose every call mints. */
export const MINTING = appOf('wx-minting', { tokenApi: 'token', refreshAheadSeconds: 7200 });
export const STABLE = appOf('wx-stable', { tokenApi: 'stable_token', reconcileSeconds: 5 });

export function appOf(appid: string, settings: Readonly<Record<string, unknown>>): AppEntry {
  return { appid, secret: `simulated-secret-of-${appid}`, ...settings };
}

export interface ReplicasOptions {
  /** Default 3. */
  readonly count?: number;
  /** Default {@link MINTING} and {@link STABLE}. */
  readonly apps?: readonly AppEntry[];
  readonly lifeSeconds?: number;
  /** Of each hub, by its number from 0. */
  readonly environment?: (nth: number) => Readonly<Record<string, string>>;
}

/** What a hub says of an app's token. */
export interface TokenSeen {
  readonly token: string;
  readonly version: number;
}

/** One of several hubs on one Redis: a real process, with a line of its own to WeChat. */
export class Replica implements Witnessed {
  gone = false;
  stopped = false;

  constructor(
    readonly name: string,
    readonly url: string,
    readonly opsUrl: string,
    readonly process: HubProcess,
    readonly line: UpstreamLine,
  ) {}

  async token(appid: string): Promise<TokenSeen> {
    const answer = await this.call('GET', `/v1/apps/${appid}/token`);
    if (answer.status !== 200) throw new Error(`${this.name}: ${answer.status} ${await answer.text()}`);
    const body = (await answer.json()) as { readonly access_token: string; readonly version: number };
    return { token: body.access_token, version: body.version };
  }

  /** Writes its apps.yaml anew; it notices by itself, or is told. */
  configure(apps: readonly AppEntry[]): void {
    this.process.writeApps(apps, CLIENTS);
  }

  call(method: string, path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, { method, headers: { ...bearer(KEY), ...headers } });
  }

  async status(appid: string): Promise<{ readonly nextRefreshAt: string }> {
    return (await (await this.call('GET', `/admin/apps/${appid}`)).json()) as { nextRefreshAt: string };
  }

  async isReady(): Promise<boolean> {
    return (await fetch(`${this.opsUrl}/readyz`)).status === 200;
  }

  /** As the log has it; `undefined` before the first word of it. */
  get redisAnswers(): boolean | undefined {
    const words = this.process.log.filter(({ msg }) => /^Redis (answers|does not answer)/.test(msg));
    return words.at(-1)?.msg.startsWith('Redis answers');
  }

  /** `kill -9` */
  async kill(): Promise<void> {
    this.gone = true;
    this.process.kill('SIGKILL');
    await this.process.exited;
  }

  pause(): void {
    this.stopped = true;
    this.process.kill('SIGSTOP');
  }

  resume(): void {
    this.process.kill('SIGCONT');
  }
}

const running = new Set<Replicas>();

/** Several hubs on one Redis and one simulator, with callers that read all the time. */
export class Replicas {
  readonly all: Replica[] = [];
  readonly witness: ReplicaWitness;
  readonly lifeMs: number;
  #started = 0;

  private constructor(
    private readonly redisUrl: string,
    readonly simulator: WeChatSimulator,
    readonly apps: readonly AppEntry[],
    private readonly options: ReplicasOptions,
  ) {
    this.witness = new ReplicaWitness(simulator, KEY);
    this.lifeMs = (options.lifeSeconds ?? LIFE_SECONDS) * 1000;
  }

  /** All ready, every app with a token, read continuously from now on. */
  static async start(redisUrl: string, options: ReplicasOptions = {}): Promise<Replicas> {
    const { count = 3, apps = [MINTING, STABLE], lifeSeconds = LIFE_SECONDS } = options;
    const simulator = await WeChatSimulator.start({
      apps: apps.map(({ appid, secret }) => ({ appid, secret })),
      tokenLifeSeconds: lifeSeconds,
      overlapSeconds: Math.min(300, lifeSeconds / 2),
      latencyMs: 5,
    });
    const replicas = new Replicas(redisUrl, simulator, apps, options);
    running.add(replicas);
    await Promise.all(Array.from({ length: count }, () => replicas.add()));
    return replicas;
  }

  get living(): Replica[] {
    return this.all.filter(({ gone }) => !gone);
  }

  /** Starts one more; resolves when it is ready. */
  async add(): Promise<Replica> {
    const nth = this.#started++;
    const name = `hub-${nth + 1}`;
    const line = await UpstreamLine.start(this.simulator.url);
    const hub = new HubProcess({
      upstream: line.url,
      apps: this.apps,
      clients: CLIENTS,
      environment: {
        HUB_REDIS_URL: this.redisUrl,
        HUB_WECHAT_TIMEOUT_MS: String(UPSTREAM_TIMEOUT_MS),
        ...this.options.environment?.(nth),
      },
    });
    const { url, opsUrl } = await hub.listening();
    const replica = new Replica(name, url, opsUrl, hub, line);
    this.all.push(replica);
    await eventually(() => replica.isReady(), `${name} is ready`);
    for (const { appid } of this.apps) {
      // Ready is also a hub whose first fetch has failed: on a busy machine WeChat may not answer in time.
      const path = `/v1/apps/${appid}/token`;
      await eventually(async () => (await replica.call('GET', path)).status === 200, `${name} has a token`);
      this.witness.watch(replica, appid);
    }
    return replica;
  }

  /** Whose call for this path is under way at WeChat. */
  async waitingFor(path: string): Promise<Replica> {
    let found: Replica | undefined;
    await eventually(() => {
      found = this.living.find(({ line }) => line.waitsFor(path));
      return found !== undefined;
    }, `a call of ${path}`);
    return found!;
  }

  mints({ appid, tokenApi }: AppEntry): number {
    return this.simulator.mints({ appid, family: tokenApi === 'token' ? 'token' : 'stable_token' });
  }

  /** Resolves once WeChat has minted for the app so many times in all. */
  async minted(app: AppEntry, times: number): Promise<void> {
    await eventually(() => this.mints(app) >= times, `${app.appid} minted ${times} times`);
  }

  /**
   * Milliseconds between mints of a `token` app that came on top of another: closer than two rotations can be. Both
   * after `since`, on the simulator's clock.
   */
  doubleMints({ appid }: AppEntry, since = 0): number[] {
    const minted = this.simulator
      .journal({ endpoint: 'token', appid })
      .filter(({ at, outcome }) => outcome === 'ok' && at >= since)
      .map(({ at }) => at);
    return minted
      .slice(1)
      .map((at, nth) => at - minted[nth]!)
      .filter((gap) => gap < this.lifeMs / 4);
  }

  /** Resolves once all see Redis answer, or all see that it does not. */
  async redisSeen(answers: boolean): Promise<void> {
    await eventually(
      () => this.living.every(({ redisAnswers }) => redisAnswers === answers),
      answers ? 'all see Redis again' : 'all see that Redis is gone',
    );
  }

  /** Resolves once all serve the same token of the app under the same version, and it is WeChat's latest. */
  async agreed(appid: string): Promise<TokenSeen> {
    let seen: readonly TokenSeen[] = [];
    await eventually(async () => {
      seen = await Promise.all(this.living.map((replica) => replica.token(appid)));
      const [first] = seen;
      const same = seen.every(({ token, version }) => token === first!.token && version === first!.version);
      return same && this.simulator.isCurrent(first!.token);
    }, `all serve the same token of ${appid}`);
    return seen[0]!;
  }

  /** Ends everything. @throws {Error} where callers saw what must not be, or a secret was in some output. */
  async stop(): Promise<void> {
    running.delete(this);
    await this.witness.stop();
    await this.simulator.close();
    await Promise.all(this.all.map((replica) => replica.line.close()));
    const ends = await Promise.allSettled(this.all.map((replica) => replica.process.dispose()));
    const failed = ends.find(({ status }) => status === 'rejected');
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
    const { violations, reads } = this.witness;
    if (KEEP_IN !== undefined) this.#keepStory(KEEP_IN);
    if (violations.length > 0) {
      const lines = violations.slice(0, 20).join('\n');
      throw new Error(`${violations.length} violations in ${reads} reads:\n${lines}\n${this.#told()}`);
    }
  }

  #told(): string {
    return this.all.map(({ name, process }) => [name, ...process.stdout].join('\n')).join('\n');
  }

  #keepStory(folder: string): void {
    const calls = this.simulator.journal().map((entry) => JSON.stringify(entry));
    const lines = [...this.witness.violations, ...calls, this.#told()];
    writeFileSync(join(folder, `${process.pid}-${Math.round(performance.now())}.log`), lines.join('\n'));
  }
}

/** For `afterEach`. */
export async function stopReplicas(): Promise<void> {
  for (const replicas of [...running]) await replicas.stop();
}
