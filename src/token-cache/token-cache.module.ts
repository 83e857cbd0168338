import { Module } from '@nestjs/common';
import { WeChatClientModule } from '../wechat-client/wechat-client.module.js';
import { Clock } from '../clock/clock.js';
import { Randomness } from '../clock/randomness.js';
import { HubEnvironment } from '../config/environment.js';
import { HubEvents } from '../events/hub-events.js';
import { Agreement } from './agreement.js';
import { CacheCensus } from './cache-census.js';
import { DeadTokens } from './dead-tokens.service.js';
import { FailingRefresh } from './failing-refresh.js';
import { Refresher } from './refresher.js';
import { RefreshRights } from './refresh-rights.js';
import { ReplicaNews } from './replica-news.js';
import { ServedTokens } from './served-tokens.js';
import { MemoryTokenStore } from './stores/memory-token-store.js';
import { RedisTokenStore } from './stores/redis/redis-token-store.js';
import { TicketCache } from './ticket-cache.service.js';
import { TokenCache } from './token-cache.service.js';
import { TokenStore } from './token-store.js';
import { UpstreamAttempt } from './upstream-attempt.js';

@Module({
  imports: [WeChatClientModule],
  providers: [
    TokenCache,
    TicketCache,
    DeadTokens,
    ServedTokens,
    Refresher,
    Agreement,
    RefreshRights,
    ReplicaNews,
    UpstreamAttempt,
    CacheCensus,
    FailingRefresh,
    {
      provide: TokenStore,
      useFactory: createStore,
      inject: [HubEnvironment, Clock, HubEvents, Randomness],
    },
  ],
  exports: [TokenCache, CacheCensus, FailingRefresh, TicketCache, DeadTokens, ServedTokens, TokenStore],
})
export class TokenCacheModule {}

function createStore(
  environment: HubEnvironment,
  clock: Clock,
  events: HubEvents,
  randomness: Randomness,
): TokenStore {
  const { redisUrl } = environment;
  if (redisUrl === undefined) return new MemoryTokenStore(clock);
  return RedisTokenStore.at(redisUrl, environment, clock, events, randomness);
}
