import { Injectable, Logger, Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Test } from '@nestjs/testing';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppsConfig } from './reload/apps-config.service.js';
import { HubConfigModule } from './config.module.js';
import { HubEnvironment } from './environment/environment.js';
import { parseEnvironment } from './environment/parse.js';
import { ConfigProblems } from './apps-file/problem.js';

@Injectable()
class Consumer {
  appids: string[] = [];

  constructor(
    readonly environment: HubEnvironment,
    private readonly config: AppsConfig,
  ) {}

  onModuleInit(): void {
    this.appids = [...this.config.current.apps.keys()];
  }
}

@Module({ providers: [Consumer] })
class ConsumerModule {}

let folder: string;

beforeAll(() => {
  Logger.overrideLogger(false);
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hub-module-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function environmentWith(text: string): HubEnvironment {
  const file = join(folder, 'apps.yaml');
  writeFileSync(file, text);
  const result = parseEnvironment({ HUB_APPS_FILE: file, HUB_PORT: '0' });
  if (!result.ok) throw new Error(result.problems.join());
  return result.environment;
}

describe('HubConfigModule', () => {
  it('gives every module the environment and the loaded apps', async () => {
    const environment = environmentWith('version: 1\napps: [{ appid: wx1, secret: abc }]\n');
    const names = Object.keys(process.env).sort();
    const app = await Test.createTestingModule({
      imports: [HubConfigModule.forRoot(environment), ConsumerModule],
    }).compile();
    await app.init();
    try {
      const consumer = app.get(Consumer);
      expect(consumer.environment).toBe(environment);
      expect(consumer.appids).toEqual(['wx1']);
      expect(app.get(ConfigService, { strict: false }).get('hub.port')).toBe(0);
      expect(Object.keys(process.env).sort()).toEqual(names);
    } finally {
      await app.close();
    }
  });

  it('can be loaded before the application starts, which then does not start on a bad file', async () => {
    const module = HubConfigModule.forRoot(environmentWith('version: 2\napps: []\n'));
    const app = await Test.createTestingModule({ imports: [module] }).compile();
    const error: unknown = await app
      .get(AppsConfig)
      .load()
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConfigProblems);
    expect((error as ConfigProblems).problems).toMatchObject([{ path: 'version', line: 1 }]);
    await expect(app.init()).rejects.toBeInstanceOf(ConfigProblems);
    await app.close();
  });
});
