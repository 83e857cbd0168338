import { Module } from '@nestjs/common';
import { AccessService } from './access.service.js';

/** Who calls, from where, may they. Configuration and clock come from global modules. */
@Module({
  providers: [AccessService],
  exports: [AccessService],
})
export class AccessGuardModule {}
