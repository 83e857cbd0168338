import { Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { AccessGuardModule } from '../access-guard/access-guard.module.js';
import { AdminActs } from '../admin/admin-acts.js';
import { AdminController } from '../admin/admin.controller.js';
import { QuotaActs } from '../admin/quota-acts.js';
import { QuotaController } from '../admin/quota.controller.js';
import { OpsModule } from '../ops/ops.module.js';
import { TokenCacheModule } from '../token-cache/token-cache.module.js';
import { WeChatClientModule } from '../wechat-client/wechat-client.module.js';
import { AccessGuard } from './access.guard.js';
import { HealthController } from './health.controller.js';
import { ProblemFilter } from './problem.filter.js';
import { ReportController } from './report.controller.js';
import { TicketController } from './ticket.controller.js';
import { TokenController } from './token.controller.js';

/** The callers' port. Every route is behind AccessGuard, which denies what no decorator allows. */
@Module({
  imports: [AccessGuardModule, TokenCacheModule, WeChatClientModule, OpsModule],
  controllers: [
    TokenController,
    ReportController,
    TicketController,
    AdminController,
    QuotaController,
    HealthController,
  ],
  providers: [
    AccessGuard,
    AdminActs,
    QuotaActs,
    ProblemFilter,
    { provide: APP_GUARD, useExisting: AccessGuard },
    { provide: APP_FILTER, useExisting: ProblemFilter },
  ],
  exports: [AccessGuard, AdminActs, QuotaActs, ProblemFilter],
})
export class HttpModule {}
