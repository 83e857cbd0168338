import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, Get } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { AppModule } from '../../src/app.module.js';
import { configureHub, createAdapter } from '../../src/bootstrap/create-hub.js';
import { parseEnvironment } from '../../src/config/environment/parse.js';
import { Log, NestLog } from '../../src/logging/log.js';
import { OpsServer } from '../../src/ops/ops-server.js';
import { May } from '../../src/web/may.decorator.js';
import { declare } from '../../src/web/route-access.js';
import { appsYaml } from '../support/start-hub.js';

const folder = mkdtempSync(join(tmpdir(), 'hub-routes-'));
const APPS_FILE = join(folder, 'apps.yaml');
writeFileSync(APPS_FILE, appsYaml([], []));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const SILENT = new NestLog(new Log('silent', { write: () => undefined }));

/** A route that does not say who may use it cannot exist, on either listener, however it is registered. */

@Controller('forgotten')
class Forgotten {
  @Get()
  tell(): string {
    return 'to everybody';
  }
}

@Controller('remembered')
class Remembered {
  @Get()
  @May('read')
  tell(): string {
    return 'to some';
  }
}

async function hubWith(controllers: (new () => object)[]): Promise<NestFastifyApplication> {
  const parsed = parseEnvironment({
    HUB_HOST: '127.0.0.1',
    HUB_PORT: '0',
    HUB_OPS_PORT: '0',
    HUB_APPS_FILE: APPS_FILE,
    HUB_ACCESS_LOG: 'off',
    HUB_AUDIT_LOG: 'off',
  });
  if (!parsed.ok) throw new Error(parsed.problems.join());
  const { adapter, tls } = createAdapter(parsed.environment);
  const imports = [AppModule.forRoot(parsed.environment)];
  const testing = await Test.createTestingModule({ imports, controllers }).setLogger(SILENT).compile();
  const app = testing.createNestApplication<NestFastifyApplication>(adapter);
  configureHub(app, tls);
  return app;
}

describe('on the callers’ port', () => {
  it('a controller’s route without @May or @Open stops the start', async () => {
    const app = await hubWith([Forgotten]);
    await expect(app.init()).rejects.toThrow('GET /forgotten does not declare who may use it');
    await app.close();
  });

  it('a route of the server itself without a declaration stops the start', async () => {
    const app = await hubWith([Remembered]);
    const instance = app.getHttpAdapter().getInstance();
    expect(() => instance.get('/also-forgotten', () => 'to everybody')).toThrow('/also-forgotten');
    instance.get('/declared', { config: declare('read') }, () => 'forgot to ask');
    await app.init();
    await instance.ready();
    // Declared, and still the guard was not asked: nothing leaves.
    expect((await instance.inject('/declared')).statusCode).toBe(500);
    expect((await instance.inject('/remembered')).statusCode).toBe(401);
    await app.close();
  });
});

describe('on the ops port', () => {
  it('a mounted route without a declaration stops the start', async () => {
    const app = await hubWith([]);
    const ops = app.get(OpsServer);
    ops.mount('/extra', (server) => {
      server.get('/forgotten', () => 'to everybody');
    });
    await expect(ops.listen()).rejects.toThrow('/extra/forgotten does not declare who may use it');
    await app.close();
  });
});
