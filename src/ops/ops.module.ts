import { Module } from '@nestjs/common';
import { AccessGuardModule } from '../access-guard/access-guard.module.js';
import { EventSources } from '../events/event-sources.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { TokenCacheModule } from '../token-cache/token-cache.module.js';
import { OpsServer } from './ops-server.js';
import { Readiness } from './readiness.js';

@Module({
  imports: [AccessGuardModule, MetricsModule, TokenCacheModule],
  providers: [EventSources, OpsServer, Readiness],
  exports: [OpsServer, Readiness, MetricsModule],
})
export class OpsModule {}
