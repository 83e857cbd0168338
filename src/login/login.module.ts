import { Module } from '@nestjs/common';
import { AccessGuardModule } from '../access-guard/access-guard.module.js';
import { PlatformsModule } from '../platforms/platforms.module.js';
import { WebModule } from '../web/web.module.js';
import { WeChatClientModule } from '../wechat-client/wechat-client.module.js';
import { LoginUpstream } from './login-upstream.js';
import { LoginController } from './login.controller.js';
import { Logins } from './logins.service.js';
import { Sns } from './sns.service.js';
import { SnsRoutes } from './sns.routes.js';

@Module({
  imports: [AccessGuardModule, PlatformsModule, WebModule, WeChatClientModule],
  controllers: [LoginController],
  providers: [Logins, LoginUpstream, Sns, SnsRoutes],
  exports: [SnsRoutes],
})
export class LoginModule {}
