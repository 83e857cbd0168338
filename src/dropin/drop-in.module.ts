import { Module } from '@nestjs/common';
import { AccessGuardModule } from '../access-guard/access-guard.module.js';
import { WebModule } from '../web/web.module.js';
import { TokenCacheModule } from '../token-cache/token-cache.module.js';
import { DropInRoutes } from './drop-in.routes.js';
import { DropIn } from './drop-in.service.js';

@Module({
  imports: [AccessGuardModule, WebModule, TokenCacheModule],
  providers: [DropIn, DropInRoutes],
  exports: [DropIn, DropInRoutes],
})
export class DropInModule {}
