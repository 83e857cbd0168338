import { SchedulerRegistry } from '@nestjs/schedule';
import type { AppsConfig } from '../../src/config/apps-config.service.js';
import type { HubEnvironment } from '../../src/config/environment.js';
import type { AppSettings } from '../../src/core/app.js';
import { HubEvents } from '../../src/events/hub-events.js';
import { RefreshScheduler } from '../../src/scheduler/refresh-scheduler.service.js';
import { Agreement } from '../../src/token-cache/agreement.js';
import { RefreshRights } from '../../src/token-cache/refresh-rights.js';
import { Refresher } from '../../src/token-cache/refresher.js';
import { ReplicaNews } from '../../src/token-cache/replica-news.js';
import { ServedTokens } from '../../src/token-cache/served-tokens.js';
import { RedisTokenStore } from '../../src/token-cache/stores/redis/redis-token-store.js';
import { TokenCache } from '../../src/token-cache/token-cache.service.js';
import { UpstreamAttempt } from '../../src/token-cache/upstream-attempt.js';
import { SimulatedClient, UPSTREAM_LIMIT_MS, type Upstream } from './simulated-client.js';
import { SimulatedLink, type Rewrite } from './simulated-link.js';
import { SimulatedProcess } from './simulated-process.js';
import type { SimulatedRedis } from './simulated-redis.js';
import type { Chance, World } from './world.js';

export interface HubParts {
  readonly world: World;
  readonly redis: SimulatedRedis;
  readonly upstream: Upstream;
  readonly apps: readonly AppSettings[];
  readonly chance: Chance;
  readonly rewrite: Rewrite;
  readonly onCall: (hub: SimulatedHub, app: AppSettings, sent: 'sent' | 'second') => void;
  readonly onTrouble: (hub: SimulatedHub, trouble: unknown) => void;
}

/** One life of one replica: the hub's own cache, refresher, scheduler, coordination and store, on simulated ground. */
export class SimulatedHub {
  readonly process: SimulatedProcess;
  readonly link: SimulatedLink;
  readonly cache: TokenCache;
  readonly startedAt: number;

  constructor(
    readonly name: string,
    { world, redis, upstream, apps, chance, rewrite, onCall, onTrouble }: HubParts,
  ) {
    this.startedAt = world.now;
    const wallSkew = chance.between(-300_000, 300_000);
    const clock = new SimulatedProcess(world, Math.round(chance.between(-1e9, 1e9)), wallSkew);
    this.process = clock;
    const events = new HubEvents();
    events.on('troubleSeen', (trouble) => onTrouble(this, trouble));
    const links: SimulatedLink[] = [];
    const store = new RedisTokenStore(
      { redisPrefix: 'sim:', encryptionKeys: [], wechatTimeoutMs: UPSTREAM_LIMIT_MS, cluster: false },
      clock,
      events,
      (_channel, listener) => {
        const link = new SimulatedLink(world, clock, redis, listener, chance.split(), rewrite);
        links.push(link);
        return link;
      },
    );
    this.link = links[0]!;
    const client = new SimulatedClient(world, clock, upstream, chance.split(), (app, sent) =>
      onCall(this, app, sent),
    );
    const snapshot = { apps: new Map(apps.map((app) => [app.appid, app])), clients: [] };
    const config = {
      current: snapshot,
      onChange: () => undefined,
      onReload: () => undefined,
      reload: () => Promise.resolve(),
    } as unknown as AppsConfig;
    const randomness = chance.split();
    const served = new ServedTokens(clock);
    const agreement = new Agreement(store, clock, events);
    const rights = new RefreshRights(store, agreement, clock, randomness);
    const attempt = new UpstreamAttempt(client, agreement, clock);
    const refresher = new Refresher(client, rights, attempt, clock, randomness, events, served);
    const news = new ReplicaNews(store, agreement, refresher, config, clock, randomness);
    const environment = { wechatTimeoutMs: UPSTREAM_LIMIT_MS } as HubEnvironment;
    this.cache = new TokenCache(config, refresher, store, clock, environment, served, agreement, news);
    new RefreshScheduler(this.cache, new SchedulerRegistry(), clock, events).onApplicationBootstrap();
  }

  kill(): void {
    this.process.kill();
    this.link.close();
  }
}
