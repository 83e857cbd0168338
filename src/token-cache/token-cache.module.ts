import { Module } from '@nestjs/common';
import { WeChatClientModule } from '../wechat-client/wechat-client.module.js';
import { Clock } from '../clock/clock.js';
import { Randomness } from '../clock/randomness.js';
import { HubEnvironment } from '../config/environment/environment.js';
import { redisAccess } from '../config/environment/redis-access.js';
import { HubEvents } from '../events/hub-events.js';
import { CacheStats } from './cache-stats.js';
import { DurableRecords } from './durable-records.js';
import { FailingRefresh } from './failing-refresh.js';
import { EntryParts } from './refresh/app-entry.js';
import { AttemptLoop } from './refresh/attempt-loop.js';
import { TokenCheck } from './refresh/token-check.js';
import { ReplicaSync } from './replicas/replica-sync.js';
import { StoreAgreement } from './replicas/store-agreement.js';
import { StoreContact } from './replicas/store-contact.js';
import { ServedTokens } from './served-tokens.js';
import { Mints } from './mints.js';
import { FileTokenStore } from './stores/file/file-token-store.js';
import { OpenedState } from './stores/file/opened-state.js';
import { MemoryRecords } from './stores/memory-records.js';
import { MemoryTokenStore } from './stores/memory-token-store.js';
import { RedisTokenStore } from './stores/redis/redis-token-store.js';
import { TicketCache } from './ticket-cache.service.js';
import { TokenCache } from './token-cache.service.js';
import { TokenReports } from './token-reports.service.js';
import { TokenSeeding } from './token-seeding.service.js';
import { TokenStore } from './token-store.js';

@Module({
  imports: [WeChatClientModule],
  providers: [
    TokenCache,
    TicketCache,
    TokenReports,
    ServedTokens,
    CacheStats,
    FailingRefresh,
    TokenSeeding,
    EntryParts,
    AttemptLoop,
    Mints,
    TokenCheck,
    StoreAgreement,
    StoreContact,
    ReplicaSync,
    {
      provide: TokenStore,
      useFactory: createStore,
      inject: [HubEnvironment, Clock, HubEvents, Randomness, OpenedState],
    },
    { provide: DurableRecords, useFactory: recordsOf, inject: [TokenStore, Clock] },
  ],
  exports: [
    TokenCache,
    CacheStats,
    FailingRefresh,
    TokenSeeding,
    TicketCache,
    TokenReports,
    ServedTokens,
    TokenStore,
    DurableRecords,
    Mints,
  ],
})
export class TokenCacheModule {}

function createStore(
  environment: HubEnvironment,
  clock: Clock,
  events: HubEvents,
  randomness: Randomness,
  { file }: OpenedState,
): TokenStore {
  if (file !== undefined) return new FileTokenStore(file, clock, events);
  const access = redisAccess(environment, (message) => {
    events.emit('troubleSeen', { where: 'certificates for Redis; the old ones stay', error: message });
  });
  if (access === undefined) return new MemoryTokenStore(clock);
  return RedisTokenStore.at(access, environment, clock, events, randomness);
}

/** With neither Redis nor a state file there is nothing that must be kept: what needs that is a problem of apps.yaml. */
function recordsOf(store: TokenStore, clock: Clock): DurableRecords {
  const keeps = store instanceof RedisTokenStore || store instanceof FileTokenStore;
  return keeps ? store.durable : new MemoryRecords(clock);
}
