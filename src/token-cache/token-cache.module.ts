import { Module } from '@nestjs/common';
import { WeChatClientModule } from '../wechat-client/wechat-client.module.js';
import { Refresher } from './refresher.js';
import { MemoryTokenStore } from './stores/memory-token-store.js';
import { TokenCache } from './token-cache.service.js';
import { TokenStore } from './token-store.js';

@Module({
  imports: [WeChatClientModule],
  providers: [TokenCache, Refresher, { provide: TokenStore, useClass: MemoryTokenStore }],
  exports: [TokenCache],
})
export class TokenCacheModule {}
