import { Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { AccessGuardModule } from '../access-guard/access-guard.module.js';
import { IdentitiesModule } from '../identities/identities.module.js';
import { TokenCacheModule } from '../token-cache/token-cache.module.js';
import { AccessGuard } from './access.guard.js';
import { ProblemFilter } from './problem.filter.js';
import { Readiness } from './readiness.js';
import { RequestIdSource } from './request-id.js';
import { WaitingInterceptor } from './waiting.interceptor.js';

/** What all listeners have in common: the guard, errors as problem documents, readiness. */
@Module({
  imports: [AccessGuardModule, IdentitiesModule, TokenCacheModule],
  providers: [
    AccessGuard,
    ProblemFilter,
    Readiness,
    RequestIdSource,
    { provide: APP_GUARD, useExisting: AccessGuard },
    { provide: APP_INTERCEPTOR, useClass: WaitingInterceptor },
    { provide: APP_FILTER, useExisting: ProblemFilter },
  ],
  exports: [AccessGuard, ProblemFilter, Readiness, RequestIdSource],
})
export class WebModule {}
