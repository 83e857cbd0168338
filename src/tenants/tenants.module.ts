import { Module } from '@nestjs/common';
import { TokenCacheModule } from '../token-cache/token-cache.module.js';
import { KeptClaims } from './kept-claims.js';

/** What is remembered of the files of a folder. */
@Module({ imports: [TokenCacheModule], providers: [KeptClaims] })
export class TenantsModule {}
