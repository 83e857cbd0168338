import { Global, Module } from '@nestjs/common';
import { HubEnvironment } from '../config/environment/environment.js';
import { EventLog } from './event-log.js';
import { Log } from './log.js';

@Global()
@Module({
  providers: [
    {
      provide: Log,
      useFactory: (environment: HubEnvironment) => new Log(environment.logLevel),
      inject: [HubEnvironment],
    },
    EventLog,
  ],
  exports: [Log],
})
export class LoggingModule {}
