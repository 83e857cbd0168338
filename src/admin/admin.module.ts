import { Module } from '@nestjs/common';
import { TokenCacheModule } from '../token-cache/token-cache.module.js';
import { WebModule } from '../web/web.module.js';
import { AdminActs } from './admin-acts.js';
import { AdminController } from './admin.controller.js';

/** `/admin` on the callers' port, and what it does for the console. */
@Module({
  imports: [TokenCacheModule, WebModule],
  controllers: [AdminController],
  providers: [AdminActs],
  exports: [AdminActs],
})
export class AdminModule {}
