import type { Cluster, Redis } from 'ioredis';
import type { RedisTarget } from '../../../config/redis-url.js';
import { scrub } from '../../../core/scrub.js';
import { StoreUnavailable } from '../../token-store.js';
import { COMMAND_LIMIT_MS, createCluster, createRedis, revive, type RedisCommands } from './redis-clients.js';
import { PROBE, type Script } from './scripts.js';

/** Redis is looked after every so often while it fails, ms. */
const PROBE_MS = 1000;
/** In a Cluster so many keys lie in most of the nodes: one after the other is written. */
const PROBE_KEYS = 100;
/** Without a failure for so long, ms, it counts as back. */
const QUIET_MS = 1000;
/** A Cluster may fail for some apps and serve others: it is back when none has failed for so long, ms. */
const CLUSTER_QUIET_MS = 5000;
/** The connection for news is asked for a sign of life so often, ms: a dead one looks just like a quiet one. */
const NEWS_PING_MS = 15_000;

/** What the store asks of its connection to Redis. Each rejects with {@link StoreUnavailable}, within a bound. */
export interface StoreLink {
  /** Connects in the background, for ever. Resolves when commands can be sent, or `limitMs` have passed. */
  open(limitMs: number): Promise<void>;
  run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>;
  /** What the keys hold, and Redis's clock in ms, which was read before they were. Not for a Cluster. */
  read(keys: readonly string[]): Promise<{ readonly redisNow: number; readonly texts: readonly unknown[] }>;
  publish(channel: string, text: string): Promise<void>;
  close(): void;
}

export interface LinkListener {
  /** Once per change, never per command. */
  stateChanged(available: boolean, cause: string | undefined): void;
  message(text: string): void;
  /** Messages may have been missed: the connection is new, or Redis is back. */
  missed(): void;
}

/**
 * The connections to Redis: one for commands, one for news.
 *
 * - A command ends within {@link COMMAND_LIMIT_MS} and a moment, and fails at once while there is no connection.
 *   Nothing queues up.
 * - Whether Redis is of use is told by what commands do, not by sockets: one that accepts connections and hangs, or
 *   refuses writes, is as good as gone. Once it was, only a write that it takes shows that it is back.
 */
export class RedisLink implements StoreLink {
  readonly #commands: Redis | Cluster;
  readonly #news: Redis | Cluster;
  readonly #secrets: readonly string[];
  readonly #quietMs: number;
  readonly #timers: NodeJS.Timeout[] = [];
  #available: boolean | undefined;
  #failedAt = Number.NEGATIVE_INFINITY;
  #closed = false;
  #probes = 0;

  constructor(
    target: RedisTarget,
    private readonly channel: string,
    private readonly listener: LinkListener,
    chance: () => number,
  ) {
    const cluster = target.topology === 'cluster';
    this.#secrets = [target.password, target.username].filter((secret) => secret !== undefined);
    this.#quietMs = cluster ? CLUSTER_QUIET_MS : QUIET_MS;
    const name = 'wechat-token-hub';
    this.#commands = cluster ? createCluster(target, name, chance) : createRedis(target, name, chance);
    // A Cluster's client keeps a connection of its own for subscriptions, and moves it when its node goes.
    this.#news = cluster ? this.#commands : createRedis(target, `${name}-news`, chance);
    this.#wire(cluster);
  }

  async open(limitMs: number): Promise<void> {
    const ready = new Promise<void>((resolve) => this.#commands.once('ready', resolve));
    for (const client of new Set([this.#commands, this.#news])) client.connect().catch(() => undefined);
    this.#timers.push(
      setInterval(() => this.#probe(), PROBE_MS).unref(),
      setInterval(() => this.#pingNews(), NEWS_PING_MS).unref(),
    );
    await within(limitMs, ready).catch(() => undefined);
  }

  async run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return this.#command(async (client) => {
      try {
        return await client.evalsha(script.sha, keys.length, ...keys, ...args);
      } catch (error) {
        if (!messageOf(error).startsWith('NOSCRIPT')) throw error;
        return client.eval(script.lua, keys.length, ...keys, ...args);
      }
    });
  }

  async read(
    keys: readonly string[],
  ): Promise<{ readonly redisNow: number; readonly texts: readonly unknown[] }> {
    // On one connection, in this order.
    const [time, texts] = await this.#command((client) => Promise.all([client.time(), client.mget(...keys)]));
    return { redisNow: Number(time[0]) * 1000 + Math.floor(Number(time[1]) / 1000), texts };
  }

  async publish(channel: string, text: string): Promise<void> {
    await this.#command((client) => client.publish(channel, text));
  }

  /** @throws {StoreUnavailable} free of any part of the command */
  async #command<T>(send: (client: RedisCommands) => Promise<T>): Promise<T> {
    try {
      const answer = await within(COMMAND_LIMIT_MS * 1.5, send(this.#commands));
      if (this.#available === undefined) this.#isBack();
      return answer;
    } catch (error) {
      const cause = scrub(messageOf(error), this.#secrets);
      this.#failed(cause);
      throw new StoreUnavailable(`Redis: ${cause}`);
    }
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    for (const client of new Set([this.#commands, this.#news])) client.disconnect();
  }

  #wire(cluster: boolean): void {
    const commands = this.#commands;
    const news = this.#news;
    // What went wrong shows in the commands; but the first failure to connect is to be told before any is sent.
    commands.on('error', (error: unknown) => {
      if (this.#available !== true) this.#failed(scrub(messageOf(error), this.#secrets));
    });
    if (news !== commands) news.on('error', () => undefined);
    for (const client of new Set([commands, news])) revive(client, () => this.#closed);
    commands.on('ready', () => this.#probe());
    news.on('message', (_channel: string, text: string) => {
      this.listener.message(text);
    });
    news.on('ready', () => {
      news.subscribe(this.channel).then(
        () => this.listener.missed(),
        // Tried again when the connection is: a Cluster remembers its subscriptions by itself.
        () => (cluster ? undefined : (news as Redis).disconnect(true)),
      );
    });
    // The node whose connection carried the news may have been the one.
    if (cluster) commands.on('-node', () => setTimeout(() => this.listener.missed(), QUIET_MS).unref());
  }

  #probe(): void {
    if (this.#closed || this.#available === true || this.#commands.status !== 'ready') return;
    this.#probes += 1;
    const key = `${this.channel}:probe:${this.#probes % PROBE_KEYS}`;
    this.run(PROBE, [key], []).then(
      () => this.#isBack(),
      () => undefined,
    );
  }

  #pingNews(): void {
    // A Cluster's is out of reach. Otherwise the silence limit closes the connection where no answer comes.
    if (this.#news === this.#commands || this.#news.status !== 'ready') return;
    this.#news.ping().catch(() => undefined);
  }

  #isBack(): void {
    if (this.#closed || this.#available === true) return;
    if (performance.now() - this.#failedAt < this.#quietMs) return;
    const first = this.#available === undefined;
    this.#available = true;
    this.listener.stateChanged(true, undefined);
    if (!first) this.listener.missed();
  }

  #failed(cause: string): void {
    this.#failedAt = performance.now();
    if (this.#closed || this.#available === false) return;
    this.#available = false;
    this.listener.stateChanged(false, cause);
  }
}

function messageOf(error: unknown): string {
  const message = (error as { message?: unknown } | null)?.message;
  const text = typeof message === 'string' && message !== '' ? message : String(error);
  return text === "Stream isn't writeable and enableOfflineQueue options is false" ? 'not connected' : text;
}

async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
