import { hostname } from 'node:os';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Clock, type TimerHandle } from '../clock/clock.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { problemsOfTenant, type ConfigProblem } from '../config/apps-file/problem.js';
import { HubEvents } from '../events/hub-events.js';
import { Episodes } from './episodes.js';
import { NoticeClaims } from './notice-claims.js';
import type { HubCondition, Notice } from './notice.js';
import { Notices } from './notices.service.js';

/** How often the hub is looked at. Milliseconds. */
const ROUND_MS = 5000;
/** A store that is away for less is a failover: nobody need know. Milliseconds. */
const STORE_AWAY_MS = 30_000;
/** So many problems of a file are told; more are fixed by fixing those. */
const TOLD_PROBLEMS = 5;
/** A disk that recovers sooner is nobody's business. Milliseconds. */
const STATE_UNWRITTEN_MS = 30_000;
/** No appid has a dot: none of its claims has this name. */
const HUB = 'hub.itself';
/** Begins the subject of a tenant's file. */
const OF_TENANT = 'hub.tenant.';

/**
 * Has told what concerns the hub as a whole: Redis away, a state file that cannot be written, an apps.yaml that is
 * refused, secrets that cannot be had.
 */
@Injectable()
export class HubConditions implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #episodes: Episodes<HubCondition>;
  #timer: TimerHandle | undefined;
  #running = false;
  #storeAwaySince: number | undefined;
  #stateUnwrittenSince: number | undefined;

  constructor(
    private readonly notices: Notices,
    claims: NoticeClaims,
    private readonly config: AppsConfig,
    private readonly clock: Clock,
    events: HubEvents,
  ) {
    this.#episodes = new Episodes(notices, claims, clock, {
      noticeOf: (subject, kind) => this.#noticeOf(kind, tenantIn(subject)),
      concerns: (subject) => {
        const tenant = tenantIn(subject);
        return tenant === undefined ? 'hub' : { tenant };
      },
    });
    events.on('storeChanged', ({ available }) => {
      this.#storeAwaySince = available ? undefined : (this.#storeAwaySince ?? clock.now());
    });
    events.on('stateFileChanged', ({ writable }) => {
      this.#stateUnwrittenSince = writable ? undefined : clock.now();
    });
  }

  onApplicationBootstrap(): void {
    this.#running = true;
    this.#arm();
  }

  beforeApplicationShutdown(): void {
    this.#running = false;
    this.clock.clearTimeout(this.#timer);
  }

  #arm(): void {
    if (!this.#running) return;
    this.#timer = this.clock.setTimeout(() => {
      if (this.notices.isWanted) this.#look();
      else this.#episodes.clear();
      this.#arm();
    }, ROUND_MS);
  }

  /** The hub as a whole for the operators; for tenants that are told anything what is wrong with their files. */
  #look(): void {
    const now = this.clock.now();
    this.#episodes.look(HUB, [...this.#present()], now);
    const tenants = new Set(this.config.current.notify.flatMap(({ tenant }) => tenant ?? []));
    this.#episodes.keepOnly((subject) => subject === HUB || tenants.has(tenantIn(subject) ?? ''));
    for (const tenant of tenants)
      this.#episodes.look(`${OF_TENANT}${tenant}`, [...this.#presentOf(tenant)], now);
  }

  *#presentOf(tenant: string | undefined): Generator<HubCondition[]> {
    if (this.#problemsOf(tenant).length > 0) yield ['config_refused'];
    if (this.#warningsOf(tenant).length > 0) yield ['secret_missing'];
  }

  /** Each a group of its own: they are told apart. */
  *#present(): Generator<HubCondition[]> {
    yield* this.#presentOf(undefined);
    if (this.#isSince(this.#storeAwaySince, STORE_AWAY_MS)) yield ['store_away'];
    if (this.#isSince(this.#stateUnwrittenSince, STATE_UNWRITTEN_MS)) yield ['state_unwritten'];
  }

  #isSince(at: number | undefined, ms: number): boolean {
    return at !== undefined && this.clock.now() - at >= ms;
  }

  #problemsOf(tenant: string | undefined): readonly ConfigProblem[] {
    const { problems } = this.config;
    return tenant === undefined ? problems : problemsOfTenant(problems, tenant);
  }

  #warningsOf(tenant: string | undefined): readonly ConfigProblem[] {
    const { warnings } = this.config;
    return tenant === undefined ? warnings : problemsOfTenant(warnings, tenant);
  }

  #noticeOf(kind: string, tenant: string | undefined): Notice | undefined {
    const instance = hostname();
    if (kind === 'config_refused') return { instance, problems: linesOf(this.#problemsOf(tenant)) };
    if (kind === 'secret_missing') return { instance, problems: linesOf(this.#warningsOf(tenant)) };
    return { instance };
  }
}

function tenantIn(subject: string): string | undefined {
  return subject.startsWith(OF_TENANT) ? subject.slice(OF_TENANT.length) : undefined;
}

function linesOf(problems: readonly ConfigProblem[]): string[] {
  const lines = problems.slice(0, TOLD_PROBLEMS).map(({ file, line, path, message }) => {
    const place = file === undefined ? `${line}` : `${file}:${line}`;
    return `${place}: ${path === '' ? message : `${path}: ${message}`}`;
  });
  if (problems.length > TOLD_PROBLEMS) lines.push(`+ ${problems.length - TOLD_PROBLEMS}`);
  return lines;
}
