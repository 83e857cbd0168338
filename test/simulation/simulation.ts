import { inspect } from 'node:util';
import { APP_DEFAULTS, type AppSettings } from '../../src/core/app.js';
import { Secret } from '../../src/core/secret.js';
import { WeChatModel } from '../../src/simulator/wechat-model.js';
import { Checks, HEALED_MS } from './checks.js';
import { drawFault, type Fault } from './faults.js';
import type { Upstream } from './simulated-client.js';
import { SimulatedHub, type HubParts } from './simulated-hub.js';
import type { Rewrite } from './simulated-link.js';
import { SimulatedRedis } from './simulated-redis.js';
import { Chance, World } from './world.js';

const HOUR_MS = 3_600_000;
const READ_EVERY_MS = 20_000;

export interface SimulationOptions {
  readonly seed: number;
  /** Simulated. */
  readonly hours: number;
  /** How long it is quiet between two faults on average, ms. */
  readonly quietMs?: number;
  readonly rewrite?: Rewrite;
}

export interface SimulationReport {
  readonly hubHours: number;
  readonly faults: number;
  readonly reads: number;
  readonly mints: number;
}

/** Some replicas, one Redis and WeChat, in one process and in virtual time; all that is random comes from the seed. */
export class Simulation {
  readonly #world = new World();
  readonly #chance: Chance;
  readonly #redis: SimulatedRedis;
  readonly #upstream: Upstream;
  readonly #apps: readonly AppSettings[];
  readonly #checks: Checks;
  readonly #parts: HubParts;
  readonly #hubs: SimulatedHub[] = [];
  /** What happened, for a person who looks into a failure. */
  readonly journal: string[] = [];
  #faults = 0;
  #lives = 0;

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
      quotas: { tokenPerDay: 1e9, stablePerDay: 1e9 },
    });
    const lives = new Map(this.#apps.map(({ appid }) => [appid, chance.of([7200, 7200, 1200, 400])]));
    for (const [appid, seconds] of lives) model.setTokenLife(seconds, appid);
    this.#upstream = { model, state: 'good' };
    this.#checks = new Checks(world, model, (appid) => (lives.get(appid) ?? 0) * 1000);
    this.#redis = new SimulatedRedis(() => world.now);
    this.#redis.onSet = (key, value) => {
      const [, appid] = /^sim:\{(.+)\}:token$/.exec(key) ?? [];
      if (appid !== undefined) {
        this.#note(`stored for ${appid}: ${describeRecord(value)}`);
        this.#checks.stored(appid, value);
      }
      this.#redis.snapshot();
    };
    this.#parts = {
      world,
      redis: this.#redis,
      upstream: this.#upstream,
      apps: this.#apps,
      chance,
      rewrite: options.rewrite ?? (({ lua }) => lua),
      onCall: (hub, app, sent) => {
        this.#note(`${hub.name} calls for ${app.appid}`);
        this.#checks.called(hub, app, sent);
      },
      onTrouble: (hub, trouble) => {
        this.#checks.fail(`${hub.name} is in trouble: ${inspect(trouble)}`);
      },
    };
  }

  async run(): Promise<SimulationReport> {
    const hubs = 2 + Math.floor(this.#chance.next() * 3);
    // All start at once on an empty store.
    this.#checks.coordination.begin('start');
    for (let nth = 0; nth < hubs; nth++) this.#start(nth);
    await this.#live(HEALED_MS);
    this.#checks.coordination.end('start');
    const end = this.#world.now + this.options.hours * HOUR_MS;
    const quietMs = this.options.quietMs ?? 15 * 60_000;
    while (this.#world.now < end) {
      await this.#live(-Math.log(1 - this.#chance.next()) * quietMs);
      this.#begin(drawFault(this.#chance, hubs));
    }
    await this.#live(20 * 60_000 + HEALED_MS);
    for (const app of this.#apps) {
      this.#checks.healed(this.#hubs, app, this.#redis.get(`sim:{${app.appid}}:token`));
    }
    return {
      hubHours: hubs * this.options.hours,
      faults: this.#faults,
      reads: this.#checks.reads,
      mints: this.#upstream.model.mints(),
    };
  }

  #start(nth: number): void {
    this.#lives += 1;
    this.#hubs[nth] = new SimulatedHub(`hub ${nth} (life ${this.#lives})`, this.#parts);
  }

  /** Time passes, and callers read. */
  async #live(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= READ_EVERY_MS) {
      await this.#world.pass(Math.min(left, READ_EVERY_MS));
      if (this.#checks.violation !== undefined) throw this.#checks.violation;
      for (const hub of this.#hubs) {
        if (hub.process.stopped || hub.process.dead) continue;
        for (const app of this.#apps) this.#checks.read(hub, app);
      }
    }
  }

  #begin(fault: Fault): void {
    this.#faults += 1;
    this.#note(JSON.stringify(fault));
    const undo = this.#cause(fault);
    const trouble = fault.kind === 'upstream' ? this.#checks.upstream : this.#checks.coordination;
    trouble.begin(fault.kind);
    this.#world.after(fault.ms, () => {
      undo();
      trouble.end(fault.kind);
      this.#note(`over: ${fault.kind}`);
    });
  }

  #cause(fault: Fault): () => void {
    switch (fault.kind) {
      case 'way': {
        const hubs = fault.hub === 'all' ? [...this.#hubs] : [this.#hubs[fault.hub]!];
        for (const { link } of hubs) link.way = fault.way;
        return () => hubs.forEach(({ link }) => (link.way = 'good'));
      }
      case 'empty': {
        const hubs = [...this.#hubs];
        for (const { link } of hubs) link.way = 'refused';
        return () => {
          this.#redis.empty();
          for (const { appid } of this.#apps) this.#checks.storeLost(appid, undefined);
          hubs.forEach(({ link }) => (link.way = 'good'));
        };
      }
      case 'roll back': {
        const hubs = [...this.#hubs];
        for (const { link } of hubs) link.way = 'refused';
        return () => {
          this.#redis.rollBack(fault.lostMs);
          this.#redis.skewMs = fault.skewMs;
          for (const { appid } of this.#apps) {
            const record = this.#redis.get(`sim:{${appid}}:token`);
            this.#checks.storeLost(appid, record?.slice(record.indexOf(' raw:') + 5));
          }
          hubs.forEach(({ link }) => (link.way = 'good'));
        };
      }
      case 'stop': {
        const { process } = this.#hubs[fault.hub]!;
        process.stop(fault.frozen);
        return () => process.resume();
      }
      case 'kill': {
        const hub = this.#hubs[fault.hub]!;
        if (hub.process.dead) return () => undefined;
        hub.kill();
        return () => this.#start(fault.hub);
      }
      case 'wall':
        this.#hubs[fault.hub]!.process.wallSkewMs += fault.jumpMs;
        return () => undefined;
      case 'upstream':
        this.#upstream.state = fault.state;
        return () => (this.#upstream.state = 'good');
    }
  }

  #note(what: string): void {
    const seconds = ((this.#world.now - Date.UTC(2026, 0, 1)) / 1000).toFixed(3);
    this.journal.push(`${seconds.padStart(12)} s  ${what}`);
    if (this.journal.length > 400) this.journal.splice(0, 200);
  }
}

function describeRecord(record: string): string {
  const [, stamp, version, fence] = record.split(' ');
  return `stamp ${stamp} version ${version} fence ${fence} ${record.slice(-12)}`;
}
