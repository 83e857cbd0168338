import './bootstrap/v8-flags.js';
import 'reflect-metadata';
import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { configureHub, createAdapter, listen } from './bootstrap/create-hub.js';
import { AppsConfig } from './config/reload/apps-config.service.js';
import type { HubEnvironment } from './config/environment/environment.js';
import { parseEnvironment } from './config/environment/parse.js';
import { ConfigProblems, formatProblems } from './config/apps-file/problem.js';
import { readProcessEnvironment } from './config/environment/process-environment.js';
import { redisAccess } from './config/environment/redis-access.js';
import { Log, NestLog } from './logging/log.js';
import { standardOutput } from './logging/log-output.js';
import { Readiness } from './web/readiness.js';
import { OpenedState } from './token-cache/stores/file/opened-state.js';
import { StateProblem } from './token-cache/stores/file/state-problem.js';
import { VERSION } from './version.js';

/** sysexits.h, EX_CONFIG: the configuration is wrong; starting again will not help. */
const EXIT_CONFIG = 78;
/**
 * After SIGTERM both ports go on answering for so long, with readiness failing, so that load balancers notice before
 * connections are refused.
 */
const DRAIN_MS = 2000;
/** Whatever hangs then: Kubernetes would kill at 30 s, and the contract says 10 s. */
const SHUTDOWN_LIMIT_MS = 9500;
/** For the last lines of the log; a reader that does not take them by then does without. */
const FLUSH_MS = 200;

/** How long Node tries one of several addresses of Redis, ms; its own 250 are less than other continents take. */
const ADDRESS_ATTEMPT_MS = 1000;

async function main(): Promise<void> {
  setDefaultAutoSelectFamilyAttemptTimeout(ADDRESS_ATTEMPT_MS);
  const stop = new StopSignal();
  const parsed = parseEnvironment(readProcessEnvironment());
  if (!parsed.ok) {
    refuse(parsed.problems);
    return;
  }
  const { environment } = parsed;
  let app: NestFastifyApplication;
  try {
    app = await start(environment);
  } catch (error) {
    if (error instanceof ConfigProblems) refuse(formatProblems(error.problems, environment.appsFile));
    else if (error instanceof StartProblem || error instanceof StateProblem) refuse([error.message]);
    else throw error;
    return;
  }
  const log = app.get(Log);
  try {
    const { port, opsPort } = await listen(app);
    log.info('listening', {
      host: environment.host,
      port,
      opsPort,
      name: environment.name,
      scheme: environment.tlsCertFile === undefined ? 'http' : 'https',
      apps: app.get(AppsConfig).current.apps.size,
      clients: app.get(AppsConfig).current.clients.length,
      version: VERSION,
    });
    for (const line of formatProblems(app.get(AppsConfig).problems, environment.appsFile)) {
      log.error('a file of a tenant has problems; nothing of it is served until they are mended', {
        problem: line,
      });
    }
    for (const line of formatProblems(app.get(AppsConfig).warnings, environment.appsFile)) {
      log.warn('an AppSecret is missing; its app goes without until it is there', { warning: line });
    }
    if (environment.trustedProxies.isEverything) {
      log.warn('HUB_TRUSTED_PROXIES trusts every address: any caller can choose the address it is seen with');
    }
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    log.error('cannot listen', {
      error,
      hint: code === 'EADDRINUSE' ? 'another process has the port; set HUB_PORT or HUB_OPS_PORT' : undefined,
    });
    await app.close().catch(() => undefined);
    await standardOutput().flush(FLUSH_MS);
    process.exit(1);
  }
  stop.whenAsked((signal) => void shutDown(app, log, signal));
}

/**
 * Listens for the signals from the very beginning: as process 1 of a container Node would ignore them until then. One
 * that comes during the start takes effect right after it; further ones change nothing.
 */
class StopSignal {
  #asked: string | undefined;
  #act: ((signal: string) => void) | undefined;

  constructor() {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (this.#asked !== undefined) return;
        this.#asked = signal;
        this.#act?.(signal);
      });
    }
  }

  whenAsked(act: (signal: string) => void): void {
    this.#act = act;
    if (this.#asked !== undefined) act(this.#asked);
  }
}

/** Something of the environment that only shows when it is used. */
class StartProblem extends Error {}

async function start(environment: HubEnvironment): Promise<NestFastifyApplication> {
  let made: ReturnType<typeof createAdapter>;
  try {
    made = createAdapter(environment);
    // Its certificate files: the store is made too late to say so.
    redisAccess(environment);
  } catch (error) {
    throw new StartProblem(error instanceof Error ? error.message : String(error));
  }
  const state = await OpenedState.of(environment);
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRoot(environment, state),
    made.adapter,
    { abortOnError: false, bufferLogs: false, logger: new NestLog(new Log(environment.logLevel)) },
  );
  // Before any listener opens: a bad file must not look like a start.
  await app.get(AppsConfig).load();
  configureHub(app, made.tls);
  return app;
}

/** Readiness fails, requests under way are answered, timers stop, a refresh under way ends, exit 0. */
async function shutDown(app: NestFastifyApplication, log: Log, signal: string): Promise<void> {
  log.info('shutting down', { signal });
  setTimeout(() => {
    log.error('shutdown took too long; what is left is given up', { limitMs: SHUTDOWN_LIMIT_MS });
    process.exit(0);
  }, SHUTDOWN_LIMIT_MS).unref();
  app.get(Readiness).drain();
  await new Promise((resolve) => setTimeout(resolve, DRAIN_MS));
  try {
    await app.close();
    log.info('stopped');
  } catch (error) {
    // Everything that matters has ended or ends with the process.
    log.error('trouble', { where: 'shutdown', error });
  }
  await standardOutput().flush(FLUSH_MS);
  process.exit(0);
}

function refuse(problems: readonly string[]): void {
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.exitCode = EXIT_CONFIG;
}

await main();
