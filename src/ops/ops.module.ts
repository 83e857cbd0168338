import { Module } from '@nestjs/common';
import { AccessGuardModule } from '../access-guard/access-guard.module.js';
import { EventSources } from '../events/event-sources.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { WebModule } from '../web/web.module.js';
import { TokenCacheModule } from '../token-cache/token-cache.module.js';
import { OpsServer } from './ops-server.js';

@Module({
  imports: [AccessGuardModule, MetricsModule, TokenCacheModule, WebModule],
  providers: [EventSources, OpsServer],
  exports: [OpsServer],
})
export class OpsModule {}
