import { Module } from '@nestjs/common';

import { Clock } from '../clock/clock.js';
import { HubEnvironment } from '../config/environment/environment.js';
import { HttpWeChatClient } from './http-wechat-client.js';
import { PlatformUpstream } from './platform-upstream.js';
import { WeChatClient } from './wechat-client.js';
import { WeChatQuota } from './wechat-quota.js';

/** Needs HubEnvironment and Clock from global modules. */
@Module({
  providers: [
    WeChatQuota,
    PlatformUpstream,
    {
      provide: WeChatClient,
      useFactory: (environment: HubEnvironment, clock: Clock) => new HttpWeChatClient(environment, clock),
      inject: [HubEnvironment, Clock],
    },
  ],
  exports: [WeChatClient, WeChatQuota, PlatformUpstream],
})
export class WeChatClientModule {}
