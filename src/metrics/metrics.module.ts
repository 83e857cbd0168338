import { AppLabels } from './app-labels.js';
import { Module } from '@nestjs/common';
import { AccessGuardModule } from '../access-guard/access-guard.module.js';
import { IdentitiesModule } from '../identities/identities.module.js';
import { TokenCacheModule } from '../token-cache/token-cache.module.js';
import { ConfigMetrics } from './config-metrics.js';
import { HubMetrics } from './hub-metrics.js';
import { ProcessMetrics } from './process-metrics.js';
import { RefreshMetrics } from './refresh-metrics.js';
import { RequestMetrics } from './request-metrics.js';
import { PlatformMetrics } from './platform-metrics.js';
import { StateMetrics } from './state-metrics.js';
import { StoreMetrics } from './store-metrics.js';

@Module({
  imports: [AccessGuardModule, IdentitiesModule, TokenCacheModule],
  providers: [
    AppLabels,
    ConfigMetrics,
    HubMetrics,
    PlatformMetrics,
    ProcessMetrics,
    RefreshMetrics,
    RequestMetrics,
    StateMetrics,
    StoreMetrics,
  ],
  exports: [ConfigMetrics, HubMetrics, ProcessMetrics, RequestMetrics],
})
export class MetricsModule {}
