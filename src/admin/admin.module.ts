import { Module } from '@nestjs/common';
import { PlatformsModule } from '../platforms/platforms.module.js';
import { TokenCacheModule } from '../token-cache/token-cache.module.js';
import { WebModule } from '../web/web.module.js';
import { WeChatClientModule } from '../wechat-client/wechat-client.module.js';
import { AdminActs } from './admin-acts.js';
import { AdminController } from './admin.controller.js';
import { PlatformsController } from './platforms.controller.js';
import { QuotaActs } from './quota-acts.js';
import { QuotaController } from './quota.controller.js';
import { SeedActs } from './seed-acts.js';

/** `/admin` on the callers' port, and what it does for the console. */
@Module({
  imports: [PlatformsModule, TokenCacheModule, WebModule, WeChatClientModule],
  controllers: [AdminController, PlatformsController, QuotaController],
  providers: [AdminActs, QuotaActs, SeedActs],
  exports: [AdminActs, QuotaActs],
})
export class AdminModule {}
