import { SchedulerRegistry } from '@nestjs/schedule';
import type { Clock } from '../../src/clock/clock.js';
import type { Randomness } from '../../src/clock/randomness.js';
import type { AppsConfig } from '../../src/config/reload/apps-config.service.js';
import type { HubEnvironment } from '../../src/config/environment/environment.js';
import type { HubEvents } from '../../src/events/hub-events.js';
import { RefreshScheduler } from '../../src/scheduler/refresh-scheduler.service.js';
import { EntryParts } from '../../src/token-cache/refresh/app-entry.js';
import { Mints } from '../../src/token-cache/mints.js';
import { AttemptLoop } from '../../src/token-cache/refresh/attempt-loop.js';
import { TokenCheck } from '../../src/token-cache/refresh/token-check.js';
import { ReplicaSync } from '../../src/token-cache/replicas/replica-sync.js';
import { StoreAgreement } from '../../src/token-cache/replicas/store-agreement.js';
import { StoreContact } from '../../src/token-cache/replicas/store-contact.js';
import { ServedTokens } from '../../src/token-cache/served-tokens.js';
import { TicketCache } from '../../src/token-cache/ticket-cache.service.js';
import { TokenCache } from '../../src/token-cache/token-cache.service.js';
import { TokenReports } from '../../src/token-cache/token-reports.service.js';
import type { TokenStore } from '../../src/token-cache/token-store.js';
import type { WeChatClient } from '../../src/wechat-client/wechat-client.js';

export interface CacheGround {
  readonly config: AppsConfig;
  readonly client: WeChatClient;
  readonly store: TokenStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly events: HubEvents;
  readonly wechatTimeoutMs: number;
}

/** The hub's own cache, attempts, scheduler and coordination, as the modules assemble them, on other ground; started. */
export function assembleCache(ground: CacheGround) {
  const { config, client, store, clock, randomness, events, wechatTimeoutMs } = ground;
  const environment = { wechatTimeoutMs } as HubEnvironment;
  const agreement = new StoreAgreement(store, clock, events);
  const contact = new StoreContact(store, environment);
  const attempts = new AttemptLoop(client, new Mints(), store, agreement, contact, clock, randomness, events);
  const check = new TokenCheck(client, attempts, store, agreement, clock, events);
  const scheduler = new RefreshScheduler(new SchedulerRegistry(), clock);
  const served = new ServedTokens(clock);
  const parts = new EntryParts(attempts, check, scheduler, contact, clock, randomness, events, served);
  const sync = new ReplicaSync(store, agreement, contact, attempts, check, config, clock, randomness, events);
  const cache = new TokenCache(config, parts, store, clock, environment, agreement, sync, events);
  const tickets = new TicketCache(cache, attempts, clock);
  const reports = new TokenReports(cache, check, clock);
  cache.onApplicationBootstrap();
  const shutDown = async (): Promise<void> => {
    scheduler.onModuleDestroy();
    await cache.beforeApplicationShutdown();
  };
  return { cache, tickets, reports, scheduler, agreement, shutDown };
}
