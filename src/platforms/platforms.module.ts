import { Module } from '@nestjs/common';
import { AccessGuardModule } from '../access-guard/access-guard.module.js';
import { TokenCacheModule } from '../token-cache/token-cache.module.js';
import { WeChatClientModule } from '../wechat-client/wechat-client.module.js';
import { WebModule } from '../web/web.module.js';
import { AuthorizeLinks } from './authorize-links.service.js';
import { Authorizations } from './authorizations.js';
import { ComponentCalls } from './component-calls.js';
import { ComponentToken } from './component-token.js';
import { PlatformMints } from './platform-mints.js';
import { PlatformRecords } from './platform-records.js';
import { PlatformRoutes } from './platform.routes.js';
import { Platforms } from './platforms.service.js';
import { PushForwarder } from './push-forwarder.js';
import { Pushes } from './pushes.service.js';
import { Reconciliation } from './reconciliation.js';

/** Third-party platforms: what WeChat pushes to them, who has authorised them, and their own token. */
@Module({
  imports: [AccessGuardModule, TokenCacheModule, WeChatClientModule, WebModule],
  providers: [
    AuthorizeLinks,
    Authorizations,
    ComponentCalls,
    ComponentToken,
    PlatformMints,
    PlatformRecords,
    PlatformRoutes,
    Platforms,
    PushForwarder,
    Pushes,
    Reconciliation,
  ],
  exports: [AuthorizeLinks, ComponentToken, PlatformRecords, PlatformRoutes, Platforms, Reconciliation],
})
export class PlatformsModule {}
