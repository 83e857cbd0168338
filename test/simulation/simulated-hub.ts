import type { AppsConfig, ConfigChange } from '../../src/config/reload/apps-config.service.js';
import type { AppSettings } from '../../src/core/app.js';
import { HubEvents, type RefreshEnded } from '../../src/events/hub-events.js';
import type { Secret } from '../../src/core/secret.js';
import { RedisTokenStore } from '../../src/token-cache/stores/redis/redis-token-store.js';
import type { TicketCache } from '../../src/token-cache/ticket-cache.service.js';
import type { TokenCache } from '../../src/token-cache/token-cache.service.js';
import type { TokenReports } from '../../src/token-cache/token-reports.service.js';
import { assembleCache } from '../support/assemble-cache.js';
import type { Minted } from './chronicle.js';
import { SimulatedClient, UPSTREAM_LIMIT_MS, type CallWatch, type Upstream } from './simulated-client.js';
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
  readonly onCall: (hub: SimulatedHub, app: AppSettings) => CallWatch;
  readonly onEnded: (hub: SimulatedHub, ended: RefreshEnded) => void;
  readonly onTrouble: (hub: SimulatedHub, trouble: unknown) => void;
}

interface Answered {
  /** When the last call ended. */
  readonly at: number;
  /** What the last one that succeeded brought. */
  readonly got: Got | undefined;
  /** … and the one before it. */
  readonly gotBefore: Got | undefined;
}

interface Got {
  readonly at: number;
  readonly sentAt: number;
  readonly minted: Minted;
}

/** From WeChat's answer at a hub to what it serves: two commands to a Redis that does not answer. */
export const OWN_ANSWER_MS = 1500;

/** One life of one replica: the hub's own cache, refresher, scheduler, coordination and store, on simulated ground. */
export class SimulatedHub {
  readonly process: SimulatedProcess;
  readonly link: SimulatedLink;
  readonly cache: TokenCache;
  readonly tickets: TicketCache;
  readonly #reports: TokenReports;
  #change: (change: ConfigChange) => void = () => undefined;
  readonly startedAt: number;
  readonly #world: World;
  readonly #answered = new Map<string, Answered>();
  readonly #asked = new Map<string, number>();

  constructor(
    readonly name: string,
    { world, redis, upstream, apps, chance, rewrite, onCall, onEnded, onTrouble }: HubParts,
  ) {
    this.#world = world;
    this.startedAt = world.now;
    const wallSkew = chance.between(-300_000, 300_000);
    const clock = new SimulatedProcess(
      world,
      Math.round(chance.between(-1e9, 1e9)),
      wallSkew,
      chance.split(),
    );
    this.process = clock;
    const events = new HubEvents();
    events.on('refreshEnded', (ended) => onEnded(this, ended));
    events.on('troubleSeen', (trouble) => onTrouble(this, trouble));
    const links: SimulatedLink[] = [];
    const store = new RedisTokenStore(
      { redisPrefix: 'sim:', encryptionKeys: [], wechatTimeoutMs: UPSTREAM_LIMIT_MS, cluster: false },
      clock,
      events,
      (_channel, listener) => {
        const link = new SimulatedLink(name, world, clock, redis, listener, chance.split(), rewrite);
        links.push(link);
        return link;
      },
    );
    this.link = links[0]!;
    const client = new SimulatedClient(world, clock, upstream, chance.split(), (app) => onCall(this, app));
    const snapshot = { apps: new Map(apps.map((app) => [app.appid, app])), clients: [] };
    const config = {
      current: snapshot,
      onChange: (listener: (change: ConfigChange) => void) => {
        this.#change = listener;
      },
      onReload: () => undefined,
      reload: () => Promise.resolve(),
    } as unknown as AppsConfig;
    const { cache, tickets, reports } = assembleCache({
      config,
      client,
      store,
      clock,
      randomness: chance.split(),
      events,
      wechatTimeoutMs: UPSTREAM_LIMIT_MS,
    });
    this.cache = cache;
    this.tickets = tickets;
    this.#reports = reports;
  }

  /** Its configuration is another from now on. Apps neither come nor go. */
  reload(apps: readonly AppSettings[], changed: readonly string[]): void {
    const byAppid = new Map(apps.map((app) => [app.appid, app]));
    const snapshot = { apps: byAppid, platforms: new Map(), issuers: new Map(), clients: [], notify: [] };
    this.#change({ snapshot, previous: snapshot, added: [], changed, removed: [] });
  }

  kill(): void {
    this.process.kill();
    this.link.close();
  }

  /** Whether it ran all the time between the two moments. */
  ran(from: number, to: number): boolean {
    return this.startedAt <= from && !this.process.dead && !this.process.stops.during(from, to);
  }

  /** Whether it ran, and Redis could be reached, all the time between the two moments. */
  connected(from: number, to: number): boolean {
    return this.ran(from, to) && !this.link.troubles.during(from, to);
  }

  /** A call of its own brought an answer; `undefined`: it failed. */
  answered(appid: string, sentAt: number, minted: Minted | undefined): void {
    const before = this.#answered.get(appid);
    const { now } = this.#world;
    if (minted === undefined) {
      this.#answered.set(appid, { at: now, got: before?.got, gotBefore: before?.gotBefore });
    } else {
      this.#answered.set(appid, { at: now, got: { at: now, sentAt, minted }, gotBefore: before?.got });
    }
  }

  /** How much too late an end it may believe in by itself, since its clock stood still after it had last asked; ms. */
  lateFor(appid: string, minted: Minted): number {
    const last = this.#answered.get(appid);
    const isServed = last?.got !== undefined && last.got.at < this.#world.now - OWN_ANSWER_MS;
    const got = isServed ? last.got : last?.gotBefore;
    const asked = got?.minted === minted ? got.sentAt : minted.firstSentAt;
    return this.process.frozenSince(asked);
  }

  answeredSince(appid: string, from: number): boolean {
    return (this.#answered.get(appid)?.at ?? Number.NEGATIVE_INFINITY) >= from;
  }

  /** What the last call of its own brought that succeeded, if that was born later. */
  gotAfter(appid: string, bornAt: number): Answered['got'] {
    const got = this.#answered.get(appid)?.got;
    return got !== undefined && got.minted.validity.bornAt > bornAt ? got : undefined;
  }

  /** A caller says that this token is dead. */
  report(appid: string, token: Secret): void {
    void this.#reports.report(appid, token, { by: 'client' });
  }

  /** An admin asks for a refresh. */
  refresh(appid: string): void {
    this.#asked.set(appid, this.#world.now);
    void this.cache.requestRefresh(appid, false);
  }

  /** Whether the call that is made now may be the one that an admin asked for. */
  isAskedByAdmin(appid: string): boolean {
    return this.#world.now - (this.#asked.get(appid) ?? Number.NEGATIVE_INFINITY) < ASKED_MS;
  }
}

/** An attempt that somebody asked for may wait so long for another replica's claim. */
const ASKED_MS = 15_000;
