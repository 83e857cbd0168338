import { Module } from '@nestjs/common';
import { TokenCacheModule } from '../token-cache/token-cache.module.js';
import { AppConditions } from './app-conditions.js';
import { AppEvents } from './app-events.js';
import { Expirations } from './expirations.js';
import { HubConditions } from './hub-conditions.js';
import { NoticeClaims } from './notice-claims.js';
import { Notices } from './notices.service.js';

/** Tells operators what needs them: `notify` of apps.yaml. */
@Module({
  imports: [TokenCacheModule],
  providers: [Notices, NoticeClaims, AppConditions, AppEvents, HubConditions, Expirations],
})
export class NoticesModule {}
