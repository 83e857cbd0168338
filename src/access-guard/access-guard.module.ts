import { Module } from '@nestjs/common';
import { AccessService } from './access.service.js';
import { ClientKeys } from './client-keys.js';
import { GrantedApps } from './granted-apps.js';

/** Who calls, from where, may they. Configuration and clock come from global modules. */
@Module({
  providers: [AccessService, ClientKeys, GrantedApps],
  exports: [AccessService, ClientKeys, GrantedApps],
})
export class AccessGuardModule {}
