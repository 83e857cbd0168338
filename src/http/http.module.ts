import { Module } from '@nestjs/common';
import { MetricsModule } from '../metrics/metrics.module.js';
import { TokenCacheModule } from '../token-cache/token-cache.module.js';
import { WebModule } from '../web/web.module.js';
import { HealthController } from './health.controller.js';
import { ReportController } from './report.controller.js';
import { TicketController } from './ticket.controller.js';
import { TokenController } from './token.controller.js';

/** `/v1` on the callers' port. Every route is behind AccessGuard, which denies what no decorator allows. */
@Module({
  imports: [MetricsModule, TokenCacheModule, WebModule],
  controllers: [TokenController, ReportController, TicketController, HealthController],
})
export class HttpModule {}
