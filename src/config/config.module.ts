import { Module, type DynamicModule } from '@nestjs/common';
import { ConfigModule, registerAs } from '@nestjs/config';
import { AppsConfig } from './reload/apps-config.service.js';
import { sourceOf } from './folder/source.js';
import { AppsFileLoader, type ConfigSource } from './reload/loader.js';
import { AppsFileWatcher } from './reload/watcher.js';
import { HubEnvironment } from './environment/environment.js';
import { readProcessEnvironment } from './environment/process-environment.js';

/**
 * Gives every module {@link HubEnvironment} and {@link AppsConfig}.
 *
 * The environment is parsed before there is a Nest application, as its problems end the process with exit code 78;
 * `@nestjs/config` takes it in as the namespace `hub` and reads neither `.env` files nor the process's environment.
 */
@Module({})
export class HubConfigModule {
  static forRoot(environment: HubEnvironment): DynamicModule {
    const configuration = registerAs('hub', () => environment);
    return {
      module: HubConfigModule,
      global: true,
      imports: [
        ConfigModule.forRoot({
          ignoreEnvFile: true,
          ignoreEnvVars: true,
          skipProcessEnv: true,
          load: [configuration],
        }),
      ],
      providers: [
        {
          provide: HubEnvironment,
          useFactory: (parsed: HubEnvironment) => parsed,
          inject: [configuration.KEY],
        },
        {
          provide: AppsFileLoader,
          useFactory: ({ appsFile, secretsDir, redisUrl, stateFile }: HubEnvironment) =>
            sourceOf(appsFile, secretsDir, {
              env: readProcessEnvironment,
              isKept: redisUrl !== undefined || stateFile !== undefined,
            }),
          inject: [HubEnvironment],
        },
        AppsConfig,
        {
          provide: AppsFileWatcher,
          useFactory: (config: AppsConfig, loader: ConfigSource) => new AppsFileWatcher(config, loader),
          inject: [AppsConfig, AppsFileLoader],
        },
      ],
      exports: [ConfigModule, HubEnvironment, AppsConfig],
    };
  }
}
