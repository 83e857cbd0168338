import { hostname } from 'node:os';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Clock, type TimerHandle } from '../clock/clock.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import type { ConfigProblem } from '../config/apps-file/problem.js';
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
/** No appid has a dot: none of its claims has this name. */
const HUB = 'hub.itself';

/** Has told what concerns the hub as a whole: Redis away, a file that is refused, secrets that cannot be had. */
@Injectable()
export class HubConditions implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #episodes: Episodes<HubCondition>;
  #timer: TimerHandle | undefined;
  #running = false;
  #storeAwaySince: number | undefined;
  /** Of the last reload, where it was refused. */
  #refused: readonly ConfigProblem[] = [];

  constructor(
    private readonly notices: Notices,
    claims: NoticeClaims,
    private readonly config: AppsConfig,
    private readonly clock: Clock,
    events: HubEvents,
  ) {
    this.#episodes = new Episodes(notices, claims, clock, {
      noticeOf: (_subject, kind) => this.#noticeOf(kind),
      concerns: () => 'hub',
    });
    events.on('storeChanged', ({ available }) => {
      this.#storeAwaySince = available ? undefined : (this.#storeAwaySince ?? clock.now());
    });
    config.onReload((outcome) => {
      this.#refused = outcome.ok ? [] : outcome.problems;
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
      if (this.notices.isWanted) this.#episodes.look(HUB, [...this.#present()], this.clock.now());
      else this.#episodes.clear();
      this.#arm();
    }, ROUND_MS);
  }

  /** Each a group of its own: they are told apart. */
  *#present(): Generator<HubCondition[]> {
    if (this.#refused.length > 0) yield ['config_refused'];
    if (this.#warnings.length > 0) yield ['secret_missing'];
    const since = this.#storeAwaySince;
    if (since !== undefined && this.clock.now() - since >= STORE_AWAY_MS) yield ['store_away'];
  }

  get #warnings(): readonly ConfigProblem[] {
    return this.config.warnings;
  }

  #noticeOf(kind: string): Notice | undefined {
    const instance = hostname();
    if (kind === 'config_refused') return { instance, problems: linesOf(this.#refused) };
    if (kind === 'secret_missing') return { instance, problems: linesOf(this.#warnings) };
    return { instance };
  }
}

function linesOf(problems: readonly ConfigProblem[]): string[] {
  const lines = problems
    .slice(0, TOLD_PROBLEMS)
    .map(({ line, path, message }) => `${line}: ${path === '' ? message : `${path}: ${message}`}`);
  if (problems.length > TOLD_PROBLEMS) lines.push(`+ ${problems.length - TOLD_PROBLEMS}`);
  return lines;
}
