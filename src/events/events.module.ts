import { Global, Module } from '@nestjs/common';
import { HubEvents } from './hub-events.js';

@Global()
@Module({ providers: [HubEvents], exports: [HubEvents] })
export class EventsModule {}
