import type { AppsConfig, ConfigChange } from '../../src/config/reload/apps-config.service.js';
import type { AppSettings, TicketType } from '../../src/core/app.js';
import { Secret } from '../../src/core/secret.js';
import type { UpstreamError, UpstreamResult } from '../../src/core/upstream.js';
import { HubEvents } from '../../src/events/hub-events.js';
import { RedisTokenStore } from '../../src/token-cache/stores/redis/redis-token-store.js';
import { WeChatClient, type ProbeResult } from '../../src/wechat-client/wechat-client.js';
import { SimulatedLink } from '../simulation/simulated-link.js';
import { SimulatedProcess } from '../simulation/simulated-process.js';
import { SimulatedRedis } from '../simulation/simulated-redis.js';
import { Chance, World } from '../simulation/world.js';
import { assembleCache } from './assemble-cache.js';

const TIMEOUT_MS = 5000;
/** From the request to the answer of WeChat, ms. */
const CALL_MS = 100;

/** A call that WeChat saw. */
export interface ReplicaCall {
  readonly replica: string;
  /** Of a call for a token. */
  readonly app: AppSettings | undefined;
  readonly kind: 'token' | TicketType;
  readonly at: number;
}

/** A token or ticket, or why there is none. */
type Answer = string | UpstreamError;

/** Replicas on the simulation's Redis and time, for a story that a test tells; WeChat answers what the test says. */
export class SimulatedReplicas {
  readonly world = new World();
  readonly redis = new SimulatedRedis(() => this.world.now);
  readonly calls: ReplicaCall[] = [];
  lifeMs = 7_200_000;
  onToken: (app: AppSettings) => Answer = () => `token-${this.calls.length}`;
  onTicket: () => Answer = () => 'a-ticket';
  readonly #chance: Chance;

  constructor(seed = 1) {
    this.#chance = new Chance(seed);
  }

  start(name: string, apps: readonly AppSettings[]) {
    const { world, redis } = this;
    const chance = this.#chance.split();
    const process = new SimulatedProcess(world, Math.round(chance.between(-1e9, 1e9)), 0, chance.split());
    const events = new HubEvents();
    const links: SimulatedLink[] = [];
    const store = new RedisTokenStore(
      { redisPrefix: 'story:', encryptionKeys: [], wechatTimeoutMs: TIMEOUT_MS, cluster: false },
      process,
      events,
      (_channel, listener) => {
        const link = new SimulatedLink(
          name,
          world,
          process,
          redis,
          listener,
          chance.split(),
          ({ lua }) => lua,
        );
        links.push(link);
        return link;
      },
    );
    let change: (change: ConfigChange) => void = () => undefined;
    const config = {
      current: snapshotOf(apps),
      onChange: (listener: typeof change) => {
        change = listener;
      },
      onReload: () => undefined,
    } as unknown as AppsConfig;
    const client = new PlayedClient(name, process, this);
    const parts = { config, client, store, clock: process, randomness: chance.split(), events };
    const { cache, tickets, reports } = assembleCache({ ...parts, wechatTimeoutMs: TIMEOUT_MS });
    return {
      process,
      cache,
      tickets,
      reports,
      /** The token that callers get now. */
      token: (appid: string): string | undefined => {
        const reading = cache.read(appid);
        return reading?.kind === 'held' ? reading.held.value.reveal() : undefined;
      },
      /** Each of its apps has other settings from now on. */
      reload: (next: readonly AppSettings[]) => {
        const snapshot = snapshotOf(next);
        const changed = next.map(({ appid }) => appid);
        change({ snapshot, previous: snapshot, added: [], changed, removed: [] });
      },
      kill: () => {
        process.kill();
        for (const link of links) link.close();
      },
    };
  }

  /** The calls for tokens after the first so many calls. */
  tokenCalls(from = 0): ReplicaCall[] {
    return this.calls.slice(from).filter(({ kind }) => kind === 'token');
  }
}

class PlayedClient extends WeChatClient {
  constructor(
    private readonly replica: string,
    private readonly process: SimulatedProcess,
    private readonly story: SimulatedReplicas,
  ) {
    super();
  }

  override fetchToken(app: AppSettings): Promise<UpstreamResult> {
    return this.#ask(app, 'token', () => this.story.onToken(app));
  }

  override fetchTicket(_app: AppSettings, type: TicketType): Promise<UpstreamResult> {
    return this.#ask(undefined, type, () => this.story.onTicket());
  }

  override probeToken(): Promise<ProbeResult> {
    return this.#afterCall(() => 'alive');
  }

  #ask(
    app: AppSettings | undefined,
    kind: ReplicaCall['kind'],
    answer: () => Answer,
  ): Promise<UpstreamResult> {
    const { story, replica, process } = this;
    const sentAt = process.now();
    story.calls.push({ replica, app, kind, at: story.world.now });
    const said = answer();
    return this.#afterCall(() =>
      typeof said === 'string'
        ? { ok: true, grant: { value: new Secret(said), lifeMs: story.lifeMs, sentAt } }
        : { ok: false, error: said },
    );
  }

  #afterCall<T>(answer: () => T): Promise<T> {
    return new Promise((resolve) => {
      this.story.world.after(CALL_MS, () => {
        this.process.deliver(() => {
          resolve(answer());
        });
      });
    });
  }
}

function snapshotOf(apps: readonly AppSettings[]): ConfigChange['snapshot'] {
  return {
    apps: new Map(apps.map((app) => [app.appid, app])),
    platforms: new Map(),
    issuers: new Map(),
    clients: [],
    notify: [],
  };
}
