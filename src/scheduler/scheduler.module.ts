import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { TokenCacheModule } from '../token-cache/token-cache.module.js';
import { RefreshScheduler } from './refresh-scheduler.service.js';

@Module({
  imports: [ScheduleModule.forRoot(), TokenCacheModule],
  providers: [RefreshScheduler],
  exports: [RefreshScheduler],
})
export class SchedulerModule {}
