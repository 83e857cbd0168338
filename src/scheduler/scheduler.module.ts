import { Global, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { RefreshTimers } from '../token-cache/refresh/refresh-timers.js';
import { RefreshScheduler } from './refresh-scheduler.service.js';

/** Global, so that the cache gets its timers without importing what fills them. */
@Global()
@Module({
  imports: [ScheduleModule.forRoot()],
  providers: [RefreshScheduler, { provide: RefreshTimers, useExisting: RefreshScheduler }],
  exports: [RefreshScheduler, RefreshTimers],
})
export class SchedulerModule {}
