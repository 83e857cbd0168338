import { hostname } from 'node:os';
import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { problemsOfTenant } from '../config/apps-file/problem.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { HubEnvironment } from '../config/environment/environment.js';
import { HubEvents } from '../events/hub-events.js';
import { VERSION } from '../version.js';
import { ReplicaRoster } from './replica-roster.js';
import type { HubAnswer } from './hub.openapi.js';
import type { HubRow, ReloadRow } from './hub-rows.js';

/** So many problems of a refused file are shown; more are fixed by fixing those. */
const SHOWN_PROBLEMS = 200;

/** What console and /admin tell of the process itself, and of its replicas. */
@Injectable()
export class HubFacts {
  readonly #startedAt: number;
  readonly #store: HubRow['store'];
  readonly #name: string | null;
  #storeAwaySince: number | null = null;
  #lastReload: LastReload | undefined;
  /** By tenant: those of its file alone, which are no other tenant's matter. */
  readonly #ownReloads = new Map<string, LastReload>();

  constructor(
    environment: HubEnvironment,
    private readonly config: AppsConfig,
    events: HubEvents,
    clock: Clock,
    private readonly roster: ReplicaRoster,
  ) {
    this.#startedAt = clock.wallNow();
    this.#name = environment.name ?? null;
    this.#store = storeOf(environment);
    events.on('storeChanged', ({ available }) => {
      this.#storeAwaySince = available ? null : (this.#storeAwaySince ?? clock.wallNow());
    });
    events.on('stateFileChanged', ({ writable }) => {
      this.#storeAwaySince = writable ? null : (this.#storeAwaySince ?? clock.wallNow());
    });
    config.onReload((_outcome, trigger, only) => {
      const reload = { at: clock.wallNow(), trigger };
      if (only === undefined) this.#lastReload = reload;
      else this.#ownReloads.set(only, reload);
    });
  }

  /**
   * @param tenant whose problems alone are shown; `undefined`: all
   * @param seesEveryApp whether what replicas see of all apps is shown
   */
  row(tenant: string | undefined, seesEveryApp: boolean): HubRow {
    return {
      version: VERSION,
      instance: hostname(),
      startedAt: this.#startedAt,
      store: this.#store,
      storeUp: this.#storeAwaySince === null,
      storeAwaySince: this.#storeAwaySince,
      name: this.#name,
      lastReload: this.#reloadRow(tenant),
      replicas: this.roster.rows(seesEveryApp),
      runbooksUrl:
        this.config.current.notify.find(
          (target) =>
            target.runbooksUrl !== undefined && (target.tenant === undefined || target.tenant === tenant),
        )?.runbooksUrl ?? null,
    };
  }

  /** Also of the start, where files of a folder had problems then. */
  #reloadRow(tenant: string | undefined): ReloadRow | null {
    const all = this.config.problems;
    const own = tenant === undefined ? all : problemsOfTenant(all, tenant);
    const last = this.#lastReloadSeenBy(tenant);
    if (last === undefined && own.length === 0) return null;
    const problems = own.slice(0, SHOWN_PROBLEMS);
    return {
      ...(last ?? { at: this.#startedAt, trigger: 'start' }),
      ok: own.length === 0,
      problems,
    };
  }

  #lastReloadSeenBy(tenant: string | undefined): LastReload | undefined {
    const own = [...this.#ownReloads].flatMap(([name, reload]) =>
      tenant === undefined || name === tenant ? reload : [],
    );
    return [this.#lastReload, ...own].reduce((last, each) =>
      (each?.at ?? 0) > (last?.at ?? 0) ? each : last,
    );
  }
}

interface LastReload {
  readonly at: number;
  readonly trigger: string;
}

function storeOf({ redisUrl, stateFile }: HubEnvironment): HubRow['store'] {
  if (redisUrl !== undefined) return 'redis';
  return stateFile === undefined ? 'memory' : 'file';
}

/** The same for /admin: times as people write them. */
export function describeHub({ name, store, storeAwaySince, replicas, lastReload }: HubRow): HubAnswer {
  const iso = (at: number): string => new Date(at).toISOString();
  return {
    name,
    store: { kind: store, awaySince: storeAwaySince === null ? null : iso(storeAwaySince) },
    replicas: replicas.map(({ instance, version, startedAt, lastReload: last }) => ({
      instance,
      version,
      startedAt: iso(startedAt),
      lastReload: last === null ? null : { at: iso(last.at), ok: last.ok },
    })),
    problems: (lastReload?.problems ?? []).map((problem) => ({ ...problem })),
  };
}
