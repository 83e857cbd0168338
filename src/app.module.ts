import { Module, type DynamicModule } from '@nestjs/common';
import { AccessGuardModule } from './access-guard/access-guard.module.js';
import { AdminModule } from './admin/admin.module.js';
import { AuditModule } from './audit/audit.module.js';
import { ClockModule } from './clock/clock.module.js';
import { HubConfigModule } from './config/config.module.js';
import type { HubEnvironment } from './config/environment/environment.js';
import { ConsoleModule } from './console/console.module.js';
import { DropInModule } from './dropin/drop-in.module.js';
import { EventsModule } from './events/events.module.js';
import { GatewayModule } from './gateway/gateway.module.js';
import { HttpModule } from './http/http.module.js';
import { LoggingModule } from './logging/logging.module.js';
import { LoginModule } from './login/login.module.js';
import { NoticesModule } from './notices/notices.module.js';
import { TenantsModule } from './tenants/tenants.module.js';
import { OpsModule } from './ops/ops.module.js';
import { PlatformsModule } from './platforms/platforms.module.js';
import { SchedulerModule } from './scheduler/scheduler.module.js';
import { OpenedState } from './token-cache/stores/file/opened-state.js';
import { StateModule } from './token-cache/stores/file/state.module.js';

/** The composition root: what the hub is made of. */
@Module({})
export class AppModule {
  /** @param state with HUB_STATE_FILE: the file, opened before anything else */
  static forRoot(environment: HubEnvironment, state = OpenedState.none(environment)): DynamicModule {
    return {
      module: AppModule,
      imports: [
        HubConfigModule.forRoot(environment),
        StateModule.forRoot(state),
        ClockModule,
        EventsModule,
        LoggingModule,
        AuditModule,
        AccessGuardModule,
        TenantsModule,
        SchedulerModule,
        NoticesModule,
        OpsModule,
        HttpModule,
        AdminModule,
        DropInModule,
        GatewayModule,
        LoginModule,
        PlatformsModule,
        ConsoleModule,
      ],
    };
  }
}
