import { Module } from '@nestjs/common';
import { AccessGuardModule } from '../access-guard/access-guard.module.js';
import { AuditModule } from '../audit/audit.module.js';
import { AdminModule } from '../admin/admin.module.js';
import { WebModule } from '../web/web.module.js';
import { OpsModule } from '../ops/ops.module.js';
import { TokenCacheModule } from '../token-cache/token-cache.module.js';
import { AppRows } from './app-rows.js';
import { CallHistory } from './call-history.js';
import { ConsoleRoutes } from './console.routes.js';
import { ConsoleService } from './console.service.js';
import { LiveView } from './live-view.js';
import { LoginCounts } from './login-counts.js';
import { Traffic } from './traffic.js';

/** The web console on the ops port. */
@Module({
  imports: [AccessGuardModule, AdminModule, AuditModule, WebModule, OpsModule, TokenCacheModule],
  providers: [AppRows, CallHistory, ConsoleRoutes, ConsoleService, LiveView, LoginCounts, Traffic],
})
export class ConsoleModule {}
