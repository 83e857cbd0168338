import { StoreUnavailable } from '../../src/token-cache/token-store.js';
import type { LinkListener, StoreLink } from '../../src/token-cache/stores/redis/redis-link.js';
import type { Script } from '../../src/token-cache/stores/redis/scripts.js';
import { Spells } from './spells.js';
import type { SimulatedProcess } from './simulated-process.js';
import type { SimulatedRedis } from './simulated-redis.js';
import type { Chance, World } from './world.js';

const COMMAND_LIMIT_MS = 400;

/** How the way between one process and Redis is. */
export type Way =
  | 'good'
  /** Connections are refused. */
  | 'refused'
  /** Nothing comes back; what was sent may be carried out when it is over. */
  | 'hanging'
  /** Each way takes up to a second: some commands are carried out and counted as failed. */
  | 'slow'
  /** Writes are refused (out of memory, a replica). */
  | 'read-only'
  /** Commands work, but messages get lost, and nobody notices. */
  | 'deaf';

/** What a process that was deaf has missed is found by its slow comparison, a round a minute; ms. */
const DEAF_AFTERWARDS_MS = 75_000;

/** The scripts as they are to be run; the simulation may leave a check out. */
export type Rewrite = (script: Script) => string;

/** A process's connection to the simulated Redis. */
export class SimulatedLink implements StoreLink {
  /** When this was no good: until the process has been told that it may have missed something. */
  readonly troubles = new Spells();
  /** When messages got lost, until that showed; when this was connected to a server that is to be lost. */
  readonly #deaf = new Spells();
  readonly #astray = new Spells();
  #way: Way = 'good';
  readonly #heldBack: (() => void)[] = [];
  #unsubscribe: () => void;
  /** The one that all use. */
  private readonly main: SimulatedRedis;

  constructor(
    private readonly name: string,
    private readonly world: World,
    private readonly process: SimulatedProcess,
    private redis: SimulatedRedis,
    private readonly listener: LinkListener,
    private readonly chance: Chance,
    private readonly rewrite: Rewrite,
  ) {
    this.main = redis;
    this.#unsubscribe = this.#subscribe();
  }

  get way(): Way {
    return this.#way;
  }

  set way(way: Way) {
    const before = this.#way;
    if (way === before) return;
    this.#way = way;
    this.troubles.begin(this.world.now);
    if (way === 'deaf') this.#deaf.begin(this.world.now);
    else this.#deaf.end(this.world.now);
    this.#unsubscribe();
    // What hung is carried out late, in its order.
    for (const send of this.#heldBack.splice(0)) this.world.after(this.chance.between(1, 50), send);
    if (way === 'refused' || way === 'hanging' || way === 'deaf') return;
    this.#unsubscribe = this.#subscribe();
    if (before === 'deaf') this.world.after(DEAF_AFTERWARDS_MS, () => this.#recovered(way));
    else this.#reconnect();
  }

  wasDeaf(from: number, to: number): boolean {
    return this.#deaf.during(from, to);
  }

  wasAstray(from: number, to: number): boolean {
    return this.#astray.during(from, to);
  }

  /** Another server, to be lost later, or again the one that all use. */
  connectTo(redis: SimulatedRedis): void {
    this.troubles.begin(this.world.now);
    this.#unsubscribe();
    this.redis = redis;
    if (redis === this.main) this.#astray.end(this.world.now);
    else this.#astray.begin(this.world.now);
    this.#unsubscribe = this.#subscribe();
    this.#reconnect();
  }

  #reconnect(): void {
    const [way, redis] = [this.#way, this.redis];
    this.world.after(this.chance.between(50, 2500), () => {
      this.process.deliver(() => {
        if (this.#way !== way || this.redis !== redis) return;
        this.listener.missed();
        this.#recovered(way);
      });
    });
  }

  #recovered(way: Way): void {
    if (way === 'good' && this.#way === way && this.redis === this.main) this.troubles.end(this.world.now);
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const writes = script.name !== 'load';
    return this.#send(() => {
      if (this.#way === 'read-only' && writes) throw new Error('READONLY');
      return this.redis.run(this.rewrite(script), keys, args, this.name);
    });
  }

  async read(keys: readonly string[]): Promise<{ redisNow: number; texts: readonly unknown[] }> {
    return this.#send(() => ({ redisNow: this.redis.now, texts: keys.map((key) => this.redis.get(key)) }));
  }

  async publish(_channel: string, text: string): Promise<void> {
    await this.#send(() => this.redis.publish(text));
  }

  close(): void {
    this.#unsubscribe();
  }

  #send<T>(execute: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (cause: string) => this.process.deliver(() => reject(new StoreUnavailable(cause)));
      if (this.#way === 'refused') {
        this.world.after(1, () => fail('refused'));
        return;
      }
      const late = this.process.setTimeout(() => reject(new StoreUnavailable('no answer')), COMMAND_LIMIT_MS);
      const slow = this.#way === 'slow' ? 1000 : 3;
      const send = (): void => {
        // The connection broke meanwhile: what was under way is lost.
        if (this.#way === 'refused' || this.process.dead) return;
        let answer: T;
        try {
          answer = execute();
        } catch (error) {
          if (!(error as Error).message.startsWith('READONLY')) throw error;
          this.world.after(1, () => fail('READONLY'));
          return;
        }
        this.world.after(this.chance.between(0.1, slow), () => {
          if (this.#way === 'refused') return;
          this.process.deliver(() => {
            this.process.clearTimeout(late);
            resolve(answer);
          });
        });
      };
      if (this.#way === 'hanging') this.#heldBack.push(send);
      else this.world.after(this.chance.between(0.1, slow), send);
    });
  }

  #subscribe(): () => void {
    return this.redis.subscribe((text) => {
      this.world.after(this.chance.between(0.1, 5), () => {
        if (this.#way !== 'refused' && this.#way !== 'hanging' && this.#way !== 'deaf') {
          this.process.deliver(() => this.listener.message(text));
        }
      });
    });
  }
}
