import { randomUUID } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import type { RedisAccess } from '../../../config/environment/redis-access.js';
import type { RedisPlace } from '../../../config/environment/redis-url.js';
import { scrub } from '../../../core/scrub.js';
import { StoreUnavailable } from '../../token-store.js';
import { NewsLine, type NewsListener } from './news-line.js';
import {
  COMMAND_LIMIT_MS,
  createCluster,
  createRedis,
  createRedisAt,
  revive,
  type RedisCommands,
} from './redis-clients.js';
import { messageOf } from './redis-errors.js';
import { RetryPace } from './retry-pace.js';
import { PROBE, type Script } from './scripts.js';

/** Redis is looked after every so often while it fails, ms. */
const PROBE_MS = 1000;
/** In a Cluster so many keys lie in most of the nodes: one after the other is written. */
const PROBE_KEYS = 100;
/** A connection that is lost and not made anew for so long, ms, counts as a failure. */
const LOST_MS = 2000;
/** Without a failure for so long, ms, it counts as back. */
const QUIET_MS = 1000;
/** A Cluster may fail for some apps and serve others: it is back when none has failed for so long, ms. */
const CLUSTER_QUIET_MS = 5000;

/** What the store asks of its connection to Redis. Each rejects with {@link StoreUnavailable}, within a bound. */
export interface StoreLink {
  /**
   * Connects in the background, for ever. Resolves when it is known whether Redis does all that the hub needs, or
   * `limitMs` have passed.
   */
  open(limitMs: number): Promise<void>;
  run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>;
  /** What the keys hold, and Redis's clock in ms, which was read before they were. Not for a Cluster. */
  read(keys: readonly string[]): Promise<{ readonly redisNow: number; readonly texts: readonly unknown[] }>;
  publish(channel: string, text: string): Promise<void>;
  close(): void;
}

export interface LinkListener extends NewsListener {
  /** Once per change, never per command. */
  stateChanged(available: boolean, cause: string | undefined): void;
}

/**
 * The connections to Redis: one for commands, one for news.
 *
 * - A command ends within {@link COMMAND_LIMIT_MS} and a moment, and fails at once while there is no connection.
 *   Nothing queues up.
 * - Whether Redis is of use is told by what commands do, not by sockets that stand: one that accepts connections and hangs, or
 *   refuses writes, is as good as gone. Once it was, only a look that finds every right shows that it is back.
 * - A connection on which a look has not succeeded proves nothing: the pauses between connections go on growing.
 */
export class RedisLink implements StoreLink {
  readonly #commands: Redis | Cluster;
  readonly #news: NewsLine;
  readonly #cluster: boolean;
  readonly #pace: RetryPace;
  readonly #timers: NodeJS.Timeout[] = [];
  #available: boolean | undefined;
  #failedAt = Number.NEGATIVE_INFINITY;
  #closed = false;
  #probes = 0;
  #newsClients = 0;
  #looked: () => void = () => undefined;

  constructor(
    private readonly access: RedisAccess,
    private readonly channel: string,
    private readonly listener: LinkListener,
    chance: () => number,
  ) {
    this.#cluster = access.target.topology === 'cluster';
    this.#pace = new RetryPace(chance);
    const retry = () => this.#pace.lost(performance.now());
    const name = 'wechat-token-hub';
    this.#commands = this.#cluster ? createCluster(access, name, retry) : createRedis(access, name, retry);
    this.#news = new NewsLine(
      () => this.#newsClient(`${name}-news`),
      channel,
      randomUUID(),
      (to, text) => this.#tell(to, text),
      {
        message: (text) => {
          listener.message(text);
        },
        missed: () => {
          listener.missed();
        },
        newsChanged: (heard, cause) => {
          listener.newsChanged(heard, cause === undefined ? undefined : scrub(cause, access.secrets));
        },
      },
      chance,
    );
    this.#wire(retry);
  }

  async open(limitMs: number): Promise<void> {
    const looked = new Promise<void>((resolve) => (this.#looked = resolve));
    this.#commands.connect().catch(() => undefined);
    this.#news.open();
    this.#timers.push(setInterval(() => this.#probe(), PROBE_MS).unref());
    await within(limitMs, looked).catch(() => undefined);
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
      return await within(COMMAND_LIMIT_MS * 1.5, send(this.#commands));
    } catch (error) {
      const cause = scrub(messageOf(error), this.access.secrets);
      this.#failed(cause);
      throw new StoreUnavailable(`Redis: ${cause}`);
    }
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#news.close();
    this.#commands.disconnect();
  }

  #wire(retry: () => number): void {
    const commands = this.#commands;
    // What went wrong shows in the commands; but the first failure to connect is to be told before any is sent.
    commands.on('error', (error: unknown) => {
      if (this.#available !== true) this.#failed(scrub(messageOf(error), this.access.secrets));
    });
    revive(commands, () => this.#closed, retry);
    commands.on('ready', () => this.#probe());
    // A quiet hub sends few commands: people are not to wait for the next one to learn that Redis is gone.
    commands.on('close', () => {
      setTimeout(() => {
        if (!this.#closed && commands.status !== 'ready') this.#failed('not connected');
      }, LOST_MS).unref();
    });
    // News that a node had taken and not passed on went with it.
    if (this.#cluster) commands.on('-node', () => setTimeout(() => this.listener.missed(), QUIET_MS).unref());
  }

  /** A Cluster's own subscriber neither tells that it was lost nor sees that it is dead: the next node is asked. */
  #newsClient(name: string): Redis {
    if (!this.#cluster) return createRedis(this.access, name, undefined);
    const nodes = (this.#commands as Cluster).nodes('all').map(({ options }) => placeOf(options));
    const places = nodes.length === 0 ? this.access.target.places : nodes;
    this.#newsClients += 1;
    const place = places[this.#newsClients % places.length] ?? { host: '', port: 0 };
    return createRedisAt(place, this.access, name, undefined);
  }

  async #tell(channel: string, text: string): Promise<boolean> {
    const available = this.#available === true;
    if (!available && !this.#cluster) return false;
    // Of a Cluster that has lost a node the others still pass on what is told, and it is heard whether the line is dead.
    const telling = available
      ? this.publish(channel, text)
      : within(COMMAND_LIMIT_MS * 1.5, this.#commands.publish(channel, text));
    return telling.then(
      () => true,
      () => false,
    );
  }

  /** Every right that the hub needs is used: with all but one it would be back, and gone again at the next command. */
  #probe(): void {
    if (this.#closed || this.#available === true || this.#commands.status !== 'ready') return;
    this.#probes += 1;
    const key = `${this.channel}:probe:${this.#probes % PROBE_KEYS}`;
    const look = async (client: RedisCommands): Promise<unknown> => {
      await client.eval(PROBE.lua, 1, key, this.channel);
      // No command without a key finds its way to the same node.
      const direct = this.#cluster ? [] : [client.time(), client.mget(key), client.publish(this.channel, '')];
      return Promise.all([client.evalsha(PROBE.sha, 1, key, this.channel), ...direct]);
    };
    this.#command(look)
      .then(
        () => this.#isBack(),
        () => undefined,
      )
      .finally(() => {
        this.#looked();
      });
  }

  #isBack(): void {
    if (this.#closed || this.#available === true) return;
    if (performance.now() - this.#failedAt < this.#quietMs) return;
    const first = this.#available === undefined;
    this.#available = true;
    this.#pace.useful(performance.now());
    this.listener.stateChanged(true, undefined);
    if (!first) this.listener.missed();
  }

  get #quietMs(): number {
    return this.#cluster ? CLUSTER_QUIET_MS : QUIET_MS;
  }

  #failed(cause: string): void {
    this.#failedAt = performance.now();
    if (this.#closed || this.#available === false) return;
    this.#available = false;
    this.listener.stateChanged(false, cause);
  }
}

function placeOf({
  host = '',
  port = 0,
}: {
  host?: string | undefined;
  port?: number | undefined;
}): RedisPlace {
  return { host, port };
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
