import { Global, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';

import { http, RawServer } from '../../test/support/raw-server.js';
import { ClockModule } from '../clock/clock.module.js';
import { HubEnvironment } from '../config/environment/environment.js';
import { APP_DEFAULTS } from '../core/app.js';
import { Secret } from '../core/secret.js';
import { HttpWeChatClient } from './http-wechat-client.js';
import { WeChatClient } from './wechat-client.js';
import { WeChatClientModule } from './wechat-client.module.js';

describe('WeChatClientModule', () => {
  it('provides the client on the environment’s upstream, and closes it at shutdown', async () => {
    const server = await RawServer.start(http('{"access_token":"66_abc","expires_in":7200}'));
    @Global()
    @Module({
      providers: [
        { provide: HubEnvironment, useValue: { wechatBaseUrl: server.url, wechatTimeoutMs: 5000 } },
      ],
      exports: [HubEnvironment],
    })
    class EnvironmentModule {}
    const module = await Test.createTestingModule({
      imports: [EnvironmentModule, ClockModule, WeChatClientModule],
    }).compile();
    const client = module.get(WeChatClient);
    expect(client).toBeInstanceOf(HttpWeChatClient);
    const app = { ...APP_DEFAULTS, appid: 'wx1', name: undefined, secret: new Secret('s3cr3t') };
    expect(await client.fetchToken(app)).toMatchObject({ ok: true, grant: { lifeMs: 7_200_000 } });
    await module.close();
    await server.until(({ closed }) => closed === 1);
    expect(await client.fetchToken(app)).toMatchObject({ ok: false, error: { reason: 'internal' } });
    await server.stop();
  });
});
