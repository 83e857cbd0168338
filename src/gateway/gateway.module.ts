import { Module } from '@nestjs/common';
import { AccessGuardModule } from '../access-guard/access-guard.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { WebModule } from '../web/web.module.js';
import { TokenCacheModule } from '../token-cache/token-cache.module.js';
import { GatewayUpstream } from './gateway-upstream.js';
import { GatewayRoutes } from './gateway.routes.js';
import { Gateway } from './gateway.service.js';

@Module({
  imports: [AccessGuardModule, WebModule, MetricsModule, TokenCacheModule],
  providers: [Gateway, GatewayRoutes, GatewayUpstream],
  exports: [GatewayRoutes],
})
export class GatewayModule {}
