import { inspect } from 'node:util';
import { APP_DEFAULTS, type AppSettings } from '../../src/core/app.js';
import { Secret } from '../../src/core/secret.js';
import { WeChatModel } from '../../src/simulator/wechat-model.js';
import { CallChecks } from './call-checks.js';
import { Chronicle } from './chronicle.js';
import { cause } from './causes.js';
import { drawFault, type Fault } from './faults.js';
import { Ground } from './ground.js';
import { Journal } from './journal.js';
import { Observer } from './observer.js';
import { PromiseChecks } from './promise-checks.js';
import { ServedChecks } from './served-checks.js';
import type { Upstream } from './simulated-client.js';
import { SimulatedHub, type HubParts } from './simulated-hub.js';
import type { Rewrite } from './simulated-link.js';
import { SimulatedRedis } from './simulated-redis.js';
import { Spells } from './spells.js';
import { Violations } from './violations.js';
import { Chance, World } from './world.js';

const HOUR_MS = 3_600_000;
/** From a fault now and then, after which all heals, to one upon the other. */
const COURSES: readonly Course[] = [
  { hours: 48, quietMs: 15 * 60_000 },
  { hours: 24, quietMs: 5 * 60_000 },
  { hours: 8, quietMs: 90_000 },
  { hours: 4, quietMs: 30_000 },
];
/** Callers read this often, ms; between the two. */
const READ_EVERY_MS = [5000, 35_000] as const;
/** All start at once on an empty store; then, and at the end, nothing goes wrong for a while, ms. */
const CALM_MS = 120_000;
/** The longest fault and what follows from it, ms. */
const LONGEST_FAULT_MS = 20 * 60_000;

export interface Course {
  readonly hours: number;
  readonly quietMs: number;
}

export interface SimulationOptions {
  readonly seed: number;
  /** How long, simulated, and how long it is quiet between two faults on average, ms. Default: as the seed has it. */
  readonly course?: Course;
  readonly rewrite?: Rewrite;
}

export interface SimulationReport {
  readonly hubHours: number;
  readonly faults: number;
  readonly reads: number;
  readonly deadReads: number;
  readonly mints: number;
  readonly digest: string;
}

/** Some replicas, one Redis and WeChat, in one process and in virtual time; all that is random comes from the seed. */
export class Simulation {
  readonly #world = new World();
  readonly journal = new Journal(() => this.#world.now);
  readonly #violations = new Violations();
  readonly #chance: Chance;
  readonly #redis: SimulatedRedis;
  readonly #upstream: Upstream;
  readonly #ground: Ground;
  readonly #apps: readonly AppSettings[];
  readonly #chronicle: Chronicle;
  readonly #served: ServedChecks;
  readonly #calls: CallChecks;
  readonly #parts: HubParts;
  readonly #hubs: SimulatedHub[] = [];
  /** Whether callers report a dead token, or just go on with it. */
  readonly #reporting: boolean;
  /** By hub: what is to happen during its next call. */
  readonly #awaited: (Fault | undefined)[] = [];
  #faults = 0;
  #lives = 0;
  #deadReads = 0;

  constructor(private readonly options: SimulationOptions) {
    const chance = new Chance(options.seed);
    const world = this.#world;
    this.#chance = chance;
    this.#apps = (['token', 'stable_token'] as const).map((tokenApi) => ({
      ...APP_DEFAULTS,
      appid: `wx-${tokenApi}`,
      name: undefined,
      secret: new Secret('simulated-secret'),
      tokenApi,
    }));
    const model = new WeChatModel({
      now: () => world.now,
      random: () => chance.next(),
      apps: this.#apps.map(({ appid, secret }) => ({ appid, secret: secret.reveal() })),
      historySeconds: 7200,
      quotas: { tokenPerDay: 1e9, stablePerDay: 1e9, forcedPerDay: 1e9 },
    });
    const lives = new Map(this.#apps.map(({ appid }) => [appid, chance.of([7200, 7200, 1200, 400])]));
    for (const [appid, seconds] of lives) model.setTokenLife(seconds, appid);
    this.#reporting = chance.next() < 0.5;
    this.#upstream = { model, state: 'good', troubles: new Spells() };
    this.#ground = new Ground(world, this.#upstream, this.#violations);
    this.#chronicle = new Chronicle(model);
    const promises = new PromiseChecks(this.#ground, this.#chronicle);
    this.#served = new ServedChecks(
      this.#ground,
      this.#chronicle,
      promises,
      () => this.#hubs,
      this.#reporting,
    );
    const lifeMs = (appid: string): number => (lives.get(appid) ?? 0) * 1000;
    this.#calls = new CallChecks(this.#ground, this.#chronicle, () => this.#hubs, lifeMs);
    const observer = new Observer(
      this.#ground,
      this.journal,
      this.#chronicle,
      this.#calls,
      promises,
      this.#apps,
      this.#hubs,
    );
    this.#redis = new SimulatedRedis(() => world.now);
    this.#redis.onSet = (key, value, writer) => {
      this.#redis.snapshot();
      observer.stored(key, value, writer);
    };
    this.#parts = {
      world,
      redis: this.#redis,
      upstream: this.#upstream,
      apps: this.#apps,
      chance,
      rewrite: options.rewrite ?? (({ lua }) => lua),
      onCall: (hub, app) => {
        const watch = observer.called(hub, app);
        this.#callBegins(hub);
        return watch;
      },
      onEnded: (hub, ended) => observer.ended(hub, ended),
      onTrouble: (hub, trouble) => this.#violations.found(`${hub.name} is in trouble: ${inspect(trouble)}`),
    };
  }

  /** @throws {Violation} at the first thing that does not hold */
  async run(): Promise<SimulationReport> {
    try {
      return await this.#run();
    } catch (error) {
      // What was found in the middle of a script comes back as an error of Lua's.
      throw this.#violations.first ?? error;
    }
  }

  async #run(): Promise<SimulationReport> {
    const hubs = 2 + Math.floor(this.#chance.next() * 3);
    for (let nth = 0; nth < hubs; nth++) this.#start(nth);
    await this.#live(CALM_MS);
    const { hours, quietMs } = this.options.course ?? this.#chance.of(COURSES);
    const end = this.#world.now + hours * HOUR_MS;
    while (this.#world.now < end) {
      await this.#live(-Math.log(1 - this.#chance.next()) * quietMs);
      this.#await(drawFault(this.#chance, hubs));
    }
    this.#awaited.length = 0;
    await this.#live(LONGEST_FAULT_MS + CALM_MS);
    return {
      hubHours: hubs * hours,
      faults: this.#faults,
      reads: this.#served.reads,
      deadReads: this.#deadReads,
      mints: this.#upstream.model.mints(),
      digest: this.journal.digest,
    };
  }

  #start(nth: number): void {
    this.#lives += 1;
    this.#hubs[nth] = new SimulatedHub(`hub ${nth} (life ${this.#lives})`, this.#parts);
    this.journal.note(`${this.#hubs[nth].name} starts`);
  }

  /** Time passes, and callers read. */
  async #live(ms: number): Promise<void> {
    const end = this.#world.now + ms;
    while (this.#world.now < end) {
      const pause = this.#chance.between(...READ_EVERY_MS);
      await this.#world.pass(Math.min(end - this.#world.now, pause));
      if (this.#violations.first !== undefined) throw this.#violations.first;
      for (const hub of this.#hubs) {
        if (hub.process.stopped || hub.process.dead) continue;
        for (const app of this.#apps) {
          if (this.#served.read(hub, app)) this.#readDead(hub, app);
        }
      }
    }
  }

  #readDead(hub: SimulatedHub, { appid }: AppSettings): void {
    this.#deadReads += 1;
    if (!this.#reporting) return;
    this.#world.after(this.#chance.between(1, 2000), () => this.#report(hub, appid));
  }

  /** Of what the hub serves by now, as callers do that just got it. */
  #report(hub: SimulatedHub, appid: string): void {
    const reading = hub.cache.read(appid);
    if (hub.process.stopped || hub.process.dead || reading?.kind !== 'held') return;
    this.journal.note(`version ${reading.held.version} of ${appid} is reported to ${hub.name}`);
    hub.report(appid, reading.held.value);
  }

  /** At once, or in the middle of the hub's next call to WeChat, which is when most can go wrong. */
  #await(fault: Fault): void {
    const hub = 'hub' in fault && fault.hub !== 'all' ? fault.hub : undefined;
    if (hub === undefined || this.#chance.next() < 0.5) this.#begin(fault);
    else this.#awaited[hub] = fault;
  }

  #callBegins(hub: SimulatedHub): void {
    const nth = this.#hubs.indexOf(hub);
    const fault = this.#awaited[nth];
    if (fault === undefined) return;
    this.#awaited[nth] = undefined;
    this.#world.after(this.#chance.between(0, 400), () => this.#begin(fault));
  }

  #begin(fault: Fault): void {
    this.#faults += 1;
    this.journal.note(JSON.stringify(fault));
    const undo = cause(fault, {
      world: this.#world,
      ground: this.#ground,
      redis: this.#redis,
      upstream: this.#upstream,
      chronicle: this.#chronicle,
      apps: this.#apps,
      hubs: this.#hubs,
      start: (nth) => this.#start(nth),
      report: (hub, appid) => this.#report(hub, appid),
    });
    this.#world.after(fault.ms, () => {
      undo();
      this.journal.note(`over: ${fault.kind}`);
    });
  }
}
