import { Redis } from 'ioredis';
import type { RedisAccess } from '../../../config/environment/redis-access.js';
import type { RedisPlace, RedisTarget } from '../../../config/environment/redis-url.js';
import { scrub } from '../../../core/scrub.js';
import { createRedis } from './redis-clients.js';
import { lackingRights, neededRights, type Lacking } from './redis-rights.js';
import type { RedisSeen, SentinelSeen, ServerSeen } from './redis-seen.js';

/** To connect, and for each command, ms: far more than the hub allows, so that a slow one is seen to be slow. */
const LIMIT_MS = 5000;
const PINGS = 5;
/** What is written for a look lapses by itself, ms. */
const TRACE_MS = 1000;
/** A node of a Cluster takes only what lies in its slots: so many names are tried. */
const NAMES = 200;

/** What the hub does with Redis, in one: a script that writes, reads and tells on the hub's channel; nobody minds an empty message. */
const WRITE = `
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
redis.call('GET', KEYS[1])
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[2], '')
return redis.call('TIME')`;
const NOTHING_LACKS: Lacking = { needed: [], optional: [] };

/** Connects as the hub does, asks around, and leaves nothing behind. Never rejects for what Redis does. */
export async function probeRedis(access: RedisAccess, prefix: string): Promise<RedisSeen> {
  const look = new Look(access, prefix);
  switch (access.target.topology) {
    case 'standalone':
      return look.standalone();
    case 'sentinel':
      return look.bySentinels();
    case 'cluster':
      return look.cluster();
  }
}

class Look {
  constructor(
    private readonly access: RedisAccess,
    private readonly prefix: string,
  ) {}

  private get target(): RedisTarget {
    return this.access.target;
  }

  async standalone(): Promise<RedisSeen> {
    const servers = await Promise.all(this.target.places.map((place) => this.#server(place, true)));
    return { topology: 'standalone', sentinels: [], servers, cluster: undefined };
  }

  async bySentinels(): Promise<RedisSeen> {
    const asked = await Promise.all(this.target.places.map((place) => this.#sentinel(place)));
    const master = asked.find(({ seen }) => seen.master !== undefined)?.seen.master;
    const replicas = new Set(asked.flatMap((one) => one.replicas));
    const servers = await Promise.all([
      ...(master === undefined ? [] : [this.#server(placeOf(master), true)]),
      ...[...replicas].map((place) => this.#server(placeOf(place), false)),
    ]);
    return { topology: 'sentinel', sentinels: asked.map(({ seen }) => seen), servers, cluster: undefined };
  }

  async cluster(): Promise<RedisSeen> {
    let cluster: RedisSeen['cluster'];
    const nodes = new Map<string, boolean>();
    for (const place of this.target.places) {
      const told = await this.#on(this.#client(place), async (client) => ({
        info: String(await client.call('CLUSTER', 'INFO')),
        nodes: String(await client.call('CLUSTER', 'NODES')),
      }));
      if ('failure' in told) {
        nodes.set(textOf(place), true);
        continue;
      }
      cluster ??= {
        state: field(told.info, 'cluster_state') ?? '?',
        slots: Number(field(told.info, 'cluster_slots_ok')),
      };
      for (const line of told.nodes.split('\n')) {
        const [, address = '', flags = ''] = line.split(' ');
        const named = address.split('@')[0] ?? '';
        if (named !== '' && !/noaddr|handshake/.test(flags)) nodes.set(named, flags.includes('master'));
      }
      break;
    }
    const ordered = [...nodes].sort(([, a], [, b]) => Number(b) - Number(a));
    const servers = await Promise.all(
      ordered.map(([place, isMaster]) => this.#server(placeOf(place), isMaster)),
    );
    return { topology: 'cluster', sentinels: [], servers, cluster };
  }

  async #server(place: RedisPlace, writes: boolean): Promise<ServerSeen> {
    const seen = await this.#on(this.#client(place), async (client) => {
      const info = await client.info().catch(() => '');
      const took: number[] = [];
      let aheadMs = 0;
      for (let ping = 0; ping < PINGS; ping += 1) {
        const sentAt = Date.now();
        const since = performance.now();
        const told = await client.time().catch((error: unknown) => {
          // Which is told with the other rights.
          if ((error as Error).message.startsWith('NOPERM')) return undefined;
          throw error;
        });
        took.push(performance.now() - since);
        if (told === undefined) break;
        const [seconds, micros] = told;
        aheadMs = Number(seconds) * 1000 + Number(micros) / 1000 - (sentAt + Date.now()) / 2;
      }
      const bounded = Number(field(info, 'maxmemory') ?? 0) > 0;
      return {
        failure: undefined,
        role: field(info, 'role') === 'slave' ? ('replica' as const) : ('master' as const),
        version: field(info, 'redis_version'),
        latencyMs: took.sort((a, b) => a - b)[PINGS >> 1] ?? 0,
        eviction: bounded ? field(info, 'maxmemory_policy') : undefined,
        aheadMs,
        // Last: a connection that is subscribed is good for nothing more.
        ...(writes ? await this.#use(client, info) : NOT_USED),
      };
    });
    const role = writes ? ('master' as const) : ('replica' as const);
    const unknown = {
      role,
      version: undefined,
      latencyMs: 0,
      eviction: undefined,
      aheadMs: 0,
      ...NOT_USED,
    };
    return { place: textOf(place), ...unknown, ...seen };
  }

  /** Does what the hub does. */
  async #use(client: Redis, info: string): Promise<Pick<ServerSeen, 'refusal' | 'lacking'>> {
    const { topology } = this.target;
    const cluster = topology === 'cluster';
    // It would take what lies in its own slots, and send the rest away.
    if (field(info, 'redis_mode') === 'cluster' && !cluster)
      return { refusal: 'MOVED: it is a node of a Cluster', lacking: NOTHING_LACKS };
    const channel = `${this.prefix}news`;
    for (let name = 0; name < NAMES; name += 1) {
      const key = `${this.prefix}{doctor-${name}}:check`;
      const refusal = await client.eval(WRITE, 1, key, TRACE_MS, channel).then(
        () => undefined,
        (error: unknown) => this.#clean(error),
      );
      if (cluster && refusal?.startsWith('MOVED ') === true) continue;
      const options = { cluster, needsInfo: topology === 'sentinel' };
      return { refusal, lacking: await lackingRights(client, neededRights(key, channel, options)) };
    }
    return NOT_USED;
  }

  async #sentinel(
    place: RedisPlace,
  ): Promise<{ readonly seen: SentinelSeen; readonly replicas: readonly string[] }> {
    const { masterName = '' } = this.target;
    const { sentinelUsername: username, sentinelPassword: password } = this.access.sentinel;
    const client = this.#client(place, { username, password, database: 0 });
    const told = await this.#on(client, async (asked) => {
      const master = await asked.call('SENTINEL', 'get-master-addr-by-name', masterName);
      if (!Array.isArray(master)) return { master: undefined, noQuorum: undefined, replicas: [] };
      const noQuorum = await asked.call('SENTINEL', 'ckquorum', masterName).then(
        () => undefined,
        (error: unknown) => this.#clean(error),
      );
      const replicas: unknown = await asked.call('SENTINEL', 'replicas', masterName);
      return {
        master: master.join(':'),
        noQuorum,
        replicas: Array.isArray(replicas) ? replicas.map(addressOf) : [],
      };
    });
    if ('failure' in told) {
      return {
        seen: { place: textOf(place), master: undefined, noQuorum: undefined, ...told },
        replicas: [],
      };
    }
    const { master, noQuorum, replicas } = told;
    return { seen: { place: textOf(place), failure: undefined, master, noQuorum }, replicas };
  }

  #client(place: RedisPlace, over: Partial<RedisTarget> = {}): Redis {
    const target: RedisTarget = { ...this.target, topology: 'standalone', places: [place], ...over };
    return createRedis({ ...this.access, target }, 'wechat-token-hub-doctor', undefined);
  }

  /** What `ask` finds out on a connection of its own, or why not. */
  async #on<T>(client: Redis, ask: (client: Redis) => Promise<T>): Promise<T | { readonly failure: string }> {
    let cause: unknown;
    client.on('error', (error: unknown) => (cause = error));
    client.options.commandTimeout = LIMIT_MS;
    client.options.socketTimeout = LIMIT_MS;
    client.options.connectTimeout = LIMIT_MS;
    try {
      await client.connect();
      return await ask(client);
    } catch (error) {
      return { failure: this.#clean(cause ?? error) };
    } finally {
      client.disconnect();
    }
  }

  #clean(error: unknown): string {
    const { message = '', code = '' } = error as { message?: string; code?: string };
    return scrub(message === '' ? code : message, this.access.secrets);
  }
}

const NOT_USED = { refusal: undefined, lacking: NOTHING_LACKS };

function field(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
}

/** Sentinel tells of a replica as a list of names and values, or as a map of them. */
function addressOf(replica: unknown): string {
  const pairs = Array.isArray(replica)
    ? replica.map(String)
    : Object.entries(replica as object)
        .flat()
        .map(String);
  const value = (name: string): string => pairs[pairs.indexOf(name) + 1] ?? '';
  return `${value('ip')}:${value('port')}`;
}

function placeOf(text: string): RedisPlace {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at), port: Number(text.slice(at + 1)) };
}

function textOf({ host, port }: RedisPlace): string {
  return `${host}:${port}`;
}
