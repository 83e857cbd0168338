import { Module } from '@nestjs/common';
import { WeChatClientModule } from '../wechat-client/wechat-client.module.js';
import { DeadTokens } from './dead-tokens.service.js';
import { Refresher } from './refresher.js';
import { ServedTokens } from './served-tokens.js';
import { MemoryTokenStore } from './stores/memory-token-store.js';
import { TicketCache } from './ticket-cache.service.js';
import { TokenCache } from './token-cache.service.js';
import { TokenStore } from './token-store.js';

@Module({
  imports: [WeChatClientModule],
  providers: [
    TokenCache,
    TicketCache,
    DeadTokens,
    ServedTokens,
    Refresher,
    { provide: TokenStore, useClass: MemoryTokenStore },
  ],
  exports: [TokenCache, TicketCache, DeadTokens, ServedTokens],
})
export class TokenCacheModule {}
