import { Global, Module } from '@nestjs/common';

import { Clock } from './clock.js';
import { Randomness, SystemRandomness } from './randomness.js';
import { SystemClock } from './system-clock.js';

/** Time and chance for everybody; a test overrides the two providers. */
@Global()
@Module({
  providers: [
    { provide: Clock, useFactory: () => new SystemClock() },
    { provide: Randomness, useClass: SystemRandomness },
  ],
  exports: [Clock, Randomness],
})
export class ClockModule {}
