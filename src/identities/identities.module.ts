import { Module } from '@nestjs/common';
import { Identities } from './identities.service.js';

/** Tokens of issuers. Configuration, clock and events come from global modules. */
@Module({ providers: [Identities], exports: [Identities] })
export class IdentitiesModule {}
