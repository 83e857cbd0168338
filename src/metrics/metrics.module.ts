import { Module } from '@nestjs/common';
import { TokenCacheModule } from '../token-cache/token-cache.module.js';
import { HubMetrics } from './hub-metrics.js';
import { ProcessMetrics } from './process-metrics.js';
import { RequestMetrics } from './request-metrics.js';

@Module({
  imports: [TokenCacheModule],
  providers: [HubMetrics, ProcessMetrics, RequestMetrics],
  exports: [HubMetrics, ProcessMetrics, RequestMetrics],
})
export class MetricsModule {}
