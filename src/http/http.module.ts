import { Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { AccessGuardModule } from '../access-guard/access-guard.module.js';
import { AdminActs } from '../admin/admin-acts.js';
import { AdminController } from '../admin/admin.controller.js';
import { OpsModule } from '../ops/ops.module.js';
import { TokenCacheModule } from '../token-cache/token-cache.module.js';
import { AccessGuard } from './access.guard.js';
import { HealthController } from './health.controller.js';
import { ProblemFilter } from './problem.filter.js';
import { ReportController } from './report.controller.js';
import { TicketController } from './ticket.controller.js';
import { TokenController } from './token.controller.js';
import { WaitingInterceptor } from './waiting.interceptor.js';

/** The callers' port. Every route is behind AccessGuard, which denies what no decorator allows. */
@Module({
  imports: [AccessGuardModule, TokenCacheModule, OpsModule],
  controllers: [TokenController, ReportController, TicketController, AdminController, HealthController],
  providers: [
    AccessGuard,
    AdminActs,
    ProblemFilter,
    { provide: APP_GUARD, useExisting: AccessGuard },
    { provide: APP_INTERCEPTOR, useClass: WaitingInterceptor },
    { provide: APP_FILTER, useExisting: ProblemFilter },
  ],
  exports: [AccessGuard, AdminActs, ProblemFilter],
})
export class HttpModule {}
